/* base/process/stderr.c: what a library writes is logged within bounds, or gets out. */
#include "base/process/stderr.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/metrics.h"
#include "unit.h"

#define FLOOD	5000

static unsigned
count(const char *text, const char *part)
{
	unsigned	found = 0;

	while ((text = strstr(text, part)) != NULL) {
		text += strlen(part);
		found++;
	}
	return found;
}

/* Until so many lines of libraries were counted. */
static void
wait_for_lines(int64_t lines)
{
	while (metric_get(METRIC_LIBRARY_LINES, 0) < lines)
		poll(NULL, 0, 1);
	poll(NULL, 0, 10);	/* counted, then logged */
}

static void
speak(const void *arg)
{
	(void)arg;
	metrics_start(PART_GATEWAY);
	stderr_take();
	fprintf(stderr, "one\n\ntwo\n");
	printf("three\n");
	fflush(stdout);
	wait_for_lines(3);
	log_info("ours");
}

static void
what_is_written_is_logged(void **state)
{
	struct end	end;

	(void)state;
	unit_run(speak, NULL, &end);
	check_number("status", end.status, 0);
	check_part("one", end.said, " warn flicket a library wrote: one\n");
	check_part("two", end.said, " warn flicket a library wrote: two\n");
	check_part("three", end.said, " warn flicket a library wrote: three\n");
	check_part("ours", end.said, " info flicket ours\n");
	check_number("lines", count(end.said, "\n"), 4);
}

/* Slowly enough for the pipe: all are to be counted. */
static void
flood(const void *arg)
{
	(void)arg;
	metrics_start(PART_GATEWAY);
	stderr_take();
	for (int64_t i = 1; i <= FLOOD; i++) {
		fprintf(stderr, "skipping frame (type:255)\n");
		if (i % 500 == 0)
			wait_for_lines(i);
	}
	log_info("ours");
}

static void
a_flood_is_bounded(void **state)
{
	struct end	end;

	(void)state;
	unit_run(flood, NULL, &end);
	check_number("status", end.status, 0);
	check_true("some", count(end.said, "a library wrote") >= 20);
	/* a slow machine sees more than one window */
	check_true("not all", count(end.said, "\n") < FLOOD / 10);
	check_part("ours", end.said, " info flicket ours\n");
}

/* Nobody reads the pipe's other end fast enough: nobody waits for that. */
static void
burst(const void *arg)
{
	(void)arg;
	stderr_take();
	for (unsigned i = 0; i < 100000; i++)
		fprintf(stderr, "x%u\n", i);
}

static void
a_burst_holds_up_nobody(void **state)
{
	struct end	end;

	(void)state;
	unit_run(burst, NULL, &end);
	check_number("status", end.status, 0);
}

static void
give_up(const void *arg)
{
	(void)arg;
	stderr_take();
	fprintf(stderr, "Assertion failed: never (src/pipe.cpp:87)\n");
	abort();
}

static void
last_words_get_out(void **state)
{
	struct end	end;

	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		unit_run(give_up, NULL, &end);
		check_number("status", end.status, 128 + 6);
		check_number("said", count(end.said, "Assertion failed: never "
		    "(src/pipe.cpp:87)"), 1);
	}
}

/* A flood before it keeps nothing back. */
static void
give_up_in_a_flood(const void *arg)
{
	(void)arg;
	metrics_start(PART_GATEWAY);
	stderr_take();
	for (int64_t i = 1; i <= 200; i++)
		fprintf(stderr, "chatter\n");
	wait_for_lines(200);
	fprintf(stderr, "Assertion failed: never (src/pipe.cpp:87)\n");
	abort();
}

static void
last_words_are_not_bounded(void **state)
{
	struct end	end;

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		unit_run(give_up_in_a_flood, NULL, &end);
		check_number("status", end.status, 128 + 6);
		check_part("said", end.said, "Assertion failed: never");
	}
}

/* As a supervisor does that has lost its patience. */
static void
be_aborted(const void *arg)
{
	(void)arg;
	stderr_take();
	fprintf(stderr, "it was slow\n");
	kill(getpid(), SIGABRT);
	poll(NULL, 0, 10000);
}

static void
an_abort_from_outside_ends_it(void **state)
{
	struct end	end;

	(void)state;
	unit_run(be_aborted, NULL, &end);
	check_number("status", end.status, 128 + SIGABRT);
	check_part("said", end.said, "it was slow");
}

static void
give_up_in_words(const void *arg)
{
	const int64_t	*before = arg;

	metrics_start(PART_GATEWAY);
	stderr_take();
	for (int64_t i = 1; i <= *before; i++)
		fprintf(stderr, "chatter\n");
	wait_for_lines(*before);
	fprintf(stderr, "why\n");
	log_fatal("no more");
}

static void
leave(const void *arg)
{
	(void)arg;
	metrics_start(PART_GATEWAY);
	stderr_take();
	fprintf(stderr, "why\n");
	exit(1);
}

static void
last_lines_are_logged(void **state)
{
	static const int64_t	none, many = 200;
	struct end		end;

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		unit_run(give_up_in_words, &none, &end);
		check_number("status", end.status, 1);
		check_part("why", end.said, " a library wrote: why\n");
		unit_run(leave, NULL, &end);
		check_number("status", end.status, 1);
		check_part("at exit()", end.said, " a library wrote: why\n");
	}
	unit_run(give_up_in_words, &many, &end);
	check_part("those left out", end.said, "more lines, which were left "
	    "out\n");
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("what a library writes is logged",
		    what_is_written_is_logged),
		TEST("a flood is bounded", a_flood_is_bounded),
		TEST("a burst holds up nobody", a_burst_holds_up_nobody),
		TEST("last words get out", last_words_get_out),
		TEST("last words get out after a flood, too",
		    last_words_are_not_bounded),
		TEST("an abort from outside ends the process",
		    an_abort_from_outside_ends_it),
		TEST("the last lines are logged before an end",
		    last_lines_are_logged),
	};

	return cmocka_run_group_tests_name("stderr", tests, NULL, NULL);
}
