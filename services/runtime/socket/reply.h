/*
 * Replies: answers for one peer are collected, then sent in one message. They
 * have to be sent before an answer for another peer is put.
 */
#ifndef SOCKET_REPLY_H
#define SOCKET_REPLY_H

#include <czmq.h>

#include "services/op/op.h"

#define REPLY_BYTES	(64 << 10)	/* send a reply that has so many */

struct reply {
	zsock_t		*router;	/* the endpoint's */
	struct buf	 frames;	/* for the peer that they are put for */
	struct buf	 alone;		/* for the peer of one call */
};

/* Answer a request that is not run with an error. */
void	reply_put_error(struct reply *, const struct request *, enum err);

/* Answer a call that was run: the metrics and the log have it, too. */
void	reply_put_call(struct reply *, struct call *);

/* Send the answers, if there are any. False if the peer is gone. */
bool	reply_send(struct reply *, struct text peer);

/*
 * Answer a call in a message of its own, whatever is being collected. A call
 * without a peer is only counted and logged.
 */
void	reply_send_call(struct reply *, struct call *);

void	reply_done(struct reply *);

#endif
