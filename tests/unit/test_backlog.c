/* services/runtime/socket/backlog.c */
#include "unit.h"

#include "services/runtime/socket/backlog.h"

static const struct text	a = { "a", 1 }, b = { "\0b", 2 };

static bool
put(struct backlog *in, struct text peer, size_t bytes, size_t at)
{
	zmq_msg_t	body;
	bool		ok;

	assert_int_equal(zmq_msg_init_size(&body, bytes), 0);
	ok = backlog_put(in, peer, &body, at);
	/* its content is taken, or it is left as it was */
	check_number("what is left", (int64_t)zmq_msg_size(&body),
	    ok ? 0 : (int64_t)bytes);
	zmq_msg_close(&body);
	return ok;
}

static void
take(struct backlog *in, struct text peer, size_t at)
{
	struct backlog_message	*m = backlog_take(in);

	assert_non_null(m);
	check_text("whose", buf_text(&m->peer), peer);
	check_number("from where", (int64_t)m->at, (int64_t)at);
	backlog_message_free(m);
}

static void
the_longest_waiting_comes_first(void **state)
{
	struct backlog	in = { 0 };

	(void)state;
	check_true("none", backlog_take(&in) == NULL && !backlog_has(&in, a));
	check_true("room", put(&in, a, 10, 1) && put(&in, b, 10, 2) &&
	    put(&in, a, 10, 3));
	take(&in, a, 1);
	check_true("both", backlog_has(&in, a) && backlog_has(&in, b));
	take(&in, b, 2);
	check_true("one", backlog_has(&in, a) && !backlog_has(&in, b));
	take(&in, a, 3);
	check_true("none", backlog_take(&in) == NULL);
	check_true("room again", put(&in, b, 10, 4));
	backlog_done(&in);
}

static void
messages_are_bounded(void **state)
{
	struct backlog	in = { 0 };

	(void)state;
	for (int i = 0; i < 256; i++)
		check_true("room", put(&in, a, 1, 0));
	check_true("no room", !put(&in, b, 1, 0));
	take(&in, a, 0);
	check_true("room again", put(&in, b, 1, 0));
	backlog_done(&in);
}

/* 64 MB of all; what was taken counts no more. */
static void
bytes_are_bounded(void **state)
{
	struct backlog	in = { 0 };
	size_t		half = (size_t)32 << 20;

	(void)state;
	check_true("half", put(&in, a, half, 0));
	check_true("more than all", !put(&in, b, half + 1, 0));
	check_true("all", put(&in, b, half, 1));
	check_true("no room", !put(&in, a, 1, 0));
	take(&in, a, 0);
	check_true("half again", put(&in, a, half, 2));
	take(&in, b, 1);
	take(&in, a, 2);
	check_true("all again", put(&in, a, 2 * half, 3));
	backlog_done(&in);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("what has waited longest comes first",
		    the_longest_waiting_comes_first),
		TEST("there are so many messages at most",
		    messages_are_bounded),
		TEST("they have so many bytes at most", bytes_are_bounded),
	};

	return cmocka_run_group_tests_name("backlog", tests, NULL, NULL);
}
