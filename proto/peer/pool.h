/*
 * A pool: all processes of one service, as somebody who asks sees them. It
 * follows what the resolver finds, and chooses. Its owner drives it: sends
 * the heartbeats, receives, and says when to look.
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
	unsigned	 turn;		/* whose it is among equals */
};

void	pool_init(struct pool *, enum service_id, struct resolver *);
void	pool_done(struct pool *);

/*
 * Take in what the resolver found: new replicas are made, with `owner` NULL;
 * those that are not found any more are `gone`, but used while they answer.
 */
void	pool_refresh(struct pool *);

/*
 * Take out a replica that is gone, does not answer and owes nothing, for the
 * caller to destroy; NULL when there is none.
 */
struct replica	*pool_take_gone(struct pool *);

/*
 * Which is to read next: up, staying, not loading, with the fewest waiting;
 * or, if it may be, one that leaves, where no other is; or NULL. `loaded`:
 * rather one that leaves than one that loads.
 */
struct replica	*pool_reader(struct pool *, bool from_leaving, bool loaded);

/* Whether there is one to read from, if only one that leaves. */
bool	pool_has_reader(const struct pool *);

/* When one that says that it leaves was heard of last; INT64_MIN: none. */
int64_t	pool_left_ms(const struct pool *);

/* Which one writes: the last to say so, if two do; or NULL. */
struct replica	*pool_writer(const struct pool *);

/* How many answer. */
unsigned pool_ups(const struct pool *);

/* Whether any can be asked. */
bool	pool_is_up(const struct pool *);

/* When one of them was last heard of, ms on our clock; 0 never. */
int64_t	pool_heard_ms(const struct pool *);

#endif
