/* A ring of events. */
#include "services/runtime/relay/inflight.h"

#include <stddef.h>

#include "base/log.h"

static struct inflight_event *
event_at(struct inflight *f, unsigned i)
{
	return &f->events[(f->first + i) % INFLIGHT_MOST];
}

int64_t
inflight_last(const struct inflight *f)
{
	return f->count == 0 ? 0 :
	    f->events[(f->first + f->count - 1) % INFLIGHT_MOST].seq;
}

void
inflight_put(struct inflight *f, int64_t seq, bool is_gap)
{
	CHECK(f->count < INFLIGHT_MOST);
	*event_at(f, f->count++) = (struct inflight_event){ .seq = seq,
	    .state = INFLIGHT_SENT, .is_gap = is_gap };
	f->unanswered++;
}

struct inflight_event *
inflight_find(struct inflight *f, int64_t seq)
{
	struct inflight_event	*e;

	for (unsigned i = 0; i < f->count; i++) {
		e = event_at(f, i);
		if (e->seq == seq)
			return e->state == INFLIGHT_SENT ? e : NULL;
	}
	return NULL;
}

void
inflight_answer(struct inflight *f, struct inflight_event *e, enum err error)
{
	e->state = error == OK ? INFLIGHT_TAKEN : INFLIGHT_REFUSED;
	e->error = error;
	f->unanswered--;
	f->failed = f->failed || error != OK;
}

bool
inflight_ack(struct inflight *f, struct inflight_event *ret)
{
	if (f->count == 0 || f->events[f->first].state != INFLIGHT_TAKEN)
		return false;
	*ret = f->events[f->first];
	f->first = (f->first + 1) % INFLIGHT_MOST;
	f->count--;
	return true;
}

const struct inflight_event *
inflight_first(const struct inflight *f)
{
	return &f->events[f->first];
}

void
inflight_clear(struct inflight *f)
{
	f->count = f->unanswered = 0;
	f->failed = false;
}
