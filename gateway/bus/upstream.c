/* Upstreams: the state of a service, from that of its processes. */
#include "gateway/bus/upstream.h"

#include "base/clock.h"
#include "base/metrics.h"

/* Requests stay queued this long after the last process is lost ... */
#define FAILOVER_WAIT_MS	1000
/* ... or after one said that it leaves, so that another follows. */
#define RESTART_WAIT_MS		3000

void
upstream_init(struct upstream *u, enum service_id id, struct resolver *resolver)
{
	pool_init(&u->pool, id, resolver);
	/* clients may have waited for this gateway, which has not heard of any
	 * process yet */
	u->failover_until_ms = clock_ms() + FAILOVER_WAIT_MS;
}

void
upstream_done(struct upstream *u)
{
	pool_done(&u->pool);
}

/* Any process is asked what only reads, as logins do; the writer the rest. */
struct replica *
upstream_choose(struct upstream *u, enum op_kind kind, bool loaded)
{
	if (kind == OP_READ || kind == OP_SLOW)
		return pool_reader(&u->pool, kind == OP_READ, loaded);
	return pool_writer(&u->pool);
}

void
upstream_review(struct upstream *u, _Atomic int64_t *up)
{
	bool	is_up = pool_is_up(&u->pool);
	bool	has_writer = pool_writer(&u->pool) != NULL;
	bool	has_reader = pool_has_reader(&u->pool);
	int64_t	now_ms = clock_ms();
	int64_t	left_ms = pool_left_ms(&u->pool);

	if (is_up != u->counted)
		atomic_fetch_add(up, is_up ? 1 : -1);
	/* one that came just now may be the first of several; one that is
	 * leaving answers reads until it is gone */
	if (u->counted != is_up || (u->has_writer && !has_writer) ||
	    (u->has_reader && !has_reader)) {
		u->restarts = left_ms >= now_ms - RESTART_WAIT_MS;
		u->failover_until_ms = now_ms + (u->restarts ? RESTART_WAIT_MS :
		    FAILOVER_WAIT_MS);
	}
	/* it may have much to finish before another one can begin */
	if (u->restarts && left_ms + RESTART_WAIT_MS > u->failover_until_ms)
		u->failover_until_ms = left_ms + RESTART_WAIT_MS;
	metric_add(METRIC_REPLICAS_UP, u->pool.service, 0,
	    (int64_t)pool_ups(&u->pool) - u->ups);
	u->ups = pool_ups(&u->pool);
	u->counted = is_up;
	u->has_writer = has_writer;
	u->has_reader = has_reader;
}

bool
upstream_fails_over(const struct upstream *u)
{
	return clock_ms() < u->failover_until_ms;
}

int64_t
upstream_restart_ms(const struct upstream *u)
{
	return u->restarts ? u->failover_until_ms + FAILOVER_WAIT_MS : 0;
}
