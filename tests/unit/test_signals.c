/* base/process/signals.c */
#include "unit.h"

#include "base/process/signals.h"

#include <pthread.h>
#include <unistd.h>

static void *
read_mask(void *ret)
{
	pthread_sigmask(SIG_SETMASK, NULL, ret);
	return NULL;
}

static void
signals_wait_until_asked_for(void **state)
{
	static const struct { const char *name; int number; } rows[] = {
		{ "SIGTERM", SIGTERM }, { "SIGINT", SIGINT },
		{ "SIGHUP", SIGHUP },
	};
	sigset_t	set = signals_block(), of_thread;
	pthread_t	thread;
	int		number;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, read_mask, &of_thread),
	    0);
	pthread_join(thread, NULL);
	for (size_t i = 0; i < LEN(rows); i++) {
		check_true(rows[i].name, sigismember(&set, rows[i].number) &&
		    sigismember(&of_thread, rows[i].number));
		raise(rows[i].number);
		check_number(rows[i].name, sigwait(&set, &number), 0);
		check_number(rows[i].name, number, rows[i].number);
	}
	check_true("others end the process", !sigismember(&set, SIGSEGV));
}

static void
a_reader_who_left_ends_nothing(void **state)
{
	int	fds[2];

	(void)state;
	signals_block();
	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	check_number("an error", write(fds[1], "x", 1), -1);
	close(fds[1]);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("signals wait until they are asked for",
		    signals_wait_until_asked_for),
		TEST("a write to a closed pipe is an error, not the end",
		    a_reader_who_left_ends_nothing),
	};

	return cmocka_run_group_tests_name("signals", tests, NULL, NULL);
}
