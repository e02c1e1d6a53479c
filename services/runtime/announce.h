/*
 * Announcements: what watchers (socket/watchers.h) are told before they ask
 * again. Each is the answer to a PING that they did not send, with the id 0.
 */
#ifndef RUNTIME_ANNOUNCE_H
#define RUNTIME_ANNOUNCE_H

#include "proto/frame.h"
#include "services/runtime/socket/watchers.h"

struct svc;

struct announce {
	struct watchers	watchers;
	int64_t		seq;		/* to be announced; 0: nothing is */
	struct watchers	copies;		/* keepers of other hosts (keeper.h) */
	int64_t		entry;		/* to be announced to those; 0 */
};

/* A peer has sent a PING, and s->reads.call is what it is answered. */
void	announce_note_ping(struct svc *, const struct request *ping,
	    struct text peer);

/* The answer to a write has a SEEN that watchers have to hear of. */
void	announce_note_seen(struct svc *, int64_t seq);

/*
 * A write was committed with this entry of the engine's log. The answer waits
 * until the copies of all hosts have it.
 */
void	announce_note_entry(struct svc *, int64_t entry);
bool	announce_copies_have(struct svc *, int64_t entry);

/* Tell the watchers that have not heard of it. */
void	announce_turn(struct svc *);

/* Tell all watchers how this process stands (s->standing). */
void	announce_standing(struct svc *);

#endif
