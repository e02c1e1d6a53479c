/* base/paths.c */
#include "base/paths.h"

#include <sys/stat.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

static void
stores_have_their_places(void **state)
{
	char	want[64];

	(void)state;
	for (unsigned id = 1; id < SERVICE_END; id++) {
		const char	*name = service_name(id);

		snprintf(want, sizeof(want), "stores/%s/%s.db", name, name);
		check_string(name, paths_store(id), want);
		check_string(name, paths_store_below(id), want + 7);
		snprintf(want, sizeof(want), "stores/%s", name);
		check_string(name, paths_store_folder(id), want);
	}
}

static void
folders_are_made(void **state)
{
	char		folder[FOLDER_SIZE], path[128], long_path[PATH_MAX + 2];
	struct stat	st;

	(void)state;
	unit_folder_make(folder);
	snprintf(path, sizeof(path), "%s/a/b//c", folder);
	check_true("made", paths_make_folder(path));
	check_true("there", stat(path, &st) == 0 && S_ISDIR(st.st_mode));
	check_number("mode", st.st_mode & 077, 0);
	check_true("again", paths_make_folder(path));
	memset(long_path, 'x', sizeof(long_path));
	long_path[sizeof(long_path) - 1] = '\0';
	errno = 0;
	check_true("too long", !paths_make_folder(long_path) &&
	    errno == ENAMETOOLONG);
	errno = 0;
	check_true("below a file", !paths_make_folder("/dev/null/a") &&
	    errno == ENOTDIR);
	unit_folder_remove(folder);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("stores have their places", stores_have_their_places),
		TEST("folders are made with those above them",
		    folders_are_made),
	};

	return cmocka_run_group_tests_name("paths", tests, NULL, NULL);
}
