/* services/runtime/relay/lag.c */
#include "unit.h"

#include "services/runtime/relay/lag.h"

static void
the_oldest_event_counts(void **state)
{
	struct lag	lag = { 0 };

	(void)state;
	check_number("no events", lag_note(&lag, 0, 0, 1000), 0);
	check_number("new ones", lag_note(&lag, 0, 5, 2000), 0);
	check_number("they wait", lag_note(&lag, 0, 5, 3000), 1000);
	check_number("with others", lag_note(&lag, 4, 9, 4000), 2000);
	check_number("only the others", lag_note(&lag, 5, 9, 5000), 1000);
	check_number("none", lag_note(&lag, 9, 9, 6000), 0);
	check_number("no samples", (int64_t)lag.count, 0);
}

/* A long lag is known less exactly, and never as longer than it is. */
static void
a_long_lag_is_known(void **state)
{
	struct lag	lag = { 0 };
	int64_t		ms;

	(void)state;
	for (int64_t i = 1; i <= 10000; i++) {
		ms = lag_note(&lag, 0, i, i * 1000);
		check_number("of the first", ms, (i - 1) * 1000);
		assert_true(lag.count <= LAG_SAMPLES);
	}
	ms = lag_note(&lag, 5000, 10000, INT64_C(10000) * 1000);
	check_true("of one behind", ms > 0 && ms <= INT64_C(5000) * 1000);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("the oldest event that is not acknowledged counts",
		    the_oldest_event_counts),
		TEST("a long lag is known with few samples",
		    a_long_lag_is_known),
	};

	return cmocka_run_group_tests_name("lag", tests, NULL, NULL);
}
