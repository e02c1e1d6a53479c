/*
 * Timers, carried along with the wall clock. A loop of libh2o reads the time
 * with gettimeofday() and compares it with when its timers were started. Set
 * back by an hour that clock would hold up everything for an hour, set ahead
 * it would end all that waits. So the loop's calls find ours in the place of
 * libc's: the same time, and where it is another than it should be, the times
 * at which timers were started are moved by as much before the loop sees it.
 */
#include "gateway/http/timers.h"

#include "base/clock.h"
#include "gateway/http/h2o_2_2_5.h"

#define LEAST_US	10000	/* that is worth the walk */

static _Thread_local struct {
	h2o_loop_t	*loop;		/* NULL: this thread runs none */
	int64_t		 apart_us;	/* wall clock minus monotonic clock */
} own;

/*
 * Where this thread had to wait between its looks at the two clocks, timers
 * are moved as if the clock had been set, and moved back at the next look.
 * Meanwhile they are as old as they are by the clock that is right.
 */
static void
carry_timers(int64_t now_us)
{
	int64_t	step_us = now_us - clock_ms() * 1000 - own.apart_us;

	if (step_us < LEAST_US && step_us > -LEAST_US)
		return;
	own.apart_us += step_us;
	h2o_2_2_5_move_timers(own.loop, step_us / 1000);
}

void
timers_carry(h2o_loop_t *loop)
{
	own.loop = loop;
	own.apart_us = wall_us() - clock_ms() * 1000;
}

/*
 * Instead of libc's, for all that is linked with this program. (The names of
 * libc's parameters are reserved.)
 */
int
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
	int64_t	now_us = wall_us();

	(void)zone;
	if (own.loop != NULL)
		carry_timers(now_us);
	ret->tv_sec = now_us / 1000000;
	ret->tv_usec = now_us % 1000000;
	return 0;
}
