/*
 * How much memory the gateway fills, and what it does when that is much.
 *
 * libh2o takes in heads and bodies before it calls anybody, and keeps answers
 * until clients take them; a client that wants to can have it keep a lot. So
 * the bound is put on all of it together, FLICKET_MEMORY_MB: from half of it
 * on bodies above MEMORY_BODY_BYTES are refused as soon as they are announced,
 * from three quarters on whatever goes to a service is, and connections are
 * ended, those that hold most first. All that is looked at in each tick.
 */
#ifndef GATEWAY_MEMORY_H
#define GATEWAY_MEMORY_H

#include "gateway/state.h"

#define MEMORY_BODY_BYTES	65536

enum pressure { PRESSURE_NONE, PRESSURE_BODIES, PRESSURE_ALL };

/* Before the worker's first connection. */
void		memory_init(struct worker *);

/* See how things stand, and act on it. */
void		memory_tick(struct worker *, int64_t now_ms);

static inline enum pressure
memory_pressure(const struct worker *w)
{
	return (enum pressure)atomic_load_explicit(&w->gateway->pressure,
	    memory_order_relaxed);
}

#endif
