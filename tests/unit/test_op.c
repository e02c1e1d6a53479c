/* services/op/op.c: rows of the services, run on stores of their own. */
#include "desk.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "base/log.h"
#include "services/store/store.h"

/* --- one row ----------------------------------------------------------- */

static void
one_row_is_one_object(void **state)
{
	struct call	c;

	(void)state;
	desk_begin(&c, OP_PRIORITY_GET);
	c.request.id = UINT64_MAX;
	args_put_number(&c.request.args, KEY_ID, 2);
	check_number("there", desk_call(&desk, &c), OK);
	check_true("id comes back", c.answer.id == UINT64_MAX);
	check_text("JSON", c.answer.fragment, TEXT_OF("{\"id\":2,\"links\":{"
	    "\"priorities\":\"\x01priorities/\",\"self\":\"\x01priority/2\"},"
	    "\"priority\":\"medium\"}"));
	check_true("nothing beside it", keyset_is_empty(args_keys(&c.answer.extra)));
	desk_end(&c);

	desk_begin(&c, OP_PRIORITY_GET);
	args_put_number(&c.request.args, KEY_ID, 4);
	check_number("not there", desk_call(&desk, &c), ERR_NOT_FOUND);
	check_text("no JSON", c.answer.fragment, TEXT_OF(""));
	desk_end(&c);
}

/* --- arguments --------------------------------------------------------- */

static enum err
create_department(const char *name, struct call *ret)
{
	desk_begin(ret, OP_DEPARTMENT_CREATE);
	args_put_text(&ret->request.args, KEY_DEPARTMENT, text_of(name));
	return desk_call(&desk, ret);
}

static void
arguments_are_checked(void **state)
{
#define E	"\xf0\x9f\x98\x80"
#define E10	E E E E E E E E E E
	/* the message of the refusal; NULL: the name is accepted */
	static const struct { const char *name, *in, *refusal; } rows[] = {
		{ "shortest", "ab", NULL },
		{ "too short", "a", "department must be 2 to 30 characters "
		    "long, this one has 1." },
		{ "short without a blank", "a ", "department must be 2 to 30 "
		    "characters long, this one has 1." },
		{ "two lines", "ab\ncd", "department must be one line of text, "
		    "without control characters, this one has U+000A." },
		{ "a blank at the end", "abc ", "department must not begin or "
		    "end with a blank." },
		{ "longest", E10 E10 E10, NULL },
		{ "too long", E10 E10 E10 E, "department must be 2 to 30 "
		    "characters long, this one has 31." },
		{ "no UTF-8", "abc\xff", "An argument is out of bounds." },
	};
	struct call	c;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		check_number(rows[i].name, create_department(rows[i].in, &c),
		    rows[i].refusal == NULL ? OK : ERR_BAD_REQUEST);
		if (rows[i].refusal != NULL)
			check_text(rows[i].name, args_text(&c.answer.extra,
			    KEY_MESSAGE), text_of(rows[i].refusal));
		desk_end(&c);
	}
	/* another operation's argument is dropped, not looked at */
	desk_begin(&c, OP_DEPARTMENT_CREATE);
	args_put_text(&c.request.args, KEY_DEPARTMENT, TEXT_OF("Post"));
	args_put_text(&c.request.args, KEY_TITLE, TEXT_OF("x"));
	check_number("one too many", desk_call(&desk, &c), OK);
	check_true("it is gone", !args_has(&c.request.args, KEY_TITLE));
	desk_end(&c);
	desk_begin(&c, OP_DEPARTMENT_CREATE);
	check_number("missing", desk_call(&desk, &c), ERR_BAD_REQUEST);
	check_text("missing", args_text(&c.answer.extra, KEY_MESSAGE),
	    TEXT_OF("An argument is missing."));
	desk_end(&c);
}

static enum err
rename_department(const char *name)
{
	struct call	c;
	enum err	e;

	desk_begin(&c, OP_DEPARTMENT_EDIT);
	args_put_number(&c.request.args, KEY_ID, 1);
	args_put_text(&c.request.args, KEY_DEPARTMENT, text_of(name));
	e = desk_call(&desk, &c);
	desk_end(&c);
	return e;
}

static void
what_is_there_may_be_stored_again(void **state)
{
	struct call	c;

	(void)state;
	store_exec(desk.sqlite, "UPDATE departments SET department = "
	    "char(97, 9, 98) WHERE id = 1");
	check_number("as it is", rename_department("a\tb"), OK);
	check_number("another", rename_department("a\tc"), ERR_BAD_REQUEST);
	check_number("of a new one", create_department("a\tb", &c),
	    ERR_BAD_REQUEST);
	desk_end(&c);
	check_number("a good one", rename_department("ab"), OK);
	check_number("no longer there", rename_department("a\tb"),
	    ERR_BAD_REQUEST);
}

static bool	breaks_off;

/* For SQLite: whether a statement is to break off; the first one does. */
static int
break_off_once(void *arg)
{
	bool	now = breaks_off;

	(void)arg;
	breaks_off = false;
	return now;
}

/* What a guard could not find out it must not let pass. */
static void
a_guard_that_fails_lets_nothing_pass(void **state)
{
	struct call	c;

	(void)state;
	breaks_off = true;
	sqlite3_progress_handler(desk.sqlite, 1, break_off_once, NULL);
	check_number("refused", create_department("Post", &c), ERR_STORE);
	check_true("by the guard", !breaks_off);
	sqlite3_progress_handler(desk.sqlite, 0, NULL, NULL);
	desk_end(&c);
	check_number("nothing is written", desk_number(&desk, "SELECT count(*) "
	    "FROM departments WHERE department = 'Post'"), 0);
	check_number("later", create_department("Post", &c), OK);
	desk_end(&c);
}

/* As the ticket service's index reads, before any request. */
static void
a_read_without_an_operation_may_fail(void **state)
{
	struct call	c = { .session = &desk.session };
	bool		found;

	(void)state;
	breaks_off = true;
	sqlite3_progress_handler(desk.sqlite, 1, break_off_once, NULL);
	check_number("failed", op_finds(&c, SQL_DATA_VERSION, &found),
	    ERR_STORE);
	sqlite3_progress_handler(desk.sqlite, 0, NULL, NULL);
	check_number("later", op_finds(&c, SQL_DATA_VERSION, &found), OK);
	desk_end(&c);
}

static enum err
ask_actions(struct call *ret)
{
	desk_begin(ret, OP_ACTION_BULK);
	args_put_text(&ret->request.args, KEY_IDS, TEXT_OF("[1]"));
	return desk_call(&desk, ret);
}

/* More than fits is refused, not cut. */
static void
a_bulk_has_so_many_rows_at_most(void **state)
{
	struct call	c;

	(void)state;
	CHECK(sqlite3_exec(desk.sqlite, "WITH n (i) AS (SELECT 1 UNION ALL "
	    "SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO actions "
	    "(ticket_id, action) SELECT 1, 'open' FROM n", NULL, NULL, NULL) ==
	    SQLITE_OK);
	check_number("most", ask_actions(&c), OK);
	desk_end(&c);
	CHECK(sqlite3_exec(desk.sqlite, "INSERT INTO actions (ticket_id, "
	    "action) VALUES (1, 'open')", NULL, NULL, NULL) == SQLITE_OK);
	check_number("more", ask_actions(&c), ERR_BAD_REQUEST);
	check_part("more", args_text(&c.answer.extra, KEY_MESSAGE).base,
	    "include: more than 5000 rows of kind action");
	desk_end(&c);
}

static void
fields_are_those_that_are_asked_for(void **state)
{
	static const struct { const char *fields; struct text want; } rows[] = {
		{ "username", TEXT_OF("{\"username\":\"admin\"}") },
		{ "disabled", TEXT_OF("{\"disabled\":false}") },
		{ "username", TEXT_OF("{\"username\":\"admin\"}") },
		{ "id", TEXT_OF("{\"id\":1}") },
	};
	struct call	c;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		desk_begin(&c, OP_USER_GET);
		args_put_number(&c.request.args, KEY_ID, 1);
		args_put_text(&c.request.args, KEY_FIELDS,
		    text_of(rows[i].fields));
		check_number(rows[i].fields, desk_call(&desk, &c), OK);
		check_text(rows[i].fields, c.answer.fragment, rows[i].want);
		desk_end(&c);
	}
}

/* A search is for any text, however long; it is not stored. */
static void
a_search_has_no_bounds(void **state)
{
	struct call	c;

	(void)state;
	desk_begin(&c, OP_CATEGORY_LIST);
	args_put_number(&c.request.args, KEY_PAGE, 1);
	args_put_number(&c.request.args, KEY_PER_PAGE, 50);
	args_put_text(&c.request.args, KEY_DEPARTMENT, TEXT_OF("x"));
	check_number("short", desk_call(&desk, &c), OK);
	check_text("finds nothing", c.answer.fragment, TEXT_OF("[]"));
	desk_end(&c);
}

/* What a peer gives that the operation does not take is not there. */
static void
other_arguments_are_dropped(void **state)
{
	struct call	c;

	(void)state;
	desk_begin(&c, OP_TICKET_CREATE);
	c.request.actor = 42;
	args_put_text(&c.request.args, KEY_TITLE, TEXT_OF("title"));
	args_put_text(&c.request.args, KEY_CONTENT, TEXT_OF("content"));
	args_put_number(&c.request.args, KEY_CATEGORY_ID, 1);
	args_put_number(&c.request.args, KEY_TICKET_PRIORITY_ID, 1);
	args_put_number(&c.request.args, KEY_ACTOR, 7);
	args_put_number(&c.request.args, KEY_NOW, 1);
	args_put_number(&c.request.args, KEY_ID, 99);
	check_number("created", desk_call(&desk, &c), OK);
	check_number("by who asked", desk_number(&desk,
	    "SELECT started_id FROM tickets"), 42);
	check_true("now", desk_number(&desk,
	    "SELECT date_added FROM tickets") > 1);
	check_number("with an id of ours", desk_number(&desk,
	    "SELECT id FROM tickets"), 1);
	desk_end(&c);
}

static void
operations_of_others_are_unknown(void **state)
{
	static const uint64_t	codes[] = {
		OP_NONE, 3, 9, OP_USER_GET, OP_TICKET_GET, OP_POST_LIST,
		OP_END, 1000000
	};
	struct call		c;
	enum op_kind		kind;

	(void)state;
	for (size_t i = 0; i < LEN(codes); i++) {
		desk_begin(&c, (enum op_code)codes[i]);
		check_number("call", desk_call(&desk, &c), ERR_UNKNOWN_OP);
		check_true("kind", !op_kind_of(&desk.tables, codes[i], &kind));
		desk_end(&c);
	}
	check_true("beyond", !op_kind_of(&desk.tables, OP_END, &kind));
	check_true("far beyond", !op_kind_of(&desk.tables, UINT64_MAX, &kind));
	check_true("a read", op_kind_of(&desk.tables, OP_STATUS_GET, &kind) &&
	    kind == OP_READ);
	check_true("a write", op_kind_of(&desk.tables, OP_CATEGORY_CREATE,
	    &kind) && kind == OP_WRITE);
}

/* --- guards ------------------------------------------------------------ */

static void
guards_are_asked_in_order(void **state)
{
	static const struct { const char *name, *category; int64_t department;
	    enum err want; const char *message; } rows[] = {
		{ "new", "Printers", 3, OK, "" },
		{ "must not be there", "Printers", 3, ERR_BAD_REQUEST,
		    "Category within department already exists." },
		{ "elsewhere it may", "Printers", 4, OK, "" },
		{ "must be there", "Printers", 99, ERR_BAD_REQUEST,
		    "not a valid department_id" },
		{ "by bytes, not letters", "printers", 3, OK, "" },
	};
	struct call	c;
	int64_t		before;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		before = desk_number(&desk, "SELECT count(*) FROM categories");
		desk_begin(&c, OP_CATEGORY_CREATE);
		args_put_text(&c.request.args, KEY_CATEGORY,
		    text_of(rows[i].category));
		args_put_number(&c.request.args, KEY_DEPARTMENT_ID,
		    rows[i].department);
		check_number(rows[i].name, desk_call(&desk, &c), rows[i].want);
		check_text(rows[i].name, args_text(&c.answer.extra,
		    KEY_MESSAGE), text_of(rows[i].message));
		check_number(rows[i].name, desk_number(&desk,
		    "SELECT count(*) FROM categories"),
		    before + (rows[i].want == OK));
		desk_end(&c);
	}
}

static void
a_check_is_all_guards(void **state)
{
	static const struct { int64_t category, priority; enum err want;
	    const char *message; } rows[] = {
		{ 1, 1, OK, "" },
		{ 14, 3, OK, "" },
		{ 0, 1, ERR_BAD_REQUEST, "not a valid category_id" },
		{ 1, INT64_MAX, ERR_BAD_REQUEST,
		    "not a valid ticket_priority_id" },
		{ -1, -1, ERR_BAD_REQUEST, "not a valid category_id" },
	};
	struct call	c;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		desk_begin(&c, OP_TICKET_CHECK);
		args_put_number(&c.request.args, KEY_CATEGORY_ID,
		    rows[i].category);
		args_put_number(&c.request.args, KEY_TICKET_PRIORITY_ID,
		    rows[i].priority);
		check_number(rows[i].message, desk_call(&desk, &c),
		    rows[i].want);
		check_text(rows[i].message, args_text(&c.answer.extra,
		    KEY_MESSAGE), text_of(rows[i].message));
		check_text("no JSON", c.answer.fragment, TEXT_OF(""));
		desk_end(&c);
	}
}

/* --- pages ------------------------------------------------------------- */

static size_t
count_objects(struct text fragment)
{
	size_t	count = 0;

	for (size_t i = 0; i + 5 < fragment.len; i++)
		count += memcmp(fragment.base + i, "\"id\":", 5) == 0;
	return count;
}

static void
pages_are_cut(void **state)
{
	/* three priorities: low, medium, high */
	static const struct { const char *name; int64_t page, per_page;
	    enum err want; size_t items; const char *first; } rows[] = {
		{ "all", 1, 50, OK, 3, "\"id\":1," },
		{ "just all", 1, 3, OK, 3, "\"id\":1," },
		{ "the first", 1, 2, OK, 2, "\"id\":1," },
		{ "the last, not full", 2, 2, OK, 1, "\"id\":3," },
		{ "one behind the last", 3, 2, ERR_NOT_FOUND, 0, "" },
		{ "behind a full one", 2, 3, ERR_NOT_FOUND, 0, "" },
		{ "of one each", 3, 1, OK, 1, "\"id\":3," },
		{ "beyond", 4, 1, ERR_NOT_FOUND, 0, "" },
		{ "page 0", 0, 2, ERR_NOT_FOUND, 0, "" },
		{ "before", -1, 2, ERR_NOT_FOUND, 0, "" },
		{ "the least", INT64_MIN, 2, ERR_NOT_FOUND, 0, "" },
		{ "the most", INT64_MAX, 2, ERR_NOT_FOUND, 0, "" },
		{ "the most of the most", INT64_MAX, INT64_MAX, ERR_NOT_FOUND,
		    0, "" },
		{ "the second of the most", 2, INT64_MAX, ERR_NOT_FOUND, 0,
		    "" },
		{ "the most there is", 1, INT64_MAX, OK, 3, "\"id\":1," },
		{ "of no length", 1, 0, ERR_NOT_FOUND, 0, "" },
		{ "of less", 1, -1, ERR_NOT_FOUND, 0, "" },
		{ "of the least", 1, INT64_MIN, ERR_NOT_FOUND, 0, "" },
	};
	struct call	c;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		desk_begin(&c, OP_PRIORITY_LIST);
		args_put_number(&c.request.args, KEY_PAGE, rows[i].page);
		args_put_number(&c.request.args, KEY_PER_PAGE,
		    rows[i].per_page);
		check_number(rows[i].name, desk_call(&desk, &c), rows[i].want);
		check_number(rows[i].name, c.answer.total,
		    rows[i].want == OK ? 3 : 0);
		check_number(rows[i].name, (int64_t)count_objects(
		    c.answer.fragment), (int64_t)rows[i].items);
		if (rows[i].want == OK) {
			buf_put_byte(&c.fragment, '\0');
			check_part(rows[i].name, c.fragment.base,
			    rows[i].first);
		}
		desk_end(&c);
	}
}

static void
page_one_of_nothing_is_empty(void **state)
{
	static const struct { int64_t page; enum err want; const char *text; }
	rows[] = {
		{ 1, OK, "[]" }, { 2, ERR_NOT_FOUND, "" },
		{ INT64_MAX, ERR_NOT_FOUND, "" }, { 0, ERR_NOT_FOUND, "" }
	};
	struct call	c;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		desk_begin(&c, OP_TICKET_LIST);
		args_put_number(&c.request.args, KEY_PAGE, rows[i].page);
		args_put_number(&c.request.args, KEY_PER_PAGE, 1);
		check_number("page", desk_call(&desk, &c), rows[i].want);
		check_number("total", c.answer.total, 0);
		check_text("items", c.answer.fragment, text_of(rows[i].text));
		desk_end(&c);
	}
}

/* Of the rows for one operation, that serves whose keys are given. */
static void
the_row_that_fits_serves(void **state)
{
	struct call	c;

	(void)state;
	for (int named = 0; named < 2; named++) {
		desk_begin(&c, OP_USER_LIST);
		args_put_number(&c.request.args, KEY_PAGE, 1);
		args_put_number(&c.request.args, KEY_PER_PAGE, 50);
		if (named)
			args_put_text(&c.request.args, KEY_NAME,
			    TEXT_OF("NOTIF"));
		check_number("list", desk_call(&desk, &c), OK);
		check_number("total", c.answer.total, named ? 1 : 2);
		check_number("items", (int64_t)count_objects(
		    c.answer.fragment), named ? 1 : 2);
		desk_end(&c);
	}
}

/* --- also, emits ------------------------------------------------------- */

static enum err
create_ticket(int64_t actor, struct call *ret)
{
	desk_begin(ret, OP_TICKET_CREATE);
	ret->request.actor = actor;
	args_put_text(&ret->request.args, KEY_TITLE, TEXT_OF("title"));
	args_put_text(&ret->request.args, KEY_CONTENT, TEXT_OF("content"));
	args_put_number(&ret->request.args, KEY_CATEGORY_ID, 1);
	args_put_number(&ret->request.args, KEY_TICKET_PRIORITY_ID, 1);
	return desk_call(&desk, ret);
}

static void
a_creation_has_consequences(void **state)
{
	struct call	c;

	(void)state;
	for (int i = 1; i <= 2; i++) {
		check_number("created", create_ticket(40 + i, &c), OK);
		check_number("its id", args_number(&c.answer.extra, KEY_ID, 0),
		    i);
		check_true("a tally", c.tallied && c.emitted == 0);
		desk_end(&c);
	}
	check_number("also: subscriptions", desk_number(&desk,
	    "SELECT count(*) FROM subscriptions "
	    "WHERE user_id = ticket_id + 40"), 2);
	check_number("events", desk_number(&desk,
	    "SELECT count(*) FROM outbox"), 2);
	check_number("in order", desk_number(&desk,
	    "SELECT count(*) FROM outbox WHERE actor = seq + 40"), 2);
	check_number("for the user service", desk_number(&desk,
	    "SELECT count(*) FROM outbox WHERE consumer = 1 AND op = 16"), 2);
	/* USER_WROTE_TICKET needs nothing of its own: an empty map */
	check_number("without arguments", desk_number(&desk,
	    "SELECT count(*) FROM outbox WHERE args = x'80'"), 2);
}

/*
 * No operation of today emits an EVENT; here TICKET_USER_NAMED passes itself
 * on.
 */
static void
an_event_that_is_waited_for_is_told(void **state)
{
	static struct op	 ops[64];
	struct service		 service = ticket_service;
	struct desk		 d;
	struct call		 c;
	struct frame_reader	*frames = frame_reader_new();
	struct args		 payload;
	sqlite3_stmt		*st;
	size_t			 i;

	(void)state;
	for (i = 0; ticket_service.ops[i].op != OP_NONE; i++) {
		ops[i] = ticket_service.ops[i];
		if (ops[i].op == OP_TICKET_USER_NAMED)
			ops[i].emits[0] = OP_TICKET_USER_NAMED;
	}
	assert_true(i < LEN(ops));
	service.ops = ops;
	desk_open(&d, &service);
	desk_begin(&c, OP_TICKET_USER_NAMED);
	args_put_number(&c.request.args, KEY_SOURCE, SERVICE_USER);
	args_put_number(&c.request.args, KEY_STREAM, 9);
	args_put_number(&c.request.args, KEY_SEQ, 70);
	args_put_number(&c.request.args, KEY_ID, 5);
	args_put_text(&c.request.args, KEY_NAME, TEXT_OF("Ada"));
	check_number("applied", desk_call(&d, &c), OK);
	check_true("not a tally", !c.tallied);
	check_number("its number", c.emitted, desk_number(&d,
	    "SELECT seq FROM outbox"));
	check_number("who gets it", c.consumer, SERVICE_TICKET);
	sqlite3_prepare_v2(d.sqlite, "SELECT args FROM outbox", -1, &st, NULL);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	frame_reader_start(frames, sqlite3_column_blob(st, 0),
	    (size_t)sqlite3_column_bytes(st, 0));
	assert_int_equal(frame_next_args(frames, &payload), FRAME_ONE);
	check_true("what it needs and no more",
	    keyset_equals(args_keys(&payload), K(ID, NAME)));
	check_number("id", args_number(&payload, KEY_ID, 0), 5);
	check_text("name", args_text(&payload, KEY_NAME), TEXT_OF("Ada"));
	sqlite3_finalize(st);
	frame_reader_destroy(&frames);
	desk_end(&c);
	desk_close(&d);
}

static void
a_new_store_tells_of_its_seed(void **state)
{
	struct frame_reader	*frames = frame_reader_new();
	struct args		 args;
	sqlite3_stmt		*st;
	static const char *const names[] = { "admin", "notification" };

	(void)state;
	sqlite3_prepare_v2(desk.sqlite, "SELECT args, consumer, op "
	    "FROM outbox ORDER BY seq", -1, &st, NULL);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(sqlite3_step(st), SQLITE_ROW);
		check_number("to", sqlite3_column_int(st, 1), SERVICE_TICKET);
		check_number("what", sqlite3_column_int(st, 2),
		    OP_TICKET_USER_CHANGED);
		frame_reader_start(frames, sqlite3_column_blob(st, 0),
		    (size_t)sqlite3_column_bytes(st, 0));
		assert_int_equal(frame_next_args(frames, &args), FRAME_ONE);
		check_number("id", args_number(&args, KEY_ID, 0), i + 1);
		check_text("name", args_text(&args, KEY_NAME),
		    text_of(names[i]));
	}
	assert_int_equal(sqlite3_step(st), SQLITE_DONE);
	sqlite3_finalize(st);
	frame_reader_destroy(&frames);
}

/* --- versions --------------------------------------------------------------- */

static int64_t
tag_of_department(int64_t id)
{
	struct call	c;
	int64_t		tag;

	desk_begin(&c, OP_DEPARTMENT_GET);
	args_put_number(&c.request.args, KEY_ID, id);
	assert_int_equal(desk_call(&desk, &c), OK);
	tag = c.answer.tag;
	desk_end(&c);
	return tag;
}

static void
tags_are_of_things_and_their_versions(void **state)
{
	int64_t	one = tag_of_department(1), two = tag_of_department(2);

	(void)state;
	check_true("there is one", one > 0);
	check_true("each its own", one != two);
	check_true("the same again", one == tag_of_department(1));
	check_true("made of these", one == op_tag(&desk.session, 1, 1));
	sqlite3_exec(desk.sqlite, "UPDATE departments SET version = 2 "
	    "WHERE id = 1", NULL, NULL, NULL);
	check_true("another version", one != tag_of_department(1));
	check_true("not of the others", two == tag_of_department(2));
	check_true("of this store", op_tag(&(struct session){ .stream =
	    desk.session.stream + 1 }, 1, 1) != one);
}

static enum err
rename_if(const char *if_match, const char *name)
{
	struct call	c;
	enum err	e;

	desk_begin(&c, OP_DEPARTMENT_EDIT);
	args_put_number(&c.request.args, KEY_ID, 1);
	args_put_text(&c.request.args, KEY_DEPARTMENT, text_of(name));
	args_put_text(&c.request.args, KEY_IF_MATCH, text_of(if_match));
	c.request.rights = RIGHT_STAFF;
	e = desk_call(&desk, &c);
	desk_end(&c);
	return e;
}

/* A row's format, with the tag of department 1 in the place of its %s. */
static void
put_tag(const char *format, char *ret, size_t size)
{
	char	tag[20];

	snprintf(tag, sizeof(tag), "%016llx",
	    (unsigned long long)tag_of_department(1));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-extra-args"
	snprintf(ret, size, format, tag);
#pragma GCC diagnostic pop
}

static void
if_match_compares_versions(void **state)
{
	static const struct { const char *format; enum err want; } rows[] = {
		{ "", ERR_PRECONDITION }, { "%.0s,", ERR_PRECONDITION },
		{ "%.0s\"\"", ERR_PRECONDITION },
		{ "%.0s\"0123456789abcdef\"", ERR_PRECONDITION },
		{ "%s", ERR_PRECONDITION },		/* no quotes */
		{ "W/\"%s\"", ERR_PRECONDITION },	/* weak */
		{ "\"%sx\"", ERR_PRECONDITION },
		{ "\"%s", ERR_PRECONDITION },
		{ "\"%s\"x", ERR_PRECONDITION },
		{ "\"%s.0123", ERR_PRECONDITION },
		{ "%.0s\"a,*,b\"", ERR_PRECONDITION }, /* one tag */
		{ "%.0s\"0000000000000000\"", ERR_PRECONDITION },
		{ "\"x, \"%s\"", ERR_PRECONDITION },
		{ "\"a,b\", \"%s\"", OK },
		{ "\"%s\"", OK }, { "\"%s.0123456789abcdef\"", OK },
		{ " \"x\" ,\t\"%s\" ", OK }, { "%.0s*", OK },
		{ "%.0s\"x\", *", OK },
	};
	char	if_match[100], name[20];

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		put_tag(rows[i].format, if_match, sizeof(if_match));
		snprintf(name, sizeof(name), "name %zu", i);
		check_number(if_match, rename_if(if_match, name),
		    rows[i].want);
		check_number(if_match, desk_number(&desk, "SELECT count(*) "
		    "FROM departments WHERE department LIKE 'name %'"),
		    i < 13 ? 0 : 1);
	}
}

static void
if_none_match_compares_versions(void **state)
{
	static const struct { const char *format; enum err want; } rows[] = {
		{ "\"%s\"", ERR_PRECONDITION },
		{ "W/\"%s\"", ERR_PRECONDITION },
		{ "\"%s.0123456789abcdef\"", ERR_PRECONDITION },
		{ "\"x\", W/\"%s\"", ERR_PRECONDITION },
		{ "%.0s*", ERR_PRECONDITION },
		{ "%.0s\"0123456789abcdef\"", OK }, { "", OK },
		{ "%.0sW/", OK }, { "%.0s\"0000000000000000\"", OK },
	};
	struct call	c;
	char		tags[100], name[20];

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		put_tag(rows[i].format, tags, sizeof(tags));
		snprintf(name, sizeof(name), "none %zu", i);
		desk_begin(&c, OP_DEPARTMENT_EDIT);
		args_put_number(&c.request.args, KEY_ID, 1);
		args_put_text(&c.request.args, KEY_DEPARTMENT, text_of(name));
		args_put_text(&c.request.args, KEY_IF_NONE_MATCH,
		    text_of(tags));
		c.request.rights = RIGHT_STAFF;
		check_number(tags, desk_call(&desk, &c), rows[i].want);
		desk_end(&c);
	}
}

/* What is not there yet has no version, and so no tag: not even one of 0. */
static void
a_creation_matches_no_tag(void **state)
{
	static const struct { const char *if_match; enum err want; } rows[] = {
		{ "\"0000000000000000\"", ERR_PRECONDITION },
		{ "\"0000000000000000.0000000000000000\"", ERR_PRECONDITION },
		{ "\"x\", \"0000000000000000\"", ERR_PRECONDITION },
		{ "\"0123456789abcdef\"", ERR_PRECONDITION },
		{ "", ERR_PRECONDITION }, { "*", OK },
	};
	struct call	c;
	char		name[20];

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		snprintf(name, sizeof(name), "made %zu", i);
		desk_begin(&c, OP_DEPARTMENT_CREATE);
		args_put_text(&c.request.args, KEY_DEPARTMENT, text_of(name));
		args_put_text(&c.request.args, KEY_IF_MATCH,
		    text_of(rows[i].if_match));
		c.request.rights = RIGHT_STAFF;
		check_number(rows[i].if_match, desk_call(&desk, &c),
		    rows[i].want);
		desk_end(&c);
	}
	check_number("made", desk_number(&desk, "SELECT count(*) FROM "
	    "departments WHERE department LIKE 'made %'"), 1);
}

/* --- sending again ------------------------------------------------------------ */

static enum err
create_once(const char *key, const char *digest, const char *name,
    int64_t actor, struct call *ret)
{
	desk_begin(ret, OP_DEPARTMENT_CREATE);
	ret->request.actor = actor;
	args_put_text(&ret->request.args, KEY_DEPARTMENT, text_of(name));
	args_put_text(&ret->request.args, KEY_IDEMPOTENCY_KEY, text_of(key));
	args_put_text(&ret->request.args, KEY_DIGEST, text_of(digest));
	return desk_call(&desk, ret);
}

#define DIGEST_A	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST_B	"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void
a_key_stands_for_its_answer(void **state)
{
	struct call	first, again;

	(void)state;
	assert_int_equal(create_once("k", DIGEST_A, "Once", 1, &first), OK);
	assert_int_equal(create_once("k", DIGEST_A, "Once", 1, &again), OK);
	check_text("the same", again.answer.fragment, first.answer.fragment);
	check_number("id", args_number(&again.answer.extra, KEY_ID, 0),
	    args_number(&first.answer.extra, KEY_ID, -1));
	check_true("tag", again.answer.tag == first.answer.tag);
	desk_end(&again);
	desk_end(&first);
	check_number("another request", create_once("k", DIGEST_B, "Other", 1,
	    &again), ERR_KEY_REUSED);
	desk_end(&again);
	check_number("another user", create_once("k", DIGEST_A, "Two", 2,
	    &again), OK);
	desk_end(&again);
	check_number("what failed is not kept", create_once("l", DIGEST_A,
	    "Once", 1, &again), ERR_BAD_REQUEST);
	desk_end(&again);
	check_number("and can be tried again", create_once("l", DIGEST_A,
	    "Three", 1, &again), OK);
	desk_end(&again);
	check_number("made", desk_number(&desk, "SELECT count(*) FROM "
	    "departments WHERE department IN ('Once', 'Two', 'Three')"), 3);
	/* a day later it is forgotten, by a clock that is known to go right */
	unit_steady_clock();
	sqlite3_exec(desk.sqlite, "UPDATE answers SET date = date - "
	    "86400000001", NULL, NULL, NULL);
	check_number("forgotten", create_once("k", DIGEST_A, "Once", 1,
	    &again), ERR_BAD_REQUEST);
	desk_end(&again);
	check_number("a new one", create_once("m", DIGEST_A, "Four", 1,
	    &again), OK);
	desk_end(&again);
	check_number("the old ones go", desk_number(&desk,
	    "SELECT count(*) FROM answers"), 1);
}

/* --- fields and references ------------------------------------------------------ */

static enum err
get_fields(const char *fields, struct call *ret)
{
	desk_begin(ret, OP_STATUS_GET);
	args_put_number(&ret->request.args, KEY_ID, 1);
	args_put_text(&ret->request.args, KEY_FIELDS, text_of(fields));
	return desk_call(&desk, ret);
}

static void
fields_choose_members(void **state)
{
	static const struct { const char *fields, *want, *unknown; } rows[] = {
		{ "id", "{\"id\":1}", NULL },
		{ "status,id", "{\"id\":1,\"status\":\"Open\"}", NULL },
		{ "id", "{\"id\":1}", NULL },
		{ "status,status", "{\"status\":\"Open\"}", NULL },
		{ "links", "{\"links\":{\"self\":\"\x01status/1\","
		    "\"statuses\":\"\x01statuses/\"}}", NULL },
		{ "", NULL, "\"\"" }, { "id,", NULL, "\"\"" },
		{ "self", NULL, "\"self\"" }, { "Id", NULL, "\"Id\"" },
		{ "id,colour", NULL, "\"colour\"" },
	};
	struct call	c;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		check_number(rows[i].fields, get_fields(rows[i].fields, &c),
		    rows[i].want != NULL ? OK : ERR_BAD_REQUEST);
		if (rows[i].want != NULL)
			check_text(rows[i].fields, c.answer.fragment,
			    text_of(rows[i].want));
		else
			check_part(rows[i].fields, args_text(&c.answer.extra,
			    KEY_MESSAGE).base, rows[i].unknown);
		desk_end(&c);
	}
}

static void
delivered_events_are_deleted(void **state)
{
	struct call	c;

	(void)state;
	for (int i = 0; i < 3; i++) {
		create_ticket(1, &c);
		desk_end(&c);
	}
	desk_begin(&c, OP_OUTBOX_DONE);
	args_put_number(&c.request.args, KEY_CONSUMER, SERVICE_USER);
	args_put_number(&c.request.args, KEY_SEQ, 2);
	check_number("done", desk_call(&desk, &c), OK);
	desk_end(&c);
	check_number("one is left", desk_number(&desk,
	    "SELECT count(*) FROM outbox"), 1);
	check_number("the last", desk_number(&desk,
	    "SELECT seq FROM outbox"), 3);
}

/* --- events ------------------------------------------------------------ */

static void
an_event_is_applied_once_and_in_order(void **state)
{
	static const struct { const char *name; int64_t source, stream, seq,
	    after; enum err want; int64_t posts; } rows[] = {
		{ "the first", 2, 7, 10, 0, OK, 1 },
		{ "again", 2, 7, 10, 0, OK, 1 },
		{ "an older one", 2, 7, 9, 0, OK, 1 },
		{ "what follows it", 2, 7, 11, 10, OK, 2 },
		{ "that again", 2, 7, 11, 10, OK, 2 },
		{ "what overtook", 2, 7, 14, 13, ERR_OUT_OF_ORDER, 2 },
		{ "and again", 2, 7, 14, 13, ERR_OUT_OF_ORDER, 2 },
		{ "its forerunner", 2, 7, 13, 11, OK, 3 },
		{ "now it may come", 2, 7, 14, 13, OK, 4 },
		{ "after an older one", 2, 7, 15, 10, OK, 5 },
		{ "another stream", 2, 8, 1, 0, OK, 6 },
		{ "another source", 3, 7, 1, 0, OK, 7 },
		{ "which knows no others", 3, 7, 16, 15, ERR_OUT_OF_ORDER, 7 },
		{ "the first goes on", 2, 7, 16, 15, OK, 8 },
		{ "the last there can be", 2, 7, INT64_MAX, 16, OK, 9 },
	};
	struct call	c;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		desk_begin(&c, OP_USER_WROTE_TICKET);
		args_put_number(&c.request.args, KEY_SOURCE, rows[i].source);
		args_put_number(&c.request.args, KEY_STREAM, rows[i].stream);
		args_put_number(&c.request.args, KEY_SEQ, rows[i].seq);
		if (rows[i].after != 0)
			args_put_number(&c.request.args, KEY_AFTER,
			    rows[i].after);
		check_number(rows[i].name, desk_call(&desk, &c), rows[i].want);
		check_number(rows[i].name, desk_number(&desk,
		    "SELECT total_posts FROM users WHERE id = 1"),
		    rows[i].posts);
		desk_end(&c);
	}
	desk_begin(&c, OP_USER_WROTE_TICKET);
	args_put_number(&c.request.args, KEY_SEQ, 1);
	check_number("of no source", desk_call(&desk, &c), ERR_BAD_REQUEST);
	desk_end(&c);
}

/* --- heartbeats and failures ------------------------------------------- */

static void
a_heartbeat_is_answered(void **state)
{
	struct call	c;

	(void)state;
	desk_begin(&c, OP_PING);
	check_number("PING", desk_call(&desk, &c), OK);
	check_true("clock", args_number(&c.answer.extra, KEY_CLOCK, 0) > 0);
	check_number("writes", args_number(&c.answer.extra, KEY_WRITES, 0), 1);
	desk_end(&c);
}

static void
a_store_that_fails_is_answered(void **state)
{
	static const char *const	triggers[] = {
		"CREATE TEMP TRIGGER fail BEFORE INSERT ON %s "
		"BEGIN SELECT RAISE(ABORT, 'no'); END",
		"CREATE TEMP TRIGGER fail AFTER INSERT ON %s "
		"BEGIN SELECT RAISE(FAIL, 'no'); END",
	};
	/* the operation's own, what it does also, what it emits */
	static const char *const	tables[] = {
		"tickets", "subscriptions", "outbox"
	};
	struct call	 c;
	char		*sql;

	(void)state;
	for (size_t i = 0; i < LEN(triggers); i++)
		for (size_t j = 0; j < LEN(tables); j++) {
			sql = sqlite3_mprintf(triggers[i], tables[j]);
			store_exec(desk.sqlite, "BEGIN");
			store_exec(desk.sqlite, sql);
			check_number(sql, create_ticket(1, &c), ERR_STORE);
			check_text(sql, c.answer.fragment, TEXT_OF(""));
			desk_end(&c);
			store_exec(desk.sqlite, "ROLLBACK");
			sqlite3_free(sql);
		}
	check_number("the lane goes on", create_ticket(1, &c), OK);
	desk_end(&c);
	check_number("one is there", desk_number(&desk,
	    "SELECT count(*) FROM tickets"), 1);
}

static void
a_lane_that_reads_does_not_write(void **state)
{
	struct session	reader;
	struct call	c;

	(void)state;
	session_open(&reader, &desk.tables, desk.path, true);
	check_number("the same stream", reader.stream, desk.session.stream);
	desk_begin(&c, OP_DEPARTMENT_CREATE);
	args_put_text(&c.request.args, KEY_DEPARTMENT, TEXT_OF("Post"));
	op_call(&reader, &c);
	check_number("write", c.answer.error, ERR_STORE);
	desk_end(&c);
	desk_begin(&c, OP_STATUS_GET);
	args_put_number(&c.request.args, KEY_ID, 1);
	op_call(&reader, &c);
	check_number("read", c.answer.error, OK);
	desk_end(&c);
	session_close(&reader);
}

int
main(void)
{
#define ON(service, sentence, f) ON_DESK(&service##_service, sentence, f)
	const struct CMUnitTest	tests[] = {
		ON(lookup, "one row is one object, no row is not there",
		    one_row_is_one_object),
		ON(lookup, "a text that is there may be stored again",
		    what_is_there_may_be_stored_again),
		ON(lookup, "arguments that are stored are checked once more",
		    arguments_are_checked),
		ON(lookup, "a search may be for any text",
		    a_search_has_no_bounds),
		ON(ticket, "arguments that are not an operation's are dropped",
		    other_arguments_are_dropped),
		ON(lookup, "operations of other services are unknown",
		    operations_of_others_are_unknown),
		ON(lookup, "guards are asked in order, the first no counts",
		    guards_are_asked_in_order),
		ON(ticket, "a bulk has so many rows at most",
		    a_bulk_has_so_many_rows_at_most),
		ON(user, "fields are those that are asked for this time",
		    fields_are_those_that_are_asked_for),
		ON(lookup, "a read without an operation may fail",
		    a_read_without_an_operation_may_fail),
		ON(lookup, "a guard that fails lets nothing pass",
		    a_guard_that_fails_lets_nothing_pass),
		ON(lookup, "an operation may be guards and no more",
		    a_check_is_all_guards),
		ON(lookup, "a page is cut, and what is no page is not there",
		    pages_are_cut),
		ON(ticket, "page one of nothing is empty, page two is not "
		    "there", page_one_of_nothing_is_empty),
		ON(user, "of an operation's rows, that serves whose keys are "
		    "given", the_row_that_fits_serves),
		ON(ticket, "a creation writes what follows, and an event",
		    a_creation_has_consequences),
		TEST("an event that is waited for is told, with what it needs",
		    an_event_that_is_waited_for_is_told),
		ON(user, "a new store tells of its users",
		    a_new_store_tells_of_its_seed),
		ON(lookup, "tags are of things and their versions",
		    tags_are_of_things_and_their_versions),
		ON(lookup, "If-Match compares versions",
		    if_match_compares_versions),
		ON(lookup, "If-None-Match compares versions",
		    if_none_match_compares_versions),
		ON(lookup, "a creation matches no tag",
		    a_creation_matches_no_tag),
		ON(lookup, "a key stands for its answer, for a day",
		    a_key_stands_for_its_answer),
		ON(lookup, "fields choose members, and are known",
		    fields_choose_members),
		ON(ticket, "events that were delivered are deleted",
		    delivered_events_are_deleted),
		ON(user, "an event is applied once, and in order",
		    an_event_is_applied_once_and_in_order),
		ON(ticket, "a heartbeat is answered", a_heartbeat_is_answered),
		ON(ticket, "a store that fails is answered with STORE",
		    a_store_that_fails_is_answered),
		ON(lookup, "a lane that reads does not write",
		    a_lane_that_reads_does_not_write),
	};

	return cmocka_run_group_tests_name("op", tests, NULL, NULL);
}
