/*
 * Listeners: peers that send PINGs, and hear at once when something of ours
 * changes: that this process is about to leave, or writes from now on. Some
 * keep what is ours in memory (gateways, tokens). Each PING of theirs says
 * how far they have heard; one that was not heard of for LISTENER_LEASE_MS is
 * forgotten here, and nothing waits for it any more: what it trusts of what it
 * keeps while it hears nobody, and for how long, is its own to decide
 * (FLICKET_TOKEN_STALE_SECONDS). Nobody's silence counts before we have
 * listened for as long: a process that has just started, or stood still, does
 * not know who is there.
 */
#ifndef RUNTIME_LISTENERS_H
#define RUNTIME_LISTENERS_H

#include <stdbool.h>

#include "base/buf.h"

#define LISTENER_LEASE_MS	1000
#define LISTENERS_DEAF_MS	500	/* without a turn: we stood still */
#define LISTENER_KEEPS_NOTHING	INT64_MAX

struct listener {
	struct buf	peer;		/* ZeroMQ identity */
	int64_t		seen;		/* says it heard up to here; -1: no;
					 * LISTENER_KEEPS_NOTHING */
	int64_t		told_seq;	/* was told up to here */
	int64_t		pinged_ms;
};

struct listeners {
	struct listener	*rows;
	size_t		 count;
	size_t		 size;
	int64_t		 turn_ms;	/* of the loop, the last one */
	int64_t		 since_ms;	/* we have listened without a pause */
};

void	listeners_done(struct listeners *);

/* The loop takes a turn: PINGs that came are read in it. */
void	listeners_turn(struct listeners *, int64_t now_ms);

/* A peer's PING says what it has seen, and the answer what it is told. */
void	listeners_heard(struct listeners *, struct text peer, int64_t seen,
	    int64_t told_seq, int64_t now_ms);

/*
 * Whether all that count have seen this; not before we know who they are.
 * Forgets those whose lease is over.
 */
bool	listeners_have_seen(struct listeners *, int64_t seq, int64_t now_ms);

/*
 * The next one that was not told this yet; it now counts as told, and
 * *ret_told_seq is what it was told before. NULL if there is none.
 */
const struct listener	*listeners_to_tell(struct listeners *, int64_t seq,
			    int64_t *ret_told_seq);

#endif
