/* What a transaction changes is changed alike in a copy. */
#include <stdio.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include "services/store/patch.h"
#include "services/store/store.h"
#include "unit.h"

/* Tables of each kind that stores have, and rows in them. */
static const char schema[] =
    "CREATE TABLE tickets (id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT, "
    "  hours REAL, data BLOB) STRICT;"
    "CREATE TABLE replies (id INTEGER PRIMARY KEY, ticket_id INTEGER NOT NULL "
    "  REFERENCES tickets ON DELETE CASCADE) STRICT;"
    "CREATE TABLE members (user INTEGER, team TEXT, PRIMARY KEY (user, team)) "
    "  STRICT, WITHOUT ROWID;"
    "CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT UNIQUE) STRICT;"
    "CREATE TABLE gone (one INTEGER PRIMARY KEY, id INTEGER) STRICT;"
    "CREATE VIRTUAL TABLE words USING fts5 (title, content = '');"
    "CREATE TRIGGER tickets_words AFTER INSERT ON tickets BEGIN "
    "  INSERT INTO words (rowid, title) VALUES (new.id, new.title); END;"
    "CREATE TRIGGER tickets_gone AFTER DELETE ON tickets BEGIN "
    "  UPDATE gone SET id = max(id, old.id);"
    "  INSERT INTO words (words, rowid, title) "
    "  VALUES ('delete', old.id, old.title); END;"
    "INSERT INTO gone VALUES (1, 0);"
    "INSERT INTO names VALUES (1, 'a'), (2, 'b'), (3, NULL);"
    "INSERT INTO tickets (title, hours, data) VALUES ('one printer', 1.5, NULL), "
    "  ('two', NULL, x'00ff0a');"
    "INSERT INTO replies VALUES (10, 1), (11, 1), (12, 2);"
    "INSERT INTO members VALUES (1, 'x'), (2, 'y');";

struct twins {
	char	 folder[FOLDER_SIZE];
	sqlite3	*store, *copy;
};

#define PATH_SIZE	(FOLDER_SIZE + 16)

static void
path_of(const struct twins *t, const char *name, char ret[PATH_SIZE])
{
	snprintf(ret, PATH_SIZE, "%s/%s", t->folder, name);
}

static sqlite3 *
open_one(const struct twins *t, const char *name)
{
	char	path[PATH_SIZE];
	sqlite3	*db;

	path_of(t, name, path);
	db = store_open(path, false);
	store_exec(db, schema);
	return db;
}

static int
set_up(void **state)
{
	static struct twins	t;

	snprintf(t.folder, sizeof(t.folder), "/tmp/flicket-patch-XXXXXX");
	assert_non_null(mkdtemp(t.folder));
	t.store = open_one(&t, "store");
	t.copy = open_one(&t, "copy");
	assert_true(patch_prepare(t.copy));
	*state = &t;
	return 0;
}

static int
tear_down(void **state)
{
	struct twins	*t = *state;
	char		 path[PATH_SIZE];

	sqlite3_close(t->store);
	sqlite3_close(t->copy);
	path_of(t, "store", path);
	unlink(path);
	path_of(t, "copy", path);
	unlink(path);
	return rmdir(t->folder);
}

/* --- comparing ------------------------------------------------------------------ */

static void
put_value(struct buf *b, sqlite3_stmt *st, int column)
{
	struct text	text = column_text(st, column);

	buf_printf(b, "%d:%d:", sqlite3_column_type(st, column), (int)text.len);
	if (text.base != NULL)
		buf_put(b, text.base, text.len);
}

static void
put_rows(struct buf *b, sqlite3 *db, const char *table)
{
	struct buf	 sql = { 0 };
	sqlite3_stmt	*st;

	buf_printf(&sql, "SELECT * FROM \"%s\" ORDER BY 1, 2", table);
	assert_int_equal(sqlite3_prepare_v2(db, sql.base, -1, &st, NULL),
	    SQLITE_OK);
	buf_printf(b, "%s\n", table);
	while (sqlite3_step(st) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(st); i++)
			put_value(b, st, i);
		buf_put_byte(b, '\n');
	}
	sqlite3_finalize(st);
	buf_done(&sql);
}

/* All tables with all they hold. */
static void
put_store(struct buf *b, sqlite3 *db)
{
	sqlite3_stmt	*st;

	assert_int_equal(sqlite3_prepare_v2(db, "SELECT name FROM sqlite_schema "
	    "WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' "
	    "ORDER BY name", -1, &st, NULL), SQLITE_OK);
	while (sqlite3_step(st) == SQLITE_ROW)
		put_rows(b, db, (const char *)sqlite3_column_text(st, 0));
	sqlite3_finalize(st);
}

static void
check_alike(const char *row, const struct twins *t)
{
	struct buf	store = { 0 }, copy = { 0 };
	char		path[PATH_SIZE];
	sqlite3		*reader;

	put_store(&store, t->store);
	put_store(&copy, t->copy);
	check_text(row, buf_text(&copy), buf_text(&store));
	buf_done(&store);
	buf_done(&copy);
	path_of(t, "copy", path);
	reader = store_open(path, false);
	check_number(row, store_try(reader, "INSERT INTO words (words) "
	    "VALUES ('integrity-check')"), SQLITE_OK);
	sqlite3_close(reader);
}

/* --- rows --------------------------------------------------------------------- */

static void
take(const char *row, sqlite3 *db, const char *sql, struct buf *ret)
{
	struct patch	*p;

	store_exec(db, "BEGIN IMMEDIATE");
	p = patch_begin(db);
	check_true(row, p != NULL);
	store_exec(db, sql);
	check_true(row, patch_take(p, ret));
	patch_end(&p);
	store_exec(db, "COMMIT");
}

static enum patch_end
apply(sqlite3 *db, struct text bytes)
{
	enum patch_end	end;

	store_exec(db, "BEGIN IMMEDIATE");
	end = patch_apply(db, bytes);
	store_exec(db, end == PATCH_DONE ? "COMMIT" : "ROLLBACK");
	return end;
}

static void
changes_are_made_alike(void **state)
{
	/* one after the other */
	static const char *const	rows[] = {
		"UPDATE tickets SET title = title",
		"INSERT INTO tickets (title) VALUES ('three'), ('\u6253\u5370\u673a')",
		"UPDATE tickets SET hours = 2, data = x'' WHERE id = 2",
		"UPDATE tickets SET title = NULL WHERE id = 3",
		"DELETE FROM tickets WHERE id = 1",	/* and replies, words, gone */
		"UPDATE names SET name = 'c' WHERE id = 1; "
		"UPDATE names SET name = 'a' WHERE id = 2; "
		"UPDATE names SET name = 'b' WHERE id = 1",	/* they swap */
		"INSERT OR REPLACE INTO names VALUES (9, 'b')",
		"UPDATE names SET id = 8 WHERE id = 9",
		"DELETE FROM members; INSERT INTO members VALUES (1, 'x')",
		/* a row that comes and goes leaves its id behind */
		"INSERT INTO tickets (title) VALUES ('short'); "
		"DELETE FROM tickets WHERE title = 'short'",
		"SAVEPOINT one; INSERT INTO members VALUES (7, 'z'); "
		"ROLLBACK TO one; RELEASE one",
		"DELETE FROM sqlite_sequence",
		"INSERT INTO tickets (id, title) SELECT value, 'many words ' || "
		"value FROM json_each('[100,200,300,400]')",
		"INSERT INTO words (words) VALUES ('optimize')",
	};
	struct twins			*t = *state;
	struct buf			 patch = { 0 };

	for (size_t i = 0; i < LEN(rows); i++) {
		patch.len = 0;
		take(rows[i], t->store, rows[i], &patch);
		check_number(rows[i], apply(t->copy, buf_text(&patch)),
		    PATCH_DONE);
		check_alike(rows[i], t);
	}
	buf_done(&patch);
}

static void
what_was_undone_is_in_no_patch(void **state)
{
	struct twins	*t = *state;
	struct buf	 patch = { 0 };

	take("nothing", t->store, "SELECT 1", &patch);
	check_number("nothing", patch.len, 0);
	check_number("nothing", apply(t->copy, buf_text(&patch)), PATCH_DONE);
	check_alike("nothing", t);
}

static void
a_copy_that_differs_is_left_as_it_is(void **state)
{
	static const struct {
		const char	*before;	/* in the copy alone */
		const char	*change;
	} rows[] = {
		{ "DELETE FROM names WHERE id = 1",
		    "UPDATE names SET name = 'z' WHERE id = 1" },
		{ "DELETE FROM names WHERE id = 2", "DELETE FROM names WHERE id = 2" },
		{ "INSERT INTO members VALUES (3, 'w')",
		    "INSERT INTO members VALUES (4, 'v'), (3, 'w')" },
		{ "INSERT INTO names VALUES (5, 'five')",
		    "INSERT INTO names VALUES (6, 'five')" },
	};
	struct twins	*t = *state;
	struct buf	 patch = { 0 }, was = { 0 }, is = { 0 };

	for (size_t i = 0; i < LEN(rows); i++) {
		store_exec(t->copy, rows[i].before);
		patch.len = was.len = is.len = 0;
		put_store(&was, t->copy);
		take(rows[i].change, t->store, rows[i].change, &patch);
		check_number(rows[i].change, apply(t->copy, buf_text(&patch)),
		    PATCH_MISFIT);
		put_store(&is, t->copy);
		check_text(rows[i].change, buf_text(&is), buf_text(&was));
	}
	buf_done(&patch);
	buf_done(&was);
	buf_done(&is);
}

static void
bytes_that_are_no_patch_are_refused(void **state)
{
	struct twins	*t = *state;
	struct buf	 patch = { 0 };
	struct text	 part;

	check_number("one byte", apply(t->copy, TEXT_OF("P")), PATCH_MISFIT);
	check_number("another hash", apply(t->copy,
	    TEXT_OF("0123456789abcdef{}\nPnonsense")), PATCH_MISFIT);
	take("whole", t->store, "UPDATE tickets SET title = 'longer than that' "
	    "WHERE id = 1", &patch);
	for (size_t len = 1; len < patch.len; len++) {
		part = (struct text){ patch.base, len };
		check_number("cut", apply(t->copy, part), PATCH_MISFIT);
	}
	for (size_t at = 0; at < patch.len; at++) {
		patch.base[at] ^= 1;
		check_number("flipped", apply(t->copy, buf_text(&patch)),
		    PATCH_MISFIT);
		patch.base[at] ^= 1;
	}
	check_number("whole", apply(t->copy, buf_text(&patch)), PATCH_DONE);
	check_alike("whole", t);
	buf_done(&patch);
}

static void
a_table_without_a_key_is_told(void **state)
{
	struct twins	*t = *state;

	check_true("all have one", patch_missing(t->store) == NULL);
	store_exec(t->store, "CREATE TABLE loose (a INTEGER)");
	check_part("one has none", patch_missing(t->store), "table loose");
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
#define ON_TWINS(sentence, f)	{ sentence, f, set_up, tear_down, NULL }
		ON_TWINS("changes of a store are made alike in a copy",
		    changes_are_made_alike),
		ON_TWINS("what changes nothing is an empty patch",
		    what_was_undone_is_in_no_patch),
		ON_TWINS("a copy that differs is left as it is",
		    a_copy_that_differs_is_left_as_it_is),
		ON_TWINS("bytes that are no patch are refused",
		    bytes_that_are_no_patch_are_refused),
		ON_TWINS("a table without a primary key is told",
		    a_table_without_a_key_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
