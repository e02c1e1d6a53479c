/* tools/flicketctl/store/replace.c: whatever step of a replacement fails, the stores are all old or all new. */
#include "unit.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/paths.h"
#include "tools/flicketctl/store/replace.h"

/* --- calls that fail -------------------------------------------------------- */

enum failing {
	ONCE,		/* one call fails */
	FROM_THEN_ON,	/* and all after it */
	KILLED		/* the process ends in its place */
};

#define STATUS_KILLED	9

static int		calls, fails_at;	/* 0: none does */
static enum failing	failing;

static bool
is_to_fail(void)
{
	calls++;
	if (fails_at == 0 || calls < fails_at ||
	    (failing == ONCE && calls > fails_at))
		return false;
	if (failing == KILLED)
		_exit(STATUS_KILLED);
	errno = EIO;
	return true;
}

#define FAILS(name, parameters, ...) \
	int	__real_##name parameters; \
	int	__wrap_##name parameters; \
	int \
	__wrap_##name parameters \
	{ \
		return is_to_fail() ? -1 : __real_##name(__VA_ARGS__); \
	}

FAILS(mkdir, (const char *path, mode_t mode), path, mode)
FAILS(mkdirat, (int at, const char *path, mode_t mode), at, path, mode)
FAILS(symlink, (const char *target, const char *path), target, path)
FAILS(rename, (const char *from, const char *to), from, to)
FAILS(renameat2, (int at, const char *from, int to_at, const char *to,
    unsigned flags), at, from, to_at, to, flags)
FAILS(unlinkat, (int at, const char *path, int flags), at, path, flags)
FAILS(fchownat, (int at, const char *path, uid_t uid, gid_t gid, int flags),
    at, path, uid, gid, flags)

/* NOLINTBEGIN(bugprone-reserved-identifier): the names that ld --wrap gives */
int	__wrap_fsync(int);
int	__real_open(const char *, int, ...);
int	__wrap_open(const char *, int, ...);
/* NOLINTEND(bugprone-reserved-identifier) */

/* Nothing is lost here that was not synced. */
int
__wrap_fsync(int fd)
{
	(void)fd;
	return is_to_fail() ? -1 : 0;
}

int
__wrap_open(const char *path, int flags, ...)
{
	mode_t	mode = 0;
	va_list	ap;

	va_start(ap, flags);
	if ((flags & O_CREAT) != 0)
		mode = va_arg(ap, mode_t);
	va_end(ap);
	return is_to_fail() ? -1 : __real_open(path, flags, mode);
}

/* --- stores ------------------------------------------------------------------ */

static const char *const	names[] = { "user", "ticket", "post", "lookup" };

static char	folder[FOLDER_SIZE];

static void
put(const char *format, const char *name, const char *text)
{
	char	 path[256];
	FILE	*f;

	snprintf(path, sizeof(path), format, name, name);
	f = fopen(path, "we");
	check_true(path, f != NULL && fputs(text, f) != EOF);
	fclose(f);
}

/* What a store holds: 'o', 'n', or '-' for nothing. */
static char
look(const char *name)
{
	char	 path[256], text[8] = "-";
	FILE	*f;

	snprintf(path, sizeof(path), PATHS_STORES "/%s/%s.db", name, name);
	f = fopen(path, "re");
	if (f != NULL) {
		text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
		fclose(f);
	}
	return text[0];
}

/* Files of the replacement that are left in a folder. */
static int
leftovers(const char *name)
{
	char		 path[256];
	DIR		*dir;
	struct dirent	*e;
	int		 count = 0;

	snprintf(path, sizeof(path), PATHS_STORES "/%s", name);
	dir = opendir(path);
	if (dir == NULL)
		return 0;
	while ((e = readdir(dir)) != NULL)
		count += strncmp(e->d_name, ".flicket-", 9) == 0;
	closedir(dir);
	return count;
}

/* A desk of four stores; of an empty one the folders are not there. */
static void
prepare(bool is_empty)
{
	char	path[64];

	unit_folder_make(folder);
	check_true("enter", chdir(folder) == 0 &&
	    __real_mkdir(PATHS_STORES, 0700) == 0);
	for (size_t i = 0; i < LEN(names) && !is_empty; i++) {
		snprintf(path, sizeof(path), PATHS_STORES "/%s", names[i]);
		check_true(path, __real_mkdir(path, 0700) == 0);
		put(PATHS_STORES "/%s/%s.db", names[i], "old");
		put(PATHS_STORES "/%s/%s.db-wal", names[i], "old");
	}
}

static void
clean(void)
{
	check_true("leave", chdir("/") == 0);
	unit_folder_remove(folder);
}

/* As `restore` and `import` do it. */
static bool
replace(struct replace *r, bool keeps)
{
	if (!replace_enter(r) || !replace_begin(r, "restore", keeps))
		return false;
	for (size_t i = 0; i < LEN(names); i++) {
		char	format[REPLACE_WORK_SIZE + 16];

		snprintf(format, sizeof(format), "%s/%%s/%%s.db", r->work);
		put(format, names[i], "new");
	}
	return replace_finish(r, 0, 0) && replace_prepare(r) &&
	    replace_commit(r);
}

/* All of it, in a process that may be killed; returns its exit status. */
static int
replace_apart(struct replace *r, bool keeps)
{
	pid_t	pid = fork();
	int	status;

	check_true("fork", pid != -1);
	if (pid == 0)
		_exit(replace(r, keeps) ? 0 : 1);
	check_true("wait", waitpid(pid, &status, 0) == pid &&
	    WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* What is left to do for who starts the desk or the command again. */
static void
bring_to_an_end(const char *row)
{
	struct replace	later = { 0 };
	const char	*pending;

	check_true(row, replace_resume(&later) != REPLACE_STUCK);
	check_true(row, !replace_is_pending(&pending));
	check_true(row, replace_tidy(&later));
}

static void
check_whole(const char *row, char want)
{
	for (size_t i = 0; i < LEN(names); i++) {
		check_number(row, look(names[i]), want);
		check_number(row, leftovers(names[i]), 0);
	}
}

/* The stores before are there when the new ones are. */
static void
check_kept(const char *row, const struct replace *r)
{
	char	path[256];

	for (size_t i = 0; i < LEN(names); i++) {
		snprintf(path, sizeof(path), PATHS_STORES "/%s/%s/%s.db",
		    names[i], r->record.aside, names[i]);
		check_true(row, access(path, F_OK) == 0);
	}
}

/* Fail at a call; false: there is no such call. */
static bool
fail_at(int at, bool is_empty)
{
	struct replace	r = { 0 };
	char		row[64], old = is_empty ? '-' : 'o';
	bool		is_done, failed;

	prepare(is_empty);
	calls = 0;
	fails_at = at;
	if (failing == KILLED)
		is_done = replace_apart(&r, !is_empty) == 0;
	else {
		is_done = replace(&r, !is_empty);
		if (!is_done)
			replace_abandon(&r);
	}
	failed = failing == KILLED ? !is_done : calls >= at;
	fails_at = 0;
	snprintf(row, sizeof(row), "way %d, call %d: %.30s", failing, at, r.why);
	if (!is_done && failing != KILLED)
		check_true(row, r.why[0] != '\0');
	bring_to_an_end(row);
	check_whole(row, is_done || look(names[0]) == 'n' ? 'n' : old);
	if (is_done && failing != KILLED && !is_empty)
		check_kept(row, &r);
	clean();
	return failed;
}

static void
stores_are_replaced(void **unused)
{
	struct replace	r = { 0 };

	(void)unused;
	fails_at = 0;
	prepare(false);
	check_true(r.why, replace(&r, true));
	check_whole("all", 'n');
	check_kept("all", &r);
	check_number("nothing is pending", replace_resume(&r), REPLACE_NOTHING);
	clean();
}

static void
every_failure_leaves_all_old_or_all_new(void **unused)
{
	int	at;

	(void)unused;
	for (int is_empty = 0; is_empty < 2; is_empty++)
		for (failing = ONCE; failing <= KILLED; failing++) {
			for (at = 1; fail_at(at, is_empty != 0); at++)
				continue;
			check_true("there are steps", at > 60);
		}
}

/* A decision that cannot be written, nor taken back, is for the next run. */
static void
a_failing_disk_is_said(void **unused)
{
	struct replace	r = { 0 };

	(void)unused;
	prepare(false);
	fails_at = 0;
	failing = FROM_THEN_ON;
	check_true(r.why, replace_enter(&r) && replace_begin(&r, "restore",
	    true));
	check_true("finish", replace_finish(&r, 0, 0));
	check_true("prepare", replace_prepare(&r));
	calls = 0;
	fails_at = 1;
	check_true("commit", !replace_commit(&r));
	fails_at = 0;
	check_true("not to be undone", r.decided);
	check_part("the reason", r.why, strerror(EIO));
	bring_to_an_end("undone");
	check_whole("undone", 'o');
	clean();
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("stores are replaced", stores_are_replaced),
		TEST("every failure leaves all old or all new",
		    every_failure_leaves_all_old_or_all_new),
		TEST("a failing disk is said", a_failing_disk_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
