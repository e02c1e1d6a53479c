/* The slow lane, as the loop uses it. */
#include "services/runtime/slow_calls.h"

#include "services/runtime/svc.h"

void
slow_calls_init(struct svc *s)
{
	s->slow.args.tables = &s->tables;
	s->slow.args.waiting = slow_new();
}

void
slow_calls_done(struct svc *s)
{
	slow_destroy(&s->slow.args.waiting);
}

void
slow_calls_start(struct svc *s)
{
	s->slow.args.path = s->path.base;
	s->slow.lane = slow_start(&s->slow.args);
}

void
slow_calls_end(struct svc *s)
{
	zactor_destroy(&s->slow.lane);
}

void
slow_calls_wake(struct svc *s)
{
	for (; s->role.state != ROLE_REOPENING && s->slow.deferred > 0;
	    s->slow.deferred--)
		slow_wake(s->slow.lane);
}

static bool
gives_back(const struct svc *s, const struct call *c)
{
	return s->tables.first[c->request.op]->gives_back;
}

static void
refuse_call(struct svc *s, struct call *c)
{
	c->answer = (struct answer){ .id = c->request.id,
	    .error = ERR_BUSY };
	reply_send_call(&s->reply, c);
	calls_release(&s->calls, c);
}

/* Where an older call is refused, this one has the wake-up of that one. */
void
slow_calls_put(struct svc *s, const struct request *r, struct text peer)
{
	struct call	*c = calls_keep(&s->calls, r, peer);
	struct call	*refused = slow_put(s->slow.args.waiting, c,
			    gives_back(s, c));

	if (refused != NULL) {
		refuse_call(s, refused);
		return;
	}
	s->slow.count++;
	s->slow.deferred++;
	slow_calls_wake(s);
}

bool
slow_calls_are_busy(const struct svc *s)
{
	return s->slow.count != s->slow.deferred;
}

void
slow_calls_note_done(struct svc *s)
{
	s->slow.count--;
}
