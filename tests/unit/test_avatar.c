/*
 * services/user/avatar.c. The reaper's thread is not started; the tests call
 * what it does, at times that they choose.
 */
#include "desk.h"

#include <sys/stat.h>

#include <dirent.h>
#include <sqlite3.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "services/store/store.h"
#include "services/user/avatar.h"

#define STORE		"stores/user"
#define FOLDER		STORE "/avatars"
#define NAME_SIZE	256
#define NAME_DIGITS	32

static const char	picture[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1"
			    "\x08\0\0\0\0:~\x9bU";

static int
open_desk(void **state)
{
	(void)state;
	desk_open(&desk, &user_service);
	CHECK(chdir(desk.folder) == 0);
	CHECK(mkdir("stores", 0700) == 0 && mkdir(STORE, 0700) == 0);
	CHECK(symlink("../../store.db", STORE "/user.db") == 0);
	CHECK(reaper_open(avatar_reaper()));
	return 0;
}

static int
close_desk(void **state)
{
	(void)state;
	reaper_close(avatar_reaper());
	avatar_stop();
	CHECK(chdir("/") == 0);
	desk_close(&desk);
	return 0;
}

static enum err
put(int64_t id, const char *type, struct text bytes)
{
	struct call	c;
	enum err	e;

	desk_begin(&c, OP_AVATAR_PUT);
	c.request.rights = RIGHT_ADMIN;
	args_put_number(&c.request.args, KEY_ID, id);
	args_put_text(&c.request.args, KEY_BODY, bytes);
	args_put_text(&c.request.args, KEY_MEDIA_TYPE, text_of(type));
	e = desk_call(&desk, &c);
	desk_end(&c);
	return e;
}

static enum err
put_png(int64_t id)
{
	return put(id, "image/png", (struct text){ picture, sizeof(picture) });
}

static int
count_files(void)
{
	DIR		*folder = opendir(FOLDER);
	struct dirent	*entry;
	int		 count = 0;

	while (folder != NULL && (entry = readdir(folder)) != NULL)
		count += entry->d_name[0] != '.';
	if (folder != NULL)
		closedir(folder);
	return count;
}

static void
reap(void)
{
	reaper_look(avatar_reaper(), clock_ms());
}

/* How many files are to be unlinked. */
static int
count_unlinks(void)
{
	const struct reaper_unlink	*u = avatar_reaper()->unlinks;
	int				 count = 0;

	for (; u != NULL; u = u->next)
		count++;
	return count;
}

static enum err
get(const char *name, struct text *ret)
{
	static char	bytes[100];
	struct call	c;
	enum err	e;

	desk_begin(&c, OP_AVATAR_GET);
	args_put_text(&c.request.args, KEY_FILENAME, text_of(name));
	e = desk_call(&desk, &c);
	*ret = args_text(&c.answer.extra, KEY_BODY);
	CHECK(ret->len <= sizeof(bytes));
	memcpy(bytes, ret->base, ret->len);
	ret->base = bytes;
	desk_end(&c);
	return e;
}

/* The name that a user's row has. */
static const char *
name_of_user(int64_t id)
{
	static char	 name[NAME_SIZE];
	sqlite3_stmt	*st;

	CHECK(sqlite3_prepare_v2(desk.sqlite, "SELECT avatar FROM users "
	    "WHERE id = ?1", -1, &st, NULL) == SQLITE_OK);
	sqlite3_bind_int64(st, 1, id);
	CHECK(sqlite3_step(st) == SQLITE_ROW);
	snprintf(name, sizeof(name), "%s", sqlite3_column_type(st, 0) ==
	    SQLITE_NULL ? "" : (const char *)sqlite3_column_text(st, 0));
	sqlite3_finalize(st);
	return name;
}

static bool
is_ours(const char *name)
{
	return strspn(name, "0123456789abcdef") == NAME_DIGITS &&
	    name[NAME_DIGITS] == '.';
}

static void
a_picture_is_kept_under_a_random_name(void **state)
{
	char		first[NAME_SIZE];
	struct text	bytes;

	(void)state;
	check_number("put", put_png(1), OK);
	snprintf(first, sizeof(first), "%s", name_of_user(1));
	check_true("ours", is_ours(first));
	check_number("got", get(first, &bytes), OK);
	check_text("as it was", bytes, (struct text){ picture,
	    sizeof(picture) });
	check_number("put", put_png(2), OK);
	check_true("another", strcmp(first, name_of_user(2)) != 0);
	check_number("no half one", count_files(), 2);
}

static void
what_is_no_picture_is_refused(void **state)
{
	static char	large[AVATAR_MOST_BYTES + 1];
	static const struct { const char *name, *type; struct text bytes;
	    enum err want; } rows[] = {
		{ "empty", "image/png", TEXT_OF(""), ERR_BAD_REQUEST },
		{ "no picture", "image/png", TEXT_OF("hello"),
		    ERR_BAD_MEDIA_TYPE },
		{ "another type", "image/gif", { picture, sizeof(picture) },
		    ERR_BAD_MEDIA_TYPE },
		{ "no type of ours", "text/plain", TEXT_OF("hello"),
		    ERR_BAD_MEDIA_TYPE },
		{ "no type", "", { picture, sizeof(picture) },
		    ERR_BAD_MEDIA_TYPE },
		{ "too large", "image/png", { large, sizeof(large) },
		    ERR_BODY_TOO_LARGE },
		{ "just fits", "image/png", { large, sizeof(large) - 1 }, OK },
	};

	(void)state;
	memcpy(large, picture, sizeof(picture));
	for (size_t i = 0; i < LEN(rows); i++)
		check_number(rows[i].name, put(1, rows[i].type, rows[i].bytes),
		    rows[i].want);
	check_number("one file", count_files(), 1);
}

static void
names_from_outside_are_names(void **state)
{
	static const char *const	names[] = { "", ".", "..", "../user.db",
					    "a/b", "nothing.png" };
	struct text	bytes;

	(void)state;
	/* even where a row has such a name */
	for (size_t i = 0; i < LEN(names); i++) {
		sqlite3_stmt	*st;

		CHECK(sqlite3_prepare_v2(desk.sqlite, "UPDATE users SET "
		    "avatar = ?1 WHERE id = 2", -1, &st, NULL) == SQLITE_OK);
		sqlite3_bind_text(st, 1, names[i], -1, SQLITE_STATIC);
		CHECK(sqlite3_step(st) == SQLITE_DONE);
		sqlite3_finalize(st);
		check_number(names[i], get(names[i], &bytes), ERR_NOT_FOUND);
		check_number("replaced", put_png(2), OK);
		reap();
	}
	check_number("the store is there", access(STORE "/user.db", F_OK), 0);
	check_number("whose it is not", get(".hidden", &bytes), ERR_NOT_FOUND);
}

static void
the_old_file_goes_after_the_commit(void **state)
{
	char	first[NAME_SIZE];

	(void)state;
	check_number("put", put_png(1), OK);
	snprintf(first, sizeof(first), "%s", name_of_user(1));
	check_number("again", put_png(1), OK);
	check_number("both", count_files(), 2);
	reap();
	check_number("one", count_files(), 1);
	check_true("the new one", strcmp(first, name_of_user(1)) != 0);
}

static void
a_refused_row_leaves_no_file(void **state)
{
	(void)state;
	check_number("put", put_png(1), OK);
	store_exec(desk.sqlite, "CREATE TEMP TRIGGER no BEFORE UPDATE ON users "
	    "BEGIN SELECT raise(ABORT, 'no'); END");
	check_number("refused", put_png(1), ERR_STORE);
	store_exec(desk.sqlite, "DROP TRIGGER no");
	check_number("the one before", count_files(), 1);
	check_true("it is the user's", access(FOLDER, F_OK) == 0 &&
	    name_of_user(1)[0] != '\0');
}

/* The row goes back to what it was: the old file is used, and stays. */
static void
what_was_rolled_back_keeps_its_file(void **state)
{
	(void)state;
	check_number("put", put_png(1), OK);
	store_exec(desk.sqlite, "BEGIN");
	check_number("again", put_png(1), OK);
	store_exec(desk.sqlite, "ROLLBACK");
	reap();
	check_number("waits", count_unlinks(), 1);
	check_number("still there", access(FOLDER, F_OK), 0);
	reaper_look(avatar_reaper(), clock_ms() + REAPER_WAIT_MS + 1);
	check_number("no more", count_unlinks(), 0);
	check_number("the one, and one that is nobody's", count_files(), 2);
	avatar_became_writer(&user_service);
	check_number("the next start", count_files(), 1);
}

static void
a_picture_goes_with_its_user(void **state)
{
	struct call	c;

	(void)state;
	check_number("put", put_png(2), OK);
	desk_begin(&c, OP_USER_DELETE);
	c.request.rights = RIGHT_ADMIN;
	args_put_number(&c.request.args, KEY_ID, 2);
	check_number("deleted", desk_call(&desk, &c), OK);
	desk_end(&c);
	reap();
	check_number("none", count_files(), 0);
}

static void
touch_file(const char *name)
{
	char	path[600];
	FILE	*f;

	snprintf(path, sizeof(path), "%s/%s", FOLDER, name);
	f = fopen(path, "w");
	CHECK(f != NULL);
	fclose(f);
}

static void
a_start_removes_what_is_nobodys(void **state)
{
	(void)state;
	check_number("put", put_png(1), OK);
	touch_file("00112233445566778899aabbccddeeff.png");
	touch_file("00112233445566778899aabbccddeeff.png.new");
	touch_file("imported.jpg");
	touch_file("00112233.png");
	avatar_became_writer(&user_service);
	check_number("its own and what is not ours", count_files(), 3);
}

/* The thread itself, as a service starts it. */
static void
a_thread_removes_what_was_replaced(void **state)
{
	struct reaper	*r = avatar_reaper();

	(void)state;
	reaper_close(r);
	reaper_start(r);
	check_true("runs", r->started);
	check_number("put", put_png(1), OK);
	check_number("again", put_png(1), OK);
	for (int i = 0; i < 1000 && count_files() != 1; i++)
		usleep(10000);
	check_number("one", count_files(), 1);
	avatar_stop();
	check_true("has ended, without a connection",
	    !r->started && r->db == NULL);
}

int
main(void)
{
#define HERE(sentence, f) { sentence, f, open_desk, close_desk, NULL }
	const struct CMUnitTest	tests[] = {
		HERE("a picture is kept under a random name",
		    a_picture_is_kept_under_a_random_name),
		HERE("what is no picture is refused",
		    what_is_no_picture_is_refused),
		HERE("names from outside are names of files, not paths",
		    names_from_outside_are_names),
		HERE("the old file goes after the commit",
		    the_old_file_goes_after_the_commit),
		HERE("a refused row leaves no file", a_refused_row_leaves_no_file),
		HERE("what was rolled back keeps its file",
		    what_was_rolled_back_keeps_its_file),
		HERE("a picture goes with its user",
		    a_picture_goes_with_its_user),
		HERE("a start removes what is nobody's",
		    a_start_removes_what_is_nobodys),
		HERE("a thread removes what was replaced",
		    a_thread_removes_what_was_replaced),
	};

	return cmocka_run_group_tests_name("avatar", tests, NULL, NULL);
}
