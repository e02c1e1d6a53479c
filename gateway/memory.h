/*
 * The bound on the gateway's memory, FLICKET_MEMORY_MB.
 *
 * libh2o takes in heads and bodies before it calls a handler, and keeps answers
 * until clients take them, so a client can make it keep a lot. The bound is for
 * all of it together. From half of it on, bodies above MEMORY_BODY_BYTES are
 * refused as soon as they are announced. From three quarters on, requests that
 * need a service are refused, and connections are ended, those that hold most
 * first. memory_pressure() in worker.h tells which holds.
 */
#ifndef GATEWAY_MEMORY_H
#define GATEWAY_MEMORY_H

#include "gateway/worker.h"

#define MEMORY_BODY_BYTES	65536

/* Before the worker's first connection. */
void		memory_init(struct worker *);

/* Measure, and act on it; every TICK_MS. */
void		memory_tick(struct worker *, int64_t now_ms);

#endif
