/* The loop's side of the outbox. */
#include "services/runtime/outbox.h"

#include "base/clock.h"
#include "services/runtime/queue.h"
#include "services/runtime/svc.h"
#include "services/runtime/write_calls.h"

#define DELETE_MS	1000

static const struct text	no_peer = { "", 0 };

/* Consumers count as up until the relay has looked for them. */
void
outbox_start(struct svc *s)
{
	struct outbox	*o = &s->outbox;

	for (unsigned id = 1; id < SERVICE_END; id++)
		o->news[id].up = true;
	o->args.tables = &s->tables;
	o->args.settings = s->settings;
	o->args.path = s->path.base;
	o->relay = relay_start(&o->args);
}

void
outbox_stop(struct svc *s)
{
	zactor_destroy(&s->outbox.relay);
}

void
outbox_note_call(struct svc *s, const struct call *c)
{
	s->outbox.emitted = s->outbox.emitted || c->emitted != 0;
	s->outbox.tallied = s->outbox.tallied || c->tallied;
}

void
outbox_hurry(struct svc *s)
{
	s->outbox.emitted = true;
}

void
outbox_wake(struct svc *s)
{
	struct outbox	*o = &s->outbox;

	if (freeze_is_on(&s->freeze))
		o->emitted = o->emitted || o->tallied;
	if ((o->emitted || o->tallied) && o->relay != NULL)
		relay_wake(o->relay, o->emitted);
	o->emitted = o->tallied = false;
}

bool
outbox_is_delivered(const struct svc *s, const struct call *c)
{
	const struct relay_news	*news = &s->outbox.news[c->consumer];

	return c->emitted == 0 || s->outbox.relay == NULL || !news->up ||
	    s->lifecycle.phase == PHASE_CLOSING || news->seq >= c->emitted;
}

/* Have an event set aside, so that those behind it are delivered. */
static void
set_aside(struct svc *s, const struct relay_news *news)
{
	struct request	r = { .op = OP_EVENT_SET_ASIDE,
			    .request_id = TEXT_OF("event") };

	args_put_number(&r.args, KEY_SEQ, news->refused);
	args_put_number(&r.args, KEY_ERROR, news->error);
	write_calls_send(s, &r, no_peer);
}

void
outbox_receive(struct svc *s)
{
	struct relay_news	news;

	while (s->outbox.relay != NULL &&
	    relay_receive(s->outbox.relay, &news)) {
		s->outbox.news[news.consumer] = news;
		if (news.refused != 0)
			set_aside(s, &news);
	}
}

void
outbox_delete_delivered(struct svc *s)
{
	struct outbox	*o = &s->outbox;
	struct request	 r = { .op = OP_OUTBOX_DONE,
			    .request_id = TEXT_OF("") };
	int64_t		 now_ms = clock_ms();

	if (s->role.state != ROLE_WRITER ||
	    (queue_is_idle(s) && !freeze_is_on(&s->freeze) &&
	    now_ms - o->deleted_ms < DELETE_MS))
		return;
	o->deleted_ms = now_ms;
	for (unsigned id = 1; id < SERVICE_END; id++) {
		if (o->news[id].seq <= o->deleted[id])
			continue;
		o->deleted[id] = o->news[id].seq;
		args_put_number(&r.args, KEY_CONSUMER, id);
		args_put_number(&r.args, KEY_SEQ, o->news[id].seq);
		write_calls_send(s, &r, no_peer);
	}
}

/* Events that could not be deleted are deleted with those that follow. */
void
outbox_note_deleted(struct svc *s, const struct call *c)
{
	const struct args	*args = &c->request.args;

	if (c->request.op == OP_OUTBOX_DONE && c->answer.error != OK)
		s->outbox.deleted[args_number(args, KEY_CONSUMER, 0)] = 0;
}
