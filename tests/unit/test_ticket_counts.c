/* services/ticket/counts/: counts of a store that changes, compared with SQL's. */
#include "tickets.h"

#include <sqlite3.h>
#include <stdio.h>

#include "services/ticket/counts/counts.h"
#include "services/ticket/counts/groups.h"
#include "services/ticket/counts/views.h"
#include "services/ticket/list/few.h"
#include "services/ticket/search/results.h"
#include "services/ticket/ticket.h"

#define MANY	(FEW_MOST + 4000)	/* so that bitmaps are made */

static void
write_tickets(int count)
{
	run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
	    "WHERE i < %d) INSERT INTO tickets (title, content, started_id, "
	    "status_id, category_id, ticket_priority_id, assigned_id, "
	    "date_added) SELECT 'title', CASE WHEN i %% 90 THEN 'often' ELSE "
	    "'seldom often' END, i %% 9, nullif(i * 7 %% 5, 4), "
	    "nullif(i * 31 %% 9, 8), nullif(i * 17 %% 4, 3), "
	    "nullif(i * 13 %% 12, 11), i * 1000000 FROM n", count);
}

static int
open_desk(void **state)
{
	desk_set_up(state);
	write_departments();
	run("INSERT INTO status_names (id, status) VALUES (1, 'Open')");
	return 0;
}

/* --- what SQL says -------------------------------------------------------- */

#define ONE(column) \
	"json_object('count', n, 'id', " column ")"
#define FACET(row, columns, group) \
	"(SELECT coalesce(json_group_array(json(" row ")), '[]') FROM (SELECT " \
	"count(*) AS n, " columns " FROM chosen GROUP BY " group \
	" ORDER BY n DESC, " group " LIMIT 200))"
#define ALL_FACETS	"assigned,category,department,department_status," \
			"priority,status"

static void
select_text(const char *sql, struct buf *ret)
{
	sqlite3_stmt	*st;

	ret->len = 0;
	assert_int_equal(sqlite3_prepare_v2(desk.sqlite, sql, -1, &st, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	buf_put_text(ret, (const char *)sqlite3_column_text(st, 0));
	sqlite3_finalize(st);
}

/* The answer to all facets of the tickets that a condition leaves. */
static void
select_counts(const char *where, struct buf *ret)
{
	char	*sql = sqlite3_mprintf("WITH chosen AS (SELECT t.*, "
		    "c.department_id AS d FROM tickets t LEFT JOIN "
		    "category_names c ON c.id = t.category_id WHERE %s) "
		    "SELECT '{\"assigned\":' || "
		    FACET(ONE("assigned_id"), "assigned_id", "assigned_id")
		    " || ',\"category\":' || "
		    FACET(ONE("category_id"), "category_id", "category_id")
		    " || ',\"department\":' || " FACET(ONE("d"), "d", "d")
		    " || ',\"department_status\":' || "
		    FACET("json_object('count', n, 'department_id', d, "
		    "'status_id', status_id)", "d, status_id", "d, status_id")
		    " || ',\"others\":{\"assigned\":0,\"category\":0,"
		    "\"department\":0,\"department_status\":0,\"priority\":0,"
		    "\"status\":0},\"priority\":' || "
		    FACET(ONE("ticket_priority_id"), "ticket_priority_id",
		    "ticket_priority_id") " || ',\"status\":' || "
		    FACET(ONE("status_id"), "status_id", "status_id")
		    " || ',\"total\":' || (SELECT count(*) FROM chosen) || '}'",
		    where);

	select_text(sql, ret);
	sqlite3_free(sql);
}

/* --- what is answered ----------------------------------------------------- */

#define IS_UNREAD \
	"max(coalesce((SELECT post_id FROM seen WHERE user_id = 1 AND " \
	"ticket_id = t.id), iif(t.started_id = 1, 0, -1)), coalesce((SELECT " \
	"post_id FROM seen_marks WHERE user_id = 1 AND ticket_id >= t.id), " \
	"-1)) < coalesce((SELECT newest_post FROM milestones WHERE ticket_id " \
	"= t.id), 0)"

static const struct filter_row	filters[] = {
	{ KEY_STATUS_IDS, "1,3", "t.status_id IN (1, 3)" },
	{ KEY_PRIORITY_IDS, "2", "t.ticket_priority_id = 2" },
	{ KEY_CATEGORY_IDS, "1,2,3,7", "t.category_id IN (1, 2, 3, 7)" },
	{ KEY_DEPARTMENT_IDS, "2", "c.department_id = 2" },
	{ KEY_ASSIGNED_IDS, "unassigned", "t.assigned_id IS NULL" },
	{ KEY_ASSIGNED_IDS, "me,5", "t.assigned_id IN (1, 5)" },
	{ KEY_CREATED_IDS, "1,2", "t.started_id IN (1, 2)" },
	{ KEY_USER_IDS, "3", "3 IN (t.started_id, t.assigned_id)" },
	{ KEY_ADDED_SINCE, "1970-01-01T00:01", "t.date_added >= 60000000" },
	{ KEY_ADDED_BEFORE, "1970-01-01T00:05", "t.date_added < 300000000" },
	{ KEY_UNREAD, "me", IS_UNREAD },
	{ KEY_SUBSCRIBER_IDS, "2", "t.id IN (SELECT ticket_id FROM "
	    "subscriptions WHERE user_id = 2)" },
	{ KEY_SUBSCRIBER_IDS, "3", "t.id IN (SELECT ticket_id FROM "
	    "subscriptions WHERE user_id = 3)" },
	{ KEY_CONTENT, "seldom", "t.id IN (SELECT rowid FROM ticket_words "
	    "WHERE ticket_words MATCH 'seldom')" },
	{ KEY_CONTENT, "often", "t.id IN (SELECT rowid FROM ticket_words "
	    "WHERE ticket_words MATCH 'often')" },
	{ KEY_STATUS_IDS, "99", "false" },
};

/* A message shows the beginning of a text: have it be where they differ. */
static void
check_answer(const char *row, struct text have, struct text want)
{
	size_t	same = 0;

	while (same < have.len && same < want.len &&
	    have.base[same] == want.base[same])
		same++;
	same = same > 60 ? same - 60 : 0;
	check_text(row, (struct text){ have.base + same, have.len - same },
	    (struct text){ want.base + same, want.len - same });
}

static void
check_filtered(void)
{
	struct call	c;
	struct buf	where = { 0 }, want = { 0 };

	desk_begin(&c, OP_TICKET_COUNTS);
	args_put_text(&c.request.args, KEY_BY, TEXT_OF(ALL_FACETS));
	pick_filters(filters, LEN(filters), 2, &c.request.args, &where);
	check_number(where.base, desk_call(&desk, &c), OK);
	select_counts(where.base, &want);
	check_answer(where.base, buf_text(&c.fragment), buf_text(&want));
	desk_end(&c);
	buf_done(&where);
	buf_done(&want);
}

static void
change_something(void)
{
	switch (below(9)) {
	case 0:
		run("DELETE FROM tickets WHERE id %% 1009 = %u", below(1009));
		break;
	case 1:
		run("UPDATE tickets SET status_id = %u WHERE id %% 499 = %u",
		    below(4), below(499));
		break;
	case 2:
		run("UPDATE tickets SET assigned_id = nullif(%u, 0), "
		    "category_id = %u WHERE id %% 503 = %u", below(60),
		    below(9), below(503));
		break;
	case 3:
		run("UPDATE category_names SET department_id = nullif(%u, 0) "
		    "WHERE id = %u", below(9), below(7));
		break;
	case 4:
		run("UPDATE tickets SET ticket_priority_id = %u", below(4));
		run("UPDATE tickets SET ticket_priority_id = id %% 3");
		break;
	case 5:
		run("INSERT INTO milestones (ticket_id, newest_post) SELECT "
		    "id, id + %u FROM tickets WHERE id %% 7 = %u ON CONFLICT "
		    "(ticket_id) DO UPDATE SET newest_post = "
		    "excluded.newest_post", below(999) + 1, below(7));
		run("UPDATE tickets SET replies = replies + 1");
		break;
	case 6:
		run("INSERT INTO seen (user_id, ticket_id, post_id) SELECT "
		    "1, id, %u FROM tickets WHERE id %% 501 = %u ON CONFLICT "
		    "(user_id, ticket_id) DO UPDATE SET post_id = "
		    "excluded.post_id", below(MANY), below(501));
		break;
	case 7:
		run("INSERT OR REPLACE INTO seen_marks (user_id, ticket_id, "
		    "post_id) VALUES (1, %u, %u)", below(MANY + 999),
		    below(MANY));
		break;
	default:
		write_tickets((int)below(30) + 1);
	}
}

static void
counts_are_those_of_sql(void **state)
{
	(void)state;
	check_filtered();	/* of an empty desk */
	write_tickets(MANY);
	run("INSERT INTO subscriptions (ticket_id, user_id) SELECT id, 2 "
	    "FROM tickets WHERE id %% 100 = 3");
	run("INSERT INTO subscriptions (ticket_id, user_id) SELECT id, 3 "
	    "FROM tickets WHERE id %% 20");
	for (int round = 0; round < 30; round++) {
		for (int i = 0; i < 5; i++)
			check_filtered();
		change_something();
	}
}

/* --- codes that are large ------------------------------------------------- */

#define WIDE	66000		/* assignees, and kinds: more than 16 bits */

static void
check_wide(const char *what, const char *status, const char *want)
{
	struct call	c;

	desk_begin(&c, OP_TICKET_COUNTS);
	args_put_text(&c.request.args, KEY_BY, TEXT_OF("assigned,category"));
	if (status != NULL)
		args_put_text(&c.request.args, KEY_STATUS_IDS,
		    text_of(status));
	check_number(what, desk_call(&desk, &c), OK);
	buf_put_byte(&c.fragment, '\0');
	check_part(what, c.fragment.base, want);
	desk_end(&c);
}

/* Each ticket has an assignee and a category that no other has. */
static void
large_codes_are_counted(void **state)
{
	(void)state;
	run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
	    "WHERE i < %d) INSERT INTO tickets (title, content, status_id, "
	    "assigned_id, category_id) SELECT 'a', 'b', i %% 3, i, i FROM n",
	    WIDE);
	check_wide("each one", NULL, "\"others\":{\"assigned\":65800,"
	    "\"category\":65800},\"total\":66000}");
	check_wide("a third", "2", "\"others\":{\"assigned\":21800,"
	    "\"category\":21800},\"total\":22000}");
	run("UPDATE tickets SET assigned_id = 65990, category_id = 65991 "
	    "WHERE id > 65900");
	check_wide("some changed", NULL, "{\"assigned\":[{\"count\":100,"
	    "\"id\":65990},{\"count\":1,\"id\":1},");
	check_wide("some changed", NULL, "\"category\":[{\"count\":100,"
	    "\"id\":65991},{\"count\":1,\"id\":1},");
	check_wide("a third of them", "0", "{\"assigned\":[{\"count\":34,"
	    "\"id\":65990},{\"count\":1,\"id\":3},");
	run("DELETE FROM tickets WHERE id %% 2");
	check_wide("half of them", NULL, "{\"assigned\":[{\"count\":50,"
	    "\"id\":65990},{\"count\":1,\"id\":2},");
	check_wide("half of a third", "2", "\"total\":11000}");
}

/* --- facets --------------------------------------------------------------- */

static enum err
ask_by(const char *by, struct buf *ret)
{
	struct call	c;
	enum err	e;

	desk_begin(&c, OP_TICKET_COUNTS);
	if (by != NULL)
		args_put_text(&c.request.args, KEY_BY, text_of(by));
	e = desk_call(&desk, &c);
	ret->len = 0;
	buf_put(ret, c.fragment.base, c.fragment.len);
	desk_end(&c);
	return e;
}

static void
only_named_facets_are_counted(void **state)
{
	static const struct { const char *by, *want; } rows[] = {
		{ NULL, "{\"total\":2}" },
		{ "status", "{\"others\":{\"status\":0},\"status\":["
		    "{\"count\":1,\"id\":1},{\"count\":1,\"id\":2}],"
		    "\"total\":2}" },
		{ "status,status", "{\"others\":{\"status\":0},\"status\":["
		    "{\"count\":1,\"id\":1},{\"count\":1,\"id\":2}],"
		    "\"total\":2}" },
		{ "assigned", "{\"assigned\":[{\"count\":2,\"id\":null}],"
		    "\"others\":{\"assigned\":0},\"total\":2}" },
	};
	static const char *const	wrong[] = { "stat", "status,", ",status",
	    "status ", "Status", "id", "status,,assigned" };
	struct buf			have = { 0 };

	(void)state;
	run("INSERT INTO tickets (title, status_id) VALUES ('a', 1), ('b', 2)");
	for (size_t i = 0; i < LEN(rows); i++) {
		check_number(rows[i].want, ask_by(rows[i].by, &have), OK);
		check_text(rows[i].want, buf_text(&have),
		    text_of(rows[i].want));
	}
	for (size_t i = 0; i < LEN(wrong); i++)
		check_number(wrong[i], ask_by(wrong[i], &have),
		    ERR_BAD_REQUEST);
	buf_done(&have);
}

/* Users get codes when they are named, long before they have tickets. */
static void
users_without_tickets_are_not_counted(void **state)
{
	static const char	want[] = "{\"assigned\":[{\"count\":1,\"id\":7}"
				    "],\"others\":{\"assigned\":0},"
				    "\"total\":1}";
	struct buf		have = { 0 };

	(void)state;
	run("INSERT INTO tickets (title, assigned_id) VALUES ('a', 7)");
	check_number("few users", ask_by("assigned", &have), OK);
	check_text("few users", buf_text(&have), text_of(want));
	run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
	    "WHERE i < 50000) INSERT INTO user_names (id, name) SELECT i, "
	    "'a' || i FROM n");
	check_number("many users", ask_by("assigned", &have), OK);
	check_text("many users", buf_text(&have), text_of(want));
	buf_done(&have);
}

static size_t
occurrences(struct text t, const char *part)
{
	const char	*at = t.base, *end = t.base + t.len;
	size_t		 count = 0;

	for (; at != NULL && (at = memmem(at, (size_t)(end - at), part,
	    strlen(part))) != NULL; at++)
		count++;
	return count;
}

/* Of 250 assignees, who have 1 to 250 tickets: the 50 with fewest have 1275. */
static void
the_largest_groups_are_shown(void **state)
{
	struct buf	have = { 0 };

	(void)state;
	run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
	    "WHERE i < 250), m(i, j) AS (SELECT i, 1 FROM n UNION ALL SELECT "
	    "i, j + 1 FROM m WHERE j < i) INSERT INTO tickets (title, "
	    "assigned_id) SELECT 'a', i FROM m");
	check_number("asked", ask_by("assigned", &have), OK);
	check_number("shown", (int64_t)occurrences(buf_text(&have), "\"id\""),
	    GROUPS_MOST);
	check_part("first", have.base,
	    "[{\"count\":250,\"id\":250},");
	check_part("last", have.base,
	    "{\"count\":51,\"id\":51}]");
	check_part("others", have.base,
	    "\"others\":{\"assigned\":1275}");
	buf_done(&have);
}

/* --- views ---------------------------------------------------------------- */

static void
put_view(struct buf *b, enum key key, const char *value)
{
	struct args	args = { 0 };

	if (key == KEY_ERROR)
		args_put_number(&args, key, ERR_BAD_REQUEST);
	else if (value != NULL)
		args_put_text(&args, key, text_of(value));
	frame_put_args(b, &args);
}

static enum err
ask_views(const struct buf *views, const char *status, struct buf *ret)
{
	struct call	c;
	enum err	e;

	desk_begin(&c, OP_TICKET_COUNTS);
	args_put_text(&c.request.args, KEY_VIEWS, buf_text(views));
	if (status != NULL)
		args_put_text(&c.request.args, KEY_STATUS_IDS,
		    text_of(status));
	e = desk_call(&desk, &c);
	check_true("no extra", e != OK ||
	    keyset_is_empty(args_keys(&c.answer.extra)));
	ret->len = 0;
	buf_put(ret, c.fragment.base, c.fragment.len);
	desk_end(&c);
	return e;
}

static void
views_are_counted_each_by_its_own(void **state)
{
	static const char	want[] = "{\"views\":[4,1,2,null,null,null,1,"
				    "1]}";
	struct buf		views = { 0 }, have = { 0 };

	(void)state;
	run("INSERT INTO tickets (title, content, status_id, assigned_id) "
	    "VALUES ('a', 'word', 1, 1), ('b', 'other', 2, 1), "
	    "('c', 'text', 2, 2), ('d', 'text', 3, NULL)");
	put_view(&views, KEY_NONE, NULL);
	put_view(&views, KEY_STATUS_IDS, "1");
	put_view(&views, KEY_ASSIGNED_IDS, "me");
	put_view(&views, KEY_STATUS, "there is none");
	put_view(&views, KEY_ERROR, NULL);
	put_view(&views, KEY_CONTENT, "OR");
	put_view(&views, KEY_CONTENT, "word");
	put_view(&views, KEY_CONTENT, "other");
	check_number("asked", ask_views(&views, NULL, &have), OK);
	check_text("views", buf_text(&have), text_of(want));
	check_number("with a list", ask_views(&views, "2", &have), OK);
	check_text("with a list", buf_text(&have), TEXT_OF("{\"total\":2,"
	    "\"views\":[4,1,2,null,null,null,1,1]}"));
	buf_done(&views);
	buf_done(&have);
}

/* What is noted of the request's own search is not of its views'. */
static void
notes_are_of_the_own_list(void **state)
{
	static const struct {
		const char	*own, *view;
		bool		 noted;
	} rows[] = {
		{ "one &", "two", true },
		{ "one &", "OR", true },
		{ "one", "two &", false },
	};
	struct buf	views = { 0 };
	struct call	c;

	(void)state;
	run("INSERT INTO tickets (title, content) VALUES ('a', 'one two')");
	for (size_t i = 0; i < LEN(rows); i++) {
		views.len = 0;
		put_view(&views, KEY_CONTENT, rows[i].view);
		desk_begin(&c, OP_TICKET_COUNTS);
		args_put_text(&c.request.args, KEY_VIEWS, buf_text(&views));
		args_put_text(&c.request.args, KEY_CONTENT,
		    text_of(rows[i].own));
		check_number(rows[i].own, desk_call(&desk, &c), OK);
		check_true(rows[i].own, args_has(&c.answer.extra, KEY_NOTE) ==
		    rows[i].noted);
		check_true("nothing else", keyset_is_within(
		    args_keys(&c.answer.extra), K(NOTE)));
		desk_end(&c);
	}
	buf_done(&views);
}

static void
wrong_views_are_refused(void **state)
{
	struct buf	views = { 0 }, have = { 0 };

	(void)state;
	for (int i = 0; i < VIEWS_MOST; i++)
		put_view(&views, KEY_NONE, NULL);
	check_number("as many as may be", ask_views(&views, NULL, &have), OK);
	put_view(&views, KEY_NONE, NULL);
	check_number("one more", ask_views(&views, NULL, &have),
	    ERR_BAD_REQUEST);
	views.len = 0;
	buf_put_text(&views, "no views");
	check_number("no arguments", ask_views(&views, NULL, &have),
	    ERR_BAD_REQUEST);
	buf_done(&views);
	buf_done(&have);
}

/* What the searches beside the loop find is what the loop goes on with. */
static void
searches_are_made_for_all_views(void **state)
{
	struct buf		 views = { 0 };
	struct call		 c;
	const struct result	*r;
	int			 count = 0;

	(void)state;
	run("INSERT INTO tickets (title, content) VALUES ('a', 'one two')");
	put_view(&views, KEY_CONTENT, "one");
	put_view(&views, KEY_CONTENT, "two");
	put_view(&views, KEY_STATUS_IDS, "1");
	put_view(&views, KEY_CONTENT, "one");
	put_view(&views, KEY_CONTENT, "a*b");
	put_view(&views, KEY_CONTENT, "three");
	put_view(&views, KEY_CONTENT, "four");
	put_view(&views, KEY_CONTENT, "five");
	desk_begin(&c, OP_TICKET_COUNTS);
	args_put_text(&c.request.args, KEY_VIEWS, buf_text(&views));
	args_put_text(&c.request.args, KEY_CONTENT, TEXT_OF("two"));
	c.session = &desk.session;
	check_number("made", counts_aside(&c), OK);
	for (r = c.made; r != NULL; r = r->next)
		count++;
	check_number("each once", count, 5);
	check_number("counted", desk_call(&desk, &c), OK);
	check_text("counted", buf_text(&c.fragment), TEXT_OF("{\"total\":1,"
	    "\"views\":[1,1,0,1,null,0,0,0]}"));
	desk_end(&c);
	buf_done(&views);
}

#define ON_TICKETS(sentence, f) \
	{ sentence, f, open_desk, desk_tear_down, (void *)&ticket_service }

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		ON_TICKETS("counts are those of SQL", counts_are_those_of_sql),
		ON_TICKETS("large codes are counted", large_codes_are_counted),
		ON_TICKETS("only named facets are counted",
		    only_named_facets_are_counted),
		ON_TICKETS("users without tickets are not counted",
		    users_without_tickets_are_not_counted),
		ON_TICKETS("the largest groups are shown",
		    the_largest_groups_are_shown),
		ON_TICKETS("views are counted each by its own",
		    views_are_counted_each_by_its_own),
		ON_TICKETS("notes are of the own list",
		    notes_are_of_the_own_list),
		ON_TICKETS("wrong views are refused", wrong_views_are_refused),
		ON_TICKETS("searches are made for all views",
		    searches_are_made_for_all_views),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
