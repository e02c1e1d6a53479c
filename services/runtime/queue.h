/*
 * Queues of calls that wait for their turn, and the bounds of all others.
 * Queues have bounds of their own (lane/turns.h). The calls on lanes, and those
 * that are held, have another one together.
 */
#ifndef RUNTIME_QUEUE_H
#define RUNTIME_QUEUE_H

#include "proto/frame.h"
#include "services/runtime/lane/turns.h"

struct svc;

/* Clients' writes may take one of two parts of that bound, so that there is
 * always room for events. Other calls may take all of it. */
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
