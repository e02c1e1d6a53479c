/*
 * services/files/ by way of services/post/files.c: files that come in pieces.
 * The reaper's thread is not started; the tests call what it does, at times
 * that they choose.
 */
#include "desk.h"

#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#undef fail		/* cmocka's */
#include "base/clock.h"
#include "base/log.h"
#include "services/files/receive.h"
#include "services/files/serve.h"
#include "services/post/files.h"
#include "services/store/store.h"

#define FOLDER		"stores/post/files"
#define RANDOM_CHARS	26

static struct reaper	*reaper;
static struct incoming	*incoming;

static int
open_desk(void **state)
{
	(void)state;
	desk_open(&desk, &post_service);
	CHECK(chdir(desk.folder) == 0);
	/* there is no folder yet, so that no thread is started */
	desk.settings.upload_extensions = "txt,Png";
	desk.settings.upload_max_bytes = 1000000;
	files_start(&post_service, &desk.settings);
	CHECK(mkdir("stores", 0700) == 0 && mkdir("stores/post", 0700) == 0 &&
	    mkdir(FOLDER, 0700) == 0);
	CHECK(symlink(desk.path, "stores/post/post.db") == 0);
	reaper = files_reaper();
	incoming = reaper->incoming;
	CHECK(reaper_open(reaper));
	return 0;
}

static int
close_desk(void **state)
{
	(void)state;
	reaper_close(reaper);
	files_stop();
	CHECK(chdir("/") == 0);
	desk_close(&desk);
	return 0;
}

/* --- the operations -------------------------------------------------------- */

static enum err
begin_as(int64_t user, const char *peer, int64_t handle, const char *name,
    int64_t size, int64_t *ret_handle)
{
	struct call	c;
	enum err	e;

	desk_begin(&c, OP_FILE_BEGIN);
	c.request.actor = user;
	c.peer = text_of(peer);
	if (handle != 0)
		args_put_number(&c.request.args, KEY_HANDLE, handle);
	args_put_text(&c.request.args, KEY_ORIGINAL_FILENAME, text_of(name));
	args_put_number(&c.request.args, KEY_SIZE, size);
	e = desk_call(&desk, &c);
	*ret_handle = args_number(&c.answer.extra, KEY_HANDLE, -1);
	desk_end(&c);
	return e;
}

static enum err
begin(const char *name, int64_t size, int64_t *ret_handle)
{
	return begin_as(1, "", 0, name, size, ret_handle);
}

static enum err
chunk(int64_t handle, int64_t offset, struct text bytes)
{
	struct call	c;
	enum err	e;

	desk_begin(&c, OP_FILE_CHUNK);
	args_put_number(&c.request.args, KEY_HANDLE, handle);
	args_put_number(&c.request.args, KEY_OFFSET, offset);
	args_put_text(&c.request.args, KEY_BODY, bytes);
	e = desk_call(&desk, &c);
	desk_end(&c);
	return e;
}

/* SEAL or DROP; the name of what was sealed in ret. */
static enum err
end(enum op_code op, int64_t handle, char ret[DIR_MADE_SIZE])
{
	struct call	c;
	struct text	name;
	enum err	e;

	desk_begin(&c, op);
	args_put_number(&c.request.args, KEY_HANDLE, handle);
	e = desk_call(&desk, &c);
	name = args_text(&c.answer.extra, KEY_FILENAME);
	if (e != OK)
		name.len = 0;
	memcpy(ret, name.base, name.len);
	ret[name.len] = '\0';
	desk_end(&c);
	return e;
}

static void
bring(const char *content, char ret[DIR_MADE_SIZE])
{
	int64_t	handle;

	check_number("begin", begin("a.txt", (int64_t)strlen(content),
	    &handle), OK);
	check_number("chunk", chunk(handle, 0, text_of(content)), OK);
	check_number("seal", end(OP_FILE_SEAL, handle, ret), OK);
}

static enum err
make_row(const char *name)
{
	struct call	c;
	enum err	e;

	desk_begin(&c, OP_UPLOAD_CREATE);
	args_put_text(&c.request.args, KEY_FILENAME, text_of(name));
	args_put_text(&c.request.args, KEY_ORIGINAL_FILENAME,
	    TEXT_OF("a.txt"));
	args_put_number(&c.request.args, KEY_TICKET_ID, 1);
	e = desk_call(&desk, &c);
	desk_end(&c);
	return e;
}

/* The path of a file in the folder; valid until the next call. */
static const char *
path_of(const char *name)
{
	static char	path[400];

	snprintf(path, sizeof(path), "%s/%s", FOLDER, name);
	return path;
}

static bool
is_there(const char *name)
{
	return access(path_of(name), F_OK) == 0;
}

/* How many files there are. */
static int
count(void)
{
	DIR	*dir = opendir(FOLDER);
	int	 n = -2;

	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

/* --- tests ----------------------------------------------------------------- */

static void
a_file_comes_in_pieces(void **state)
{
	char		name[DIR_MADE_SIZE], other[DIR_MADE_SIZE];
	int64_t		handle;
	struct call	c;

	(void)state;
	check_number("begin", begin("a.TXT", 10, &handle), OK);
	check_number("one", chunk(handle, 0, TEXT_OF("hello ")), OK);
	check_number("two", chunk(handle, 6, TEXT_OF("desk")), OK);
	check_number("hidden until it is whole", count(), 1);
	check_number("seal", end(OP_FILE_SEAL, handle, name), OK);
	check_number("one file", count(), 1);
	check_true("its name is ours", is_there(name) && strlen(name) ==
	    RANDOM_CHARS + 4 && strcmp(name + RANDOM_CHARS, ".txt") == 0);
	check_number("again", end(OP_FILE_SEAL, handle, other),
	    ERR_GONE_AWAY);

	desk_begin(&c, OP_FILE_READ);
	args_put_text(&c.request.args, KEY_FILENAME, text_of(name));
	args_put_number(&c.request.args, KEY_OFFSET, 4);
	args_put_number(&c.request.args, KEY_LIMIT, 4);
	check_number("read", desk_call(&desk, &c), OK);
	check_text("read", args_text(&c.answer.extra, KEY_BODY),
	    TEXT_OF("o de"));
	desk_end(&c);

	check_number("a row", make_row(name), OK);
	check_number("once", make_row(name), ERR_GONE_AWAY);
	check_number("of that name", make_row("other.txt"), ERR_GONE_AWAY);
	check_number("rows", desk_number(&desk,
	    "SELECT count(*) FROM uploads"), 1);
}

static void
what_does_not_fit_is_refused(void **state)
{
	static const struct {
		const char	*name;
		int64_t		 size;
		enum err	 error;
	} rows[] = {
		{ "a.txt", 0, OK }, { "a.tXt", 1000000, OK },
		{ "a.png", 5, OK }, { "a.txt", 1000001, ERR_BODY_TOO_LARGE },
		{ "a.txt", -1, ERR_BODY_TOO_LARGE },
		{ "a.tx", 5, ERR_BAD_REQUEST }, { "a.txtt", 5, ERR_BAD_REQUEST },
		{ "a", 5, ERR_BAD_REQUEST }, { "txt", 5, ERR_BAD_REQUEST },
		{ "a.", 5, ERR_BAD_REQUEST }, { "a.txt,png", 5, ERR_BAD_REQUEST },
		{ "", 5, ERR_BAD_REQUEST }, { "a.txt/", 5, ERR_BAD_REQUEST },
		{ "a.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 5,
		    ERR_BAD_REQUEST },
	};
	char	name[DIR_MADE_SIZE];
	int64_t	handle;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		check_number(rows[i].name, begin(rows[i].name, rows[i].size,
		    &handle), rows[i].error);
		if (rows[i].error == OK)
			check_number("drop", end(OP_FILE_DROP, handle, name),
			    OK);
	}
	check_number("nothing is left", count(), 0);
	check_number("not its handle", chunk(7, 0, TEXT_OF("x")),
	    ERR_GONE_AWAY);
	begin("a.txt", 5, &handle);
	check_number("a gap", chunk(handle, 1, TEXT_OF("x")), ERR_GONE_AWAY);
	check_number("it is dropped", chunk(handle, 0, TEXT_OF("x")),
	    ERR_GONE_AWAY);
	begin("a.txt", 5, &handle);
	check_number("too much", chunk(handle, 0, TEXT_OF("123456")),
	    ERR_GONE_AWAY);
	begin("a.txt", 5, &handle);
	check_number("all of it", chunk(handle, 0, TEXT_OF("12345")), OK);
	check_number("more than all", chunk(handle, 5, TEXT_OF("6")),
	    ERR_GONE_AWAY);
	begin("a.txt", 5, &handle);
	check_number("too little", end(OP_FILE_SEAL, handle, name),
	    ERR_GONE_AWAY);
	begin("a.png", 5, &handle);
	check_number("no picture", chunk(handle, 0, TEXT_OF("hello")), OK);
	check_number("no picture", end(OP_FILE_SEAL, handle, name),
	    ERR_BAD_REQUEST);
	check_number("dropped twice", end(OP_FILE_DROP, handle, name), OK);
	check_number("nothing is left", count(), 0);
}

static enum err
read_piece(const char *name, int64_t offset, int64_t limit, int64_t *ret_bytes)
{
	struct call	c;
	enum err	e;

	desk_begin(&c, OP_FILE_READ);
	args_put_text(&c.request.args, KEY_FILENAME, text_of(name));
	args_put_number(&c.request.args, KEY_OFFSET, offset);
	args_put_number(&c.request.args, KEY_LIMIT, limit);
	e = desk_call(&desk, &c);
	*ret_bytes = (int64_t)args_text(&c.answer.extra, KEY_BODY).len;
	desk_end(&c);
	return e;
}

static void
pieces_have_bounds(void **state)
{
	static const struct { const char *name; int64_t offset, limit;
	    enum err error; int64_t bytes; } rows[] = {
		{ "all", 0, 5, OK, 5 },
		{ "its end", 3, 5, OK, 2 },
		{ "behind it", 5, 5, OK, 0 },
		{ "the longest", 0, FILE_PIECE_MOST, OK, 5 },
		{ "longer", 0, FILE_PIECE_MOST + 1, ERR_BAD_REQUEST, 0 },
		{ "nothing", 0, 0, ERR_BAD_REQUEST, 0 },
		{ "before it", -1, 5, ERR_BAD_REQUEST, 0 },
	};
	char	name[DIR_MADE_SIZE];
	int64_t	bytes;

	(void)state;
	bring("hello", name);
	for (size_t i = 0; i < LEN(rows); i++) {
		check_number(rows[i].name, read_piece(name, rows[i].offset,
		    rows[i].limit, &bytes), rows[i].error);
		check_number(rows[i].name, bytes, rows[i].bytes);
	}
}

static void
there_is_a_most_of_files_on_their_way(void **state)
{
	char	name[DIR_MADE_SIZE];
	int64_t	handle;

	(void)state;
	for (int i = 0; i < INCOMING_MOST; i++)
		check_number("room", begin("a.txt", 5, &handle), OK);
	check_number("no room", begin("a.txt", 5, &handle), ERR_BUSY);
	for (size_t i = 0; i < INCOMING_MOST; i++)
		end(OP_FILE_DROP, incoming->files[i].handle, name);
	check_number("room again", begin("a.txt", 5, &handle), OK);
	end(OP_FILE_DROP, handle, name);
	check_number("nothing is left", count(), 0);
}

/* A row that was refused leaves its file to be asked for again. */
static void
a_refused_row_can_be_asked_for_again(void **state)
{
	char	name[DIR_MADE_SIZE];

	(void)state;
	bring("hello", name);
	CHECK(sqlite3_exec(desk.sqlite, "CREATE TEMP TRIGGER no BEFORE INSERT "
	    "ON uploads BEGIN SELECT RAISE(ABORT, 'no'); END", NULL, NULL,
	    NULL) == SQLITE_OK);
	check_number("refused", make_row(name), ERR_STORE);
	CHECK(sqlite3_exec(desk.sqlite, "DROP TRIGGER no", NULL, NULL,
	    NULL) == SQLITE_OK);
	check_number("again", make_row(name), OK);
}

static unsigned
used(void)
{
	return incoming_count(incoming);
}

/* Who has most makes room, until all have as many. */
static void
nobody_keeps_others_out(void **state)
{
	int64_t	first, handle;

	(void)state;
	check_number("the first", begin("a.txt", 1, &first), OK);
	for (int i = 1; i < INCOMING_MOST; i++)
		check_number("room", begin("a.txt", 1, &handle), OK);
	check_number("not for one's own", begin("a.txt", 1, &handle),
	    ERR_BUSY);
	check_number("another user", begin_as(2, "", 0, "a.txt", 1, &handle),
	    OK);
	check_number("is served", chunk(handle, 0, TEXT_OF("x")), OK);
	check_number("by the oldest", chunk(first, 0, TEXT_OF("x")),
	    ERR_GONE_AWAY);
	for (int i = 1; i < INCOMING_MOST / 2; i++)
		check_number("up to half", begin_as(2, "", 0, "a.txt", 1,
		    &handle), OK);
	check_number("and no more", begin_as(2, "", 0, "a.txt", 1, &handle),
	    ERR_BUSY);
	check_number("each", incoming_count_of(incoming, 1), INCOMING_MOST / 2);
	check_number("a third", begin_as(3, "", 0, "a.txt", 1, &handle), OK);
	check_number("as many files", count(), INCOMING_MOST);
}

/* What is dropped is gone at once, whatever state it is in. */
static void
what_is_dropped_takes_no_room(void **state)
{
	char	name[DIR_MADE_SIZE], ret[DIR_MADE_SIZE];
	int64_t	handle;

	(void)state;
	bring("sealed", name);
	end(OP_FILE_DROP, incoming->files[0].handle, ret);
	check_number("sealed", used(), 0);
	check_number("no file of it", count(), 0);

	bring("rolled back", name);
	check_true("claimed", files_claim(text_of(name)));
	end(OP_FILE_DROP, incoming->files[0].handle, ret);
	check_true("may get its row", is_there(name));
	reaper_look(reaper, clock_ms());
	check_true("gets none", !is_there(name) && used() == 0);

	bring("refused", name);
	check_true("claimed", files_claim(text_of(name)));
	end(OP_FILE_DROP, incoming->files[0].handle, ret);
	files_unclaim(text_of(name));
	check_number("not again", make_row(name), ERR_GONE_AWAY);
	reaper_look(reaper, clock_ms());
	check_true("is gone", !is_there(name) && used() == 0);

	bring("kept", name);
	check_number("a row", make_row(name), OK);
	end(OP_FILE_DROP, incoming->files[0].handle, ret);
	reaper_look(reaper, clock_ms());
	check_true("stays", is_there(name) && used() == 0);

	begin("a.txt", 5, &handle);
	incoming_hold(incoming, handle, TEXT_OF(""));
	end(OP_FILE_DROP, handle, ret);
	check_number("is written to", used(), 1);
	incoming_release(incoming, &incoming->files[0],
	    INCOMING_FILLING);
	check_number("no more", chunk(handle, 0, TEXT_OF("x")),
	    ERR_GONE_AWAY);
	reaper_look(reaper, clock_ms());
	check_number("gone", used(), 0);
}

static void
who_is_silent_is_not_waited_for(void **state)
{
	int64_t	silent, pinging, other, now_ms;

	(void)state;
	begin_as(1, "silent", 7, "a.txt", 1, &silent);
	begin_as(1, "pinging", 8, "a.txt", 1, &pinging);
	begin_as(1, "no PINGs", 0, "a.txt", 1, &other);
	check_number("its own handle", silent, 7);
	begin_as(1, "again", 8, "a.txt", 1, &other);
	check_true("is another's", other != 8);
	now_ms = clock_ms() + INCOMING_SILENT_MS + 1;
	incoming_heard(incoming, TEXT_OF("pinging"), now_ms);
	reaper_look(reaper, now_ms);
	check_number("one is dropped", used(), 3);
	check_number("the silent one's", chunk(silent, 0, TEXT_OF("x")),
	    ERR_GONE_AWAY);
	check_number("not the other", chunk(pinging, 0, TEXT_OF("x")), OK);
}

/* Whether a file is in the table, with a row that may yet be written. */
static bool
is_awaited(const char *name)
{
	const struct incoming_file	*f = incoming->files;

	for (; f < incoming->files + INCOMING_MOST; f++)
		if ((f->state == INCOMING_SEALED ||
		    f->state == INCOMING_CLAIMED) && strcmp(f->name, name) == 0)
			return true;
	return false;
}

static void
what_gets_no_row_is_removed(void **state)
{
	char		 sealed[DIR_MADE_SIZE], kept[DIR_MADE_SIZE], lost[DIR_MADE_SIZE];
	int64_t		 filling, busy;
	struct incoming_file	*f;

	(void)state;
	bring("sealed", sealed);
	bring("kept", kept);
	bring("lost", lost);
	begin("a.txt", 5, &filling);
	begin("a.txt", 5, &busy);
	check_number("a row", make_row(kept), OK);
	check_true("its row was rolled back", files_claim(text_of(lost)));
	f = incoming_hold(incoming, busy, TEXT_OF(""));
	reaper_look(reaper, clock_ms());
	check_number("not before its time", count(), 5);
	check_true("what has its row is let go",
	    !is_awaited(kept));
	check_true("what has none is not", is_awaited(lost));

	reaper_look(reaper, clock_ms() + INCOMING_LIFE_MS + 1);
	check_true("has no row", !is_there(sealed));
	check_true("has its row", is_there(kept));
	check_true("will have none", !is_there(lost));
	check_number("is written to", count(), 2);
	check_number("too late", make_row(sealed), ERR_GONE_AWAY);
	check_number("too late", chunk(filling, 0, TEXT_OF("x")),
	    ERR_GONE_AWAY);
	incoming_release(incoming, f, INCOMING_FILLING);
	reaper_look(reaper, clock_ms() + INCOMING_LIFE_MS + 1);
	check_number("and then not", count(), 1);
	check_true("nothing to do", reaper_is_idle(reaper));
}

/* A transaction that is under way may yet bring the row. */
static void
what_may_get_its_row_is_kept(void **state)
{
	char	name[DIR_MADE_SIZE];

	(void)state;
	bring("slow", name);
	store_exec(desk.sqlite, "BEGIN IMMEDIATE");
	check_number("a row", make_row(name), OK);
	sqlite3_busy_timeout(db_sqlite(reaper->db), 1);
	reaper_look(reaper, clock_ms() + INCOMING_LIFE_MS + 1);
	check_true("still there", is_there(name));
	store_exec(desk.sqlite, "COMMIT");
	reaper_look(reaper, clock_ms() + INCOMING_LIFE_MS + 1);
	check_true("for good", is_there(name) && reaper_is_idle(reaper));
}

static void
a_file_goes_after_its_row(void **state)
{
	char	name[DIR_MADE_SIZE];

	(void)state;
	bring("going", name);
	make_row(name);
	reaper_look(reaper, clock_ms());
	store_exec(desk.sqlite, "BEGIN IMMEDIATE; DELETE FROM uploads");
	reaper_unlink_later(files_reaper(), text_of(name));
	reaper_look(reaper, clock_ms());
	check_true("before the commit it is there", is_there(name));
	store_exec(desk.sqlite, "COMMIT");
	reaper_look(reaper, clock_ms());
	check_true("after it, it is not", !is_there(name) && reaper_is_idle(reaper));

	bring("staying", name);
	make_row(name);
	reaper_unlink_later(files_reaper(), text_of(name));
	reaper_look(reaper, clock_ms() + REAPER_WAIT_MS + 1);
	check_true("rolled back", is_there(name) && reaper_is_idle(reaper));
	reaper_unlink_later(files_reaper(), TEXT_OF("../post.db"));
	reaper_unlink_later(files_reaper(), TEXT_OF(""));
	check_true("no files of ours", reaper_is_idle(reaper));
}

static void
what_no_row_names_is_swept(void **state)
{
	static const char *const	names[] = {
		".incoming-abc", "orphan.png", ".hidden"
	};
	char	name[DIR_MADE_SIZE];

	(void)state;
	bring("kept", name);
	make_row(name);
	for (size_t i = 0; i < LEN(names); i++)
		close(open(path_of(names[i]), O_WRONLY | O_CREAT, 0600));
	check_number("before", count(), 4);
	files_became_writer(&post_service);
	check_number("after", count(), 1);
	check_true("has its row", is_there(name));
}

static void
only_files_of_ours_are_opened(void **state)
{
	static const struct text	rows[] = {
		{ "", 0 }, { ".", 1 }, { "..", 2 }, { "../post.db", 10 },
		{ "/etc/passwd", 11 }, { ".incoming-x", 11 }, { "a\0b", 3 },
		{ "folder", 6 }, { "link", 4 }, { "pipe", 4 },
		{ "nothing", 7 },
	};
	int64_t	size;

	(void)state;
	CHECK(mkdir(path_of("folder"), 0700) == 0);
	CHECK(symlink("/etc/passwd", path_of("link")) == 0);
	CHECK(mkfifo(path_of("pipe"), 0600) == 0);
	for (size_t i = 0; i < LEN(rows); i++)
		check_number(rows[i].base, serve_open(reaper->dir, rows[i], &size), -1);
}

int
main(void)
{
#define HERE(sentence, f) { sentence, f, open_desk, close_desk, NULL }
	const struct CMUnitTest	tests[] = {
		HERE("a file comes in pieces and is claimed once",
		    a_file_comes_in_pieces),
		HERE("what does not fit is refused and leaves nothing",
		    what_does_not_fit_is_refused),
		HERE("pieces that are read have bounds", pieces_have_bounds),
		HERE("a row that was refused can be asked for again",
		    a_refused_row_can_be_asked_for_again),
		HERE("there is a most of files on their way",
		    there_is_a_most_of_files_on_their_way),
		HERE("nobody's files keep another user's out",
		    nobody_keeps_others_out),
		HERE("what is dropped takes no room",
		    what_is_dropped_takes_no_room),
		HERE("who sends no PINGs any more is not waited for",
		    who_is_silent_is_not_waited_for),
		HERE("what gets no row is removed in its time",
		    what_gets_no_row_is_removed),
		HERE("what may still get its row is kept",
		    what_may_get_its_row_is_kept),
		HERE("a file goes after its row, never before",
		    a_file_goes_after_its_row),
		HERE("what no row names is swept", what_no_row_names_is_swept),
		HERE("only files of ours are opened",
		    only_files_of_ours_are_opened),
	};

	return cmocka_run_group_tests_name("files", tests, NULL, NULL);
}
