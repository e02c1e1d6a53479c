/* base/metrics.c: cells and their text. */
#include "unit.h"

#include "base/metrics.h"
#include "proto/labels.h"
#include "proto/tables.h"

static void
check_shown(const char *line, bool is)
{
	struct buf	b = { 0 };

	metrics_put(&b);
	buf_put_byte(&b, '\0');
	check_number(line, strstr(b.base, line) != NULL, is);
	buf_done(&b);
}

/* First of all: before it is begun, nothing is counted, and nothing fails. */
static void
nothing_is_counted_before_the_start(void **state)
{
	(void)state;
	metric_add(METRIC_CALLS, 0, 0, 1);
	metric_observe(METRIC_COMMITS, 0, 1);
	check_number("no cell", metric_get(METRIC_CALLS, 0), 0);
	metrics_start(PART_SERVICE);
	labels_name();
}

static void
series_are_shown_when_they_count(void **state)
{
	(void)state;
	check_shown("flicket_operations_total{", false);
	metric_add(METRIC_OPERATIONS, OP_TICKET_GET, ERR_NOT_FOUND, 3);
	check_shown("flicket_operations_total{operation=\"TICKET_GET\","
	    "error=\"NOT_FOUND\"} 3\n", true);
	metric_set(METRIC_CALLS, 0, 7);
	check_shown("# TYPE flicket_calls_waiting gauge\n"
	    "flicket_calls_waiting 7\n", true);
	metric_set(METRIC_OUTBOX_LAG_MS, SERVICE_POST, 1500);
	check_shown("flicket_outbox_lag_seconds{service=\"post\"} 1.500\n",
	    true);
	check_shown("flicket_outbox_lag_seconds{service=\"user\"} 0.000\n",
	    true);
	check_shown("flicket_http_requests_total", false);
}

static void
histograms_are_cumulative(void **state)
{
	static const int64_t	times[] = { 50, 51, 2000000, 99000000 };

	(void)state;
	for (size_t i = 0; i < LEN(times); i++)
		metric_observe(METRIC_COMMITS, 0, times[i]);
	check_shown("flicket_store_commit_duration_seconds_bucket"
	    "{le=\"5e-05\"} 1\n", true);
	check_shown("flicket_store_commit_duration_seconds_bucket"
	    "{le=\"0.0001\"} 2\n", true);
	check_shown("flicket_store_commit_duration_seconds_bucket"
	    "{le=\"1\"} 2\n", true);
	check_shown("flicket_store_commit_duration_seconds_bucket"
	    "{le=\"10\"} 3\n", true);
	check_shown("flicket_store_commit_duration_seconds_bucket"
	    "{le=\"+Inf\"} 4\n", true);
	check_shown("flicket_store_commit_duration_seconds_sum 101.000101\n",
	    true);
	check_shown("flicket_store_commit_duration_seconds_count 4\n", true);
	metric_observe(METRIC_OPERATION_SECONDS, OP_PING, 100);
	check_shown("flicket_operation_duration_seconds_bucket"
	    "{operation=\"PING\",le=\"0.0001\"} 1\n", true);
}

static void
what_is_out_of_bounds_is_left_out(void **state)
{
	(void)state;
	metric_add(METRIC_OPERATIONS, 100000, 0, 1);
	metric_add(METRIC_OPERATIONS, 1, 100000, 1);
	metric_observe(METRIC_OPERATION_SECONDS, 100000, 1);
	check_number("none", metric_get(METRIC_OPERATIONS, 100000), 0);
}

static void
statuses_have_rows(void **state)
{
	(void)state;
	check_number("first", metrics_status(200), 0);
	check_true("two", metrics_status(404) != metrics_status(503));
	check_number("unknown ones", metrics_status(418), metrics_status(599));
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("nothing is counted before the start",
		    nothing_is_counted_before_the_start),
		TEST("series are shown when they count",
		    series_are_shown_when_they_count),
		TEST("histograms are cumulative", histograms_are_cumulative),
		TEST("what is out of bounds is left out",
		    what_is_out_of_bounds_is_left_out),
		TEST("statuses have rows", statuses_have_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
