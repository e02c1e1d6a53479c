/*
 * An inbox: messages that a peer sent and that are not done yet. A message
 * may hold any number of requests; each gets a slice of the loop's time, and
 * waits here for the next one while others are seen to, so that no peer holds
 * up another by what it puts into one message.
 */
#ifndef RUNTIME_INBOX_H
#define RUNTIME_INBOX_H

#include <czmq.h>

#include "base/buf.h"

struct mail {
	struct mail	*next;
	struct buf	 peer;		/* ZeroMQ identity */
	zmq_msg_t	 body;
	size_t		 at;		/* of the next request in it */
};

struct inbox {
	struct mail	*first;
	struct mail	*last;
	unsigned	 count;
	size_t		 bytes;
};

/*
 * Keep the rest of a message, whose content is taken. False: there is no room
 * for it, and it is left as it was.
 */
bool		 inbox_put(struct inbox *, struct text peer, zmq_msg_t *,
		    size_t at);

/* Whether something of a peer is left. */
bool		 inbox_has(const struct inbox *, struct text peer);

/* The one that has waited longest, the caller's to free; NULL: none. */
struct mail	*inbox_take(struct inbox *);
void		 mail_free(struct mail *);

void		 inbox_done(struct inbox *);

#endif
