/* Slow calls, for the slow lane. They wait in a queue that the lane takes them
 * from (lane/slow.h). */
#ifndef RUNTIME_SLOW_CALLS_H
#define RUNTIME_SLOW_CALLS_H

#include "proto/frame.h"
#include "services/runtime/lane/lanes.h"

struct svc;

struct slow_calls {
	struct lane_args args;
	zactor_t	*lane;
	unsigned	 count;		/* waiting and running */
	unsigned	 deferred;	/* of them: the lane is to be woken */
};

void	slow_calls_init(struct svc *);
void	slow_calls_done(struct svc *);

/* Start the lane, and end it when it has done the call that it has begun. */
void	slow_calls_start(struct svc *);
void	slow_calls_end(struct svc *);

/* Keep a request for the lane. Where that is too many, one call is refused. */
void	slow_calls_put(struct svc *, const struct request *,
	    struct text peer);

/* Wake the lane for what was deferred, unless the store is being reopened. */
void	slow_calls_wake(struct svc *);

/* Whether the lane is at a call that it was woken for. */
bool	slow_calls_are_busy(const struct svc *);

/* The lane has given a call back. */
void	slow_calls_note_done(struct svc *);

#endif
