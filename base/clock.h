/*
 * Clocks. Waits and time limits go by a clock that cannot be set: clock_ms(),
 * clock_us(), cond_wait_ms(). The wall clock is for dates, and for things that
 * end at a date. It may be wrong, and may be set back or ahead by hours;
 * docs/operations.md tells the effect on each thing.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* Milliseconds of a monotonic clock. It goes on while a machine sleeps. */
int64_t	clock_ms(void);

/* The same clock in microseconds. */
int64_t	clock_boot_us(void);

/* Microseconds of one that does not. */
int64_t	clock_us(void);

/* Wait for a condition for so long at most; false: it was not signalled. */
bool	cond_wait_ms(pthread_cond_t *, pthread_mutex_t *, int64_t ms);

/* The wall clock: microseconds since 1970, UTC. */
int64_t	wall_us(void);

#endif
