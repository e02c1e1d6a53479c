/*
 * services/ticket/writes.c and events.c: who may what, what is refused, what
 * each write leaves in the store and in the outbox, on a store of its own.
 */
#include "desk.h"

#include <sqlite3.h>

#include "base/clock.h"
#include "services/store/store.h"
#include "services/ticket/ticket.h"

static int64_t		seq;

enum { ADMIN = 1, AUTHOR = 3, WORKER = 4, OTHER = 5, FORMER = 6, STAFF = 7 };

static int
open_desk(void **state)
{
	(void)state;
	desk_open(&desk, &ticket_service);
	seq = 0;
	store_exec(desk.sqlite,
	    "INSERT INTO user_names (id, name, username, disabled) VALUES "
	    "(1, 'admin', 'admin', 0), (3, 'Author', 'author', 0),"
	    "(4, 'Worker', 'worker', 0), (5, 'Other', 'other', 0),"
	    "(6, 'Former', 'former', 1), (7, 'Staff', 'staff', 0);"
	    "INSERT INTO status_names VALUES (1, 'Open'), (2, 'Closed'),"
	    "(3, 'In Work'), (4, 'Waiting');"
	    "INSERT INTO priority_names VALUES (1, 'low'), (2, 'medium');"
	    "INSERT INTO department_names VALUES (1, 'Design \"D\"', 0);"
	    "INSERT INTO category_names VALUES (1, 'Bug', 1, 0),"
	    "(2, '\xe6\xbc\xa2', 1, 0);"
	    "INSERT INTO tickets (id, title, content, started_id, date_added,"
	    "status_id, category_id, ticket_priority_id) VALUES "
	    "(7, 'a title', 'the content', 3, 1, 1, 1, 1);");
	return 0;
}

/* --- calls ---------------------------------------------------------------- */

static void
begin(struct call *c, enum op_code op, int64_t actor)
{
	desk_begin(c, op);
	c->request.actor = actor;
	c->request.rights = actor == ADMIN ? RIGHT_ADMIN | RIGHT_STAFF :
	    actor == STAFF ? RIGHT_STAFF : 0;
}

static void
end(struct call *c)
{
	buf_done(&c->message);
	desk_end(c);
}

/* An operation on ticket 7 with one number beside it, KEY_END: none. */
static enum err
act(enum op_code op, int64_t actor, enum key key, int64_t number)
{
	struct call	c;
	enum err	e;

	begin(&c, op, actor);
	args_put_number(&c.request.args, KEY_ID, 7);
	if (key != KEY_END)
		args_put_number(&c.request.args, key, number);
	e = desk_call(&desk, &c);
	end(&c);
	return e;
}

#define ACT(op, actor)	act(OP_TICKET_##op, actor, KEY_END, 0)

static int64_t
number(const char *query)
{
	return desk_number(&desk, query);
}

/* The newest action of ticket 7, its columns with bars between. */
static void
check_action(const char *row, const char *want)
{
	sqlite3_stmt	*st;

	assert_int_equal(sqlite3_prepare_v2(desk.sqlite,
	    "SELECT action || '|' || user_id "
	    "|| coalesce('|' || recipient_id, '') "
	    "|| coalesce('|' || post_id, '') || coalesce('|' || data, '') "
	    "FROM actions WHERE ticket_id = 7 ORDER BY id DESC LIMIT 1", -1,
	    &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	check_string(row, (const char *)sqlite3_column_text(st, 0), want);
	sqlite3_finalize(st);
}

static int64_t
told(enum op_code event)
{
	char	query[80];

	snprintf(query, sizeof(query),
	    "SELECT count(*) FROM outbox WHERE op = %d", (int)event);
	return number(query);
}

static void
set(const char *columns)
{
	char	query[200];

	snprintf(query, sizeof(query), "UPDATE tickets SET %s WHERE id = 7",
	    columns);
	store_exec(desk.sqlite, query);
}

static bool
is(const char *condition)
{
	char	query[300];

	snprintf(query, sizeof(query),
	    "SELECT count(*) FROM tickets WHERE id = 7 AND %s", condition);
	return number(query) == 1;
}

/* --- who may, and when ---------------------------------------------------- */

#define OPEN	"status_id = 1, assigned_id = NULL"
#define HELD	"status_id = 3, assigned_id = 4"
#define CLOSED	"status_id = 2, assigned_id = NULL"

static void
who_may_and_when(void **state)
{
	static const struct {
		const char	*ticket;
		enum op_code	 op;
		int64_t		 actor;
		enum key	 key;
		int64_t		 number;
		enum err	 want;
	} rows[] = {
		{ OPEN, OP_TICKET_EDIT, AUTHOR, KEY_HOURS, 5, OK },
		{ OPEN, OP_TICKET_EDIT, ADMIN, KEY_HOURS, 5, OK },
		{ OPEN, OP_TICKET_EDIT, STAFF, KEY_HOURS, 5, ERR_FORBIDDEN },
		{ OPEN, OP_TICKET_EDIT, AUTHOR, KEY_HOURS, 10000000000,
		    ERR_BAD_REQUEST },
		{ HELD, OP_TICKET_EDIT, WORKER, KEY_HOURS, 5, ERR_FORBIDDEN },
		{ CLOSED, OP_TICKET_EDIT, AUTHOR, KEY_HOURS, 5, ERR_CONFLICT },
		{ CLOSED, OP_TICKET_EDIT, OTHER, KEY_HOURS, 5, ERR_FORBIDDEN },
		{ OPEN, OP_TICKET_ASSIGN, OTHER, KEY_USER_ID, WORKER, OK },
		{ OPEN, OP_TICKET_ASSIGN, OTHER, KEY_USER_ID, FORMER,
		    ERR_BAD_REQUEST },
		{ OPEN, OP_TICKET_ASSIGN, OTHER, KEY_USER_ID, 999,
		    ERR_BAD_REQUEST },
		{ OPEN, OP_TICKET_ASSIGN, OTHER, KEY_END, 0, ERR_BAD_REQUEST },
		{ HELD, OP_TICKET_ASSIGN, OTHER, KEY_USER_ID, WORKER, OK },
		{ CLOSED, OP_TICKET_ASSIGN, ADMIN, KEY_USER_ID, WORKER,
		    ERR_CONFLICT },
		{ OPEN, OP_TICKET_CLAIM, OTHER, KEY_END, 0, OK },
		{ HELD, OP_TICKET_CLAIM, OTHER, KEY_END, 0, ERR_CONFLICT },
		{ HELD, OP_TICKET_CLAIM, OTHER, KEY_FORCE, 0, ERR_CONFLICT },
		{ HELD, OP_TICKET_CLAIM, ADMIN, KEY_END, 0, ERR_CONFLICT },
		{ HELD, OP_TICKET_CLAIM, OTHER, KEY_FORCE, 1, OK },
		{ HELD, OP_TICKET_CLAIM, WORKER, KEY_END, 0, OK },
		{ CLOSED, OP_TICKET_CLAIM, OTHER, KEY_FORCE, 1, ERR_CONFLICT },
		{ OPEN, OP_TICKET_RELEASE, OTHER, KEY_END, 0, ERR_CONFLICT },
		{ HELD, OP_TICKET_RELEASE, AUTHOR, KEY_END, 0, ERR_FORBIDDEN },
		{ HELD, OP_TICKET_RELEASE, STAFF, KEY_END, 0, ERR_FORBIDDEN },
		{ HELD, OP_TICKET_RELEASE, WORKER, KEY_END, 0, OK },
		{ HELD, OP_TICKET_RELEASE, ADMIN, KEY_END, 0, OK },
		{ "status_id = 2, assigned_id = 4", OP_TICKET_RELEASE, WORKER,
		    KEY_END, 0, ERR_CONFLICT },
		{ OPEN, OP_TICKET_CLOSE, AUTHOR, KEY_END, 0, OK },
		{ HELD, OP_TICKET_CLOSE, WORKER, KEY_END, 0, OK },
		{ HELD, OP_TICKET_CLOSE, ADMIN, KEY_END, 0, OK },
		{ HELD, OP_TICKET_CLOSE, STAFF, KEY_END, 0, ERR_FORBIDDEN },
		{ CLOSED, OP_TICKET_CLOSE, AUTHOR, KEY_END, 0, ERR_CONFLICT },
		{ OPEN, OP_TICKET_STATUS, OTHER, KEY_STATUS_ID, 4, OK },
		{ OPEN, OP_TICKET_STATUS, OTHER, KEY_STATUS_ID, 2,
		    ERR_BAD_REQUEST },
		{ CLOSED, OP_TICKET_STATUS, ADMIN, KEY_STATUS_ID, 1,
		    ERR_CONFLICT },
		{ OPEN, OP_TICKET_PRIORITY, OTHER, KEY_TICKET_PRIORITY_ID, 2,
		    OK },
		{ CLOSED, OP_TICKET_PRIORITY, ADMIN, KEY_TICKET_PRIORITY_ID, 2,
		    ERR_CONFLICT },
		{ OPEN, OP_TICKET_CATEGORY, ADMIN, KEY_CATEGORY_ID, 2,
		    ERR_FORBIDDEN },
	};
	char	name[40];

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		snprintf(name, sizeof(name), "%zu: %s", i,
		    op_info(rows[i].op)->name);
		set(rows[i].ticket);
		check_number(name, act(rows[i].op, rows[i].actor, rows[i].key,
		    rows[i].number), rows[i].want);
	}
}

static void
the_category_is_a_setting(void **state)
{
	static const struct {
		const char	*setting;
		int64_t		 actor;
		enum err	 want;
	} rows[] = {
		{ "nobody", ADMIN, ERR_FORBIDDEN },
		{ "staff", OTHER, ERR_FORBIDDEN },
		{ "staff", STAFF, OK },
		{ "staff", ADMIN, OK },
		{ "everybody", OTHER, OK },
	};
	struct settings	s = desk_settings();

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		s.change_category = rows[i].setting;
		ticket_service.start(&s);
		set("category_id = 1");
		check_number(rows[i].setting, act(OP_TICKET_CATEGORY,
		    rows[i].actor, KEY_CATEGORY_ID, 2), rows[i].want);
	}
	check_action("data", "department_category|5|"
	    "{\"category\":\"\xe6\xbc\xa2\",\"category_id\":2,"
	    "\"department\":\"Design \\\"D\\\"\","
	    "\"department_category\":\"Design \\\"D\\\" / \xe6\xbc\xa2\","
	    "\"department_id\":1}");
	check_true("no update, as in Flicket", is("last_updated IS NULL"));
	check_true("three versions more", is("version = 4"));
	set(CLOSED);
	check_number("closed", act(OP_TICKET_CATEGORY, ADMIN, KEY_CATEGORY_ID,
	    1), ERR_CONFLICT);
}

/* --- what writes leave ---------------------------------------------------- */

static void
each_action_leaves_its_row(void **state)
{
	(void)state;
	store_exec(desk.sqlite, "INSERT INTO reply_words (rowid, content) "
	    "SELECT column1 * 4294967296 + column2, 'words' "
	    "FROM (VALUES (7, 20), (7, 31), (6, 40), (8, 1))");
	act(OP_TICKET_ASSIGN, OTHER, KEY_USER_ID, WORKER);
	check_action("assign", "assign|5|4|31");
	check_true("assign", is("status_id = 3 AND assigned_id = 4 "
	    "AND last_updated > 1000 AND version = 2"));
	check_number("subscribed", number("SELECT count(*) FROM subscriptions "
	    "WHERE ticket_id = 7 AND user_id = 4"), 1);
	check_number("one total", told(OP_USER_COUNTED), 1);
	act(OP_TICKET_CLAIM, OTHER, KEY_FORCE, 1);
	check_action("claim", "claim|5|31");
	check_number("two totals more", told(OP_USER_COUNTED), 3);
	ACT(RELEASE, OTHER);
	check_action("release", "release|5|31");
	check_true("release", is("status_id = 1 AND assigned_id IS NULL"));
	check_number("one more", told(OP_USER_COUNTED), 4);
	act(OP_TICKET_STATUS, OTHER, KEY_STATUS_ID, 4);
	check_action("status",
	    "status|5|31|{\"status\":\"Waiting\",\"status_id\":4}");
	act(OP_TICKET_PRIORITY, OTHER, KEY_TICKET_PRIORITY_ID, 2);
	check_action("priority",
	    "priority|5|31|{\"priority\":\"medium\",\"priority_id\":2}");
	ACT(CLOSE, AUTHOR);
	check_action("close", "close|3|31");
	check_true("close", is("status_id = 2 AND version = 7"));
	check_number("nobody had it", told(OP_USER_COUNTED), 4);
}

static void
what_changes_nothing_leaves_nothing(void **state)
{
	struct call	c;

	(void)state;
	set(HELD);
	act(OP_TICKET_ASSIGN, OTHER, KEY_USER_ID, WORKER);
	ACT(CLAIM, WORKER);
	act(OP_TICKET_STATUS, OTHER, KEY_STATUS_ID, 3);
	act(OP_TICKET_PRIORITY, OTHER, KEY_TICKET_PRIORITY_ID, 1);
	act(OP_TICKET_EDIT, AUTHOR, KEY_CATEGORY_ID, 1);
	begin(&c, OP_TICKET_EDIT, AUTHOR);
	args_put_number(&c.request.args, KEY_ID, 7);
	args_put_text(&c.request.args, KEY_CONTENT, TEXT_OF("the content"));
	check_number("same content", desk_call(&desk, &c), OK);
	check_true("its answer", c.fragment.len > 0 && c.answer.tag != 0);
	end(&c);
	check_true("no version", is("version = 1 AND last_updated IS NULL "
	    "AND modified_id IS NULL"));
	check_number("no action", number("SELECT count(*) FROM actions"), 0);
	check_number("no event", number("SELECT count(*) FROM outbox"), 0);
}

static void
an_edit_leaves_the_old_content(void **state)
{
	struct call	c;

	(void)state;
	begin(&c, OP_TICKET_EDIT, ADMIN);
	args_put_number(&c.request.args, KEY_ID, 7);
	args_put_text(&c.request.args, KEY_CONTENT, TEXT_OF("other words"));
	check_number("edit", desk_call(&desk, &c), OK);
	end(&c);
	check_true("ticket", is("content = 'other words' AND title = 'a title' "
	    "AND modified_id = 1 AND date_modified = last_updated "
	    "AND version = 2"));
	check_number("told", told(OP_POST_TICKET_EDITED), 1);
	check_number("with the old one", number("SELECT count(*) FROM outbox "
	    "WHERE instr(args, CAST('the content' AS BLOB)) > 0"), 1);
	check_number("found", number("SELECT rowid FROM ticket_words "
	    "WHERE ticket_words MATCH 'words'"), 7);
	check_number("not found", number("SELECT rowid FROM ticket_words "
	    "WHERE ticket_words MATCH '\"the content\"'"), -1);
	act(OP_TICKET_EDIT, AUTHOR, KEY_HOURS, 150);
	check_true("hours", is("hours = 150 AND modified_id = 3"));
	check_number("no content, no history", told(OP_POST_TICKET_EDITED), 1);
}

static void
a_deleted_ticket_takes_all_along(void **state)
{
	(void)state;
	set("assigned_id = 4");
	store_exec(desk.sqlite, "INSERT INTO subscriptions (ticket_id, "
	    "user_id) VALUES (7, 3), (8, 3); INSERT INTO actions (ticket_id) "
	    "VALUES (7), (8); INSERT INTO replies VALUES (20, 7)");
	check_number("deleted", ACT(DELETE, ADMIN), OK);
	check_number("again", ACT(DELETE, ADMIN), ERR_NOT_FOUND);
	check_number("ticket", number("SELECT count(*) FROM tickets"), 0);
	check_number("others stay", number("SELECT (SELECT count(*) FROM "
	    "subscriptions) + (SELECT count(*) FROM actions)"), 2);
	check_number("replies are known until they are deleted",
	    number("SELECT count(*) FROM replies"), 1);
	check_number("author's and assignee's", told(OP_USER_COUNTED), 2);
	check_number("told", told(OP_POST_TICKET_DELETED), 1);
	check_number("words", number("SELECT rowid FROM ticket_words "
	    "WHERE ticket_words MATCH 'title'"), -1);
}

static void
subscriptions_come_and_go(void **state)
{
	static const struct {
		const char	*name;
		int64_t		 user;
		const char	*username;
		enum err	 want;
	} rows[] = {
		{ "by id", WORKER, NULL, OK },
		{ "again", WORKER, NULL, ERR_CONFLICT },
		{ "again by name", 0, "worker", ERR_CONFLICT },
		{ "by name", 0, "other", OK },
		{ "neither", 0, NULL, ERR_BAD_REQUEST },
		{ "both", WORKER, "worker", ERR_BAD_REQUEST },
		{ "nobody", 0, "nobody", ERR_BAD_REQUEST },
		{ "disabled", 0, "former", ERR_BAD_REQUEST },
	};
	struct call	c;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		begin(&c, OP_SUBSCRIPTION_CREATE, AUTHOR);
		args_put_number(&c.request.args, KEY_TICKET_ID, 7);
		if (rows[i].user != 0)
			args_put_number(&c.request.args, KEY_USER_ID,
			    rows[i].user);
		if (rows[i].username != NULL)
			args_put_text(&c.request.args, KEY_USERNAME,
			    text_of(rows[i].username));
		check_number(rows[i].name, desk_call(&desk, &c), rows[i].want);
		check_true(rows[i].name, rows[i].want != OK ||
		    args_has(&c.answer.extra, KEY_ID));
		end(&c);
	}
	check_action("subscribe", "subscribe|3|5");
	check_true("no update", is("last_updated IS NULL AND version = 1"));
	store_exec(desk.sqlite, "UPDATE subscriptions SET id = 7 "
	    "WHERE user_id = 4");
	check_number("not anyone", act(OP_SUBSCRIPTION_DELETE, OTHER, KEY_END,
	    0), ERR_FORBIDDEN);
	check_number("staff", act(OP_SUBSCRIPTION_DELETE, STAFF, KEY_END, 0),
	    OK);
	check_action("unsubscribe", "unsubscribe|7|4");
	check_true("an update, as in Flicket", is("last_updated > 1"));
	check_number("gone", act(OP_SUBSCRIPTION_DELETE, STAFF, KEY_END, 0),
	    ERR_NOT_FOUND);
}

/* --- events --------------------------------------------------------------- */

static void
begin_event(struct call *c, enum op_code op, int64_t post)
{
	struct args	*args = &c->request.args;

	begin(c, op, 0);
	args_put_number(args, KEY_SOURCE, SERVICE_POST);
	args_put_number(args, KEY_STREAM, 1);
	args_put_number(args, KEY_SEQ, ++seq);
	args_put_number(args, KEY_POST_ID, post);
	args_put_number(args, KEY_TICKET_ID, 7);
	args_put_text(args, KEY_CONTENT, TEXT_OF("green apples"));
	args_put_text(args, KEY_OLD_CONTENT, TEXT_OF("green apples"));
	args_put_number(args, KEY_HOURS, 25);
	args_put_number(args, KEY_OLD_HOURS, 25);
	args_put_number(args, KEY_AUTHOR_ID, OTHER);
	args_put_number(args, KEY_DATE, 5000);
}

static void
tell(struct call *c)
{
	check_number("event", desk_call(&desk, c), OK);
	end(c);
}

static int64_t
found(const char *word)
{
	char	query[120];

	snprintf(query, sizeof(query), "SELECT count(*) FROM reply_words "
	    "WHERE reply_words MATCH '%s'", word);
	return number(query);
}

static void
a_reply_counts_once(void **state)
{
	struct call	c;

	(void)state;
	for (int i = 0; i < 3; i++) {
		begin_event(&c, OP_TICKET_REPLIED, 20);
		seq -= i == 1;	/* twice the same event, then the same reply */
		args_put_number(&c.request.args, KEY_SEQ, seq);
		tell(&c);
	}
	check_true("counted", is("replies = 1 AND reply_hours = 25 "
	    "AND last_updated = 5000 AND version = 2"));
	check_number("subscribed", number("SELECT count(*) FROM subscriptions "
	    "WHERE ticket_id = 7 AND user_id = 5"), 1);
	check_number("no action", number("SELECT count(*) FROM actions"), 0);
	check_number("found", number("SELECT rowid FROM reply_words "
	    "WHERE reply_words MATCH 'apples'"), (INT64_C(7) << 32) + 20);
}

static void
a_reply_opens_and_closes(void **state)
{
	struct call	c;

	(void)state;
	set(CLOSED);
	begin_event(&c, OP_TICKET_REPLIED, 20);
	tell(&c);
	check_true("opened", is("status_id = 1"));
	check_number("no action", number("SELECT count(*) FROM actions"), 0);
	begin_event(&c, OP_TICKET_REPLIED, 21);
	args_put_number(&c.request.args, KEY_STATUS_ID, 4);
	args_put_number(&c.request.args, KEY_TICKET_PRIORITY_ID, 2);
	tell(&c);
	check_true("both", is("status_id = 4 AND ticket_priority_id = 2"));
	check_number("status", number("SELECT count(*) FROM actions "
	    "WHERE action = 'status' AND post_id = 21 AND user_id = 5 "
	    "AND date = 5000"), 1);
	check_action("priority",
	    "priority|5|21|{\"priority\":\"medium\",\"priority_id\":2}");
	set(HELD);
	begin_event(&c, OP_TICKET_REPLIED, 22);
	args_put_number(&c.request.args, KEY_CLOSE, 1);
	tell(&c);
	check_true("closed", is("status_id = 2 AND assigned_id IS NULL"));
	check_action("close", "close|5|22");
	check_number("its assignee", told(OP_USER_COUNTED), 1);
	begin_event(&c, OP_TICKET_REPLIED, 23);
	args_put_number(&c.request.args, KEY_CLOSE, 1);
	tell(&c);
	check_action("closed again", "close|5|23");
}

/* What a reply to ticket 7 is checked against. */
static int64_t
checked(void)
{
	struct call	c;
	int64_t		version;

	begin(&c, OP_REPLY_CHECK, OTHER);
	args_put_number(&c.request.args, KEY_TICKET_ID, 7);
	check_number("check", desk_call(&desk, &c), OK);
	version = args_number(&c.answer.extra, KEY_CHECKED, -1);
	end(&c);
	return version;
}

static void
who_may_close_with_a_reply(void **state)
{
	static const struct {
		const char	*name;
		int64_t		 actor;
		int64_t		 close;
		enum err	 want;
	} rows[] = {
		{ "its author", AUTHOR, 1, OK },
		{ "its assignee", WORKER, 1, OK },
		{ "an admin", ADMIN, 1, OK },
		{ "somebody else", OTHER, 1, ERR_FORBIDDEN },
		{ "staff", STAFF, 1, ERR_FORBIDDEN },
		{ "who does not close it", OTHER, 0, OK },
	};
	struct call	c;

	(void)state;
	set(HELD);
	for (size_t i = 0; i < LEN(rows); i++) {
		begin(&c, OP_REPLY_CHECK, rows[i].actor);
		args_put_number(&c.request.args, KEY_TICKET_ID, 7);
		args_put_number(&c.request.args, KEY_CLOSE, rows[i].close);
		check_number(rows[i].name, desk_call(&desk, &c), rows[i].want);
		end(&c);
	}
}

/* A reply that was checked against some version, and comes now. */
static void
begin_reply(struct call *c, int64_t post, int64_t version)
{
	begin_event(c, OP_TICKET_REPLIED, post);
	args_put_number(&c->request.args, KEY_CHECKED, version);
}

/* A reply that is told late, and was checked before what was done since. */
static void
what_was_done_since_a_reply_stays(void **state)
{
	struct call	c;
	int64_t		before = checked();

	(void)state;
	check_number("close", ACT(CLOSE, AUTHOR), OK);
	begin_reply(&c, 20, before);
	tell(&c);
	check_true("closed, and replied to", is("status_id = 2 AND replies = 1"));
	begin_reply(&c, 21, before);
	args_put_number(&c.request.args, KEY_STATUS_ID, 4);
	args_put_number(&c.request.args, KEY_TICKET_PRIORITY_ID, 2);
	tell(&c);
	check_true("no status, a priority",
	    is("status_id = 2 AND ticket_priority_id = 2 AND replies = 2"));
	set(OPEN);
	before = checked();
	check_number("claim", ACT(CLAIM, WORKER), OK);
	check_number("priority", act(OP_TICKET_PRIORITY, WORKER,
	    KEY_TICKET_PRIORITY_ID, 1), OK);
	begin_reply(&c, 22, before);
	args_put_number(&c.request.args, KEY_CLOSE, 1);
	args_put_number(&c.request.args, KEY_TICKET_PRIORITY_ID, 2);
	tell(&c);
	check_true("still in work", is("status_id = 3 AND assigned_id = 4 "
	    "AND ticket_priority_id = 1 AND replies = 3"));
}

/* Whatever the clocks of the two services say: dates are shown, not asked. */
static void
dates_do_not_decide(void **state)
{
	static const int64_t	dates[] = { 1, INT64_C(1) << 55 };
	struct call		c;
	int64_t			post = 20, before;

	(void)state;
	for (size_t i = 0; i < LEN(dates); i++) {
		check_number("close", ACT(CLOSE, AUTHOR), OK);
		begin_reply(&c, post++, checked());
		args_put_number(&c.request.args, KEY_DATE, dates[i]);
		tell(&c);
		check_true("opened", is("status_id = 1"));
		before = checked();
		check_number("status", act(OP_TICKET_STATUS, AUTHOR,
		    KEY_STATUS_ID, 3), OK);
		begin_reply(&c, post++, before);
		args_put_number(&c.request.args, KEY_DATE, dates[i]);
		args_put_number(&c.request.args, KEY_CLOSE, 1);
		tell(&c);
		check_true("still in work", is("status_id = 3"));
	}
}

/* Two that were checked before either was told: the second one comes last. */
static void
a_reply_does_not_overtake_the_next(void **state)
{
	struct call	c;
	int64_t		before = checked();

	(void)state;
	begin_reply(&c, 20, before);
	args_put_number(&c.request.args, KEY_STATUS_ID, 3);
	args_put_number(&c.request.args, KEY_TICKET_PRIORITY_ID, 2);
	tell(&c);
	begin_reply(&c, 21, before);
	args_put_number(&c.request.args, KEY_STATUS_ID, 4);
	args_put_number(&c.request.args, KEY_TICKET_PRIORITY_ID, 1);
	tell(&c);
	check_true("the second's", is("status_id = 4 AND "
	    "ticket_priority_id = 1"));
	begin_reply(&c, 22, before);
	args_put_number(&c.request.args, KEY_CLOSE, 1);
	tell(&c);
	begin_reply(&c, 23, before);
	tell(&c);
	check_true("closed and opened", is("status_id = 1"));
}

/* The priority that an edit gives has no action, and is decided all the same. */
static void
an_edit_decides_the_priority(void **state)
{
	struct call	c;
	int64_t		before = checked();

	(void)state;
	check_number("edit", act(OP_TICKET_EDIT, AUTHOR,
	    KEY_TICKET_PRIORITY_ID, 2), OK);
	begin_reply(&c, 20, before);
	args_put_number(&c.request.args, KEY_TICKET_PRIORITY_ID, 1);
	args_put_number(&c.request.args, KEY_STATUS_ID, 4);
	tell(&c);
	check_true("a status, no priority",
	    is("status_id = 4 AND ticket_priority_id = 2"));
}

/* The ticket was updated when the clock was so far ahead of now. */
static void
an_update_ends_a_date_that_is_ahead(void **state)
{
	static const struct {
		const char	*name;
		int64_t		 ahead_us;
		bool		 stays;
	} rows[] = {
		{ "earlier", -100000000, false },
		{ "a small step", 300000, true },
		{ "a day", INT64_C(86400000000), false },
		{ "a thousand years", INT64_C(31556952000000000), false },
	};
	char	column[60];

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		snprintf(column, sizeof(column), "last_updated = %lld",
		    (long long)(wall_us() + rows[i].ahead_us));
		set(column);
		check_number(rows[i].name, act(OP_TICKET_EDIT, AUTHOR,
		    KEY_HOURS, (int64_t)i + 1), OK);
		check_true(rows[i].name, is(column) == rows[i].stays);
		check_true(rows[i].name, number("SELECT last_updated "
		    "FROM tickets") <= wall_us() + 300000);
	}
}

/* A reply of the year 1970, by its service's clock. */
static void
a_late_reply_leaves_the_date_of_a_later_update(void **state)
{
	struct call	c;

	(void)state;
	set("last_updated = 6000");
	begin_event(&c, OP_TICKET_REPLIED, 20);
	tell(&c);
	check_true("it is earlier", is("last_updated = 6000 AND replies = 1"));
	set("last_updated = 86400000000 + strftime('%s', 'now') * 1000000");
	begin_event(&c, OP_TICKET_REPLIED, 21);
	tell(&c);
	check_true("ahead of all clocks", is("last_updated = 5000"));
}

static void
replies_change_and_go(void **state)
{
	struct call	c;

	(void)state;
	begin_event(&c, OP_TICKET_REPLIED, 20);
	tell(&c);
	ACT(CLOSE, AUTHOR);
	check_action("of the reply", "close|3|20");
	begin_event(&c, OP_TICKET_REPLY_EDITED, 20);
	args_put_text(&c.request.args, KEY_CONTENT, TEXT_OF("red pears"));
	args_put_number(&c.request.args, KEY_HOURS, 100);
	tell(&c);
	check_number("new words", found("pears"), 1);
	check_number("old words", found("apples"), 0);
	check_true("hours", is("reply_hours = 100 AND last_updated > 5000"));
	begin_event(&c, OP_TICKET_REPLY_EDITED, 99);
	tell(&c);
	check_true("not known", is("reply_hours = 100"));
	for (int i = 0; i < 2; i++) {
		begin_event(&c, OP_TICKET_REPLY_DELETED, 20);
		args_put_text(&c.request.args, KEY_OLD_CONTENT,
		    TEXT_OF("red pears"));
		args_put_number(&c.request.args, KEY_OLD_HOURS, 100);
		tell(&c);
	}
	check_true("gone", is("replies = 0 AND reply_hours = 0"));
	check_number("words", found("pears"), 0);
	check_action("of none", "close|3");
}

static void
replies_outlive_their_ticket(void **state)
{
	struct call	c;

	(void)state;
	begin_event(&c, OP_TICKET_REPLY_KNOWN, 20);
	tell(&c);
	check_true("known", is("replies = 1 AND last_updated IS NULL"));
	ACT(DELETE, ADMIN);
	begin_event(&c, OP_TICKET_REPLIED, 21);
	tell(&c);
	check_number("one too late goes as well", told(OP_POST_TICKET_DELETED),
	    2);
	begin_event(&c, OP_TICKET_REPLY_KNOWN, 22);
	tell(&c);
	for (int64_t post = 20; post < 23; post++) {
		begin_event(&c, OP_TICKET_REPLY_DELETED, post);
		tell(&c);
	}
	check_number("words", found("apples"), 0);
	check_number("notes", number("SELECT count(*) FROM replies"), 0);
}

static void
tell_that_user_is_gone(int64_t id)
{
	struct call	c;

	begin(&c, OP_TICKET_USER_GONE, ADMIN);
	args_put_number(&c.request.args, KEY_SOURCE, SERVICE_USER);
	args_put_number(&c.request.args, KEY_STREAM, 1);
	args_put_number(&c.request.args, KEY_SEQ, ++seq);
	args_put_number(&c.request.args, KEY_ID, id);
	tell(&c);
}

/* They were assigned while the user was being deleted. */
static void
tickets_of_a_gone_user_are_released(void **state)
{
	(void)state;
	store_exec(desk.sqlite, "INSERT INTO tickets (id, started_id, "
				"status_id, assigned_id) VALUES (8, 3, 2, 4)");
	set(HELD);
	tell_that_user_is_gone(WORKER);
	check_true("open", is("status_id = 1 AND assigned_id IS NULL"));
	check_number("a closed one stays closed",
	    number("SELECT count(*) "
		   "FROM tickets WHERE id = 8 AND status_id = 2 "
		   "AND assigned_id IS NULL"),
	    1);
	check_number("actions",
	    number("SELECT count(*) FROM actions "
		   "WHERE action = 'release'"),
	    2);
}

/* The event of a user's last reply can come after that of the user's end. */
static void
a_gone_user_is_not_subscribed(void **state)
{
	struct call	c;

	(void)state;
	store_exec(desk.sqlite, "INSERT INTO subscriptions (ticket_id, "
				"user_id) VALUES (7, 5), (7, 4)");
	tell_that_user_is_gone(OTHER);
	begin_event(&c, OP_TICKET_REPLIED, 20);
	tell(&c);
	check_true("the reply counts", is("replies = 1"));
	check_number("nobody is subscribed for it",
	    number("SELECT count(*) "
		   "FROM subscriptions WHERE user_id = 5"),
	    0);
	check_number("others are",
	    number("SELECT count(*) "
		   "FROM subscriptions WHERE user_id = 4"),
	    1);
}

static void
names_are_as_told(void **state)
{
	struct call	c;

	(void)state;
	begin(&c, OP_TICKET_USER_CHANGED, 0);
	args_put_number(&c.request.args, KEY_SOURCE, SERVICE_USER);
	args_put_number(&c.request.args, KEY_STREAM, 1);
	args_put_number(&c.request.args, KEY_SEQ, 1);
	args_put_number(&c.request.args, KEY_ID, WORKER);
	args_put_text(&c.request.args, KEY_NAME, TEXT_OF("New"));
	args_put_text(&c.request.args, KEY_USERNAME, TEXT_OF("newname"));
	args_put_number(&c.request.args, KEY_DISABLED, 1);
	tell(&c);
	check_number("disabled", act(OP_TICKET_ASSIGN, OTHER, KEY_USER_ID,
	    WORKER), ERR_BAD_REQUEST);
	check_number("row", number("SELECT count(*) FROM user_names "
	    "WHERE id = 4 AND username = 'newname' AND version = 2"), 1);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
#define DESK_TEST(sentence, function) \
	{ (sentence), (function), open_desk, desk_tear_down, NULL }
		DESK_TEST("who may, and when", who_may_and_when),
		DESK_TEST("the category is a setting",
		    the_category_is_a_setting),
		DESK_TEST("each action leaves its row",
		    each_action_leaves_its_row),
		DESK_TEST("what changes nothing leaves nothing",
		    what_changes_nothing_leaves_nothing),
		DESK_TEST("an update ends a date that is ahead",
		    an_update_ends_a_date_that_is_ahead),
		DESK_TEST("a late reply leaves the date of a later update",
		    a_late_reply_leaves_the_date_of_a_later_update),
		DESK_TEST("an edit leaves the old content",
		    an_edit_leaves_the_old_content),
		DESK_TEST("a deleted ticket takes all along",
		    a_deleted_ticket_takes_all_along),
		DESK_TEST("subscriptions come and go",
		    subscriptions_come_and_go),
		DESK_TEST("a reply counts once", a_reply_counts_once),
		DESK_TEST("a reply opens and closes", a_reply_opens_and_closes),
		DESK_TEST(
		    "who may close with a reply", who_may_close_with_a_reply),
		DESK_TEST("what was done since a reply stays",
		    what_was_done_since_a_reply_stays),
		DESK_TEST("dates do not decide", dates_do_not_decide),
		DESK_TEST("a reply does not overtake the next",
		    a_reply_does_not_overtake_the_next),
		DESK_TEST("an edit decides the priority",
		    an_edit_decides_the_priority),
		DESK_TEST("replies change and go", replies_change_and_go),
		DESK_TEST("replies outlive their ticket",
		    replies_outlive_their_ticket),
		DESK_TEST("tickets of a gone user are released",
		    tickets_of_a_gone_user_are_released),
		DESK_TEST("a gone user is not subscribed",
		    a_gone_user_is_not_subscribed),
		DESK_TEST("names are as told", names_are_as_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
