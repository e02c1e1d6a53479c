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
};

/* A peer has sent a PING, and s->reads.call is what it is answered. */
void	announce_note_ping(struct svc *, const struct request *ping,
	    struct text peer);

/* The answer to a write has a SEEN that watchers have to hear of. */
void	announce_note_seen(struct svc *, int64_t seq);

/* Tell the watchers that have not heard of it. */
void	announce_turn(struct svc *);

/* Tell all watchers how this process stands (s->standing). */
void	announce_standing(struct svc *);

#endif
