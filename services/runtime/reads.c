/* Running reads, and lists in turns. */
#include "services/runtime/reads.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "services/runtime/queue.h"
#include "services/runtime/svc.h"

#define LIST_US	5000	/* of a list; then it is put aside */
#define TURN_US	500

void
reads_open(struct svc *s)
{
	session_open(&s->reads.session, &s->tables, s->path.base, true);
}

void
reads_close(struct svc *s)
{
	session_close(&s->reads.session);
}

bool
reads_run(struct svc *s, const struct request *r, void *made,
    int64_t began_us)
{
	struct reads	*reads = &s->reads;
	struct session	*session = &reads->session;
	struct call	*c = &reads->call;

	call_clear(c);
	c->request = *r;
	c->made = made;
	session->until_us = clock_us() + LIST_US;
	c->began_us = began_us != 0 ? began_us : session->until_us - LIST_US;
	op_log_begin(r);
	if (!reads->begun)
		reads->begun = db_begin_read(session->db);
	session->over = false;
	op_call(session, c);
	if (!c->put_aside)
		reply_put_call(&s->reply, c);
	log_done();
	return !c->put_aside;
}

void
reads_end(struct svc *s)
{
	struct reads	*reads = &s->reads;

	if (reads->begun)
		db_commit(reads->session.db);
	reads->begun = db_in_transaction(reads->session.db);
}

static bool
is_expired(const struct request *r)
{
	return r->expires_ms != 0 && clock_ms() > r->expires_ms;
}

bool
reads_run_kept(struct svc *s, struct call *c, void *made)
{
	const struct request	*r = &c->request;

	if (made == NULL && s->lifecycle.phase == PHASE_CLOSING)
		reply_put_error(&s->reply, r, ERR_UNAVAILABLE);
	else if (made == NULL && is_expired(r))
		reply_put_error(&s->reply, r, ERR_EXPIRED);
	else if (!reads_run(s, r, made, c->began_us)) {
		c->op = s->reads.call.op;
		return false;
	}
	return true;
}

void
reads_reply_kept(struct svc *s, struct call *c)
{
	(void)reply_send(&s->reply, c->peer);
	calls_release(&s->calls, c);
}

void
reads_begin_turn(struct svc *s)
{
	s->reads.at_once_until_us = clock_us() + TURN_US;
}

/*
 * It is not known here whether the socket has a message. Once the slice of time
 * is over, it is assumed to have one.
 */
bool
reads_are_awaited(const struct svc *s)
{
	return frame_reader_left(s->frames) > 0 || s->backlog.count > 0 ||
	    s->reads.waiting.count > 0 ||
	    clock_us() >= s->reads.at_once_until_us;
}

static bool
is_of_same_peer(const struct call *c, const struct call *other)
{
	return c->peer.len == other->peer.len &&
	    memcmp(c->peer.base, other->peer.base, c->peer.len) == 0;
}

/*
 * Answers for one peer go out together, as those of a message do. So a call is
 * released only after the next one has run: it has the peer's identity. Lists
 * that are put aside count, too.
 */
void
reads_take_turns(struct svc *s)
{
	int64_t		 until_us = clock_us() + TURN_US;
	struct call	*c, *last = NULL;

	for (unsigned i = 0; (i == 0 || clock_us() < until_us) &&
	    (c = turns_take(&s->reads.waiting)) != NULL; i++) {
		if (last != NULL && (s->reply.frames.len >= REPLY_BYTES ||
		    !is_of_same_peer(c, last)))
			(void)reply_send(&s->reply, last->peer);
		if (!reads_run_kept(s, c, NULL)) {
			if (last != NULL)
				(void)reply_send(&s->reply, last->peer);
			queue_move(s, &s->asides[ASIDE_QUICK].waiting, c);
			continue;
		}
		if (last != NULL)
			calls_release(&s->calls, last);
		last = c;
	}
	if (last != NULL)
		reads_reply_kept(s, last);
	reads_end(s);
}
