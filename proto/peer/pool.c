/* Pools: short arrays, walked. */
#include "proto/peer/pool.h"

#include <string.h>

void
pool_init(struct pool *p, enum service_id service, struct resolver *resolver)
{
	*p = (struct pool){ .service = service, .resolver = resolver };
}

void
pool_done(struct pool *p)
{
	for (unsigned i = 0; i < p->count; i++)
		replica_destroy(&p->rows[i]);
	p->count = 0;
}

static bool
has_endpoint(const struct endpoints *e, const char *endpoint)
{
	for (unsigned i = 0; i < e->count; i++)
		if (strcmp(e->rows[i], endpoint) == 0)
			return true;
	return false;
}

static bool
has_replica(const struct pool *p, const char *endpoint)
{
	for (unsigned i = 0; i < p->count; i++)
		if (strcmp(p->rows[i]->endpoint, endpoint) == 0)
			return true;
	return false;
}

void
pool_refresh(struct pool *p)
{
	struct endpoints	found;

	if (!resolver_read(p->resolver, p->service, &p->generation, &found))
		return;
	for (unsigned i = 0; i < p->count; i++)
		p->rows[i]->gone = !has_endpoint(&found, p->rows[i]->endpoint);
	for (unsigned i = 0; i < found.count; i++) {
		if (has_replica(p, found.rows[i]))
			continue;
		if (p->count < RESOLVE_MOST)
			p->rows[p->count++] = replica_new(p->service,
			    found.rows[i]);
		else	/* looked at again when there is room */
			p->generation = 0;
	}
}

struct replica *
pool_take_gone(struct pool *p)
{
	struct replica	*r;

	for (unsigned i = 0; i < p->count; i++) {
		r = p->rows[i];
		if (!r->gone || replica_is_up(r) || r->waiting > 0)
			continue;
		p->rows[i] = p->rows[--p->count];
		return r;
	}
	return NULL;
}

/* Whether one is asked rather than another, which may be NULL. */
static bool
is_better(const struct replica *r, const struct replica *best, bool loaded)
{
	if (best == NULL)
		return true;
	if (loaded && r->loading != best->loading)
		return best->loading;
	if (r->leaving != best->leaving)
		return best->leaving;
	if (r->loading != best->loading)
		return best->loading;
	return r->waiting < best->waiting;
}

struct replica *
pool_reader(struct pool *p, bool from_leaving, bool loaded)
{
	struct replica	*best = NULL, *r;

	if (p->count > 1)
		p->turn++;
	for (unsigned i = 0; i < p->count; i++) {
		r = p->rows[(p->turn + i) % p->count];
		if (!replica_is_up(r) || r->refuses ||
		    (r->leaving && !from_leaving))
			continue;
		if (is_better(r, best, loaded))
			best = r;
	}
	return best;
}

bool
pool_has_reader(const struct pool *p)
{
	for (unsigned i = 0; i < p->count; i++)
		if (replica_is_up(p->rows[i]) && !p->rows[i]->refuses)
			return true;
	return false;
}

int64_t
pool_left_ms(const struct pool *p)
{
	int64_t	left_ms = INT64_MIN;

	for (unsigned i = 0; i < p->count; i++)
		if (p->rows[i]->leaving && p->rows[i]->heard_ms > left_ms)
			left_ms = p->rows[i]->heard_ms;
	return left_ms;
}

struct replica *
pool_writer(const struct pool *p)
{
	struct replica	*best = NULL, *r;

	for (unsigned i = 0; i < p->count; i++) {
		r = p->rows[i];
		if (replica_is_up(r) && r->writes && !r->leaving &&
		    (best == NULL || r->writes_ms > best->writes_ms))
			best = r;
	}
	return best;
}

unsigned
pool_ups(const struct pool *p)
{
	unsigned	count = 0;

	for (unsigned i = 0; i < p->count; i++)
		count += replica_is_up(p->rows[i]);
	return count;
}

bool
pool_is_up(const struct pool *p)
{
	for (unsigned i = 0; i < p->count; i++)
		if (replica_is_up(p->rows[i]) && !p->rows[i]->leaving &&
		    !p->rows[i]->refuses)
			return true;
	return false;
}

int64_t
pool_heard_ms(const struct pool *p)
{
	int64_t	heard_ms = 0;

	for (unsigned i = 0; i < p->count; i++)
		if (p->rows[i]->heard_ms > heard_ms)
			heard_ms = p->rows[i]->heard_ms;
	return heard_ms;
}
