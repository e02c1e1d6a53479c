/* services/files/dir.c and serve.c: files under names, written and read. */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "services/files/serve.h"
#include "unit.h"

#define HEX		"0123456789abcdef"
#define PIECE_MOST	10

static char	folder[FOLDER_SIZE];

static const struct dir	dir = {
	.home = "home",
	.store = "home/none.db",
	.path = "home/files",
	.alphabet = HEX,
	.digits = 32,
	.piece_most = PIECE_MOST,
};

static int
enter_folder(void **state)
{
	(void)state;
	log_set_level(LEVEL_ERROR);
	unit_folder_make(folder);
	CHECK(chdir(folder) == 0 && mkdir(dir.home, 0700) == 0);
	return 0;
}

static int
leave_folder(void **state)
{
	(void)state;
	CHECK(chdir("/") == 0);
	unit_folder_remove(folder);
	return 0;
}

static bool
is_there(const char *name)
{
	char	path[300];

	snprintf(path, sizeof(path), "%s/%s", dir.path, name);
	return access(path, F_OK) == 0;
}

static void
only_plain_names_are_names(void **state)
{
	static char	longest[NAME_MAX + 1];
	static const struct { struct text name; bool is; } rows[] = {
		{ TEXT_OF("a"), true }, { TEXT_OF("a..b"), true },
		{ TEXT_OF("\xff \n"), true }, { { longest, NAME_MAX }, true },
		{ { longest, NAME_MAX + 1 }, false }, { TEXT_OF(""), false },
		{ TEXT_OF("."), false }, { TEXT_OF(".."), false },
		{ TEXT_OF(".hidden"), false }, { TEXT_OF("a/b"), false },
		{ TEXT_OF("/a"), false }, { TEXT_OF("a/"), false },
		{ { "a\0b", 3 }, false },
	};

	(void)state;
	memset(longest, 'x', sizeof(longest));
	for (size_t i = 0; i < LEN(rows); i++)
		check_number(rows[i].name.base, dir_is_name(rows[i].name),
		    rows[i].is);
}

static void
made_names_are_random(void **state)
{
	char	one[DIR_MADE_SIZE], other[DIR_MADE_SIZE];

	(void)state;
	dir_make_name(&dir, ".x-", ".png", one);
	dir_make_name(&dir, ".x-", ".png", other);
	check_true("before", strncmp(one, ".x-", 3) == 0);
	check_number("digits", (int64_t)strspn(one + 3, HEX), 32);
	check_string("after", one + 35, ".png");
	check_true("another", strcmp(one, other) != 0);
}

static void
a_file_is_written_whole_or_not_at_all(void **state)
{
	struct buf	b = { 0 };

	(void)state;
	check_true("makes the directory", dir_write(&dir, "a", TEXT_OF("one")));
	check_number("read", serve_whole(&dir, TEXT_OF("a"), &b), OK);
	check_text("as written", buf_text(&b), TEXT_OF("one"));
	check_true("no temporary file", !is_there("a.new"));

	CHECK(mkdir("home/files/b", 0700) == 0);
	check_true("cannot be renamed", !dir_write(&dir, "b", TEXT_OF("two")));
	check_number("says why", errno, EISDIR);
	check_true("leaves nothing", !is_there("b.new"));

	CHECK(rename("home", "away") == 0);
	check_true("no home", !dir_write(&dir, "c", TEXT_OF("three")));
	check_number("says why", errno, ENOENT);
	buf_done(&b);
}

static void
what_fails_is_told(void **state)
{
	int	fd;

	(void)state;
	CHECK(dir_make(&dir));
	fd = dir_create(&dir, "from");
	CHECK(fd != -1);
	check_number("a name is made once", dir_create(&dir, "from"), -1);
	check_true("settled", dir_settle(&dir, fd, "from", "to") == NULL);
	check_true("there", is_there("to") && !is_there("from"));
	check_string("again", dir_settle(&dir, fd, "from", "to"),
	    "cannot be renamed");
	close(fd);
	check_string("closed", dir_settle(&dir, fd, "to", "from"),
	    "cannot be synced");
	check_true("as it was", is_there("to") && !is_there("from"));
}

static void
what_is_not_a_plain_file_is_not_served(void **state)
{
	static const char *const	names[] = {
		"pipe", "link", "folder", "nothing", "large", "../outside",
		".hidden", "."
	};
	struct buf	b = { 0 };
	int64_t		size;

	(void)state;
	CHECK(dir_write(&dir, "large", TEXT_OF("elevenbytes")));
	CHECK(dir_write(&dir, "most", TEXT_OF("ten bytes!")));
	CHECK(dir_write(&dir, ".hidden", TEXT_OF("x")));
	CHECK(dir_write(&dir, "../outside", TEXT_OF("x")));
	CHECK(mkfifo("home/files/pipe", 0600) == 0);
	CHECK(symlink("most", "home/files/link") == 0);
	CHECK(mkdir("home/files/folder", 0700) == 0);
	for (size_t i = 0; i < LEN(names); i++)
		check_number(names[i], serve_whole(&dir, text_of(names[i]),
		    &b), ERR_NOT_FOUND);
	check_number("nothing of them", (int64_t)b.len, 0);
	check_number("the largest", serve_whole(&dir, TEXT_OF("most"), &b), OK);
	check_number("a piece", serve_piece(&dir, TEXT_OF("large"), 6, 3, &b),
	    OK);
	check_text("behind it", buf_text(&b), TEXT_OF("ten bytes!byt"));
	close(serve_open(&dir, TEXT_OF("large"), &size));
	check_number("its size", size, 11);
	buf_done(&b);
}

int
main(void)
{
#define HERE(sentence, f) { sentence, f, enter_folder, leave_folder, NULL }
	const struct CMUnitTest	tests[] = {
		TEST("only names of plain files are names",
		    only_plain_names_are_names),
		TEST("made names are random", made_names_are_random),
		HERE("a file is written whole or not at all",
		    a_file_is_written_whole_or_not_at_all),
		HERE("what fails is told", what_fails_is_told),
		HERE("what is not a plain file is not served",
		    what_is_not_a_plain_file_is_not_served),
	};

	return cmocka_run_group_tests_name("dir", tests, NULL, NULL);
}
