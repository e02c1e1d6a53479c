/*
 * Lanes: threads that run calls beside the loop. The loop sends pointers to
 * calls through a lane's pipe, and gets them back, answered, the same way
 * (pipe.h).
 *
 * Rules: 1. Only the writer lane changes the store, and has its log written back
 * (checkpoint.h). 2. A lane never uses a socket.
 */
#ifndef LANE_LANES_H
#define LANE_LANES_H

#include <czmq.h>
#include <stdatomic.h>

#include "services/engine/reign.h"
#include "services/op/op.h"
#include "services/runtime/lane/slow.h"

struct lane_args {
	const struct op_tables	*tables;
	const char		*path;		/* of the database */
	int			 lock;		/* of the store; writer lane */
	struct reign		*reign;		/* … with an engine, else NULL */
	atomic_bool		 stopping;	/* refuse what waits */
	struct slow		*waiting;	/* slow lane: its queue */
	int64_t			 most_us;	/* of one call; aside */
	int			 nice;		/* aside */
};

/*
 * The writer lane takes all calls that wait, runs each in a savepoint of one
 * transaction, commits, and only then sends them back. If the commit fails, or
 * cannot be relied on, all of them are answered with STORE.
 */
zactor_t	*writer_start(struct lane_args *);

/*
 * The slow lane runs one call after the other, outside a transaction, at a low
 * priority, so that it never holds up the loop. Calls are put into
 * args->waiting (slow.h). Each time it is woken it takes one of them, and sends
 * it back through its pipe.
 */
zactor_t	*slow_start(struct lane_args *);
void		 slow_wake(zactor_t *);

/*
 * A lane for calls that are put aside (op.aside) runs one after the other, each
 * in a read transaction and for args->most_us at most.
 */
zactor_t	*aside_start(struct lane_args *);

#endif
