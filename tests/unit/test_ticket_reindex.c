/*
 * services/ticket/search/reindex.c: the ticket service and the post service give
 * each other events until all texts have another form.
 */
#include "desk.h"

#include <sqlite3.h>

#include "services/store/store.h"

#define TICKETS		140
#define REPLIES		400	/* of ticket 7; more than are told at a time */

static struct {
	struct desk	tickets;
	struct desk	posts;
	int64_t		told[2];	/* the last event that either was told */
} shops;

static int64_t
tickets(const char *query)
{
	return desk_number(&shops.tickets, query);
}

/*
 * Texts in an index of another form: its words are those of today's, as the
 * tests have no other.
 */
static int
open_shops(void **state)
{
	(void)state;
	shops.told[0] = shops.told[1] = 0;
	desk_open(&shops.tickets, &ticket_service);
	desk_open(&shops.posts, &post_service);
	store_exec(shops.tickets.sqlite, "WITH RECURSIVE n(i) AS (VALUES (1) "
	    "UNION ALL SELECT i + 1 FROM n WHERE i < 140) "
	    "INSERT INTO tickets (id, title, content, started_id, status_id, "
	    "category_id, ticket_priority_id) "
	    "SELECT i, 'number ' || i, 'Gr\u00fc\u00dfe', 1, 1, 1, 1 FROM n;"
	    "WITH RECURSIVE n(i) AS (VALUES (1) "
	    "UNION ALL SELECT i + 1 FROM n WHERE i < 400) "
	    "INSERT INTO replies (post_id, ticket_id) SELECT i, 7 FROM n;"
	    "INSERT INTO reply_words (rowid, content) "
	    "SELECT 7 * 4294967296 + post_id, 'reply ' || post_id "
	    "FROM replies; UPDATE search_form SET form = 'another'");
	store_exec(shops.posts.sqlite, "WITH RECURSIVE n(i) AS (VALUES (1) "
	    "UNION ALL SELECT i + 1 FROM n WHERE i < 400) "
	    "INSERT INTO posts (id, ticket_id, content, user_id) "
	    "SELECT i, 7, 'reply ' || i, 1 FROM n");
	return 0;
}

static int
close_shops(void **state)
{
	(void)state;
	desk_close(&shops.tickets);
	desk_close(&shops.posts);
	return 0;
}

/* Do the chore once; return what is left of it. */
static int64_t
do_chore(void)
{
	struct call	c;
	int64_t		total;

	desk_begin(&c, OP_TICKET_REINDEX);
	check_number("chore", desk_call(&shops.tickets, &c), OK);
	total = c.answer.total;
	desk_end(&c);
	return total;
}

/* Tell the consumer the event of a row: op, seq, args. */
static void
tell(struct desk *consumer, enum service_id source, sqlite3_stmt *st)
{
	struct frame_reader	*frames = frame_reader_new();
	struct call		 c;

	desk_begin(&c, (enum op_code)sqlite3_column_int(st, 0));
	frame_reader_start(frames, sqlite3_column_blob(st, 2),
	    (size_t)sqlite3_column_bytes(st, 2));
	assert_int_equal(frame_next_args(frames, &c.request.args), FRAME_ONE);
	args_put_number(&c.request.args, KEY_SOURCE, source);
	args_put_number(&c.request.args, KEY_STREAM, 1);
	args_put_number(&c.request.args, KEY_SEQ, sqlite3_column_int64(st, 1));
	check_number("event", desk_call(consumer, &c), OK);
	desk_end(&c);
	frame_reader_destroy(&frames);
}

/* Deliver what one has for the other; return how many events those were. */
static int
deliver(struct desk *from, struct desk *to, enum service_id source,
    enum service_id consumer)
{
	int64_t		*told = &shops.told[source == SERVICE_POST];
	sqlite3_stmt	*st;
	int		 count = 0;

	CHECK(sqlite3_prepare_v2(from->sqlite, "SELECT op, seq, args FROM "
	    "outbox WHERE seq > ?1 AND consumer = ?2 ORDER BY seq", -1, &st,
	    NULL) == SQLITE_OK);
	sqlite3_bind_int64(st, 1, *told);
	sqlite3_bind_int64(st, 2, consumer);
	for (; sqlite3_step(st) == SQLITE_ROW; count++) {
		*told = sqlite3_column_int64(st, 1);
		tell(to, source, st);
	}
	sqlite3_finalize(st);
	return count;
}

static int
ask(void)
{
	return deliver(&shops.tickets, &shops.posts, SERVICE_TICKET,
	    SERVICE_POST);
}

static int
answer(void)
{
	return deliver(&shops.posts, &shops.tickets, SERVICE_POST,
	    SERVICE_TICKET);
}

/* How many tickets a search finds; its answer is kept only when all is done. */
static int64_t
found(const char *query)
{
	struct call	c;
	int64_t		total;

	/* a change of the store drops the results that were kept */
	store_exec(shops.tickets.sqlite,
	    "INSERT INTO changes (ticket_id) VALUES (0)");
	desk_begin(&c, OP_TICKET_LIST);
	args_put_number(&c.request.args, KEY_PAGE, 1);
	args_put_number(&c.request.args, KEY_PER_PAGE, 50);
	args_put_text(&c.request.args, KEY_CONTENT, text_of(query));
	check_number(query, desk_call(&shops.tickets, &c), OK);
	total = c.answer.total;
	check_number("passing", c.passing,
	    tickets("SELECT post_id IS NOT NULL FROM search_form"));
	desk_end(&c);
	return total;
}

static void
check_complete(void)
{
	check_number("done", tickets("SELECT ticket_id IS NULL AND post_id "
	    "IS NULL AND form = words_form() FROM search_form"), 1);
	check_number("tickets", tickets(
	    "SELECT count(*) FROM ticket_words_docsize"), TICKETS);
	check_number("replies", tickets(
	    "SELECT count(*) FROM reply_words_docsize"), REPLIES);
	check_number("the earlier index", tickets("SELECT (SELECT count(*) "
	    "FROM ticket_text_docsize) + (SELECT count(*) FROM "
	    "reply_text_docsize)"), 0);
	check_number("each reply once", tickets("SELECT count(*) FROM "
	    "reply_words WHERE reply_words MATCH 'reply'"), REPLIES);
}

static void
all_is_found_at_any_time(void **state)
{
	int	rounds = 0;

	(void)state;
	do {
		check_number("tickets", found("number"), TICKETS);
		check_number("a reply", found("\"reply 99\""), 1);
		check_number("a form", found("grusse"), TICKETS);
	} while (do_chore() != 0);
	while (ask() > 0) {
		check_true("few at a time", answer() < 140);
		check_number("a reply", found("\"reply 99\""), 1);
		rounds++;
	}
	check_true("several times", rounds > 4);
	check_complete();
	check_number("nothing is left to do", do_chore(), 0);
	check_number("nothing is asked", ask(), 0);
}

/* What changes meanwhile counts as it is, not as it was. */
static void
what_changes_meanwhile_is_right(void **state)
{
	struct call	c;

	(void)state;
	check_number("the form", do_chore(), 1);
	store_exec(shops.tickets.sqlite,
	    "UPDATE tickets SET title = 'changed' WHERE id = 3;"
	    "DELETE FROM tickets WHERE id = 4");
	check_number("a title", found("number"), TICKETS - 2);
	check_number("the new one", found("changed"), 1);
	desk_begin(&c, OP_TICKET_REPLY_DELETED);
	args_put_number(&c.request.args, KEY_SOURCE, SERVICE_POST);
	args_put_number(&c.request.args, KEY_STREAM, 1);
	args_put_number(&c.request.args, KEY_SEQ, 1);
	args_put_number(&c.request.args, KEY_POST_ID, 50);
	args_put_number(&c.request.args, KEY_TICKET_ID, 7);
	args_put_text(&c.request.args, KEY_OLD_CONTENT, TEXT_OF("reply 50"));
	args_put_number(&c.request.args, KEY_OLD_HOURS, 0);
	check_number("deleted", desk_call(&shops.tickets, &c), OK);
	desk_end(&c);
	check_number("a reply", found("\"reply 50\""), 0);
	check_number("the others", found("\"reply 51\""), 1);
}

/* A process that starts asks once more; what is told twice counts once. */
static void
a_restart_asks_once_more(void **state)
{
	(void)state;
	while (do_chore() != 0)
		continue;
	check_number("asked again", do_chore(), 0);
	check_number("twice", ask(), 2);
	(void)answer();
	check_number("one answer fits", ask(), 1);
	while (answer() > 0)
		(void)ask();
	check_complete();
}

/* The form changes once more while replies of the first are on their way. */
static void
an_answer_to_an_earlier_form_does_not_fit(void **state)
{
	(void)state;
	while (do_chore() != 0)
		continue;
	(void)ask();
	store_exec(shops.tickets.sqlite,
	    "UPDATE search_form SET form = 'one more'");
	while (do_chore() != 0)
		continue;
	(void)answer();
	check_number("begins anew", tickets(
	    "SELECT post_id < 0 FROM search_form"), 1);
	while (ask() > 0)
		(void)answer();
	check_complete();
}

#define IN_SHOPS(sentence, f) { sentence, f, open_shops, close_shops, NULL }

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		IN_SHOPS("all is found at any time", all_is_found_at_any_time),
		IN_SHOPS("what changes meanwhile is right",
		    what_changes_meanwhile_is_right),
		IN_SHOPS("a restart asks once more", a_restart_asks_once_more),
		IN_SHOPS("an answer to an earlier form does not fit",
		    an_answer_to_an_earlier_form_does_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
