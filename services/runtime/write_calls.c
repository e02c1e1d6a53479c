/* The writer lane, as the loop uses it. */
#include "services/runtime/write_calls.h"

#include "services/runtime/lane/pipe.h"
#include "services/runtime/queue.h"
#include "services/runtime/svc.h"

#define CLIENTS_MOST	64	/* writes of clients in the lane */

void
write_calls_init(struct svc *s)
{
	s->writes.args.tables = &s->tables;
	queue_init(&s->writes.waiting);
}

void
write_calls_begin(struct svc *s, int lock)
{
	s->writes.args.path = s->path.base;
	s->writes.args.lock = lock;
	s->writes.args.reign = keeper_is_wanted(&s->keeper) ?
	    &s->keeper.reign : NULL;
	atomic_store(&s->writes.args.stopping, false);
	s->writes.lane = writer_start(&s->writes.args);
}

void
write_calls_end(struct svc *s)
{
	atomic_store(&s->writes.args.stopping, true);
	zactor_destroy(&s->writes.lane);
}

bool
write_calls_are_done(const struct svc *s)
{
	return s->writes.sent == 0 && s->writes.waiting.count == 0;
}

static bool
is_of_client(const struct svc *s, const struct call *c)
{
	enum op_kind	kind;

	return op_kind_of(&s->tables, c->request.op, &kind) &&
	    kind == OP_WRITE;
}

static void
send_call(struct svc *s, struct call *c)
{
	s->writes.clients += is_of_client(s, c);
	s->writes.sent++;
	lane_send(s->writes.lane, c);
}

void
write_calls_send(struct svc *s, const struct request *r, struct text peer)
{
	send_call(s, calls_keep(&s->calls, r, peer));
}

void
write_calls_start(struct svc *s)
{
	struct write_calls	*w = &s->writes;

	while (w->waiting.count > 0 && !freeze_is_on(&s->freeze) &&
	    w->clients < CLIENTS_MOST && queue_has_room(s, QUEUE_PARTS_WRITE))
		send_call(s, turns_take(&w->waiting));
}

void
write_calls_put(struct svc *s, const struct request *r, struct text peer)
{
	queue_put(s, &s->writes.waiting, NULL, r, peer);
	write_calls_start(s);
}

void
write_calls_note_done(struct svc *s, const struct call *c)
{
	s->writes.clients -= is_of_client(s, c);
	s->writes.sent--;
}
