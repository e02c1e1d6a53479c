/* Standard output and standard error: a pipe, a thread, a bound. */
#include "base/process/stderr.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"

#define LINES_MOST	20	/* logged ... */
#define WINDOW_MS	10000	/* ... in this time */
#define LINE_MOST	500	/* bytes of one */
#define END_WAIT_MS	200	/* for the thread, while the process ends */

static struct {
	int		in;		/* the pipe's end that is read */
	int		log;		/* the original standard error */
	atomic_bool	busy;		/* lines were read that are not logged yet */
	atomic_bool	ending;		/* the thread shall stop reading */
	bool		is_on;
	int64_t		since_ms;	/* the thread's own: the window */
	unsigned	said;		/* ... lines in it */
	unsigned	left_out;
	char		bytes[4096];	/* read last */
	size_t		len;
} taken;

/* A sanitizer's own; absent without one. */
/* NOLINTNEXTLINE(bugprone-reserved-identifier): the sanitizer's own name */
void	__sanitizer_set_report_fd(void *) __attribute__((weak));

/* --- lines ---------------------------------------------------------------------- */

/* How long until the count of lines left out is logged; -1: it is 0. */
static int
wait_ms(void)
{
	int64_t	left_ms = taken.since_ms + WINDOW_MS - clock_ms();

	if (taken.left_out == 0)
		return -1;
	return left_ms < 0 ? 0 : (int)left_ms;
}

static void
begin_window(int64_t now_ms)
{
	if (taken.left_out > 0)
		log_warn("libraries wrote %u more lines, which were left out",
		    taken.left_out);
	taken.since_ms = now_ms;
	taken.said = taken.left_out = 0;
}

static void
say(const char *line, size_t len)
{
	metric_add(METRIC_LIBRARY_LINES, 0, 0, 1);
	/* a pipe holds so few that none of the last ones is left out */
	if (taken.said == LINES_MOST && !atomic_load(&taken.ending)) {
		taken.left_out++;
		return;
	}
	taken.said++;
	log_warn("a library wrote: %.*s", (int)(len < LINE_MOST ? len :
	    LINE_MOST), line);
}

/* A library writes whole lines at a time, so that none has to be kept. */
static void
say_lines(const char *bytes, size_t len)
{
	const char	*end;
	size_t		 line;

	for (; len > 0; bytes += line, len -= line) {
		end = memchr(bytes, '\n', len);
		line = end == NULL ? len : (size_t)(end - bytes) + 1;
		if (line > 1)
			say(bytes, line - (end != NULL));
	}
}

static bool
take_in(void)
{
	ssize_t	len = read(taken.in, taken.bytes, sizeof(taken.bytes));

	if (len <= 0)
		return false;
	taken.len = (size_t)len;
	say_lines(taken.bytes, taken.len);
	return true;
}

/* False: stop reading; else how long it may wait. */
static bool
take_turn(int *ret_wait_ms)
{
	int64_t	now_ms = clock_ms();
	bool	ending;

	atomic_store(&taken.busy, true);
	ending = atomic_load(&taken.ending);
	if (!ending && now_ms - taken.since_ms >= WINDOW_MS)
		begin_window(now_ms);
	if (!ending)
		(void)take_in();
	*ret_wait_ms = wait_ms();
	atomic_store(&taken.busy, false);
	return !ending;
}

static void *
pass_on(void *arg)
{
	struct pollfd	poller = { .fd = taken.in, .events = POLLIN };
	int		wait = -1;

	while (poll(&poller, 1, wait) != -1 || errno == EINTR)
		if (!take_turn(&wait))
			break;
	return arg;
}

/* --- the end ---------------------------------------------------------------------- */

/* Whether the thread has stopped in time. */
static bool
stop_thread(void)
{
	atomic_store(&taken.ending, true);
	for (int i = 0; i < END_WAIT_MS && atomic_load(&taken.busy); i++)
		(void)poll(NULL, 0, 1);
	return !atomic_load(&taken.busy);
}

/* The reason of an end is in the pipe, or was left out just before. */
static void
let_out(void)
{
	char	bytes[4096];
	ssize_t	len;

	(void)stop_thread();
	if (taken.left_out > 0 && write(taken.log, taken.bytes, taken.len) ==
	    -1)
		return;
	while ((len = read(taken.in, bytes, sizeof(bytes))) > 0)
		if (write(taken.log, bytes, (size_t)len) == -1)
			return;
}

/* The signal is raised again: if another process sent it, it would be lost. */
static void
on_abort(int signal_number)
{
	let_out();
	(void)signal(signal_number, SIG_DFL);
	(void)raise(signal_number);
}

void
stderr_end(void)
{
	if (!taken.is_on || !stop_thread())
		return;
	while (take_in())
		continue;
	begin_window(clock_ms());
}

static void
catch_abort(void)
{
	struct sigaction	action = { .sa_handler = on_abort };

	sigemptyset(&action.sa_mask);
	CHECK(sigaction(SIGABRT, &action, NULL) == 0);
}

/* --- the beginning ------------------------------------------------------------------ */

/* Signals are for the threads that wait for them. */
static bool
start_thread(void)
{
	pthread_t	thread;
	sigset_t	all, before;
	bool		started;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	started = pthread_create(&thread, NULL, pass_on, NULL) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}

void
stderr_take(void)
{
	int	ends[2];

	taken.log = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (taken.log == -1 || pipe2(ends, O_CLOEXEC | O_NONBLOCK) == -1) {
		log_warn("what libraries write is not bounded: %s",
		    strerror(errno));
		return;
	}
	taken.in = ends[0];
	log_set_fd(taken.log);
	if (__sanitizer_set_report_fd != NULL)
		__sanitizer_set_report_fd((void *)(intptr_t)taken.log);
	if (!start_thread()) {
		log_warn("what libraries write is not bounded: there is no "
		    "thread for it");
		return;
	}
	catch_abort();
	CHECK(dup2(ends[1], STDERR_FILENO) != -1);
	CHECK(dup2(ends[1], STDOUT_FILENO) != -1);
	close(ends[1]);
	taken.is_on = true;
	log_at_end(stderr_end);
	CHECK(atexit(stderr_end) == 0);
}
