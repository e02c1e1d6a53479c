/*
 * Calls that outlive the message that they came in: those that wait, are on a
 * lane, or are held. Their memory is used again.
 */
#ifndef LANE_CALLS_H
#define LANE_CALLS_H

#include "services/op/op.h"

struct calls {
	struct call	*spare;		/* to be used again */
	unsigned	 spares;
	unsigned	 count;		/* in use */
	size_t		 bytes;		/* of their arguments */
};

/* A call for a request, with copies of all that it needs. */
struct call	*calls_keep(struct calls *, const struct request *,
		    struct text peer);

/* The end of a call from calls_keep(). */
void		 calls_release(struct calls *, struct call *);

/* Make a call ready for the next request; its buffers keep their memory. */
void		 call_clear(struct call *);

/* Free a call's buffers. */
void		 call_done(struct call *);

/* Free the spare calls. */
void		 calls_done(struct calls *);

#endif
