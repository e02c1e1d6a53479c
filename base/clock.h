/*
 * Clocks. What waits, or is over after a while, goes by one that nobody sets:
 * clock_ms(), clock_us(), cond_wait_ms(). The wall clock is for dates, and
 * for what ends at a date. It may be wrong, and may be set, by hours, back and
 * ahead; docs/operations.md says what that does to what.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* Milliseconds of a monotonic clock. It goes on while a machine sleeps. */
int64_t	clock_ms(void);

/* Microseconds of one that does not. */
int64_t	clock_us(void);

/* Wait for a condition for so long at most; false: it was not signalled. */
bool	cond_wait_ms(pthread_cond_t *, pthread_mutex_t *, int64_t ms);

/* The wall clock: microseconds since 1970, UTC. */
int64_t	wall_us(void);

/* By how much, in us, the wall clock may be set back and be followed by
 * dates only when it has caught up; more than that is a step. */
#define WALL_STEP_US	INT64_C(500000)

/*
 * Look at the wall clock: a step since the last look is logged and counted.
 * From any thread. The first look is when this process begins to watch.
 */
void	wall_watch(void);

/* The same at a time, with what the clocks say: of tests. */
void	wall_watch_at(int64_t before_us, int64_t now_us, int64_t after_us);

/*
 * How long no step was seen, ms: since the last one, or since this process
 * began to watch. It looks before it tells.
 */
int64_t	wall_steady_ms(void);

#endif
