/*
 * Admission: how long the requests at one process will take, and so whether
 * one more would be answered in time.
 *
 * A process answers what waits there one after the other. A request that finds
 * too many before it would be answered too late, after it has cost as much as
 * any other: it is refused at once instead. Services have users take turns, so
 * the requests of one user are not all before those of the others, and each
 * user has a share of what may wait (shares.h).
 */
#ifndef BUS_ADMISSION_H
#define BUS_ADMISSION_H

#include "base/settings.h"
#include "gateway/bus/shares.h"
#include "proto/frame.h"

/* Bytes of requests that wait in one place; also of the answers to them. */
#define WAITING_MOST_BYTES	(32 << 20)

/* A process takes up the requests of a queue in their order. */
enum queue_id { QUEUE_READS, QUEUE_SEARCHES, QUEUE_WRITES, QUEUE_SLOW,
    QUEUE_END };

/* The share of a process that one request takes. */
struct demand {
	enum queue_id	queue;
	unsigned	share;		/* of its user, shares_place() */
	size_t		bytes;		/* of its frame */
};

struct queue {
	int64_t	waiting;
	int64_t	each_ns;	/* that one adds to the time of those behind */
	int64_t	since_us;	/* busy_us counts up to here */
	int64_t	busy_us;	/* time in which some waited ... */
	int64_t	answered;	/* ... and how many were answered in it */
	int64_t	answer_bytes;	/* of one, on average */
};

/* The requests that wait at one process. */
struct admission {
	struct queue	queues[QUEUE_END];
	struct shares	shares;
	size_t		waiting;
	size_t		bytes;
};

/* The queue of an operation of this kind, with these arguments. */
enum queue_id	admission_queue(enum op_kind, const struct args *);

/* A request is sent to the process, or leaves it, answered or not. */
void		admission_add(struct admission *, const struct demand *,
		    int64_t now_us);
void		admission_remove(struct admission *, const struct demand *);

/* One that waits in the queue was answered, and is about to be removed. */
void		admission_learn(struct admission *, enum queue_id,
		    int64_t now_us, const struct answer *);

/*
 * Whether one more request would be answered in time. `held` are those of its
 * user that are held back and will be sent before it.
 */
bool		admission_has_room(struct admission *, const struct demand *,
		    size_t held, const struct settings *);

#endif
