/*
 * services/ticket/index/, list/, search/: lists and searches of a store that
 * changes, compared with what SQL says of it.
 */
#include "tickets.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "services/ticket/index/columns.h"
#include "services/ticket/search/postings.h"
#include "services/ticket/search/search.h"
#include "services/ticket/ticket.h"

static void
write_ticket(int64_t id, const char *title)
{
	run("INSERT INTO tickets (id, title, content, started_id, date_added, "
	    "status_id, category_id, ticket_priority_id, last_updated) "
	    "VALUES (%lld, %Q, 'nothing much', %u, %u, %u, %u, %u, %u)",
	    (long long)id, title, below(9), below(99), below(3), below(9),
	    below(3), below(99));
}

/* Ask again as long as it is put off, as gateways do. */
static enum err
ask(struct call *c)
{
	const struct timespec	pause = { .tv_nsec = 1000000 };
	const struct request	r = c->request;

	while (desk_call(&desk, c) == ERR_LOADING) {
		desk_end(c);
		desk_begin(c, r.op);
		c->request = r;
		nanosleep(&pause, NULL);
	}
	return c->answer.error;
}

/* The ids of a list in one text, commas between. */
static void
list_ids(const char *sort, const char *content, struct buf *ret)
{
	struct call	c;
	struct args	*args = &c.request.args;

	desk_begin(&c, OP_TICKET_LIST);
	args_put_number(args, KEY_PAGE, 1);
	args_put_number(args, KEY_PER_PAGE, 1 << 20);
	args_put_text(args, KEY_FIELDS, TEXT_OF("id"));
	args_put_text(args, KEY_SORT, text_of(sort));
	if (content != NULL)
		args_put_text(args, KEY_CONTENT, text_of(content));
	check_number(sort, ask(&c), OK);
	ret->len = 0;
	buf_put(ret, c.answer.fragment.base, c.answer.fragment.len);
	desk_end(&c);
}

static void
select_ids(const char *query, struct buf *ret)
{
	sqlite3_stmt	*st;
	int		 result;

	assert_int_equal(sqlite3_prepare_v2(desk.sqlite, query, -1, &st,
	    NULL), SQLITE_OK);
	ret->len = 0;
	buf_put_byte(ret, '[');
	while ((result = sqlite3_step(st)) == SQLITE_ROW)
		buf_printf(ret, "%s{\"id\":%lld}", ret->len > 1 ? "," : "",
		    (long long)sqlite3_column_int64(st, 0));
	buf_put_byte(ret, ']');
	check_number(query, result, SQLITE_DONE);
	sqlite3_finalize(st);
}

static void
check_list(const char *sort, const char *content, const char *query)
{
	struct buf	have = { 0 }, want = { 0 };

	list_ids(sort, content, &have);
	select_ids(query, &want);
	check_text(query, buf_text(&have), buf_text(&want));
	buf_done(&have);
	buf_done(&want);
}

static void
check_sorts(void)
{
	check_list("ticketid", NULL, "SELECT id FROM tickets ORDER BY id");
	check_list("ticketid_desc", NULL,
	    "SELECT id FROM tickets ORDER BY id DESC");
	check_list("title", NULL, "SELECT id FROM tickets "
	    "ORDER BY ifnull(title, ''), id");
	check_list("title_desc", NULL, "SELECT id FROM tickets "
	    "ORDER BY ifnull(title, '') DESC, id");
	check_list("addedon_desc", NULL, "SELECT id FROM tickets "
	    "ORDER BY date_added DESC, id");
	check_list("addedby", NULL, "SELECT t.id FROM tickets t LEFT JOIN "
	    "user_names n ON n.id = started_id ORDER BY name, t.id");
}

/* --- columns ------------------------------------------------------------- */

static void
lists_follow_what_is_written(void **state)
{
	static const char *const titles[] = { "a", "b", "zz", "B", "a b", "",
	    "\xc3\xa9", NULL, "m" };

	(void)state;
	check_sorts();
	for (int64_t round = 1; round <= 60; round++) {
		for (unsigned i = below(4) + 1; i > 0; i--)
			write_ticket(round * 10 + i, titles[below(9)]);
		if (round % 3 == 0)
			run("UPDATE tickets SET title = 'm' || id %% %u "
			    "WHERE id %% 7 = %u", below(9) + 1, below(7));
		if (round % 5 == 0)
			run("DELETE FROM tickets WHERE id %% 11 = %u",
			    below(11));
		if (round % 7 == 0)
			run("INSERT OR REPLACE INTO user_names (id, name) "
			    "VALUES (%u, char(65 + %u))", below(9), below(26));
		check_sorts();
	}
}

/* One by one at one place there is room for only so many. */
static void
titles_find_room_between_each_other(void **state)
{
	char	title[32];

	(void)state;
	for (int i = 0; i < 150; i++) {
		snprintf(title, sizeof(title), "down %03d", 999 - i);
		write_ticket(0x10000 + 2 * i, title);
		snprintf(title, sizeof(title), "up %03d", i);
		write_ticket(0x10000 + 2 * i + 1, title);
		check_list("title", NULL, "SELECT id FROM tickets "
		    "ORDER BY title, id");
	}
}

static void
many_changes_at_once_are_read_as_a_whole(void **state)
{
	(void)state;
	check_sorts();
	run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
	    "WHERE i < 2500) INSERT INTO tickets (title, date_added) "
	    "SELECT 'title ' || i * 7919 %% 2503, i * 31 %% 97 FROM n");
	check_sorts();
	/* more than are kept: what was missed cannot be read one by one */
	for (int i = 0; i < 10; i++)
		run("UPDATE tickets SET last_updated = %d", i);
	run("UPDATE tickets SET title = 'other ' || id WHERE id %% 2");
	check_true("pruned", desk_number(&desk, "SELECT min(seq) FROM changes")
	    > 1);
	check_sorts();
	/* and few of them, by their ids */
	run("UPDATE tickets SET title = 'third ' || id WHERE id %% 9 = 0");
	check_sorts();
	run("DELETE FROM tickets WHERE id %% 4 = 0");
	check_sorts();
}

static void
ids_may_have_any_gaps(void **state)
{
	static const int64_t	ids[] = { -5, 1, 2, 3, 1000, 1001,
				    INT64_C(1) << 30, (INT64_C(1) << 30) + 1 };

	(void)state;
	for (size_t i = 0; i < LEN(ids); i++) {
		write_ticket(ids[i], i % 2 == 0 ? "even one" : "odd one");
		check_sorts();
		check_list("ticketid", "even", "SELECT rowid FROM ticket_words "
		    "WHERE ticket_words MATCH 'even' ORDER BY rowid");
	}
	/* one that is not where new ones are */
	write_ticket(500, "even two");
	check_sorts();
	check_list("title_desc", "even", "SELECT id FROM tickets "
	    "WHERE title LIKE 'even%' ORDER BY title DESC, id");
	run("DELETE FROM tickets WHERE id = 1000");
	check_list("ticketid", "even", "SELECT id FROM tickets "
	    "WHERE title LIKE 'even%' ORDER BY id");
}

/* --- many tickets -------------------------------------------------------- */

#define MANY	40000	/* so that not every list is of few */

static const struct filter_row	filters[] = {
	{ KEY_STATUS_IDS, "1", "t.status_id = 1" },
	{ KEY_STATUS_IDS, "2,3", "t.status_id IN (2, 3)" },
	{ KEY_STATUS_IDS, "3", "t.status_id = 3" },
	{ KEY_PRIORITY_IDS, "1,2", "t.ticket_priority_id IN (1, 2)" },
	{ KEY_CATEGORY_IDS, "1,2,3,4,5", "t.category_id BETWEEN 1 AND 5" },
	{ KEY_CATEGORY_IDS, "7", "t.category_id = 7" },
	{ KEY_ASSIGNED_IDS, "unassigned", "t.assigned_id IS NULL" },
	{ KEY_ASSIGNED_IDS, "5,unassigned",
	    "(t.assigned_id = 5 OR t.assigned_id IS NULL)" },
	{ KEY_ASSIGNED_IDS, "4,5", "t.assigned_id IN (4, 5)" },
	{ KEY_CREATED_IDS, "3,4", "t.started_id IN (3, 4)" },
	{ KEY_USER_IDS, "4,8",
	    "(t.started_id IN (4, 8) OR t.assigned_id IN (4, 8))" },
	{ KEY_SUBSCRIBER_IDS, "2", "t.id IN (SELECT ticket_id "
	    "FROM subscriptions WHERE user_id = 2)" },
	{ KEY_SUBSCRIBER_IDS, "3", "t.id IN (SELECT ticket_id "
	    "FROM subscriptions WHERE user_id = 3)" },
	{ KEY_ADDED_SINCE, "1970-01-02", "t.date_added >= 86400000000" },
	{ KEY_ADDED_BEFORE, "1970-01-01T06:00",
	    "t.date_added < 21600000000" },
	{ KEY_UPDATED_SINCE, "1970-01-01T12:00",
	    "t.last_updated >= 43200000000" },
	{ KEY_UPDATED_BEFORE, "1970-01-01T00:30",
	    "t.last_updated < 1800000000" },
	{ KEY_CONTENT, "seldom", "t.id IN (SELECT rowid FROM ticket_words "
	    "WHERE ticket_words MATCH 'seldom')" },
	{ KEY_CONTENT, "often", "t.id IN (SELECT rowid FROM ticket_words "
	    "WHERE ticket_words MATCH 'often')" },
};

static const struct {
	const char	*name;
	const char	*sql;
} sorts[] = {
	{ "ticketid", "t.id" }, { "priority", "t.ticket_priority_id" },
	{ "title", "ifnull(t.title, '')" }, { "addedby", "ifnull(a.name, '')" },
	{ "addedon", "t.date_added" }, { "last_updated", "t.last_updated" },
	{ "replies", "t.replies" }, { "status", "t.status_id" },
	{ "department_category",
	    "ifnull(d.department, '') #, ifnull(c.category, '')" },
	{ "assigned", "ifnull(n.name, '')" },
	{ "time", "t.hours + t.reply_hours" },
};

static void
write_many(void)
{
	run("INSERT INTO user_names (id, name) VALUES (1, 'Zo\xc3\xab'), "
	    "(2, 'adam'), (3, 'Adam'), (4, 'adam'), (5, NULL), (6, ''), "
	    "(7, '\xe6\xbc\xa2')");
	write_departments();
	run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
	    "WHERE i < %d) INSERT INTO tickets (title, content, started_id, "
	    "date_added, status_id, category_id, ticket_priority_id, "
	    "last_updated, assigned_id, hours, replies) SELECT "
	    "CASE WHEN i %% 50 THEN 'title ' || (i * 7919 %% 9973) "
	    "|| char(200 + i %% 99) END, CASE WHEN i %% 90 THEN 'often' "
	    "ELSE 'seldom often' END, nullif(i * i %% 9, 8), "
	    "nullif(i * 104729 %% 150000, 7) * 1000000, "
	    "CASE WHEN i %% 40 THEN 2 ELSE i %% 3 + 1 END, i * 31 %% 9, "
	    "i * 17 %% 4, (i * 7727 %% 90000) * 1000000, "
	    "CASE WHEN i %% 9 = 0 THEN i %% 11 END, i * i %% 300, i * 13 %% 21 "
	    "FROM n", MANY);
	run("INSERT INTO subscriptions (ticket_id, user_id) SELECT id, 2 "
	    "FROM tickets WHERE id %% 100 = 3");
	run("INSERT INTO subscriptions (ticket_id, user_id) SELECT id, 3 "
	    "FROM tickets WHERE id %% 4");
}

/* One page of a list by random filters, with its total. */
static void
check_page(void)
{
	struct call	 c;
	struct args	*args = &c.request.args;
	struct buf	 where = { 0 }, want = { 0 }, sort = { 0 };
	size_t		 by = below(LEN(sorts));
	bool		 down = below(2) == 1;
	unsigned	 per_page = below(40) + 1, pages, page;
	char		*sql;

	desk_begin(&c, OP_TICKET_LIST);
	pick_filters(filters, LEN(filters), 3, args, &where);
	for (const char *p = sorts[by].sql; *p != '\0'; p++)
		if (*p != '#')
			buf_put_byte(&sort, *p);
		else if (down)
			buf_put_text(&sort, "DESC");
	buf_put_byte(&sort, '\0');
	sql = sqlite3_mprintf("SELECT count(*) FROM tickets t WHERE %s",
	    where.base);
	pages = (unsigned)desk_number(&desk, sql) / per_page + 1;
	page = below(pages) + 1;
	sqlite3_free(sql);
	args_put_number(args, KEY_PAGE, page);
	args_put_number(args, KEY_PER_PAGE, per_page);
	args_put_text(args, KEY_FIELDS, TEXT_OF("id"));
	sql = sqlite3_mprintf("%s%s", sorts[by].name, down ? "_desc" : "");
	args_put_text(args, KEY_SORT, text_of(sql));
	if (desk_call(&desk, &c) == ERR_NOT_FOUND) {
		c.fragment.len = 0;	/* there is no such page */
		buf_put_text(&c.fragment, "[]");
	}
	sqlite3_free(sql);
	sql = sqlite3_mprintf("SELECT t.id FROM tickets t "
	    "LEFT JOIN user_names a ON a.id = t.started_id "
	    "LEFT JOIN user_names n ON n.id = t.assigned_id "
	    "LEFT JOIN category_names c ON c.id = t.category_id "
	    "LEFT JOIN department_names d ON d.id = c.department_id "
	    "WHERE %s ORDER BY %s%s, t.id LIMIT %u OFFSET %u", where.base,
	    sort.base, down ? " DESC" : "", per_page, (page - 1) * per_page);
	select_ids(sql, &want);
	check_text(sql, buf_text(&c.fragment), buf_text(&want));
	sqlite3_free(sql);
	sql = sqlite3_mprintf("SELECT count(*) FROM tickets t WHERE %s",
	    where.base);
	check_number(sql, c.answer.total, desk_number(&desk, sql));
	sqlite3_free(sql);
	desk_end(&c);
	buf_done(&where);
	buf_done(&want);
	buf_done(&sort);
}

static void
change_something(void)
{
	switch (below(9)) {
	case 0:
		run("DELETE FROM tickets WHERE id %% 1009 = %u", below(1009));
		break;
	case 1:
		run("UPDATE tickets SET title = 'title ' || id %% %u "
		    "WHERE id %% 997 = %u", below(99) + 1, below(997));
		break;
	case 2:
		run("UPDATE tickets SET status_id = %u, last_updated = "
		    "%u * 1000000 WHERE id %% 499 = %u", below(4),
		    below(90000), below(499));
		break;
	case 3:
		run("UPDATE tickets SET assigned_id = %s, category_id = %u, "
		    "replies = replies + 1, reply_hours = reply_hours + 25 "
		    "WHERE id %% 503 = %u", below(2) ? "NULL" : "9",
		    below(9), below(503));
		break;
	case 4:
		run("INSERT OR REPLACE INTO user_names (id, name) "
		    "VALUES (%u, char(65 + %u))", below(12), below(40));
		break;
	case 5:
		run("UPDATE category_names SET category = char(97 + %u) "
		    "WHERE id = %u", below(26), below(7));
		break;
	default:
		for (unsigned i = below(30); i > 0; i--)
			run("INSERT INTO tickets (title, content, "
			    "started_id, date_added, status_id, category_id, "
			    "ticket_priority_id, last_updated) VALUES ("
			    "'title %u', 'often', %u, %u, %u, %u, %u, %u)",
			    below(9999), below(12), below(99), below(4),
			    below(9), below(4), below(99));
	}
}

static void
many_tickets_are_filtered_and_sorted_as_by_sql(void **state)
{
	(void)state;
	write_many();
	for (int round = 0; round < 60; round++) {
		for (int i = 0; i < 12; i++)
			check_page();
		change_something();
	}
}

/* Walks must list what the whole list has, up and down, with filters too. */
static void
check_walk(const char *sort, const char *status)
{
	struct buf	cursor = { 0 }, ids = { 0 }, whole = { 0 };
	struct call	c;
	struct args	*args = &c.request.args;

	for (bool more = true; more; ) {
		desk_begin(&c, OP_TICKET_LIST);
		args_put_number(args, KEY_PAGE, 1);
		args_put_number(args, KEY_PER_PAGE, 3331);
		args_put_text(args, KEY_FIELDS, TEXT_OF("id"));
		args_put_text(args, KEY_SORT, text_of(sort));
		args_put_text(args, KEY_STATUS_IDS, text_of(status));
		args_put_text(args, KEY_CURSOR, buf_text(&cursor));
		check_number(sort, desk_call(&desk, &c), OK);
		if (c.fragment.len > 2) {
			if (ids.len > 0)
				buf_put_byte(&ids, ',');
			buf_put(&ids, c.fragment.base + 1,
			    c.fragment.len - 2);
		}
		cursor.len = 0;
		more = args_has(&c.answer.extra, KEY_CURSOR);
		if (more) {
			struct text	t = args_text(&c.answer.extra,
					    KEY_CURSOR);

			buf_put(&cursor, t.base, t.len);
		}
		desk_end(&c);
	}
	desk_begin(&c, OP_TICKET_LIST);
	args_put_number(args, KEY_PAGE, 1);
	args_put_number(args, KEY_PER_PAGE, 1 << 20);
	args_put_text(args, KEY_FIELDS, TEXT_OF("id"));
	args_put_text(args, KEY_SORT, text_of(sort));
	args_put_text(args, KEY_STATUS_IDS, text_of(status));
	check_number(sort, desk_call(&desk, &c), OK);
	buf_put(&whole, c.fragment.base + 1, c.fragment.len - 2);
	check_text(sort, buf_text(&ids), buf_text(&whole));
	desk_end(&c);
	buf_done(&cursor);
	buf_done(&ids);
	buf_done(&whole);
}

static void
walks_go_through_the_whole_list(void **state)
{
	static const char *const	names[] = { "ticketid", "ticketid_desc",
					    "title", "title_desc", "status_desc",
					    "addedby", "addedby_desc",
					    "last_updated_desc",
					    "department_category_desc" };

	(void)state;
	write_many();
	for (size_t i = 0; i < LEN(names); i++) {
		check_walk(names[i], "2");	/* most */
		check_walk(names[i], "1");	/* few */
	}
}

/* --- the first load ------------------------------------------------------ */

/* PINGs do not wait for it. */
static void
columns_are_loaded_beside_the_loop(void **state)
{
	struct call	c;

	(void)state;
	write_many();
	desk_load_index(&desk);
	desk_begin(&c, OP_PING);
	check_number("PING", desk_call(&desk, &c), OK);
	desk_end(&c);
	/* the whole list can be told without them, any other is waited for */
	check_list("ticketid", NULL, "SELECT id FROM tickets ORDER BY id");
	/* what is written meanwhile belongs to it, too */
	write_ticket(MANY + 1, "new");
	check_sorts();
	desk_begin(&c, OP_PING);
	check_number("PING", desk_call(&desk, &c), OK);
	desk_end(&c);
	check_sorts();
}

/* --- postings ------------------------------------------------------------ */

/* A text of some of fifty words, more often the first. */
static void
make_text(struct buf *b, unsigned words)
{
	unsigned	word;

	b->len = 0;
	while (words-- > 0) {
		word = below(50);
		word = word * below(50) / 50;
		buf_printf(b, "%c%c%s ", 'a' + (int)word % 5,
		    'a' + (int)word / 5, word % 3 == 0 ? "long" : "");
	}
	buf_put_byte(b, '\0');
}

static void
write_reply(int64_t post_id, struct buf *text)
{
	make_text(text, below(60) + 1);
	run("INSERT INTO reply_words (rowid, content) VALUES "
	    "((SELECT id FROM tickets ORDER BY id LIMIT 1 OFFSET %u) "
	    "* 4294967296 + %lld, %Q)", below(380), (long long)post_id,
	    text->base);
	run("INSERT INTO replies (post_id, ticket_id) VALUES (%lld, 1)",
	    (long long)post_id);
}

static void
check_search(const char *words, const char *fts)
{
	char	*query = sqlite3_mprintf("SELECT id FROM tickets WHERE id IN "
		    "(SELECT rowid FROM ticket_words WHERE ticket_words MATCH "
		    "%Q UNION SELECT rowid >> 32 FROM reply_words "
		    "WHERE reply_words MATCH %Q) ORDER BY id", fts, fts);

	/* what is kept of searches is of the tickets: have one changed */
	run("UPDATE tickets SET hours = hours + 1 WHERE id = 1");
	check_list("ticketid", words, query);
	sqlite3_free(query);
}

static void
check_searches(void)
{
	check_search("aa", "aa");
	check_search("aalong", "aalong");
	check_search("AA", "aa");
	check_search("bb cb", "bb cb");
	check_search("bb cb da", "bb cb da");
	check_search("a*", "a*");
	check_search("aal*", "aal*");
	check_search("b* c*", "b* c*");
	check_search("e* bb", "e* bb");
	check_search("\"aa ba\"", "\"aa ba\"");
	check_search("zz", "zz");
	check_search("zz*", "zz*");
	check_search("A z", "a z");
	check_search("ej*", "ej*");
}

/*
 * Texts of many pages, in segments of every age; rows that were taken out,
 * and put in again, in others than they were in before.
 */
static void
words_are_found_as_fts5_finds_them(void **state)
{
	struct buf	text = { 0 };
	int64_t		post_id = 0;

	(void)state;
	for (int64_t id = 1; id <= 400; id++) {
		make_text(&text, below(80) + 1);
		run("INSERT INTO tickets (id, title, content) "
		    "VALUES (%lld, 'aa', %Q)", (long long)id, text.base);
	}
	for (int round = 0; round < 12; round++) {
		run("BEGIN");
		for (int i = 0; i < 300; i++)
			write_reply(++post_id, &text);
		run("COMMIT");
		check_searches();
		for (int i = 0; i < 40; i++) {
			make_text(&text, below(80) + 1);
			run("UPDATE tickets SET content = %Q WHERE id = %u",
			    text.base, below(400) + 1);
		}
		check_searches();
		run("DELETE FROM tickets WHERE id = %u", below(400) + 2);
		check_searches();
		if (round % 4 == 2)
			run("INSERT INTO reply_words (reply_words, rank) "
			    "VALUES ('merge', 8)");
		if (round % 4 == 3)
			run("INSERT INTO reply_words (reply_words) "
			    "VALUES ('optimize')");
		check_searches();
		if (round == 8)
			run("INSERT INTO ticket_words (ticket_words, rank) "
			    "VALUES ('merge', -4)");
		check_searches();
	}
	buf_done(&text);
}

/* A reply's text is taken out and another put in, as an edit does. */
static void
what_was_taken_out_is_not_found(void **state)
{
	(void)state;
	write_ticket(1, "one");
	run("INSERT INTO replies (post_id, ticket_id) VALUES (9, 1)");
	for (int i = 0; i < 5; i++) {
		run("INSERT INTO reply_words (rowid, content) "
		    "VALUES (4294967305, 'apple pear')");
		check_search("apple", "apple");
		check_list("ticketid", "apple", "SELECT 1");
		run("BEGIN");
		run("INSERT INTO reply_words (reply_words, rowid, content) "
		    "VALUES ('delete', 4294967305, 'apple pear')");
		run("INSERT INTO reply_words (rowid, content) "
		    "VALUES (4294967305, 'pear plum')");
		run("COMMIT");
		check_search("apple", "apple");
		check_search("pear", "pear");
		check_search("p*", "p*");
		run("INSERT INTO reply_words (reply_words, rowid, content) "
		    "VALUES ('delete', 4294967305, 'pear plum')");
		check_search("p*", "p*");
		check_list("ticketid", "plum", "SELECT 1 WHERE false");
	}
}

static void
count_posting(void *arg, int64_t row, unsigned first, unsigned others)
{
	int64_t	*sums = arg;

	sums[0] += row;
	sums[1] += first;
	sums[2] += others;
}

static void
postings_say_how_often_a_word_is_where(void **state)
{
	static const struct postings_of	of = { SQL_TICKET_TEXT_BLOCK,
					    SQL_TICKET_TEXT_PAGE };
	struct call	c;
	int64_t		sums[3] = { 0 };

	(void)state;
	run("INSERT INTO tickets (id, title, content) VALUES "
	    "(1, 'oak elm', 'oak and oak and oaks'), (2, 'elm', 'oak'), "
	    "(4, 'oak oak', 'elm')");
	desk_begin(&c, OP_TICKET_LIST);
	c.session = &desk.session;
	check_number("read", postings_read(&c, &of, TEXT_OF("oak"), false,
	    true, count_posting, sums), OK);
	check_number("rows", sums[0], 7);
	check_number("in titles", sums[1], 3);
	check_number("in contents", sums[2], 3);
	check_number("read", postings_read(&c, &of, TEXT_OF("oak"), true,
	    true, count_posting, sums), OK);
	check_number("with oaks", sums[0], 7 + 8);
	desk_end(&c);
}

/* --- searches that are put aside -------------------------------------------- */

static void
begin_search(struct call *c, const char *words)
{
	desk_begin(c, OP_TICKET_LIST);
	args_put_number(&c->request.args, KEY_PAGE, 1);
	args_put_number(&c->request.args, KEY_PER_PAGE, 50);
	args_put_text(&c->request.args, KEY_CONTENT, text_of(words));
}

static void
furnish(void)
{
	run("INSERT INTO tickets (id, title, content) VALUES "
	    "(1, 'oak elm', 'oak and oak'), (2, 'elm', 'oak'), "
	    "(9000000, 'oak', 'far away'), (9000001, 'elm', 'no tree')");
}

/* What is made on the other thread, here. */
static void *
make_aside(const char *words)
{
	struct call	c;
	void		*made;

	begin_search(&c, words);
	desk.session.may_put_aside = true;
	check_number(words, ask(&c), ERR_EXPIRED);
	check_true("it is put aside", c.put_aside);
	check_number(words, search_aside(&c), OK);
	made = c.made;
	desk_end(&c);
	return made;
}

static void
search_with(const char *row, void *made, int64_t want, bool is_kept)
{
	struct call	c;

	begin_search(&c, "oak");
	c.made = made;
	check_number(row, ask(&c), OK);
	check_true(row, !c.put_aside && c.made == NULL);
	check_number(row, c.answer.total, want);
	check_number(row, c.passing, !is_kept);
	desk_end(&c);
}

static void
a_search_that_was_put_aside_is_kept(void **state)
{
	(void)state;
	furnish();
	search_with("of one made aside", make_aside("oak"), 3, true);
	search_with("again", NULL, 3, true);
}

/* Somebody else's was quicker: a sanitizer sees that this one is freed. */
static void
a_search_that_was_not_needed_is_freed(void **state)
{
	void	*late;

	(void)state;
	furnish();
	late = make_aside("oak");
	search_with("the first", make_aside("oak"), 3, true);
	search_with("the answer is kept from here on", NULL, 3, true);
	search_with("one that is late", late, 3, true);
}

static void
ask_with_tag(const char *row, int64_t tag, void *made, int64_t *ret_tag)
{
	struct call	c;
	char		text[24];

	snprintf(text, sizeof(text), "\"%016llx\"", (unsigned long long)tag);
	begin_search(&c, "oak");
	args_put_text(&c.request.args, KEY_IF_NONE_MATCH, text_of(text));
	c.made = made;
	check_number(row, ask(&c), OK);
	check_true(row, !c.put_aside && c.made == NULL);
	*ret_tag = c.answer.tag;
	desk_end(&c);
}

/* The tag of a user's own tickets, and how much is said to one who has `had`. */
static size_t
ask_own(int64_t actor, int64_t had, int64_t *ret_tag)
{
	struct call	c;
	char		text[24];
	size_t		len;

	snprintf(text, sizeof(text), "\"%016llx\"", (unsigned long long)had);
	desk_begin(&c, OP_TICKET_LIST);
	c.request.actor = actor;
	args_put_number(&c.request.args, KEY_PAGE, 1);
	args_put_number(&c.request.args, KEY_PER_PAGE, 50);
	args_put_text(&c.request.args, KEY_CREATED_IDS, TEXT_OF("me"));
	args_put_text(&c.request.args, KEY_IF_NONE_MATCH, text_of(text));
	check_number("own", ask(&c), OK);
	*ret_tag = c.answer.tag;
	len = c.answer.fragment.len;
	desk_end(&c);
	return len;
}

static void
a_tag_of_one_user_is_not_that_of_another(void **state)
{
	int64_t	first, other;

	(void)state;
	run("INSERT INTO tickets (id, title, started_id) VALUES (1, 'oak', 3), "
	    "(2, 'elm', 4)");
	check_true("a list", ask_own(3, 1, &first) > 0);
	check_number("nothing new", (int64_t)ask_own(3, first, &other), 0);
	check_true("another one's is new", ask_own(4, first, &other) > 0);
	check_true("by its tag, too", first != other);
}

static void
one_whose_answer_its_asker_has_is_freed(void **state)
{
	void	*late;
	int64_t	 tag, again;

	(void)state;
	furnish();
	late = make_aside("oak");
	ask_with_tag("the first", 1, make_aside("oak"), &tag);
	ask_with_tag("one that is late", tag, late, &again);
	check_number("the tag", again, tag);
}

/*
 * The store may have changed since: whoever waited gets what was found, of
 * those that are still there, and nobody else does.
 */
static void
a_search_of_an_earlier_state_is_for_who_waited(void **state)
{
	void		*made;
	struct call	 c;

	(void)state;
	furnish();
	made = make_aside("oak");
	run("DELETE FROM tickets WHERE id = 2");
	run("INSERT INTO tickets (id, title, content) VALUES "
	    "(3, 'oak', 'a new one'), (9000002, 'oak', 'another')");
	search_with("of an earlier state", made, 2, false);
	begin_search(&c, "oak");
	check_number("another one's", ask(&c), ERR_EXPIRED);
	check_true("another one's", c.put_aside);
	desk_end(&c);
	search_with("made anew", make_aside("oak"), 4, true);
}

static void
a_search_without_time_says_what_to_ask_for(void **state)
{
	static const char	*rows[] = { "oak", "oak elm", "o*",
				    "\"oak and\"" };
	struct call		 c;
	struct text		 message;

	(void)state;
	furnish();
	for (size_t i = 0; i < LEN(rows); i++) {
		desk.session.until_us = 1;
		begin_search(&c, rows[i]);
		c.session = &desk.session;
		c.op = NULL;
		check_number(rows[i], op_is_over(&c), true);
		check_number(rows[i], search_aside(&c), ERR_EXPIRED);
		message = args_text(&c.answer.extra, KEY_MESSAGE);
		check_true(rows[i], c.made == NULL && message.len > 0 &&
		    memmem(message.base, message.len, "takes longer", 12) !=
		    NULL);
		desk_end(&c);
		desk.session.until_us = 0;
		desk.session.over = false;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define HERE(sentence, f) ON_DESK(&ticket_service, sentence, f)
		HERE("columns are loaded beside the loop",
		    columns_are_loaded_beside_the_loop),
		HERE("lists follow what is written",
		    lists_follow_what_is_written),
		HERE("titles find room between each other",
		    titles_find_room_between_each_other),
		HERE("many changes at once are read as a whole",
		    many_changes_at_once_are_read_as_a_whole),
		HERE("ids may have any gaps", ids_may_have_any_gaps),
		HERE("many tickets are filtered and sorted as by SQL",
		    many_tickets_are_filtered_and_sorted_as_by_sql),
		HERE("walks go through the whole list",
		    walks_go_through_the_whole_list),
		HERE("words are found as FTS5 finds them",
		    words_are_found_as_fts5_finds_them),
		HERE("what was taken out is not found",
		    what_was_taken_out_is_not_found),
		HERE("postings say how often a word is where",
		    postings_say_how_often_a_word_is_where),
		HERE("a search that was put aside is kept",
		    a_search_that_was_put_aside_is_kept),
		HERE("a search that was not needed is freed",
		    a_search_that_was_not_needed_is_freed),
		HERE("a tag of one user is not that of another",
		    a_tag_of_one_user_is_not_that_of_another),
		HERE("one whose answer its asker has is freed",
		    one_whose_answer_its_asker_has_is_freed),
		HERE("a search of an earlier state is for who waited",
		    a_search_of_an_earlier_state_is_for_who_waited),
		HERE("a search without time says what to ask for",
		    a_search_without_time_says_what_to_ask_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
