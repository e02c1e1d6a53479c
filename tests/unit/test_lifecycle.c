/* services/runtime/lifecycle.c */
#include "process.h"

#include <signal.h>

#include "base/clock.h"
#include "base/log.h"

static struct svc	*svc = &process.svc;

static void
signal_self(int number)
{
	lifecycle_init(svc);
	raise(number);
	lifecycle_take_signal(svc);
}

static void
check_phase(const char *row, enum phase want)
{
	lifecycle_turn(svc);
	check_number(row, svc->lifecycle.phase, want);
}

static void
a_process_ends_in_phases(void **state)
{
	(void)state;
	desk.settings.stop_seconds = 3;
	check_phase("no signal", PHASE_RUNNING);
	signal_self(SIGTERM);
	check_phase("a signal", PHASE_LEAVING);
	check_true("peers are told", svc->standing.leaving);
	check_true("it stays a while", svc->lifecycle.until_ms > clock_ms());
	svc->calls.count = 1;
	svc->lifecycle.until_ms = clock_ms();
	check_phase("a while later", PHASE_STOPPING);
	check_true("slow calls are refused",
	    atomic_load(&svc->slow.args.stopping));
	check_true("writes that wait are done",
	    !atomic_load(&svc->writes.args.stopping));
	check_phase("a call is under way", PHASE_STOPPING);
	svc->calls.count = 0;
	check_phase("none is", PHASE_CLOSING);
	check_true("not at once", !lifecycle_is_over(svc));
	svc->lifecycle.until_ms = clock_ms() - 1;
	check_true("over", lifecycle_is_over(svc));
	lifecycle_done(svc);
}

static void
what_takes_too_long_is_broken_off(void **state)
{
	(void)state;
	desk.settings.stop_seconds = 0;
	signal_self(SIGINT);
	svc->calls.count = 1;
	svc->lifecycle.until_ms = clock_ms();
	svc->lifecycle.stop_ms = clock_ms() - 1;
	check_phase("at the end of its time", PHASE_CLOSING);
	check_true("writes are refused",
	    atomic_load(&svc->writes.args.stopping));
	check_true("and what is aside",
	    atomic_load(&svc->asides[ASIDE_LONG].args.stopping));
	svc->lifecycle.until_ms = clock_ms() - 1;
	check_true("a call that has begun is waited for",
	    !lifecycle_is_over(svc));
	svc->calls.count = 0;
	check_true("over", lifecycle_is_over(svc));
	lifecycle_done(svc);
}

static void
a_second_signal_changes_nothing(void **state)
{
	int64_t	until_ms;

	(void)state;
	desk.settings.stop_seconds = 3;
	signal_self(SIGTERM);
	until_ms = svc->lifecycle.until_ms;
	raise(SIGTERM);
	lifecycle_take_signal(svc);
	check_phase("still", PHASE_LEAVING);
	check_number("until then", svc->lifecycle.until_ms, until_ms);
	lifecycle_done(svc);
}

int
main(void)
{
#define HERE(sentence, f) ON_PROCESS(&lookup_service, sentence, f)
	const struct CMUnitTest	tests[] = {
		HERE("a process ends in phases, when what it does is done",
		    a_process_ends_in_phases),
		HERE("what takes longer than it may is broken off",
		    what_takes_too_long_is_broken_off),
		HERE("a second signal changes nothing",
		    a_second_signal_changes_nothing),
	};

	zsys_handler_set(NULL);
	return cmocka_run_group_tests_name("lifecycle", tests, NULL, NULL);
}
