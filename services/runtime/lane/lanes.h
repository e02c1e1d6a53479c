/*
 * Lanes: threads that run calls beside the loop. The loop sends pointers to
 * calls through a lane's pipe and gets them back, answered, the same way.
 *
 * Rules: 1. A call belongs to whoever was sent its pointer last. 2. Only the
 * writer lane changes what is in the store (and has its log written back,
 * checkpoint.h). 3. A lane never talks to a socket.
 */
#ifndef LANE_LANES_H
#define LANE_LANES_H

#include <czmq.h>
#include <stdatomic.h>

#include "services/op/op.h"
#include "services/runtime/lane/slow.h"

struct lane_args {
	const struct op_tables	*tables;
	const char		*path;		/* of the database */
	int			 lock;		/* writer: the store's */
	atomic_bool		 stopping;	/* what waits is refused */
	struct slow		*waiting;	/* slow lane: its calls */
	int64_t			 most_us;	/* aside: for one call */
	int			 nice;		/* aside */
};

/*
 * The writer lane: takes all calls that wait, runs each in a savepoint of
 * one transaction, commits, and only then sends them back. If the commit
 * fails, or is nothing to rely on, all of them are answered with STORE.
 */
zactor_t	*writer_start(struct lane_args *);

/*
 * The slow lane: one call after the other, each outside a transaction, at a
 * low priority, so that what it does never holds up the loop. Its calls are
 * put into args->waiting (slow.h); it takes one each time it is woken, and
 * sends it back through its pipe.
 */
zactor_t	*slow_start(struct lane_args *);
void		 slow_wake(zactor_t *);

/*
 * A lane for what operations put aside (op.aside): one call after the other,
 * each in a read transaction, and none longer than args->most_us.
 */
zactor_t	*aside_start(struct lane_args *);

/* Send a call to a lane or back; never blocks. */
void		 lane_send(void *pipe, struct call *);

/* Take a call from a pipe: NULL when there is none, or on $TERM. */
struct call	*lane_receive(void *pipe, bool wait, bool *ret_terminated);

#endif
