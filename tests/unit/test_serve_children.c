/*
 * tools/flicketctl/desk/serve_children.c: with scripts for programs, and with
 * process ids that are nobody's, as kill() only notes here what it is told.
 */
#include "unit.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "tools/flicketctl/desk/serve_children.h"

#define SECRET	"FLICKET_ADMIN_PASSWORD"

static struct {
	pid_t	pid;
	int	signo;
} sent[32];
static size_t	sent_count;

int
kill(pid_t pid, int sig)
{
	assert_true(sent_count < LEN(sent));
	sent[sent_count].pid = pid;
	sent[sent_count++].signo = sig;
	return 0;
}

/* In which place a process was sent a signal first; -1: it was not. */
static int
place_of(pid_t pid, int signo)
{
	for (size_t i = 0; i < sent_count; i++)
		if (sent[i].pid == pid && sent[i].signo == signo)
			return (int)i;
	return -1;
}

/* --- the admin's password ------------------------------------------------- */

/* A program that writes its environment to a file beside it. */
static void
make_program(const char *folder, const char *name)
{
	char	 path[128];
	FILE	*f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "we");
	assert_non_null(f);
	fputs("#!/bin/sh\nexec env >\"$0.env\"\n", f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0700), 0);
}

static bool
was_given(const char *folder, const char *name, const char *variable)
{
	char	 path[128], line[4096];
	size_t	 len = strlen(variable);
	bool	 found = false;
	FILE	*f;

	snprintf(path, sizeof(path), "%s/%s.env", folder, name);
	f = fopen(path, "re");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL)
		found = found ||
			(strncmp(line, variable, len) == 0 && line[len] == '=');
	fclose(f);
	return found;
}

static void
run_to_the_end(struct children *all)
{
	const struct timespec	pause = { .tv_nsec = 1000000 };
	int			i, status;

	children_start_due(all);
	while (children_alive(all, 0, GATEWAY)) {
		while (children_reap(all, &i, &status))
			check_number(children_name(i), status, 0);
		nanosleep(&pause, NULL);
	}
}

static void
the_user_service_alone_is_given_the_password(void **state)
{
	struct children	all = { .listener = -1 };
	char		folder[FOLDER_SIZE];

	(void)state;
	unit_folder_make(folder);
	snprintf(all.folder, sizeof(all.folder), "%s", folder);
	for (int i = 0; i < CHILDREN; i++)
		make_program(folder, children_name(i));
	all.listener = open("/dev/null", O_RDONLY | O_CLOEXEC);
	setenv(SECRET, "Password1", 1);
	setenv("FLICKET_LISTEN", "127.0.0.1:1", 1);
	run_to_the_end(&all);
	for (int i = 0; i < CHILDREN; i++) {
		check_number(children_name(i),
		    was_given(folder, children_name(i), SECRET),
		    i == FIRST_SERVICE);
		check_true(children_name(i),
		    was_given(folder, children_name(i), "FLICKET_LISTEN"));
	}
	close(all.listener);
	unit_folder_remove(folder);
}

/* --- ends and starts ------------------------------------------------------ */

static void
one_that_is_stopped_is_woken_to_end(void **state)
{
	struct children	all = { .listener = -1 };
	pid_t		pids[] = { 101, 103, 104, 114 };

	(void)state;
	all.all[1].pid = 101;
	all.all[3].pid = 103;
	all.all[GATEWAY].pid = 104;
	all.all[GATEWAY].leaving = 114;
	sent_count = 0;
	children_end(&all, 0, GATEWAY);
	for (size_t i = 0; i < LEN(pids); i++) {
		check_true("is told", place_of(pids[i], SIGTERM) != -1);
		check_true("and woken",
		    place_of(pids[i], SIGCONT) > place_of(pids[i], SIGTERM));
	}
	check_number("nobody else", (int64_t)sent_count, 8);
}

/* However often it died, it is back within a second. */
static void
the_pause_before_a_start_is_bounded(void **state)
{
	struct children	 all = { .listener = -1 };
	struct child	*c = &all.all[2];

	(void)state;
	log_set_level(LEVEL_ERROR);
	for (int i = 0; i < 12; i++) {
		c->started_ms = now_ms();
		children_restart(&all, 2, SIGSEGV);
		check_true("soon", c->start_ms - now_ms() <= 1000);
		check_true("not at once, again and again",
		    i < 2 || c->start_ms > c->started_ms);
	}
	c->started_ms = now_ms() - 3600000;
	children_restart(&all, 2, SIGSEGV);
	check_true("at once after a long time", c->start_ms <= now_ms());
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("the user service alone is given the admin's password",
		    the_user_service_alone_is_given_the_password),
		TEST("a program that is stopped is woken to end",
		    one_that_is_stopped_is_woken_to_end),
		TEST("the pause before a start is bounded",
		    the_pause_before_a_start_is_bounded),
	};

	return cmocka_run_group_tests_name("serve_children", tests, NULL, NULL);
}
