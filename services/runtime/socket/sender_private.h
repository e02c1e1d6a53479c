/* The inside of the sender, for sender.c and its test. */
#ifndef SOCKET_SENDER_PRIVATE_H
#define SOCKET_SENDER_PRIVATE_H

#include <stdatomic.h>

#include "services/runtime/socket/sender.h"

#define SMALL_BYTES	4096	/* larger messages are counted each */
#define SMALL_MOST	16	/* small messages that are counted as one */
#define WAITING_MOST	((size_t)64 << 20) /* bytes, for one peer ... */
#define TOGETHER_MOST	((size_t)256 << 20) /* ... and for all of them */
#define LENT_BUFS	16	/* buffers that are lent at a time */
#define KEPT_BYTES	((size_t)1 << 18) /* larger buffers are freed */

/* What waits for the peers that share a counter. */
struct place {
	_Atomic size_t	waiting;
	unsigned	small;		/* messages sent and not counted yet */
	size_t		small_bytes;	/* ... and their bytes */
};

/* A buffer that is being sent, or is free to be used again. */
struct lent_buf {
	atomic_bool	 lent;
	struct place	*place;
	struct buf	 buffer;
};

extern _Atomic size_t	sender_together;	/* bytes for all peers */
extern struct lent_buf	sender_lent_bufs[LENT_BUFS];

struct place	*sender_place(struct text peer);

/* Whether a message of that length may wait, too. */
bool		 sender_has_room(const struct place *, size_t len);

void		 sender_add_waiting(struct place *, size_t bytes);

#endif
