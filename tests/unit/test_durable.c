/* base/durable.c */
#include "base/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "unit.h"

static void
all_is_written(void **state)
{
	char	path[] = "/tmp/flicket-durable-XXXXXX", got[8] = "";
	int	fd = mkstemp(path);

	(void)state;
	check_true("written", write_all(fd, "abc", 3));
	check_true("behind it", write_all(fd, "de", 2));
	check_true("at an offset", write_all_at(fd, "XY", 2, 1));
	check_true("nothing", write_all(fd, "", 0));
	check_number("so many", pread(fd, got, sizeof(got), 0), 5);
	check_string("what", got, "aXYde");
	close(fd);
	unlink(path);
}

static void
what_cannot_be_written_is_told(void **state)
{
	int	fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	errno = 0;
	check_true("full", !write_all(fd, "abc", 3) && errno == ENOSPC);
	errno = 0;
	check_true("full, too", !write_all_at(fd, "abc", 3, 0) &&
	    errno == ENOSPC);
	close(fd);
}

static void
folders_are_synced(void **state)
{
	static const struct { const char *path; int error; } rows[] = {
		{ "/tmp", 0 },
		{ "/proc", 0 },		/* has no such thing */
		{ "/nonexistent", ENOENT },
		{ "/dev/null", ENOTDIR },
	};

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		errno = 0;
		check_number(rows[i].path, folder_sync_at(AT_FDCWD,
		    rows[i].path), rows[i].error == 0);
		if (rows[i].error != 0)
			check_number(rows[i].path, errno, rows[i].error);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("all is written", all_is_written),
		TEST("what cannot be written is told",
		    what_cannot_be_written_is_told),
		TEST("folders are synced, where that can be",
		    folders_are_synced),
	};

	return cmocka_run_group_tests_name("durable", tests, NULL, NULL);
}
