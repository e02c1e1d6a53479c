/* Rows, deaths, folders. */
#include "unit.h"

#include <sys/wait.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/wall.h"

/* A child that dies is no leak; absent without the sanitizer. */
/* NOLINTNEXTLINE(bugprone-reserved-identifier): the sanitizer's own name */
void	__lsan_disable(void) __attribute__((weak));

void
unit_check_true(const char *row, bool is, const char *what, const char *file,
    int line)
{
	if (is)
		return;
	print_error("%s: not so: %s\n", row, what);
	_fail(file, line);
}

void
unit_check_number(const char *row, int64_t have, int64_t want,
    const char *file, int line)
{
	if (have == want)
		return;
	print_error("%s: %lld, not %lld\n", row, (long long)have,
	    (long long)want);
	_fail(file, line);
}

void
unit_check_text(const char *row, struct text have, struct text want,
    const char *file, int line)
{
	if (have.len == want.len &&
	    (have.len == 0 || memcmp(have.base, want.base, have.len) == 0))
		return;
	print_error("%s: \"%.*s\" (%zu bytes), not \"%.*s\" (%zu bytes)\n",
	    row, (int)have.len, have.base, have.len, (int)want.len, want.base,
	    want.len);
	_fail(file, line);
}

void
unit_check_part(const char *row, const char *have, const char *part,
    const char *file, int line)
{
	if (strstr(have, part) != NULL)
		return;
	print_error("%s: \"%s\" is not in \"%s\"\n", row, part, have);
	_fail(file, line);
}

static void
read_all(int fd, char *ret, size_t size)
{
	char	rest[256];
	size_t	len = 0;
	ssize_t	n;

	while ((n = read(fd, rest, sizeof(rest))) > 0)
		for (ssize_t i = 0; i < n && len < size - 1; i++)
			ret[len++] = rest[i];
	ret[len] = '\0';
}

void
unit_run(void (*run)(const void *), const void *arg, struct end *ret)
{
	int	fds[2], status;
	pid_t	pid;

	CHECK(pipe(fds) == 0);
	fflush(NULL);
	pid = fork();
	CHECK(pid != -1);
	if (pid == 0) {
		if (__lsan_disable != NULL)
			__lsan_disable();
		dup2(fds[1], STDERR_FILENO);
		close(fds[0]);
		close(fds[1]);
		run(arg);
		_exit(0);
	}
	close(fds[1]);
	read_all(fds[0], ret->said, sizeof(ret->said));
	close(fds[0]);
	CHECK(waitpid(pid, &status, 0) == pid);
	ret->status = WIFEXITED(status) ? WEXITSTATUS(status) :
	    128 + WTERMSIG(status);
}

void
unit_folder_make(char ret[FOLDER_SIZE])
{
	snprintf(ret, FOLDER_SIZE, "/tmp/flicket-unit-XXXXXX");
	CHECK(mkdtemp(ret) != NULL);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	return remove(path);
}

void
unit_folder_remove(const char *folder)
{
	CHECK(nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0);
}

/* xorshift64 */
uint64_t
unit_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* --- clocks ----------------------------------------------------------------- */

void
unit_steady_clock(void)
{
	int64_t	hours_us = INT64_C(7200) * 1000000;
	int64_t	then_us = clock_ms() * 1000 - hours_us;

	/* set then, and set right again */
	wall_watch_at(then_us, wall_us(), then_us);
	wall_watch_at(then_us, wall_us() - hours_us, then_us);
}
