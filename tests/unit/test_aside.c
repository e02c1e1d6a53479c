/*
 * services/op/aside.c: what the ticket service does with an event that is
 * refused for good, and the user service with the gap that it leaves.
 */
#include "desk.h"

#include <sqlite3.h>

#include "services/store/store.h"

enum { AUTHOR = 1, STREAM = 77 };

static struct {
	struct desk	tickets;
	struct desk	users;
} shops;

static int
open_shops(void **state)
{
	struct call	c;

	(void)state;
	desk_open(&shops.tickets, &ticket_service);
	desk_open(&shops.users, &user_service);
	desk_begin(&c, OP_TICKET_CREATE);
	args_put_text(&c.request.args, KEY_TITLE, TEXT_OF("title"));
	args_put_text(&c.request.args, KEY_CONTENT, TEXT_OF("content"));
	args_put_number(&c.request.args, KEY_CATEGORY_ID, 1);
	args_put_number(&c.request.args, KEY_TICKET_PRIORITY_ID, 1);
	assert_int_equal(desk_call(&shops.tickets, &c), OK);
	desk_end(&c);
	return 0;
}

static int
close_shops(void **state)
{
	(void)state;
	desk_close(&shops.tickets);
	desk_close(&shops.users);
	return 0;
}

static int64_t
tickets(const char *query)
{
	return desk_number(&shops.tickets, query);
}

static int64_t
total(void)
{
	return desk_number(&shops.users,
	    "SELECT total_posts FROM users WHERE id = 1");
}

static enum err
do_seq(enum op_code op, int64_t seq)
{
	struct call	c;
	enum err	e;

	desk_begin(&c, op);
	args_put_number(&c.request.args, KEY_SEQ, seq);
	args_put_number(&c.request.args, KEY_ERROR, ERR_INTERNAL);
	e = desk_call(&shops.tickets, &c);
	desk_end(&c);
	return e;
}

/* Tell the user service what is in the outbox under a number. */
static enum err
deliver(int64_t seq)
{
	struct frame_reader	*frames = frame_reader_new();
	sqlite3_stmt		*st;
	struct call		 c;
	enum err		 e;
	int64_t			 original;

	assert_int_equal(sqlite3_prepare_v2(shops.tickets.sqlite, "SELECT op, "
	    "actor, args, original FROM outbox WHERE seq = ?1", -1, &st, NULL),
	    SQLITE_OK);
	sqlite3_bind_int64(st, 1, seq);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	desk_begin(&c, (enum op_code)sqlite3_column_int(st, 0));
	c.request.actor = sqlite3_column_int64(st, 1);
	frame_reader_start(frames, sqlite3_column_blob(st, 2),
	    (size_t)sqlite3_column_bytes(st, 2));
	assert_int_equal(frame_next_args(frames, &c.request.args), FRAME_ONE);
	args_put_number(&c.request.args, KEY_SOURCE, SERVICE_TICKET);
	args_put_number(&c.request.args, KEY_STREAM, STREAM);
	args_put_number(&c.request.args, KEY_SEQ, seq);
	original = sqlite3_column_int64(st, 3);
	if (original != 0)
		args_put_number(&c.request.args, KEY_ORIGINAL, original);
	e = desk_call(&shops.users, &c);
	desk_end(&c);
	sqlite3_finalize(st);
	frame_reader_destroy(&frames);
	return e;
}

static void
its_place_in_the_outbox_tells_of_the_gap(void **state)
{
	(void)state;
	check_number("done", do_seq(OP_EVENT_SET_ASIDE, 1), OK);
	check_number("the gap", tickets("SELECT op FROM outbox WHERE seq = 1"),
	    OP_EVENT_LEFT_OUT);
	check_number("kept", tickets("SELECT op FROM set_aside WHERE seq = 1 "
	    "AND original = 1 AND consumer = 1 AND actor = 1"),
	    OP_USER_WROTE_TICKET);
	check_number("why", tickets("SELECT error FROM set_aside"),
	    ERR_INTERNAL);
	/* the relay says it until it sees it */
	check_number("again", do_seq(OP_EVENT_SET_ASIDE, 1), OK);
	check_number("once", tickets("SELECT count(*) FROM set_aside"), 1);
	check_number("delivered since", do_seq(OP_EVENT_SET_ASIDE, 99), OK);
	check_number("is none", tickets("SELECT count(*) FROM set_aside"), 1);
}

static void
it_is_applied_once_when_it_is_sent_again(void **state)
{
	(void)state;
	do_seq(OP_EVENT_SET_ASIDE, 1);
	check_number("the gap", deliver(1), OK);
	check_number("again", deliver(1), OK);
	check_number("nothing is counted", total(), 0);
	check_number("noted", desk_number(&shops.users, "SELECT seq FROM "
	    "left_out WHERE source = 2"), 1);
	check_number("sent", do_seq(OP_EVENT_RETRY, 1), OK);
	check_number("no longer aside", tickets("SELECT count(*) FROM "
	    "set_aside"), 0);
	check_number("delivered", deliver(2), OK);
	check_number("counted", total(), 1);
	check_number("again", deliver(2), OK);
	check_number("counted once", total(), 1);
	check_number("no gap is left", desk_number(&shops.users,
	    "SELECT count(*) FROM left_out"), 0);
}

/* A copy that was under way was applied before the gap was told. */
static void
what_was_applied_after_all_is_not_applied_again(void **state)
{
	(void)state;
	check_number("a copy", deliver(1), OK);
	check_number("counted", total(), 1);
	do_seq(OP_EVENT_SET_ASIDE, 1);
	check_number("the gap", deliver(1), OK);
	check_number("is none", desk_number(&shops.users,
	    "SELECT count(*) FROM left_out"), 0);
	do_seq(OP_EVENT_RETRY, 1);
	check_number("acknowledged", deliver(2), OK);
	check_number("counted once", total(), 1);
}

static void
one_that_is_refused_again_keeps_its_first_number(void **state)
{
	(void)state;
	do_seq(OP_EVENT_SET_ASIDE, 1);
	deliver(1);
	do_seq(OP_EVENT_RETRY, 1);
	do_seq(OP_EVENT_SET_ASIDE, 2);
	check_number("original", tickets("SELECT original FROM set_aside "
	    "WHERE seq = 2"), 1);
	deliver(2);
	check_number("one gap", desk_number(&shops.users,
	    "SELECT count(*) FROM left_out"), 1);
	check_number("sent", do_seq(OP_EVENT_RETRY, 2), OK);
	deliver(3);
	check_number("counted", total(), 1);
}

static void
one_that_is_dropped_is_gone(void **state)
{
	(void)state;
	do_seq(OP_EVENT_SET_ASIDE, 1);
	check_number("none of it", do_seq(OP_EVENT_DROP, 7), ERR_NOT_FOUND);
	check_number("dropped", do_seq(OP_EVENT_DROP, 1), OK);
	check_number("gone", tickets("SELECT count(*) FROM set_aside"), 0);
	check_number("nothing to send", do_seq(OP_EVENT_RETRY, 1),
	    ERR_NOT_FOUND);
	check_number("the gap is told", deliver(1), OK);
	check_number("nothing is counted", total(), 0);
}

static void
one_that_cannot_be_read_can_be_dropped_only(void **state)
{
	(void)state;
	assert_int_equal(sqlite3_exec(shops.tickets.sqlite,
	    "UPDATE outbox SET args = x'c1'", NULL, NULL, NULL), SQLITE_OK);
	check_number("aside", do_seq(OP_EVENT_SET_ASIDE, 1), OK);
	check_number("not sent", do_seq(OP_EVENT_RETRY, 1), ERR_CONFLICT);
	check_number("it stays", tickets("SELECT count(*) FROM set_aside"), 1);
	check_number("dropped", do_seq(OP_EVENT_DROP, 1), OK);
}

static void
edit(int64_t ticket, const char *content)
{
	struct call	c;

	desk_begin(&c, OP_TICKET_EDIT);
	c.request.rights = 1;
	args_put_number(&c.request.args, KEY_ID, ticket);
	args_put_text(&c.request.args, KEY_CONTENT,
	    (struct text){ content, strlen(content) });
	assert_int_equal(desk_call(&shops.tickets, &c), OK);
	desk_end(&c);
}

/* Those of the ticket that are set aside, each with its first number. */
static int64_t
aside(const char *where)
{
	char	query[160];

	snprintf(query, sizeof(query), "SELECT count(*) FROM set_aside WHERE "
	    "subject = 'ticket 1' AND %s", where);
	return tickets(query);
}

static void
later_ones_about_it_stay_behind_it(void **state)
{
	(void)state;
	edit(1, "second");
	edit(1, "third");
	check_number("aside", do_seq(OP_EVENT_SET_ASIDE, 2), OK);
	check_number("refused", aside("seq = 2 AND error <> 0"), 1);
	check_number("behind it", aside("seq = 3 AND error = 0"), 1);
	edit(1, "fourth");
	check_number("written since", aside("seq = 4 AND error = 0"), 1);
	check_number("its gap too", tickets("SELECT count(*) FROM outbox "
	    "WHERE op = 154 AND seq IN (2, 3, 4)"), 3);
	check_number("what is counted goes on", tickets("SELECT count(*) FROM "
	    "outbox WHERE seq = 1 AND op <> 154"), 1);
	/* whichever is asked for: all of them, in order */
	check_number("sent", do_seq(OP_EVENT_RETRY, 3), OK);
	check_number("none is left", aside("1"), 0);
	check_number("in order", tickets("SELECT count(*) FROM outbox WHERE "
	    "(seq, original) IN ((5, 2), (6, 3), (7, 4)) "
	    "AND subject = 'ticket 1'"), 3);
	/* refused once more */
	check_number("aside", do_seq(OP_EVENT_SET_ASIDE, 5), OK);
	check_number("all", aside("(seq, original) IN "
	    "((5, 2), (6, 3), (7, 4))"), 3);
	check_number("one is dropped", do_seq(OP_EVENT_DROP, 6), OK);
	check_number("the others stay", aside("seq IN (5, 7)"), 2);
	check_number("sent", do_seq(OP_EVENT_RETRY, 5), OK);
	edit(1, "fifth");
	check_number("goes on", aside("1"), 0);
}

static void
what_later_ones_are_based_on_is_not_dropped(void **state)
{
	(void)state;
	store_exec(shops.tickets.sqlite, "INSERT INTO set_aside (seq, "
	    "original, consumer, op, actor, args, error, date) VALUES "
	    "(9, 9, 2, 126, 1, x'80', 9, 0), (10, 10, 2, 127, 1, x'80', 0, 0)");
	check_number("an edit", do_seq(OP_EVENT_DROP, 9), ERR_CONFLICT);
	check_number("it stays", tickets("SELECT count(*) FROM set_aside"), 2);
	check_number("an end", do_seq(OP_EVENT_DROP, 10), OK);
}

/* All but what is only added up. */
static void
every_event_is_about_something(void **state)
{
	struct args	args = { 0 };
	char		subject[SUBJECT_SIZE];

	(void)state;
	for (int op = 0; op < OP_END; op++)
		if (op_info((uint64_t)op)->kind == OP_EVENT &&
		    op != OP_EVENT_LEFT_OUT &&
		    !subject_of((enum op_code)op, &args, subject))
			fail_msg("%s", op_info((uint64_t)op)->name);
	assert_false(subject_of(OP_USER_COUNTED, &args, subject));
}

/* A gap that an earlier store's stream left is none of this one's. */
static void
gaps_are_those_of_a_stream(void **state)
{
	(void)state;
	store_exec(shops.users.sqlite, "INSERT INTO left_out (source, stream, "
	    "seq) VALUES (2, 5, 1)");
	check_number("a copy", deliver(1), OK);
	do_seq(OP_EVENT_SET_ASIDE, 1);
	check_number("the gap", deliver(1), OK);
	do_seq(OP_EVENT_RETRY, 1);
	check_number("acknowledged", deliver(2), OK);
	check_number("counted once", total(), 1);
}

/* A total at the end of all numbers: no time makes it fit. */
static void
what_does_not_fit_is_refused_for_good(void **state)
{
	(void)state;
	assert_int_equal(sqlite3_exec(shops.users.sqlite, "UPDATE users SET "
	    "total_posts = 9223372036854775807", NULL, NULL, NULL), SQLITE_OK);
	check_number("refused", deliver(1), ERR_INTERNAL);
}

int
main(void)
{
#define HERE(sentence, f) { sentence, f, open_shops, close_shops, NULL }
	const struct CMUnitTest	tests[] = {
		HERE("its place in the outbox tells of the gap",
		    its_place_in_the_outbox_tells_of_the_gap),
		HERE("it is applied once when it is sent again",
		    it_is_applied_once_when_it_is_sent_again),
		HERE("what was applied after all is not applied again",
		    what_was_applied_after_all_is_not_applied_again),
		HERE("one that is refused again keeps its first number",
		    one_that_is_refused_again_keeps_its_first_number),
		HERE("one that is dropped is gone",
		    one_that_is_dropped_is_gone),
		HERE("one that cannot be read can be dropped only",
		    one_that_cannot_be_read_can_be_dropped_only),
		HERE("later ones about it stay behind it",
		    later_ones_about_it_stay_behind_it),
		HERE("what later ones are based on is not dropped",
		    what_later_ones_are_based_on_is_not_dropped),
		HERE("every event is about something",
		    every_event_is_about_something),
		HERE("gaps are those of a stream", gaps_are_those_of_a_stream),
		HERE("what does not fit is refused for good",
		    what_does_not_fit_is_refused_for_good),
	};

	return cmocka_run_group_tests_name("aside", tests, NULL, NULL);
}
