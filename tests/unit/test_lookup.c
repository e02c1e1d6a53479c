/* services/lookup: what is deleted, and what the ticket service is told. */
#include "desk.h"

#include <sqlite3.h>

#include "base/log.h"
#include "services/store/migrate.h"
#include "services/store/store.h"

static enum err
end(struct call *c)
{
	enum err	e = desk_call(&desk, c);

	desk_end(c);
	return e;
}

static enum err
by_id(enum op_code op, int64_t id)
{
	struct call	c;

	desk_begin(&c, op);
	args_put_number(&c.request.args, KEY_ID, id);
	return end(&c);
}

/* --- names that are told --------------------------------------------------- */

static int64_t
told(enum op_code op)
{
	struct buf	sql = { 0 };
	int64_t		n;

	buf_printf(&sql, "SELECT count(*) FROM outbox WHERE op = %d%c", op, 0);
	n = desk_number(&desk, sql.base);
	buf_done(&sql);
	return n;
}

static void
a_new_store_tells_all_its_names(void **state)
{
	(void)state;
	check_number("departments", told(OP_TICKET_DEPARTMENT_CHANGED), 6);
	check_number("categories", told(OP_TICKET_CATEGORY_CHANGED), 14);
	check_number("priorities and statuses", told(OP_TICKET_NAMES_KNOWN), 7);
}

/* A store of schema 1, with a category that is in no department. */
static void
an_old_store_tells_all_its_names(void **state)
{
	const char	*only_first[] = { lookup_service.migrations[0], NULL };
	struct service	 old = lookup_service;
	char		 path[FOLDER_SIZE + 16];
	sqlite3		*db;
	sqlite3_stmt	*st;

	(void)state;
	old.migrations = only_first;
	snprintf(path, sizeof(path), "%s/old.db", desk.folder);
	db = store_open(path, false);
	store_migrate(db, &old, path);
	store_exec(db, "INSERT INTO departments (department) VALUES (NULL);"
	    "INSERT INTO categories (category) VALUES ('Alone');"
	    "INSERT INTO statuses (status) VALUES ('Open')");
	store_migrate(db, &lookup_service, path);
	store_migrate(db, &lookup_service, path);
	CHECK(sqlite3_prepare_v2(db, "SELECT count(*), count(DISTINCT op) "
	    "FROM outbox", -1, &st, NULL) == SQLITE_OK);
	sqlite3_step(st);
	check_number("each once", sqlite3_column_int(st, 0), 3);
	check_number("of three kinds", sqlite3_column_int(st, 1), 3);
	sqlite3_finalize(st);
	sqlite3_close(db);
}

/* The last event of the outbox. */
static void
last_event(enum op_code want, struct args *ret, char *name, size_t size)
{
	struct frame_reader	*frames = frame_reader_new();
	sqlite3_stmt		*st;
	struct text		 t;

	CHECK(sqlite3_prepare_v2(desk.sqlite, "SELECT op, args FROM outbox "
	    "ORDER BY seq DESC LIMIT 1", -1, &st, NULL) == SQLITE_OK);
	check_number("an event", sqlite3_step(st), SQLITE_ROW);
	check_number("of this kind", sqlite3_column_int(st, 0), want);
	frame_reader_start(frames, sqlite3_column_blob(st, 1),
	    (size_t)sqlite3_column_bytes(st, 1));
	check_number("that can be read", frame_next_args(frames, ret),
	    FRAME_ONE);
	t = args_text(ret, want == OP_TICKET_CATEGORY_CHANGED ? KEY_CATEGORY :
	    KEY_DEPARTMENT);
	snprintf(name, size, "%.*s", (int)t.len, t.base);
	sqlite3_finalize(st);
	frame_reader_destroy(&frames);
}

static void
a_change_is_told(void **state)
{
	struct args	args;
	struct call	c;
	char		name[64];

	(void)state;
	desk_begin(&c, OP_CATEGORY_EDIT);
	args_put_number(&c.request.args, KEY_ID, 1);
	args_put_number(&c.request.args, KEY_DEPARTMENT_ID, 3);
	check_number("moved", end(&c), OK);
	last_event(OP_TICKET_CATEGORY_CHANGED, &args, name, sizeof(name));
	check_string("moved", name, "Dataset");
	check_number("moved", args_number(&args, KEY_DEPARTMENT_ID, 0), 3);
	check_number("moved", args_number(&args, KEY_DELETED, -1), 0);
	check_number("deleted", by_id(OP_CATEGORY_DELETE, 1), OK);
	last_event(OP_TICKET_CATEGORY_CHANGED, &args, name, sizeof(name));
	check_number("deleted", args_number(&args, KEY_DELETED, -1), 1);
	desk_begin(&c, OP_DEPARTMENT_CREATE);
	args_put_text(&c.request.args, KEY_DEPARTMENT, TEXT_OF("部門一"));
	check_number("made", end(&c), OK);
	last_event(OP_TICKET_DEPARTMENT_CHANGED, &args, name, sizeof(name));
	check_string("made", name, "部門一");
	check_number("made", args_number(&args, KEY_ID, 0), 7);
	check_number("gone", by_id(OP_DEPARTMENT_DELETE, 7), OK);
	last_event(OP_TICKET_DEPARTMENT_CHANGED, &args, name, sizeof(name));
	check_number("gone", args_number(&args, KEY_DELETED, -1), 1);
}

/* --- versions ------------------------------------------------------------- */

static int64_t
tag_of(enum op_code op, int64_t id)
{
	struct call	c;
	int64_t		tag;

	desk_begin(&c, op);
	args_put_number(&c.request.args, KEY_ID, id);
	check_number("read", desk_call(&desk, &c), OK);
	tag = c.answer.tag;
	desk_end(&c);
	return tag;
}

/* A category shows its department: what changes either changes its tag. */
static void
tags_are_of_all_that_is_shown(void **state)
{
	static const char *const	changes[] = {
		"UPDATE categories SET version = version + 1",
		"UPDATE departments SET version = version + 1",
		/* the sum of both versions stays as it was */
		"UPDATE categories SET version = version + 1;"
		"UPDATE departments SET version = version - 1",
	};
	int64_t	was = tag_of(OP_CATEGORY_GET, 1), now;

	(void)state;
	check_number("the same", tag_of(OP_CATEGORY_GET, 1), was);
	for (size_t i = 0; i < LEN(changes); i++) {
		store_exec(desk.sqlite, changes[i]);
		now = tag_of(OP_CATEGORY_GET, 1);
		check_true(changes[i], now != was);
		check_number(changes[i], tag_of(OP_DEPARTMENT_CATEGORY_GET, 1),
		    now);
		was = now;
	}
}

/* --- what a ticket asks for ------------------------------------------------ */

static void
what_is_given_must_be_there(void **state)
{
	static const struct { const char *name; int64_t category, priority,
	    status; const char *message; } rows[] = {
		{ "nothing", 0, 0, 0, NULL },
		{ "all", 2, 1, 1, NULL },
		{ "a category", 2, 0, 0, NULL },
		{ "no category", 99, 1, 1, "not a valid category_id" },
		{ "a deleted one", 1, 0, 0, "not a valid category_id" },
		{ "no priority", 0, 99, 0, "not a valid ticket_priority_id" },
		{ "no status", 2, 1, 99, "not a valid status_id" },
	};
	struct call	c;

	(void)state;
	check_number("deleted", by_id(OP_CATEGORY_DELETE, 1), OK);
	for (size_t i = 0; i < LEN(rows); i++) {
		desk_begin(&c, OP_TICKET_CHECK);
		if (rows[i].category != 0)
			args_put_number(&c.request.args, KEY_CATEGORY_ID,
			    rows[i].category);
		if (rows[i].priority != 0)
			args_put_number(&c.request.args,
			    KEY_TICKET_PRIORITY_ID, rows[i].priority);
		if (rows[i].status != 0)
			args_put_number(&c.request.args, KEY_STATUS_ID,
			    rows[i].status);
		check_number(rows[i].name, desk_call(&desk, &c),
		    rows[i].message == NULL ? OK : ERR_BAD_REQUEST);
		if (rows[i].message != NULL)
			check_text(rows[i].name, args_text(&c.answer.extra,
			    KEY_MESSAGE), text_of(rows[i].message));
		desk_end(&c);
	}
}

static void
rows_come_in_bulk(void **state)
{
	static const struct { enum op_code op; const char *ids, *want; }
	    rows[] = {
		{ OP_STATUS_BULK, "[2,1,99,1]", "[{\"id\":1,\"links\":{\"self\":"
		    "\"\x01status/1\",\"statuses\":\"\x01statuses/\"},"
		    "\"status\":\"Open\"},{\"id\":2,\"links\":{\"self\":"
		    "\"\x01status/2\",\"statuses\":\"\x01statuses/\"},"
		    "\"status\":\"Closed\"}]" },
		{ OP_PRIORITY_BULK, "[]", "[]" },
		{ OP_CATEGORY_BULK, "[0]", "[]" },
	};
	struct call	c;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		desk_begin(&c, rows[i].op);
		args_put_text(&c.request.args, KEY_IDS, text_of(rows[i].ids));
		check_number(rows[i].ids, desk_call(&desk, &c), OK);
		check_text(rows[i].ids, c.answer.fragment,
		    text_of(rows[i].want));
		desk_end(&c);
	}
}

int
main(void)
{
#define HERE(sentence, f) ON_DESK(&lookup_service, sentence, f)
	const struct CMUnitTest	tests[] = {
		HERE("a new store tells all its names",
		    a_new_store_tells_all_its_names),
		HERE("an old store tells all its names",
		    an_old_store_tells_all_its_names),
		HERE("a change is told", a_change_is_told),
		HERE("tags are of all that is shown",
		    tags_are_of_all_that_is_shown),
		HERE("what is given must be there, and not deleted",
		    what_is_given_must_be_there),
		HERE("rows come in bulk", rows_come_in_bulk),
	};

	return cmocka_run_group_tests_name("lookup", tests, NULL, NULL);
}
