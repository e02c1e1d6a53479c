/*
 * Turns: what users wait for, a row for each of them. The users take turns, a
 * call each, so that what one of them asks for waits behind what that one has
 * asked for before, and not before everybody else's. Turns go round by round:
 * a user who has had none in this round comes before those who have.
 *
 * A row may be so many times as long as there is room left for others: alone,
 * a user has nearly all of it, and those who come later find some.
 */
#ifndef LANE_TURNS_H
#define LANE_TURNS_H

#include "services/op/op.h"

#define TURNS_CHAINS	256	/* a power of two */

struct turns {
	unsigned	 most;		/* calls ... */
	size_t		 bytes_most;	/* ... and bytes of their arguments */
	unsigned	 count;
	size_t		 bytes;
	struct row	*round;		/* those with a turn left in this round */
	struct row     **round_end;
	struct row	*had;		/* those who had theirs */
	struct row     **had_end;
	struct row	*chains[TURNS_CHAINS];	/* all of them by their user */
};

void		 turns_init(struct turns *, unsigned most, size_t bytes_most);

/* False: the user's row is too long; the call stays the caller's. */
bool		 turns_put(struct turns *, struct call *);

/* The call whose turn it is, the caller's from here on; NULL: none waits. */
struct call	*turns_take(struct turns *);

#endif
