/*
 * The outbox, as the loop sees it: writes put events into it, the relay
 * delivers them (relay/relay.h), and delivered events are deleted.
 */
#ifndef RUNTIME_OUTBOX_H
#define RUNTIME_OUTBOX_H

#include "services/runtime/relay/relay.h"

struct svc;

struct outbox {
	struct relay_args args;
	zactor_t	*relay;		/* NULL: no events are delivered */
	struct relay_news news[SERVICE_END];	/* the last, by consumer */
	int64_t		 deleted[SERVICE_END];	/* up to there, by consumer */
	int64_t		 deleted_ms;	/* when that was looked at last */
	bool		 emitted;	/* the relay is to be woken, ... */
	bool		 tallied;	/* ... and need not hurry for these */
};

/* Start the relay; and end it. */
void	outbox_start(struct svc *);
void	outbox_stop(struct svc *);

/* A write was committed: note the events that it has put there. */
void	outbox_note_call(struct svc *, const struct call *);

/* Have tallies delivered now, as events are. */
void	outbox_hurry(struct svc *);

/* Wake the relay if there are new events. */
void	outbox_wake(struct svc *);

/*
 * Whether the consumer of a call's event has the event, or cannot be reached.
 * Always true while the process closes: the write itself is done.
 */
bool	outbox_is_delivered(const struct svc *, const struct call *);

/* Take the relay's news. */
void	outbox_receive(struct svc *);

/*
 * Have delivered events deleted. That waits until something else is to be
 * written, for a second at most, so that it seldom costs a sync of its own.
 */
void	outbox_delete_delivered(struct svc *);

/* The writer lane has given a call back: it may be such a deletion. */
void	outbox_note_deleted(struct svc *, const struct call *);

#endif
