/* tools/flicketctl/store/mounts.c: which paths the kernel's table of mounts names, and what rename(2) cannot move. */
#include "unit.h"

#include <sys/mount.h>
#include <sys/stat.h>

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/flicketctl/store/mounts.h"

static struct buf	table;		/* read in place of mountinfo */
static bool		has_table, is_missing;

/* NOLINTBEGIN(bugprone-reserved-identifier): the names that ld --wrap gives */
FILE	*__real_fopen(const char *, const char *);
FILE	*__wrap_fopen(const char *, const char *);
/* NOLINTEND(bugprone-reserved-identifier) */

FILE *
__wrap_fopen(const char *path, const char *mode)
{
	if (strcmp(path, "/proc/self/mountinfo") != 0 || !has_table)
		return __real_fopen(path, mode);
	if (is_missing) {
		errno = ENOENT;
		return NULL;
	}
	return fmemopen(table.base, table.len, "r");
}

static const char *const	known[] = {
	"stores/ticket", "stores/post/files", NULL
};

static char	folder[FOLDER_SIZE];

static void
begin(void)
{
	unit_folder_make(folder);
	check_true("enter", chdir(folder) == 0);
	table.len = 0;
	has_table = true;
	is_missing = false;
}

static void
end(void)
{
	has_table = false;
	check_true("leave", chdir("/") == 0);
	unit_folder_remove(folder);
}

static void
put_mount(const char *above, const char *point)
{
	buf_printf(&table, "36 35 98:0 /mnt1 %s/%s rw,noatime master:1 - ext3 "
	    "/dev/root rw,errors=continue\n", above, point);
}

static void
mount_points_below_a_folder_are_found(void **unused)
{
	static const struct { const char *point, *want; } rows[] = {
		{ "stores/other", "stores/other" },
		{ "stores/ticket", "" },
		{ "stores/post/files", "" },
		{ "stores/ticket/deeper", "stores/ticket/deeper" },
		{ "stores/ticket2", "stores/ticket2" },
		{ "stores/tick", "stores/tick" },
		{ "stores", "" },
		{ "stores2/other", "" },
		{ "run", "" },
		{ "data/stores/other", "" },
		{ "stores/a\\040b", "stores/a b" },
		{ "stores/a\\011\\012b", "stores/a\t\nb" },
		{ "stores/\\134", "stores/\\" },
		{ "stores/\\134040", "stores/\\040" },
		{ "stores/\\04", "stores/\\04" },
		{ "stores/\\089", "stores/\\089" },
		{ "stores/\\", "stores/\\" },
		{ "stores/\\346\\274\\242", "stores/漢" },
		{ "stores\\040/x", "" },
		{ "stores/other//deleted", "stores/other//deleted" },
	};
	char	found[PATH_MAX];

	(void)unused;
	begin();
	for (size_t i = 0; i < LEN(rows); i++) {
		table.len = 0;
		found[0] = '\0';
		put_mount(folder, rows[i].point);
		check_number(rows[i].point, mounts_find("stores", known, found,
		    sizeof(found)), rows[i].want[0] != '\0');
		check_string(rows[i].point, found, rows[i].want);
	}
	end();
}

static void
other_lines_are_passed_over(void **unused)
{
	char	found[PATH_MAX];

	(void)unused;
	begin();
	buf_put_text(&table, "\n36 35 98:0 /\nno table at all\n");
	put_mount("/elsewhere", "stores/other");
	put_mount(folder, "stores/ticket");
	put_mount(folder, "stores/one");
	put_mount(folder, "stores/two");
	check_true("the first one", mounts_find("stores", known, found,
	    sizeof(found)));
	check_string("the first one", found, "stores/one");
	is_missing = true;
	check_true("no table", !mounts_find("stores", known, found,
	    sizeof(found)));
	end();
}

static void
long_paths_are_cut(void **unused)
{
	char	found[PATH_MAX], few[8];

	(void)unused;
	begin();
	buf_printf(&table, "36 35 98:0 / %s/stores/", folder);
	for (int i = 0; i < 3 * PATH_MAX; i++)
		buf_put_byte(&table, 'x');
	buf_put_text(&table, " rw - ext3 /dev/root rw\n");
	check_true("longer than a path", mounts_find("stores", known, found,
	    sizeof(found)));
	check_true("longer than a path", strlen(found) < sizeof(found));
	check_true("small buffer", mounts_find("stores", known, few,
	    sizeof(few)));
	check_string("small buffer", few, "stores/");
	end();
}

static void
the_working_folder_may_have_any_name(void **unused)
{
	char	found[PATH_MAX];

	(void)unused;
	begin();
	check_true("a blank", mkdir("a b\\040", 0700) == 0 &&
	    chdir("a b\\040") == 0);
	put_mount(folder, "a\\040b\\134040/stores/other");
	check_true("a blank", mounts_find("stores", known, found,
	    sizeof(found)));
	check_string("a blank", found, "stores/other");
	table.len = 0;
	put_mount("", "stores/other");
	check_true("another folder", !mounts_find("stores", known, found,
	    sizeof(found)));
	check_true("the root", chdir("/") == 0);
	check_true("the root", mounts_find("stores", known, found,
	    sizeof(found)));
	check_string("the root", found, "stores/other");
	end();
}

static void
links_are_apart_and_folders_are_not(void **unused)
{
	(void)unused;
	begin();
	check_true("make", mkdir("plain", 0700) == 0 &&
	    mkdir("plain/within", 0700) == 0 && symlink("plain", "link") == 0 &&
	    symlink("nowhere", "broken") == 0);
	check_true("a folder", !mounts_is_apart("plain"));
	check_true("a folder within", !mounts_is_apart("plain/within"));
	check_true("a link", mounts_is_apart("link"));
	check_true("a broken link", mounts_is_apart("broken"));
	check_true("nothing", !mounts_is_apart("none"));
	check_true("nothing", !mounts_is_in_memory("none"));
	check_true("of the kernel", !mounts_is_in_memory("/proc"));
	end();
}

/* Mounts of this process and no other; exits with 77 where that cannot be. */
static void
mount_for_real(const void *unused)
{
	static const char	name[] = "stores/a b\n\\040";
	char			found[PATH_MAX];

	(void)unused;
	if (unshare(CLONE_NEWNS) == -1 && unshare(CLONE_NEWUSER | CLONE_NEWNS)
	    == -1)
		_exit(77);
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
	    mount("source", "stores/ticket", NULL, MS_BIND, NULL) == -1)
		_exit(77);
	check_true("a bind mount", mounts_is_apart("stores/ticket"));
	check_true("what is in it", !mounts_is_apart("stores/ticket/within"));
	check_true("its neighbour", !mounts_is_apart("stores/post"));
	check_true("a known one", !mounts_find("stores", known, found,
	    sizeof(found)));
	check_true("mount", mount("none", "stores/ticket/within", "tmpfs", 0,
	    NULL) == 0);
	check_true("a mount in a mount", mounts_is_apart("stores/ticket/within"));
	check_true("in memory", mounts_is_in_memory("stores/ticket/within"));
	check_true("a nested one", mounts_find("stores", known, found,
	    sizeof(found)));
	check_string("a nested one", found, "stores/ticket/within");
	check_true("umount", umount("stores/ticket/within") == 0);
	check_true("mount", mkdir(name, 0700) == 0 &&
	    mount("source", name, NULL, MS_BIND, NULL) == 0);
	check_true("as the kernel escapes it", mounts_find("stores", known,
	    found, sizeof(found)));
	check_string("as the kernel escapes it", found, name);
}

static void
mounts_of_the_kernel_are_found(void **unused)
{
	struct end	how;

	(void)unused;
	begin();
	has_table = false;
	check_true("make", mkdir("stores", 0700) == 0 &&
	    mkdir("stores/ticket", 0700) == 0 &&
	    mkdir("stores/post", 0700) == 0 && mkdir("source", 0700) == 0 &&
	    mkdir("source/within", 0700) == 0);
	unit_run(mount_for_real, NULL, &how);
	if (how.status != 77)
		check_number(how.said, how.status, 0);
	end();
	if (how.status == 77)
		skip();
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("mount points below a folder are found",
		    mount_points_below_a_folder_are_found),
		TEST("other lines are passed over", other_lines_are_passed_over),
		TEST("long paths are cut", long_paths_are_cut),
		TEST("the working folder may have any name",
		    the_working_folder_may_have_any_name),
		TEST("links are apart and folders are not",
		    links_are_apart_and_folders_are_not),
		TEST("mounts of the kernel are found",
		    mounts_of_the_kernel_are_found),
	};
	int	failed = cmocka_run_group_tests(tests, NULL, NULL);

	buf_done(&table);
	return failed;
}
