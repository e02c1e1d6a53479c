/*
 * How many requests a token may make in a minute (FLICKET_RATE_LIMIT): one
 * table for all threads of the gateway.
 *
 * A token has a bucket that holds as many requests as the limit says and is
 * filled at an even pace. What is kept of it is the time at which it will be
 * full. The table has a fixed size: one that is full already tells nothing,
 * so its place is free; if there is none, the one that is full soonest makes
 * room, in its token's favour.
 */
#ifndef CACHE_LIMIT_H
#define CACHE_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

struct limits;

/* What is left to a token. */
struct limit {
	bool	allowed;
	int64_t	left;		/* requests it may make now */
	int64_t	full_s;		/* until the bucket is full, rounded up */
	int64_t	wait_s;		/* until there is one, if there is none */
};

#define LIMIT_WINDOW_S	60

/* per_minute is 1 to 1,000,000. */
struct limits	*limits_new(int64_t per_minute);
void		 limits_destroy(struct limits **);

/* Take one out of the bucket of a token; thread-safe. */
void		 limits_take(struct limits *, const unsigned char *token_hash,
		    int64_t now_ns, struct limit *ret);

#endif
