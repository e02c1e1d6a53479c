/*
 * Turns: calls that wait, in one row for each user. The users take turns, one
 * call each. So a call waits behind what the same user asked for before, and
 * not behind all that other users asked for. Turns go in rounds: a user who has
 * had no turn in this round comes before those who have had one.
 *
 * How long a row may be depends on the room that is left for other users. A
 * user who is alone may have nearly all of it, and those who come later still
 * find some.
 */
#ifndef LANE_TURNS_H
#define LANE_TURNS_H

#include "services/op/op.h"

#define TURNS_CHAINS	256	/* a power of two */

struct turns {
	unsigned	 most;		/* calls at most ... */
	size_t		 bytes_most;	/* ... and bytes of their arguments */
	unsigned	 count;		/* calls that wait ... */
	size_t		 bytes;		/* ... and bytes of their arguments */
	struct turn_row	*round;		/* have a turn left in this round */
	struct turn_row	**round_end;
	struct turn_row	*had;		/* have had their turn */
	struct turn_row	**had_end;
	struct turn_row	*chains[TURNS_CHAINS];	/* all of them, by user */
};

void		 turns_init(struct turns *, unsigned most, size_t bytes_most);

/* Append a call to its user's row. False if that is too long already. */
bool		 turns_put(struct turns *, struct call *);

/* Take the call whose turn it is. NULL if no call waits. */
struct call	*turns_take(struct turns *);

#endif
