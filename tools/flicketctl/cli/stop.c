/* A flag, set by signals. */
#include "tools/flicketctl/cli/stop.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t	asked;

static void
note_signal(int number)
{
	(void)number;
	asked = 1;
}

/* SA_RESTART: loops look at the flag, system calls need not know of it. */
void
stop_catch_signals(void)
{
	static const int	numbers[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction	action = { .sa_handler = note_signal,
				    .sa_flags = SA_RESTART };

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaction(numbers[i], &action, NULL);
}

bool
stop_asked(void)
{
	return asked != 0;
}
