/*
 * How many requests a token may make in a minute (FLICKET_RATE_LIMIT): one
 * table for all threads of the gateway.
 *
 * Each token has a bucket, which holds as many requests as the limit says and
 * is refilled at an even pace. The table keeps the time at which it will be full.
 * The table has a fixed size. A bucket that is full needs no entry; if there is
 * no free one, the bucket that is full first gives up its entry, and its token
 * gets a full one.
 */
#ifndef CACHE_LIMIT_H
#define CACHE_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

struct limits;

/* What is left of a token's limit. */
struct limit {
	bool	allowed;
	int64_t	left;		/* requests it may make now */
	int64_t	full_s;		/* until the bucket is full, rounded up */
	int64_t	wait_s;		/* until it may make one; 0: it may now */
};

#define LIMIT_WINDOW_S	60

/* One for all threads; per_minute is 1 to 1,000,000. */
struct limits	*limits_new(int64_t per_minute);
void		 limits_destroy(struct limits **);

/* Take one request out of the bucket of a token; thread-safe. */
void		 limits_take(struct limits *, const unsigned char *token_hash,
		    int64_t now_ns, struct limit *ret);

#endif
