/* What ends a run early: signals, and failures. */
#include <signal.h>

#include "tools/flicketctl/data/import/import_parts.h"

static volatile sig_atomic_t	stopped;

bool
import_stopped(void)
{
	return stopped != 0;
}

bool
import_goes_on(void)
{
	if (import_stopped())
		return report_fail("stopped");
	return !report_failed();
}

int
import_interrupts(void *unused)
{
	(void)unused;
	return import_stopped() || report_failed();
}

static void
on_signal(int signal_number)
{
	(void)signal_number;
	stopped = 1;
}

/* SA_RESTART: loops look at the flag, system calls need not know of it. */
void
import_catch_signals(void)
{
	static const int	numbers[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction	action = { .sa_handler = on_signal,
				    .sa_flags = SA_RESTART };

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaction(numbers[i], &action, NULL);
}
