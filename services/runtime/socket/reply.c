/* Putting answers together and sending them. */
#include "services/runtime/socket/reply.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "services/runtime/socket/sender.h"

void
reply_put_error(struct reply *reply, const struct request *r, enum err e)
{
	struct answer	a = { .id = r->id, .error = e };

	metric_add(METRIC_OPERATIONS, r->op < OP_END ? (unsigned)r->op : 0, e,
	    1);
	frame_put_answer(&reply->frames, &a);
}

static void
log_call(const struct call *c)
{
	const char		*name = op_info(c->request.op)->name;
	const struct log_fact	 facts[] = {
		{ "error", err_info(c->answer.error)->reason, 0 },
		{ "duration_us", NULL, c->answer.spent_us },
		{ "bytes", NULL, (int64_t)c->answer.fragment.len },
		{ "actor", NULL, c->request.actor },
	};

	log_facts(LEVEL_DEBUG, name != NULL ? name : "?", facts,
	    sizeof(facts) / sizeof(facts[0]));
}

/* Count and log a call that was run, and how long it took. */
static void
note_call(struct call *c)
{
	unsigned	op = (unsigned)c->request.op;

	c->answer.spent_us = clock_us() - c->began_us;
	metric_add(METRIC_OPERATIONS, op, c->answer.error, 1);
	metric_observe(METRIC_OPERATION_SECONDS, op, c->answer.spent_us);
	if (log_get_level() == LEVEL_DEBUG)
		log_call(c);
}

void
reply_put_call(struct reply *reply, struct call *c)
{
	note_call(c);
	frame_put_answer(&reply->frames, &c->answer);
}

static bool
send_frames(struct reply *reply, struct text peer, struct buf *frames)
{
	return frames->len == 0 ||
	    sender_send(zsock_resolve(reply->router), peer, frames);
}

bool
reply_send(struct reply *reply, struct text peer)
{
	return send_frames(reply, peer, &reply->frames);
}

void
reply_send_call(struct reply *reply, struct call *c)
{
	struct buf	*frames = &reply->alone;

	op_log_begin(&c->request);
	note_call(c);
	log_done();
	if (c->peer.len == 0)
		return;		/* it is this process's own */
	frame_put_answer(frames, &c->answer);
	(void)send_frames(reply, c->peer, frames);
}

void
reply_done(struct reply *reply)
{
	buf_done(&reply->frames);
	buf_done(&reply->alone);
}
