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

#define LEAST_US	10000	/* that is worth the walk */

static _Thread_local struct {
	h2o_loop_t	*loop;		/* NULL: this thread runs none */
	int64_t		 apart_us;	/* wall clock minus monotonic clock */
} own;

static void
move_entries(h2o_timeout_t *timeout, int64_t ms)
{
	h2o_linklist_t	*node = timeout->_entries.next;

	for (; node != &timeout->_entries; node = node->next)
		H2O_STRUCT_FROM_MEMBER(h2o_timeout_entry_t, _link,
		    node)->registered_at += (uint64_t)ms;
}

static void
move_timers(h2o_loop_t *loop, int64_t ms)
{
	h2o_linklist_t	*node = loop->_timeouts.next;

	for (; node != &loop->_timeouts; node = node->next)
		move_entries(H2O_STRUCT_FROM_MEMBER(h2o_timeout_t, _link,
		    node), ms);
	loop->_now += (uint64_t)ms;
}

/*
 * Where this thread had to wait between its looks at the two clocks, timers
 * are moved as if the clock had been set, and moved back at the next look.
 * Meanwhile they are as old as they are by the clock that is right.
 */
static void
carry(int64_t now_us)
{
	int64_t	step_us = now_us - clock_ms() * 1000 - own.apart_us;

	if (step_us < LEAST_US && step_us > -LEAST_US)
		return;
	own.apart_us += step_us;
	move_timers(own.loop, step_us / 1000);
}

void
timers_carry(h2o_loop_t *loop)
{
	own.loop = loop;
	own.apart_us = wall_us() - clock_ms() * 1000;
}

/*
 * Instead of libc's, whose names of parameters are its own, for whatever is
 * linked with this program.
 */
int
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
	int64_t	now_us = wall_us();

	(void)zone;
	if (own.loop != NULL)
		carry(now_us);
	ret->tv_sec = now_us / 1000000;
	ret->tv_usec = now_us % 1000000;
	return 0;
}
