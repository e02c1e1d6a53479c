/* base/durable.c */
#include "base/durable.h"

#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "unit.h"

static unsigned	syncs;

/* Instead of the C library's. */
int
fsync(int fd)
{
	syncs++;
	return (int)syscall(SYS_fsync, fd);
}

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

/* A file's text, and its mode in octal; "" and 0 if there is none. */
static unsigned
read_file(const char *path, char ret[16])
{
	struct stat	st = { 0 };
	FILE		*f = fopen(path, "r");

	ret[0] = '\0';
	if (f == NULL)
		return 0;
	ret[fread(ret, 1, 15, f)] = '\0';
	fclose(f);
	check_true("there", stat(path, &st) == 0);
	return (unsigned)st.st_mode & 0777;
}

static void
files_are_written_as_a_whole(void **state)
{
	char	folder[FOLDER_SIZE], path[128], fresh[160], got[16];

	(void)state;
	unit_folder_make(folder);
	snprintf(path, sizeof(path), "%s/file", folder);
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	check_true("left over", symlink("/dev/full", fresh) == 0);
	syncs = 0;
	check_true("made", file_create(path, "one", 3, 0640));
	check_number("file and folder are synced", syncs, 2);
	check_number("mode", read_file(path, got), 0640);
	check_string("made", got, "one");
	errno = 0;
	check_true("taken", !file_create(path, "two", 3, 0640) &&
	    errno == EEXIST);
	read_file(path, got);
	check_string("as it was", got, "one");
	check_true("replaced", file_replace(path, "three", 5, 0600));
	check_number("mode", read_file(path, got), 0600);
	check_string("replaced", got, "three");
	check_number("nothing is left", access(fresh, F_OK), -1);
	snprintf(path, sizeof(path), "%s/none/file", folder);
	errno = 0;
	check_true("no folder", !file_replace(path, "", 0, 0600) &&
	    errno == ENOENT);
	unit_folder_remove(folder);
}

/* A name without a folder is one in the working folder. */
static void
the_working_folder_is_synced(void **state)
{
	char	folder[FOLDER_SIZE], here[4096];

	(void)state;
	unit_folder_make(folder);
	check_true("where", getcwd(here, sizeof(here)) != NULL);
	check_number("there", chdir(folder), 0);
	check_true("made", file_create("file", "", 0, 0600));
	check_number("back", chdir(here), 0);
	unit_folder_remove(folder);
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
		TEST("files are written as a whole, or left as they are",
		    files_are_written_as_a_whole),
		TEST("a name without a folder is written",
		    the_working_folder_is_synced),
	};

	return cmocka_run_group_tests_name("durable", tests, NULL, NULL);
}
