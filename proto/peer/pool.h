/*
 * A pool: all processes of one service, as a process that asks it sees them.
 * It follows what the resolver finds, and chooses. Its owner sends the
 * heartbeats, receives, and says when to refresh it.
 */
#ifndef PEER_POOL_H
#define PEER_POOL_H

#include "proto/peer/replica.h"
#include "proto/peer/resolve.h"

struct pool {
	enum service_id	 service;
	struct resolver	*resolver;
	uint64_t	 generation;	/* of the resolver's, taken in */
	struct replica	*rows[RESOLVE_MOST];
	unsigned	 count;
	unsigned	 turn;		/* of replicas that are equally good */
};

void	pool_init(struct pool *, enum service_id, struct resolver *);
void	pool_done(struct pool *);

/*
 * Take in what the resolver found. New replicas have no `owner` yet; those that
 * are not found any more are `gone`, but used while they answer.
 */
void	pool_refresh(struct pool *);

/*
 * Take out a replica that is gone, is down and has no request to answer. The
 * caller destroys it. NULL: there is none.
 */
struct replica	*pool_take_gone(struct pool *);

/*
 * The one to read from next: up, neither leaving nor loading, with the fewest
 * requests waiting. If there is no other, one that is loading, or, with
 * `from_leaving`, one that is leaving; `loaded`: rather the latter. Or NULL.
 */
struct replica	*pool_reader(struct pool *, bool from_leaving, bool loaded);

/* Whether there is one to read from; one that is leaving counts. */
bool	pool_has_reader(const struct pool *);

/* When one that leaves was heard of last, ms on our clock; INT64_MIN: none. */
int64_t	pool_left_ms(const struct pool *);

/* The writer: the last one to say that it is, if two do; or NULL. */
struct replica	*pool_writer(const struct pool *);

/* How many are up. */
unsigned pool_ups(const struct pool *);

/* Whether any can be asked. */
bool	pool_is_up(const struct pool *);

/* When one of them was last heard of, ms on our clock; 0 never. */
int64_t	pool_heard_ms(const struct pool *);

#endif
