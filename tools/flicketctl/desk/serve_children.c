/*
 * The five processes. Nothing here blocks: the loop in serve.c gets a signal
 * when a process ends, and starts are due at a time.
 */
#include "tools/flicketctl/desk/serve_children.h"

#include <sys/prctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/listener.h"
#include "base/log.h"
#include "base/settings.h"

enum {
	PAUSE_FIRST_MS = 50,	/* before the second start in a row */
	PAUSE_MAX_MS = 500,	/* a dead one is back within a second */
	STEADY_MS = 10000,	/* one that ran for so long starts with no pause */
	STEADY_ENDED_MS = 1000	/* ... if it ended because it was told to */
};

static const char *const programs[CHILDREN] = {
	"flicket-user", "flicket-ticket", "flicket-post", "flicket-lookup",
	[GATEWAY] = "flicket-gateway"
};

int64_t
now_ms(void)
{
	struct timespec	t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

const char *
children_name(int i)
{
	return programs[i];
}

int
children_find(struct children *all)
{
	char	path[PATH_MAX + 32], self[PATH_MAX] = "/";

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) == -1) {
		log_error("/proc/self/exe: %s", strerror(errno));
		return -1;
	}
	*strrchr(self, '/') = '\0';
	memcpy(all->folder, self, sizeof(self));
	for (int i = 0; i < CHILDREN; i++) {
		snprintf(path, sizeof(path), "%s/%s", all->folder, programs[i]);
		if (access(path, X_OK) == -1) {
			log_error("%s: %s", path, strerror(errno));
			return -1;
		}
	}
	return 0;
}

/* Undo in a child what the supervisor has set for itself. */
static void
reset_process(void)
{
	static const int	ours[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE,
				    SIGUSR1 };
	sigset_t		none;
	int			null;

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		signal(ours[i], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* A group of its own: Ctrl-C is for the supervisor to pass on. */
	setpgid(0, 0);
	null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null != -1)
		dup2(null, STDIN_FILENO);
}

static void
forget_secrets(void)
{
	const char	*name;

	for (size_t i = 0; (name = settings_name(i)) != NULL; i++)
		if (settings_is_secret(i))
			unsetenv(name);
}

static _Noreturn void
run_program(const struct children *all, int i, pid_t parent)
{
	const char	*program = programs[i];
	char		 path[PATH_MAX + 32];

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)	/* it died before the prctl() */
		_exit(1);
	reset_process();
	/* no other process needs them */
	if (strcmp(program, "flicket-user") != 0)
		forget_secrets();
	if (i == GATEWAY)
		listener_hand_over(all->listener);
	snprintf(path, sizeof(path), "%s/%s", all->folder, program);
	execl(path, program, all->all[i].force_new ? "--force-new" : NULL,
	    (char *)NULL);
	log_error("%s: cannot be started: %s", path, strerror(errno));
	_exit(1);
}

/* Set when it is started again; returns the pause before that. */
static int64_t
plan_start(struct child *c, int64_t steady_ms)
{
	int64_t	now = now_ms(), pause;

	pause = now - c->started_ms >= steady_ms ? 0 : c->pause_ms;
	c->start_ms = now + pause;
	c->pause_ms = pause == 0 ? PAUSE_FIRST_MS : pause * 2;
	if (c->pause_ms > PAUSE_MAX_MS)
		c->pause_ms = PAUSE_MAX_MS;
	return pause;
}

static void
start(struct children *all, int i)
{
	struct child	*c = &all->all[i];
	pid_t		 self = getpid(), pid = fork();

	if (pid == 0)
		run_program(all, i, self);
	c->started_ms = now_ms();
	if (pid == -1) {
		log_error("%s: cannot be started: %s", programs[i],
		    strerror(errno));
		plan_start(c, STEADY_MS);
		return;
	}
	c->pid = pid;
	c->told = c->force_new = false;
	log_debug("%s started, pid %d", programs[i], (int)pid);
}

void
children_start_due(struct children *all)
{
	int64_t	now = now_ms();

	for (int i = 0; i < CHILDREN; i++)
		if (all->all[i].pid == 0 && all->all[i].start_ms <= now)
			start(all, i);
}

int64_t
children_next_start(const struct children *all)
{
	int64_t	at = INT64_MAX;

	for (int i = 0; i < CHILDREN; i++)
		if (all->all[i].pid == 0 && all->all[i].start_ms < at)
			at = all->all[i].start_ms;
	return at;
}

bool
children_reap(struct children *all, int *ret_i, int *ret_status)
{
	pid_t	pid;

	while ((pid = waitpid(-1, ret_status, WNOHANG)) > 0)
		for (int i = 0; i < CHILDREN; i++) {
			if (all->all[i].leaving == pid)
				all->all[i].leaving = 0;
			if (all->all[i].pid != pid)
				continue;
			all->all[i].pid = 0;
			*ret_i = i;
			return true;
		}
	return false;
}

void
children_restart(struct children *all, int i, int status)
{
	bool	ended = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	int64_t	pause = plan_start(&all->all[i], ended ? STEADY_ENDED_MS :
		    STEADY_MS);
	char	how[64], when[32] = "at once";

	if (all->all[i].told)
		return;
	if (WIFSIGNALED(status))
		snprintf(how, sizeof(how), "killed by signal %d (%s)",
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(how, sizeof(how), "exited with status %d",
		    WEXITSTATUS(status));
	if (pause > 0)
		snprintf(when, sizeof(when), "in %d ms", (int)pause);
	log_line(ended ? LEVEL_INFO : LEVEL_ERROR,
	    "%s %s; starting it again %s", programs[i], how, when);
}

void
children_replace(struct children *all, int i)
{
	struct child	*c = &all->all[i];

	c->told = true;
	children_end(all, i, i);
	if (i != GATEWAY || c->pid == 0)
		return;
	c->leaving = c->pid;
	c->pid = 0;
	c->start_ms = 0;
}

void
children_kill(const struct children *all, int i, pid_t pid)
{
	if (pid != 0 && (all->all[i].pid == pid || all->all[i].leaving == pid))
		kill(pid, SIGKILL);
}

void
children_signal(const struct children *all, int first, int last, int signo)
{
	for (int i = first; i <= last; i++) {
		if (all->all[i].pid != 0)
			kill(all->all[i].pid, signo);
		if (all->all[i].leaving != 0)
			kill(all->all[i].leaving, signo);
	}
}

void
children_end(const struct children *all, int first, int last)
{
	children_signal(all, first, last, SIGTERM);
	/* One that is stopped (SIGSTOP) must wake to hear it. */
	children_signal(all, first, last, SIGCONT);
}

bool
children_alive(const struct children *all, int first, int last)
{
	for (int i = first; i <= last; i++)
		if (all->all[i].pid != 0 || all->all[i].leaving != 0)
			return true;
	return false;
}
