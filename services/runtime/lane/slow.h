/*
 * The queue of the slow lane. The loop puts calls in, and the lane's thread
 * takes them out.
 *
 * A call may take a quarter of a second, so the next one is not simply the
 * oldest: it is a call of the client that has had no turn for the longest
 * time. A login counts for three clients: its address, the network of that (a
 * /48; of IPv4 a /24), and its username. Any other call counts for the user who
 * asks. So others need not wait for many logins with one name from many
 * addresses, nor for many names from one network.
 */
#ifndef LANE_SLOW_H
#define LANE_SLOW_H

#include "services/op/op.h"

#define SLOW_MOST	64	/* calls that wait and may be refused */
#define SLOW_TURNS	256	/* turns that are remembered */

struct slow	*slow_new(void);

/* The queue must be empty. */
void		 slow_destroy(struct slow **);

/*
 * Put a call in; it stays the caller's to free. Returns NULL if there is room.
 * If more than SLOW_MOST wait then, one call is taken out and returned, to be
 * refused: one whose deadline has passed, or the newest of the client that has
 * most calls here. It may be the call that was put in. A call that `must` wait
 * is never refused and does not count; the caller bounds how many there are.
 */
struct call	*slow_put(struct slow *, struct call *, bool must);

/* Take the call whose turn it is; NULL if there is no call. */
struct call	*slow_take(struct slow *);

#endif
