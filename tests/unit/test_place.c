/* tools/flicketctl/store/place.c: old and new files of a folder change places, from wherever it was interrupted. */
#include "unit.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/paths.h"
#include "tools/flicketctl/store/place.h"

#define FOLDER	PATHS_STORES "/user"
#define NEW	FOLDER "/.flicket-new-0123456789abcdef"
#define OLD	FOLDER "/.flicket-old-0123456789abcdef"
#define ASIDE	FOLDER "/.before-20260131T000000Z"

static const struct record kept = {
	.what = "restore",
	.id = "0123456789abcdef",
	.aside = ".before-20260131T000000Z",
	.keeps = true,
	.parts = 0x1f,
};

static char	folder[FOLDER_SIZE];

static void
put(const char *path, const char *text)
{
	FILE	*f = fopen(path, "we");

	check_true(path, f != NULL && fputs(text, f) != EOF);
	fclose(f);
}

/* What a file holds; "" if it is not there. */
static const char *
get(const char *path)
{
	static char	 text[64];
	FILE		*f = fopen(path, "re");

	text[0] = '\0';
	if (f != NULL) {
		text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
		fclose(f);
	}
	return text;
}

static bool
is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

/* A folder of a store with old files, and the new ones beside them. */
static void
prepare(const struct record *r)
{
	unit_folder_make(folder);
	check_true("enter", chdir(folder) == 0);
	check_true("stores", mkdir(PATHS_STORES, 0700) == 0 &&
	    mkdir(FOLDER, 0700) == 0);
	put(FOLDER "/user.db", "old");
	put(FOLDER "/user.db-wal", "old");
	put(FOLDER "/lock", "held");
	put(FOLDER "/.before-20250101T000000Z", "earlier");
	check_true("make", place_make(r, FOLDER));
	put(NEW "/user.db", "new");
}

static void
clean(void)
{
	check_true("leave", chdir("/") == 0);
	unit_folder_remove(folder);
}

static void
check_switched(void)
{
	check_string("new", get(FOLDER "/user.db"), "new");
	check_true("nothing of the old", !is_there(FOLDER "/user.db-wal"));
	check_string("the lock stays", get(FOLDER "/lock"), "held");
	check_string("earlier ones stay",
	    get(FOLDER "/.before-20250101T000000Z"), "earlier");
	check_string("aside", get(ASIDE "/user.db"), "old");
	check_string("aside", get(ASIDE "/user.db-wal"), "old");
	check_true("no folder is left", !is_there(NEW) && !is_there(OLD));
}

static void
files_change_places(void **unused)
{
	(void)unused;
	prepare(&kept);
	check_true("switch", place_switch(&kept, FOLDER));
	check_switched();
	check_true("again", place_switch(&kept, FOLDER));
	check_switched();
	check_true("end", place_end(&kept, FOLDER));
	check_switched();
	clean();
}

/* Each way in which a killed run may have left the folder. */
static void
interrupted_ones_go_on(void **unused)
{
	static const char *const	steps[][2] = {
		{ FOLDER "/user.db", OLD "/user.db" },
		{ FOLDER "/user.db-wal", OLD "/user.db-wal" },
		{ OLD, ASIDE },
		{ NEW "/user.db", FOLDER "/user.db" },
	};

	(void)unused;
	for (size_t done = 0; done <= LEN(steps); done++) {
		prepare(&kept);
		for (size_t i = 0; i < done; i++)
			check_true("step", rename(steps[i][0],
			    steps[i][1]) == 0);
		check_true("switch", place_switch(&kept, FOLDER));
		check_switched();
		clean();
	}
}

static void
what_is_not_kept_is_removed(void **unused)
{
	struct record	r = kept;

	(void)unused;
	strcpy(r.aside, ".flicket-gone-0123456789abcdef");
	r.keeps = false;
	prepare(&r);
	check_true("record", record_write(FOLDER, &r));
	check_true("switch", place_switch(&r, FOLDER));
	check_true("end", place_end(&r, FOLDER));
	check_string("new", get(FOLDER "/user.db"), "new");
	check_true("old", !is_there(FOLDER "/.flicket-gone-0123456789abcdef"));
	check_true("record", !is_there(FOLDER "/" PATHS_REPLACING));
	clean();
}

static void
undone_ones_leave_the_old_files(void **unused)
{
	(void)unused;
	prepare(&kept);
	check_true("record", record_write(FOLDER, &kept));
	check_true("undo", place_undo(&kept, FOLDER));
	check_string("old", get(FOLDER "/user.db"), "old");
	check_true("nothing else", !is_there(NEW) && !is_there(OLD) &&
	    !is_there(FOLDER "/" PATHS_REPLACING));
	check_true("again", place_undo(&kept, FOLDER));
	clean();
}

/* Of a run without a record new files are nothing, and old ones are dear. */
static void
leftovers_are_cleared(void **unused)
{
	(void)unused;
	prepare(&kept);
	check_true("one is aside", rename(FOLDER "/user.db-wal",
	    OLD "/user.db-wal") == 0);
	place_clear(FOLDER);
	check_true("new", !is_there(NEW));
	check_string("old", get(FOLDER "/user.db"), "old");
	check_string("kept", get(FOLDER "/.before-0123456789abcdef/"
	    "user.db-wal"), "old");
	clean();
	prepare(&kept);
	place_clear(FOLDER);
	check_true("an empty one", !is_there(OLD) &&
	    !is_there(FOLDER "/.before-0123456789abcdef"));
	clean();
}

/* Uploads may be named as a store's lock; avatars have a folder of their own. */
static void
folders_of_files_are_apart(void **unused)
{
	struct record	r = kept;

	(void)unused;
	prepare(&kept);
	check_true("make", mkdir(FOLDER "/avatars", 0700) == 0);
	put(FOLDER "/avatars/lock", "a picture");
	r.parts = 0x3f;
	check_true("switch", place_switch(&r, FOLDER));
	check_string("not moved with its store", get(FOLDER "/avatars/lock"),
	    "a picture");
	check_true("make", place_make(&r, FOLDER "/avatars"));
	check_true("switch", place_switch(&r, FOLDER "/avatars"));
	check_string("moved itself", get(FOLDER "/avatars/.before-"
	    "20260131T000000Z/lock"), "a picture");
	clean();
}

static void
names_are_passed_over(void **unused)
{
	(void)unused;
	check_true("ours", place_passes_over(".flicket-new-1"));
	check_true("earlier", place_passes_over(".before-1"));
	check_true("of mkfs", place_passes_over("lost+found"));
	check_true("a file", !place_passes_over("user.db"));
	check_true("hidden", !place_passes_over(".flicke"));
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("files change places", files_change_places),
		TEST("what was interrupted goes on", interrupted_ones_go_on),
		TEST("what is not kept is removed",
		    what_is_not_kept_is_removed),
		TEST("what is undone is as before",
		    undone_ones_leave_the_old_files),
		TEST("leftovers are cleared", leftovers_are_cleared),
		TEST("folders of files are apart", folders_of_files_are_apart),
		TEST("some names are passed over", names_are_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
