/*
 * The backlog: messages that were received and are not done yet. A message may
 * hold any number of requests. The loop works on it for a slice of time, then
 * the rest of it waits here while the messages of other peers have their
 * slices. So a peer cannot hold up others with a long message.
 */
#ifndef SOCKET_BACKLOG_H
#define SOCKET_BACKLOG_H

#include <czmq.h>

#include "base/buf.h"

struct backlog_message {
	struct backlog_message	*next;
	struct buf		 peer;	/* ZeroMQ identity of the sender */
	zmq_msg_t		 body;
	size_t			 at;	/* where its next request begins */
};

struct backlog {
	struct backlog_message	*first;
	struct backlog_message	*last;
	unsigned		 count;
	size_t			 bytes;	/* of all bodies */
};

/*
 * Append a message, of which everything before `at` is done. Its content is
 * moved. False if there is no room; the message is then unchanged.
 */
bool		 backlog_put(struct backlog *, struct text peer, zmq_msg_t *,
		    size_t at);

/* Whether a message of this peer waits. */
bool		 backlog_has(const struct backlog *, struct text peer);

/* Remove the oldest message, which the caller frees. NULL if it is empty. */
struct backlog_message	*backlog_take(struct backlog *);
void		 backlog_message_free(struct backlog_message *);

void		 backlog_done(struct backlog *);

#endif
