/* tools/flicketctl/store/tree.c, on file systems that cannot sync folders. */
#include "tools/flicketctl/store/tree.h"

#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

static int	error_of_folders, error_of_files;
static unsigned	folders, files;

/* Instead of the C library's. */
int
fsync(int fd)
{
	struct stat	st;
	int		error;

	check_number("open", fstat(fd, &st), 0);
	error = S_ISDIR(st.st_mode) ? error_of_folders : error_of_files;
	if (S_ISDIR(st.st_mode))
		folders++;
	else
		files++;
	errno = error;
	return error != 0 ? -1 : (int)syscall(SYS_fsync, fd);
}

/* FOLDER/a/b/file and FOLDER/last */
static void
make_tree(char folder[FOLDER_SIZE])
{
	static const char *const	names[] = { "a/b/file", "last" };
	char				path[128];
	int				fd;

	unit_folder_make(folder);
	snprintf(path, sizeof(path), "%s/a", folder);
	check_number("a", mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/a/b", folder);
	check_number("b", mkdir(path, 0700), 0);
	for (size_t i = 0; i < LEN(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		check_true(names[i], fd != -1);
		close(fd);
	}
}

static void
all_is_synced(void **state)
{
	static const struct {
		const char	*row;
		int		 folders, files, error;
	} rows[] = {
		{ "all can be synced", 0, 0, 0 },
		{ "folders cannot be synced", EINVAL, 0, 0 },
		{ "the file system is read-only", EROFS, 0, 0 },
		{ "a folder fails", EIO, 0, EIO },
		{ "a file fails", 0, EINVAL, EINVAL },
	};
	char		folder[FOLDER_SIZE];
	struct buf	failed = { 0 };
	bool		done;

	(void)state;
	make_tree(folder);
	for (size_t i = 0; i < LEN(rows); i++) {
		error_of_folders = rows[i].folders;
		error_of_files = rows[i].files;
		folders = files = 0;
		errno = 0;
		done = tree_finish(folder, geteuid(), getegid(), &failed);
		check_number(rows[i].row, done ? 0 : errno, rows[i].error);
		if (done)
			check_number(rows[i].row, folders * 10 + files, 32);
		else
			check_part(rows[i].row, failed.base, folder);
	}
	error_of_folders = error_of_files = 0;
	check_true("not there", !tree_finish("/nonexistent", 0, 0, &failed) &&
	    errno == ENOENT);
	check_string("not there", failed.base, "/nonexistent");
	buf_done(&failed);
	unit_folder_remove(folder);
}

static void
trees_are_removed(void **state)
{
	char	folder[FOLDER_SIZE];

	(void)state;
	make_tree(folder);
	tree_remove(folder, NULL);
	check_number("gone", access(folder, F_OK), -1);
	make_tree(folder);
	tree_remove(folder, "last");
	check_number("gone, too", access(folder, F_OK), -1);
	tree_remove(folder, NULL);
	tree_remove(folder, "last");
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("all in a folder is synced, folders where that can be",
		    all_is_synced),
		TEST("folders are removed with all in them",
		    trees_are_removed),
	};

	return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
