/*
 * libh2o's timers go by the wall clock. They are carried along when that is
 * set: what has a second left before has a second left after.
 */
#ifndef HTTP_TIMERS_H
#define HTTP_TIMERS_H

#include <h2o.h>

/* From now on, those of a loop that this thread runs. */
void	timers_carry(h2o_loop_t *);

#endif
