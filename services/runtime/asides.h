/*
 * Reads that are put aside (struct op), as they may take too long for the
 * loop. Two lanes run them, one call at a time each. A call that takes too
 * long on the quick one begins anew on the long one, so that short calls never
 * wait for long ones. The loop finishes the call with what the lane has made.
 */
#ifndef RUNTIME_ASIDES_H
#define RUNTIME_ASIDES_H

#include "services/runtime/lane/lanes.h"
#include "services/runtime/lane/turns.h"

struct svc;

enum aside_id { ASIDE_QUICK, ASIDE_LONG, ASIDE_END };

struct aside {
	struct lane_args args;
	zactor_t	*lane;		/* NULL: the service needs none */
	struct turns	 waiting;
	bool		 busy;
};

void	asides_init(struct svc *);

/* Start the lanes, if an operation of the service needs them. */
void	asides_start(struct svc *);

/* Have them refuse what waits, and break off what they have begun. */
void	asides_break_off(struct svc *);

/* Wait for the call that each has begun, and end them. */
void	asides_end(struct svc *);

/* Take what they have made, and give them the next calls. */
void	asides_turn(struct svc *);

/* Whether a lane could begin a call at once, or is at one. */
bool	asides_may_start(const struct svc *);
bool	asides_are_busy(const struct svc *);

#endif
