/*
 * Replies: answers for one peer are collected, then sent in one message. What
 * was put has to be sent before anything is put for another peer.
 */
#ifndef SOCKET_REPLY_H
#define SOCKET_REPLY_H

#include <czmq.h>

#include "services/op/op.h"

#define REPLY_BYTES	(64 << 10)	/* after so many it is to be sent */

struct reply {
	zsock_t		*router;	/* the endpoint's */
	struct buf	 frames;	/* for the peer that they are put for */
	struct buf	 alone;		/* for the peer of one call */
};

/* Answer a request that is not run with an error. */
void	reply_put_error(struct reply *, const struct request *, enum err);

/* Answer a call that was run: the metrics and the log have it, too. */
void	reply_put_call(struct reply *, struct call *);

/* Send what was put, if there is anything. False if the peer is gone. */
bool	reply_send(struct reply *, struct text peer);

/*
 * Answer a call of whichever peer in a message of its own, beside what is
 * being collected. Calls without a peer are only counted and logged.
 */
void	reply_send_call(struct reply *, struct call *);

void	reply_done(struct reply *);

#endif
