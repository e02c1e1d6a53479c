/*
 * Watchers: peers that send PINGs. They are told at once when something of
 * this process changes: that it is about to leave, or writes from now on. Some
 * of them, the gateways, keep data of ours in memory (tokens). Each PING says
 * how far its sender has heard. A write that changes what they keep is
 * answered when all of them have heard of it.
 *
 * A watcher that sent no PING for WATCHER_LEASE_MS is forgotten, and nothing
 * waits for it. How long it trusts what it keeps while it hears of no process
 * is its own decision (FLICKET_TOKEN_STALE_SECONDS). A process that has just
 * started, or was stopped, does not know its watchers: it forgets none, and
 * lets writes wait, until it has listened for WATCHER_LEASE_MS.
 */
#ifndef SOCKET_WATCHERS_H
#define SOCKET_WATCHERS_H

#include <stdbool.h>

#include "base/buf.h"

#define WATCHER_LEASE_MS	1000
#define WATCHERS_DEAF_MS	500	/* between turns: it was stopped */
#define WATCHER_KEEPS_NOTHING	INT64_MAX

struct watcher {
	struct buf	peer;		/* ZeroMQ identity */
	int64_t		seen;		/* it says that it heard up to here;
					 * -1: of nothing; or
					 * WATCHER_KEEPS_NOTHING */
	int64_t		told_seq;	/* it was told up to here */
	int64_t		pinged_ms;
};

struct watchers {
	struct watcher	*rows;
	size_t		 count;
	size_t		 size;
	int64_t		 turn_ms;	/* when the loop last took a turn */
	int64_t		 since_ms;	/* it has listened without a pause */
};

void	watchers_done(struct watchers *);

/* The loop begins a turn, in which it reads the PINGs that have come. */
void	watchers_turn(struct watchers *, int64_t now_ms);

/* A peer says in a PING what it has seen, and is told up to told_seq. */
void	watchers_heard(struct watchers *, struct text peer, int64_t seen,
	    int64_t told_seq, int64_t now_ms);

/*
 * Whether all watchers have seen this; false as long as they are not known.
 * Forgets those whose lease is over.
 */
bool	watchers_have_seen(struct watchers *, int64_t seq, int64_t now_ms);

/*
 * The next watcher that was not told this yet, marked as told. *ret_told_seq
 * is what it had been told before. NULL if all have been told.
 */
const struct watcher	*watchers_to_tell(struct watchers *, int64_t seq,
			    int64_t *ret_told_seq);

#endif
