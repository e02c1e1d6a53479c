/* The two lanes for calls that are put aside, as the loop uses them. */
#include "services/runtime/asides.h"

#include "base/clock.h"
#include "base/log.h"
#include "services/runtime/lane/pipe.h"
#include "services/runtime/queue.h"
#include "services/runtime/reads.h"
#include "services/runtime/svc.h"

#define QUICK_US	50000	/* of a call on the quick lane */
#define QUICK_NICE	0
#define LONG_NICE	5
#define TURN_US		500

void
asides_init(struct svc *s)
{
	struct aside	*quick = &s->asides[ASIDE_QUICK];
	struct aside	*l = &s->asides[ASIDE_LONG];

	quick->args.most_us = QUICK_US;
	quick->args.nice = QUICK_NICE;
	l->args.most_us = s->settings->search_ms * 1000;
	l->args.nice = LONG_NICE;
	for (struct aside *a = s->asides; a < s->asides + ASIDE_END; a++) {
		a->args.tables = &s->tables;
		queue_init(&a->waiting);
	}
}

void
asides_start(struct svc *s)
{
	const struct op	*op = s->service->ops;

	while (op->op != OP_NONE && op->aside == NULL && !op->large)
		op++;
	if (op->op == OP_NONE)
		return;
	for (struct aside *a = s->asides; a < s->asides + ASIDE_END; a++) {
		a->args.path = s->path.base;
		a->lane = aside_start(&a->args);
	}
	s->reads.session.may_put_aside = true;
}

void
asides_end(struct svc *s)
{
	for (struct aside *a = s->asides; a < s->asides + ASIDE_END; a++)
		zactor_destroy(&a->lane);
}

void
asides_break_off(struct svc *s)
{
	for (struct aside *a = s->asides; a < s->asides + ASIDE_END; a++)
		atomic_store(&a->args.stopping, true);
}

/* Nothing new begins while the store is to be opened again. */
static bool
may_start(const struct svc *s, const struct aside *a)
{
	return !a->busy && a->waiting.count > 0 &&
	    s->role.state != ROLE_REOPENING;
}

/*
 * Begin with the next call. If what it needs was made meanwhile for another
 * call, it is run here at once, and so are those behind it, for a slice of
 * time.
 */
static void
start_next(struct svc *s, struct aside *a)
{
	int64_t		 until_us;
	struct call	*c;

	if (!may_start(s, a))
		return;
	until_us = clock_us() + TURN_US;
	do {
		c = turns_take(&a->waiting);
		a->busy = c->op->aside == NULL || !reads_run_kept(s, c, NULL);
		if (a->busy)
			lane_send(a->lane, c);
		else
			reads_reply_kept(s, c);
	} while (may_start(s, a) && clock_us() < until_us);
	reads_end(s);
}

static void
take_made(struct svc *s, struct aside *a, struct call *c)
{
	a->busy = false;
	if (c->ran_over && a == &s->asides[ASIDE_QUICK]) {
		args_clear(&c->answer.extra);
		queue_move(s, &s->asides[ASIDE_LONG].waiting, c);
		return;
	}
	if (c->made == NULL) {
		reply_send_call(&s->reply, c);
		calls_release(&s->calls, c);
		return;
	}
	CHECK(reads_run_kept(s, c, c->made));
	reads_reply_kept(s, c);
	reads_end(s);
}

void
asides_turn(struct svc *s)
{
	struct call	*c;
	bool		 terminated;

	for (struct aside *a = s->asides; a < s->asides + ASIDE_END; a++) {
		if (a->lane == NULL)
			continue;
		while (a->busy && (c = lane_receive(a->lane, false,
		    &terminated)) != NULL)
			take_made(s, a, c);
		start_next(s, a);
	}
}

bool
asides_may_start(const struct svc *s)
{
	return may_start(s, &s->asides[ASIDE_QUICK]) ||
	    may_start(s, &s->asides[ASIDE_LONG]);
}

bool
asides_are_busy(const struct svc *s)
{
	return s->asides[ASIDE_QUICK].busy || s->asides[ASIDE_LONG].busy;
}
