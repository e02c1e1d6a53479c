/*
 * services/common/aside.c: what the ticket service does with an event that is
 * refused for good, and the user service with the gap that it leaves.
 */
#include "desk.h"

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
	args_put_number(&c.request.args, KEY_HANDLE, ERR_INTERNAL);
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

	assert_int_equal(sqlite3_prepare_v2(shops.tickets.lane.db, "SELECT op, "
	    "actor, args FROM outbox WHERE seq = ?1", -1, &st, NULL),
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
	/* the courier says it until it sees it */
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
	assert_int_equal(sqlite3_exec(shops.tickets.lane.db,
	    "UPDATE outbox SET args = x'c1'", NULL, NULL, NULL), SQLITE_OK);
	check_number("aside", do_seq(OP_EVENT_SET_ASIDE, 1), OK);
	check_number("not sent", do_seq(OP_EVENT_RETRY, 1), ERR_CONFLICT);
	check_number("it stays", tickets("SELECT count(*) FROM set_aside"), 1);
	check_number("dropped", do_seq(OP_EVENT_DROP, 1), OK);
}

/* A total at the end of all numbers: no time makes it fit. */
static void
what_does_not_fit_is_refused_for_good(void **state)
{
	(void)state;
	assert_int_equal(sqlite3_exec(shops.users.lane.db, "UPDATE users SET "
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
		HERE("what does not fit is refused for good",
		    what_does_not_fit_is_refused_for_good),
	};

	return cmocka_run_group_tests_name("aside", tests, NULL, NULL);
}
