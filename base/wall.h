/* Whether the wall clock was set. */
#ifndef BASE_WALL_H
#define BASE_WALL_H

#include <stdint.h>

/* By how much, in us, the wall clock may be set back and be followed by
 * dates only when it has caught up; more than that is a step. */
#define WALL_STEP_US	INT64_C(500000)

/*
 * Look at the wall clock: a step since the last look is logged and counted.
 * From any thread. The first look is when this process begins to watch.
 */
void	wall_watch(void);

/* The same with given times of the clocks, for tests. */
void	wall_watch_at(int64_t before_us, int64_t now_us, int64_t after_us);

/*
 * How long no step was seen, ms: since the last one, or since this process
 * began to watch. It looks before it tells.
 */
int64_t	wall_steady_ms(void);

#endif
