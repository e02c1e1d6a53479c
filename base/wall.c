/*
 * Steps of the wall clock: its distance from the monotonic clock changes only by
 * a clock's drift, unless it is set.
 */
#include "base/wall.h"

#include <pthread.h>
#include <stdbool.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"

static struct {
	pthread_mutex_t	lock;
	bool		watched;	/* the members below are set */
	int64_t		apart_us;	/* wall clock minus monotonic clock */
	int64_t		since_us;	/* no step since, monotonic */
} wall = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void
say_step(int64_t us)
{
	double	seconds = (double)us / 1e6;

	metric_add(METRIC_CLOCK_STEPS, 0, 0, 1);
	if (seconds < 0)
		log_warn("the clock was set back by %.1f s", -seconds);
	else
		log_warn("the clock was set ahead by %.1f s", seconds);
}

/*
 * The wall clock was read at some time between `before` and `after`, which
 * are far from each other where this thread had to wait in between. Only what
 * is a step at either time is one. Called with the lock; 0: no step.
 */
static int64_t
take_look(int64_t before_us, int64_t now_us, int64_t after_us)
{
	int64_t	most = now_us - before_us - wall.apart_us;
	int64_t	least = now_us - after_us - wall.apart_us;
	int64_t	step = least > WALL_STEP_US ? least :
		    most < -WALL_STEP_US ? most : 0;

	if (!wall.watched || step != 0)
		wall.since_us = after_us;
	if (!wall.watched || step != 0 || after_us - before_us < WALL_STEP_US)
		wall.apart_us = now_us - after_us;
	if (!wall.watched)
		step = 0;
	wall.watched = true;
	return step;
}

void
wall_watch_at(int64_t before_us, int64_t now_us, int64_t after_us)
{
	int64_t	step;

	pthread_mutex_lock(&wall.lock);
	step = take_look(before_us, now_us, after_us);
	pthread_mutex_unlock(&wall.lock);
	if (step != 0)
		say_step(step);
}

void
wall_watch(void)
{
	int64_t	before_us = clock_boot_us(), now_us = wall_us();

	wall_watch_at(before_us, now_us, clock_boot_us());
}

int64_t
wall_steady_ms(void)
{
	int64_t	since_us;

	wall_watch();
	pthread_mutex_lock(&wall.lock);
	since_us = wall.since_us;
	pthread_mutex_unlock(&wall.lock);
	return (clock_boot_us() - since_us) / 1000;
}
