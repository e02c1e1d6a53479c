/*
 * services/ticket/columns.c, list.c, search.c, postings.c: lists and searches
 * of a store that changes, compared with what SQL says of it.
 */
#include "desk.h"

#include <stdio.h>
#include <stdlib.h>

#include "services/ticket/columns.h"
#include "services/ticket/postings.h"
#include "services/ticket/ticket.h"

static struct desk	desk;
static uint64_t		seed = 42;

static int
open_desk(void **state)
{
	(void)state;
	desk_open(&desk, &ticket_service);
	return 0;
}

static int
close_desk(void **state)
{
	(void)state;
	desk_close(&desk);
	return 0;
}

static unsigned
below(unsigned most)
{
	return (unsigned)(unit_random(&seed) % most);
}

/* Statements, put together as sqlite3_mprintf() does. */
static void
run(const char *format, ...)
{
	char	*sql;
	va_list	 ap;

	va_start(ap, format);
	sql = sqlite3_vmprintf(format, ap);
	va_end(ap);
	store_exec(desk.lane.db, sql);
	sqlite3_free(sql);
}

static void
write_ticket(int64_t id, const char *title)
{
	run("INSERT INTO tickets (id, title, content, started_id, date_added, "
	    "status_id, category_id, ticket_priority_id, last_updated) "
	    "VALUES (%lld, %Q, 'nothing much', %u, %u, %u, %u, %u, %u)",
	    (long long)id, title, below(9), below(99), below(3), below(9),
	    below(3), below(99));
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
	check_number(sort, desk_call(&desk, &c), OK);
	ret->len = 0;
	buf_put(ret, c.answer.fragment.base, c.answer.fragment.len);
	desk_end(&c);
}

static void
select_ids(const char *query, struct buf *ret)
{
	sqlite3_stmt	*st;

	assert_int_equal(sqlite3_prepare_v2(desk.lane.db, query, -1, &st,
	    NULL), SQLITE_OK);
	ret->len = 0;
	buf_put_byte(ret, '[');
	while (sqlite3_step(st) == SQLITE_ROW)
		buf_printf(ret, "%s{\"id\":%lld}", ret->len > 1 ? "," : "",
		    (long long)sqlite3_column_int64(st, 0));
	buf_put_byte(ret, ']');
	sqlite3_finalize(st);
}

static void
check_list(const char *sort, const char *content, const char *query)
{
	struct buf	have = { 0 }, want = { 0 };

	list_ids(sort, content, &have);
	select_ids(query, &want);
	check_text(query, text_in(&have), text_in(&want));
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
		check_list("ticketid", "even", "SELECT rowid FROM ticket_text "
		    "WHERE ticket_text MATCH 'even' ORDER BY rowid");
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
	run("INSERT INTO reply_text (rowid, content) VALUES "
	    "((SELECT id FROM tickets ORDER BY id LIMIT 1 OFFSET %u) "
	    "* 4294967296 + %lld, %Q)", below(400), (long long)post_id,
	    text->base);
	run("INSERT INTO replies (post_id, ticket_id) VALUES (%lld, 1)",
	    (long long)post_id);
}

static void
check_search(const char *words, const char *fts)
{
	char	*query = sqlite3_mprintf("SELECT id FROM tickets WHERE id IN "
		    "(SELECT rowid FROM ticket_text WHERE ticket_text MATCH "
		    "%Q UNION SELECT rowid >> 32 FROM reply_text "
		    "WHERE reply_text MATCH %Q) ORDER BY id", fts, fts);

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
			run("INSERT INTO reply_text (reply_text, rank) "
			    "VALUES ('merge', 8)");
		if (round % 4 == 3)
			run("INSERT INTO reply_text (reply_text) "
			    "VALUES ('optimize')");
		check_searches();
		if (round == 8)
			run("INSERT INTO ticket_text (ticket_text, rank) "
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
		run("INSERT INTO reply_text (rowid, content) "
		    "VALUES (4294967305, 'apple pear')");
		check_search("apple", "apple");
		check_list("ticketid", "apple", "SELECT 1");
		run("BEGIN");
		run("INSERT INTO reply_text (reply_text, rowid, content) "
		    "VALUES ('delete', 4294967305, 'apple pear')");
		run("INSERT INTO reply_text (rowid, content) "
		    "VALUES (4294967305, 'pear plum')");
		run("COMMIT");
		check_search("apple", "apple");
		check_search("pear", "pear");
		check_search("p*", "p*");
		run("INSERT INTO reply_text (reply_text, rowid, content) "
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
	c.lane = &desk.lane;
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define ON_DESK(sentence, function) \
		{ (sentence), (function), open_desk, close_desk, NULL }
		ON_DESK("lists follow what is written",
		    lists_follow_what_is_written),
		ON_DESK("titles find room between each other",
		    titles_find_room_between_each_other),
		ON_DESK("many changes at once are read as a whole",
		    many_changes_at_once_are_read_as_a_whole),
		ON_DESK("ids may have any gaps", ids_may_have_any_gaps),
		ON_DESK("words are found as FTS5 finds them",
		    words_are_found_as_fts5_finds_them),
		ON_DESK("what was taken out is not found",
		    what_was_taken_out_is_not_found),
		ON_DESK("postings say how often a word is where",
		    postings_say_how_often_a_word_is_where),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
