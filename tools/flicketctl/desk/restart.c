/*
 * flicketctl restart: ask the supervisor for a restart, and wait for its end.
 */
#include "tools/flicketctl/cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/settings.h"
#include "tools/flicketctl/desk/desk_settings.h"
#include "tools/flicketctl/desk/serve_restart.h"

#define ASK_AGAIN_MS	1000	/* a signal may meet another and be lost */

/* The contents of the file that the supervisor keeps locked. */
struct state {
	int		pid;
	unsigned	asked, done, failed;
};

static bool
read_state(int lock, struct state *ret)
{
	char	line[64];
	ssize_t	n = pread(lock, line, sizeof(line) - 1, 0);

	if (n <= 0)
		return false;
	line[n] = '\0';
	/* NOLINTNEXTLINE(cert-err34-c): numbers out of range are not ours */
	return sscanf(line, "%d %u %u %u", &ret->pid, &ret->asked, &ret->done,
	    &ret->failed) == 4 && ret->pid > 1;
}

/* The bit of a process; 0 if no process has that name. */
static unsigned
bit_of(const char *name)
{
	for (int i = 0; i < CHILDREN; i++)
		if (strcmp(children_name(i) + strlen("flicket-"), name) == 0)
			return 1U << i;
	return 0;
}

static bool
send_request(const struct state *s, unsigned wanted)
{
	union sigval	value = { .sival_int = (int)wanted };

	if (sigqueue(s->pid, SIGUSR1, value) == 0)
		return true;
	return cli_fail("flicketctl serve cannot be told: %s",
	    strerror(errno));
}

/* Wait until the restart is done; false if it fails. */
static bool
wait_done(int lock, const struct state *before, unsigned wanted)
{
	const struct timespec	pause = { .tv_nsec = 50000000 };
	struct state		now = *before;
	int64_t			asked_ms = now_ms();

	while (now.asked == before->asked || now.done != now.asked) {
		if (!desk_is_served(lock))
			return cli_fail("flicketctl serve has ended");
		if (now.asked == before->asked &&
		    now_ms() - asked_ms >= ASK_AGAIN_MS) {
			if (!send_request(before, wanted))
				return false;
			asked_ms = now_ms();
		}
		nanosleep(&pause, NULL);
		(void)read_state(lock, &now);
	}
	if (now.failed == before->failed)
		return true;
	return cli_fail("the desk is not ready; see what flicketctl serve says");
}

static void
print_done(unsigned wanted)
{
	const char	*before = " ";

	fputs("restarted:", stdout);
	for (int i = 0; i < CHILDREN; i++) {
		if (wanted != 0 && (wanted & 1U << i) == 0)
			continue;
		printf("%s%s", before,
		    children_name(i) + strlen("flicket-"));
		before = ", ";
	}
	puts("; the desk is ready");
}

int
restart_run(const struct cli *c)
{
	struct settings	settings;
	struct state	state;
	unsigned	wanted = 0, bit;
	int		lock, status = STATUS_FAILED;

	for (int i = 0; i < c->count; i++) {
		if ((bit = bit_of(c->args[i])) == 0)
			return cli_usage(c->command, "there is no process "
			    "\"%s\": user, ticket, post, lookup, gateway",
			    c->args[i]);
		wanted |= bit;
	}
	settings_load(&settings);
	/* asking for a restart makes no data folder */
	lock = chdir(settings.data) == -1 ? -1 :
	    open(SERVE_LOCK, O_RDONLY | O_CLOEXEC);
	if (lock == -1 || !desk_is_served(lock) || !read_state(lock, &state)) {
		cli_fail("no flicketctl serve of this version works in \"%s\"",
		    settings.data);
		status = STATUS_NOTHING;
	} else if (send_request(&state, wanted) && wait_done(lock, &state, wanted)) {
		print_done(wanted);
		status = STATUS_OK;
	}
	if (lock != -1)
		close(lock);
	return status;
}
