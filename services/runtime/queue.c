/* Queues of calls, and the bounds. */
#include "services/runtime/queue.h"

#include "services/runtime/svc.h"

#define QUEUE_MOST	4096	/* calls in one queue */
#define QUEUE_BYTES	((size_t)24 << 20)	/* of their arguments */
#define CALLS_MOST	16384	/* on lanes and held */
#define CALLS_BYTES	((size_t)64 << 20)	/* of their arguments */

struct load {
	unsigned	calls;
	size_t		bytes;		/* of their arguments */
};

void
queue_init(struct turns *t)
{
	turns_init(t, QUEUE_MOST, QUEUE_BYTES);
}

void
queue_put(struct svc *s, struct turns *t, const struct op *op,
    const struct request *r, struct text peer)
{
	struct call	*c = calls_keep(&s->calls, r, peer);

	c->op = op;
	if (turns_put(t, c))
		return;
	calls_release(&s->calls, c);
	reply_put_error(&s->reply, r, ERR_BUSY);
}

void
queue_move(struct svc *s, struct turns *t, struct call *c)
{
	if (turns_put(t, c))
		return;
	reply_put_error(&s->reply, &c->request, ERR_BUSY);
	(void)reply_send(&s->reply, c->peer);
	calls_release(&s->calls, c);
}

/* The calls on lanes and held are all but those in queues. */
static struct load
load_of(const struct svc *s)
{
	const struct turns	*waiting[] = { &s->reads.waiting,
				    &s->writes.waiting,
				    &s->asides[ASIDE_QUICK].waiting,
				    &s->asides[ASIDE_LONG].waiting };
	struct load		 l = { s->calls.count, s->calls.bytes };

	for (size_t i = 0; i < sizeof(waiting) / sizeof(waiting[0]); i++) {
		l.calls -= waiting[i]->count;
		l.bytes -= waiting[i]->bytes;
	}
	return l;
}

bool
queue_has_room(const struct svc *s, unsigned parts)
{
	struct load	l = load_of(s);

	return l.calls < CALLS_MOST / parts && l.bytes <= CALLS_BYTES / parts;
}

bool
queue_is_idle(const struct svc *s)
{
	return load_of(s).calls == (unsigned)s->asides[ASIDE_QUICK].busy +
	    (unsigned)s->asides[ASIDE_LONG].busy;
}
