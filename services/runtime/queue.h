/*
 * Calls that wait for their turn, and how much may be under way at all. What
 * waits has bounds of its own (lane/turns.h); here is what is on lanes or held.
 */
#ifndef RUNTIME_QUEUE_H
#define RUNTIME_QUEUE_H

#include "proto/frame.h"
#include "services/runtime/lane/turns.h"

struct svc;

/* What a client's write may have of the bounds: half of them, so that events
 * always find room. Other calls may have all of them. */
#define QUEUE_PARTS_WRITE	2
#define QUEUE_PARTS_ANY		1

void	queue_init(struct turns *);

/*
 * Keep a request until its user's turn; it is refused if that user has too
 * many already. `op` is its row, or NULL where it is not needed.
 */
void	queue_put(struct svc *, struct turns *, const struct op *op,
	    const struct request *, struct text peer);

/* Have a call that was kept wait in another queue, or refuse it. */
void	queue_move(struct svc *, struct turns *, struct call *);

/* Whether there is room on lanes for one more call. */
bool	queue_has_room(const struct svc *, unsigned parts);

/* Whether nothing is under way but reads. */
bool	queue_is_idle(const struct svc *);

#endif
