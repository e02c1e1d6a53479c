/* The write freeze. */
#include "services/runtime/freeze.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "services/runtime/svc.h"

#define FREEZE_MOST_MS	1000

/* Tallies are delivered now, too, so that soon no event is on its way. */
static enum err
begin_freeze(struct svc *s, const struct request *r, struct text peer)
{
	struct freeze	*f = &s->freeze;
	int64_t		 limit_ms = args_number(&r->args, KEY_HOLD_MS,
			    args_number(&r->args, KEY_LIMIT, 0)); /* older */

	if (s->role.state != ROLE_WRITER ||
	    s->lifecycle.phase != PHASE_RUNNING)
		return ERR_UNAVAILABLE;
	if (limit_ms < 1 || limit_ms > FREEZE_MOST_MS || r->id == 0)
		return ERR_BAD_REQUEST;
	if (freeze_is_on(f))
		return ERR_CONFLICT;
	f->until_ms = clock_ms() + limit_ms;
	f->request_id = r->id;
	f->holder.len = 0;
	buf_put(&f->holder, peer.base, peer.len);
	outbox_hurry(s);
	return OK;
}

static void
end_freeze(struct svc *s)
{
	s->freeze.until_ms = 0;
	s->freeze.request_id = 0;
	write_calls_start(s);
}

/* OK: nothing was written between the answer to WRITES_HOLD and now. */
static enum err
release_freeze(struct svc *s, struct text peer)
{
	const struct freeze	*f = &s->freeze;
	bool			 lasted;

	if (!freeze_is_on(f) || f->holder.len != peer.len ||
	    memcmp(f->holder.base, peer.base, peer.len) != 0)
		return ERR_GONE_AWAY;
	lasted = f->request_id == 0 && clock_ms() <= f->until_ms;
	end_freeze(s);
	return lasted ? OK : ERR_GONE_AWAY;
}

void
freeze_run(struct svc *s, const struct request *r, struct text peer)
{
	enum err	e;

	if (r->op == OP_WRITES_RELEASE) {
		reply_put_error(&s->reply, r, release_freeze(s, peer));
		return;
	}
	e = begin_freeze(s, r, peer);
	if (e != OK)
		reply_put_error(&s->reply, r, e);
}

static void
answer_hold(struct svc *s)
{
	struct freeze	*f = &s->freeze;
	struct answer	 a = { .id = f->request_id, .error = OK };

	if (!freeze_is_on(f) || a.id == 0 || s->writes.clients > 0)
		return;
	f->request_id = 0;
	frame_put_answer(&s->reply.frames, &a);
	(void)reply_send(&s->reply, (struct text){ f->holder.base,
	    f->holder.len });
}

void
freeze_turn(struct svc *s)
{
	if (freeze_is_on(&s->freeze) && clock_ms() >= s->freeze.until_ms) {
		log_warn("writes were held for as long as they may be");
		end_freeze(s);
	}
	answer_hold(s);
}

void
freeze_done(struct freeze *f)
{
	buf_done(&f->holder);
}
