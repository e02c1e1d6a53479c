/* base/clock.c: what counts as a step of the wall clock, and waiting. */
#include "unit.h"

#include "base/clock.h"
#include "base/metrics.h"
#include "base/wall.h"

#define S	INT64_C(1000000)
#define WALL	(INT64_C(1700000000) * S)	/* when the monotonic one was 0 */

static void
steps_are_counted(void **state)
{
	/* the monotonic clock before and after, and the wall clock, less WALL */
	static const struct {
		const char	*name;
		int64_t		 before, after, wall, steps;
	} rows[] = {
		{ "the first look", 100 * S, 100 * S, 100 * S, 0 },
		{ "in step", 101 * S, 101 * S, 101 * S, 0 },
		{ "a tenth ahead", 102 * S, 102 * S, 102 * S + S / 10, 0 },
		{ "a tenth back", 103 * S, 103 * S, 103 * S, 0 },
		{ "an hour ahead", 104 * S, 104 * S, 3704 * S, 1 },
		{ "still ahead", 105 * S, 105 * S, 3705 * S, 1 },
		{ "back again", 106 * S, 106 * S, 106 * S, 2 },
		{ "before 1970", 107 * S, 107 * S, -WALL, 3 },
		{ "back again", 108 * S, 108 * S, 108 * S, 4 },
		{ "read early", 109 * S, 140 * S, 109 * S, 4 },
		{ "read late", 141 * S, 180 * S, 180 * S, 4 },
		{ "read in between", 181 * S, 220 * S, 200 * S, 4 },
		{ "a step in between", 221 * S, 230 * S, 500 * S, 5 },
		{ "a slow clock, 1", 231 * S, 231 * S, 501 * S - S / 4, 5 },
		{ "a slow clock, 2", 232 * S, 232 * S, 502 * S - S / 2, 5 },
		{ "a slow clock, 3", 233 * S, 233 * S, 503 * S - S, 5 },
	};
	int64_t	before = metric_get(METRIC_CLOCK_STEPS, 0);

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		wall_watch_at(rows[i].before, WALL + rows[i].wall,
		    rows[i].after);
		check_number(rows[i].name, metric_get(METRIC_CLOCK_STEPS, 0) -
		    before, rows[i].steps);
	}
}

static void
it_is_steady_since_the_last_step(void **state)
{
	(void)state;
	unit_steady_clock();
	check_true("two hours", wall_steady_ms() >= 7200000 &&
	    wall_steady_ms() < 7300000);
	/* a look at a clock that is ahead */
	wall_watch_at(clock_ms() * 1000, wall_us() + 100 * S,
	    clock_ms() * 1000);
	check_true("not any more", wall_steady_ms() < 100000);
}

static void
waits_have_an_end(void **state)
{
	pthread_cond_t	cond = PTHREAD_COND_INITIALIZER;
	pthread_mutex_t	lock = PTHREAD_MUTEX_INITIALIZER;
	int64_t		began_ms = clock_ms();

	(void)state;
	pthread_mutex_lock(&lock);
	while (cond_wait_ms(&cond, &lock, 1020))
		continue;
	pthread_mutex_unlock(&lock);
	check_true("not before", clock_ms() - began_ms >= 1020);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("steps are counted", steps_are_counted),
		TEST("it is steady since the last step",
		    it_is_steady_since_the_last_step),
		TEST("waits have an end", waits_have_an_end),
	};

	metrics_start(PART_ALL);
	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
