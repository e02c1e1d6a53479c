/*
 * The calls that wait for the slow lane, and whose turn it is. The loop puts
 * calls in, the lane's thread takes them out.
 *
 * A call here may take a quarter of a second, so the oldest one is not always
 * the next. The next one belongs to the client that has had no turn for
 * the longest time. A login counts for three: for its address, for the network
 * that this is from (a /48, of IPv4 a /24), and for the username. Any other
 * call counts for the user who asks. So neither many logins with one name, from
 * any number of addresses, nor many names from the addresses of one network
 * keep others waiting.
 */
#ifndef LANE_SLOW_H
#define LANE_SLOW_H

#include "services/op/op.h"

#define SLOW_MOST	64	/* calls that wait, besides those that must */
#define SLOW_TURNS	256	/* that are remembered */

struct slow	*slow_new(void);

/* It must be empty. */
void		 slow_destroy(struct slow **);

/*
 * Put a call in; it stays the caller's to free. If more than SLOW_MOST wait
 * then, one call is taken out and returned, to be refused: one whose deadline
 * has passed, or the newest of the client that has most. This may be the call
 * that was given. NULL if there is room. A call that must wait is never
 * refused and takes no room; the caller bounds how many there are.
 */
struct call	*slow_put(struct slow *, struct call *, bool must);

/* Take the call whose turn it is; NULL if there is no call. */
struct call	*slow_take(struct slow *);

#endif
