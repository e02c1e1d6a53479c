/*
 * Calls that are done, and whose answers are held: until the consumer of their
 * event has it, and until watchers have heard of the change. Each is held for a
 * bounded time only.
 */
#ifndef RUNTIME_HOLD_H
#define RUNTIME_HOLD_H

#include "services/op/op.h"

struct svc;

struct hold {
	struct call	*calls;
};

/* Answer a call from a lane, or hold it. */
void	hold_or_reply(struct svc *, struct call *);

/* Answer those that need not wait any longer. */
void	hold_turn(struct svc *);

/* When the first of them has waited long enough; INT64_MAX: there is none. */
int64_t	hold_until_ms(const struct svc *);

#endif
