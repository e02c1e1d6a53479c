/* gateway/bus/admission.c and gateway/bus/window.c */
#include "unit.h"

#include "base/clock.h"
#include "gateway/bus/window.h"

#define MANY	200

static struct admission		admission;
static struct window		window;
static const struct settings	settings = {
	.max_pending = 1000,
	.request_timeout_ms = 1000,
	.search_ms = 500,
};

static void
make_empty(void)
{
	admission = (struct admission){ 0 };
	window = (struct window){ 0 };
}

static struct demand
demand_of(unsigned share)
{
	return (struct demand){ .share = share, .bytes = 100 };
}

static void
add_many(unsigned count, const struct demand *d)
{
	for (unsigned i = 0; i < count; i++)
		admission_add(&admission, d, 0);
}

/* Answer `count` of them, one each_us after the other. */
static void
answer_many(unsigned count, int64_t each_us, const struct demand *d,
    const struct answer *a)
{
	for (unsigned i = 1; i <= count; i++) {
		admission_learn(&admission, d->queue, i * each_us, a);
		admission_remove(&admission, d);
	}
}

static void
operations_have_queues(void **state)
{
	struct args	none = { 0 }, words = { 0 };

	(void)state;
	args_put_text(&words, KEY_CONTENT, text_of("a word"));
	check_number("read", admission_queue(OP_READ, &none), QUEUE_READS);
	check_number("search", admission_queue(OP_READ, &words),
	    QUEUE_SEARCHES);
	check_number("login", admission_queue(OP_SLOW, &words), QUEUE_SLOW);
	check_number("password", admission_queue(OP_LEAD, &none), QUEUE_SLOW);
	check_number("write", admission_queue(OP_WRITE, &words), QUEUE_WRITES);
}

static void
what_would_be_late_is_refused(void **state)
{
	static const struct {
		const char	*name;
		int64_t		 each_us;
		enum queue_id	 queue;
		unsigned	 waiting;
		size_t		 answer_bytes;
		bool		 has_room;
	} rows[] = {
		{ "quick", 100, QUEUE_READS, MANY, 0, true },
		{ "slow", 20000, QUEUE_READS, MANY, 0, false },
		{ "slow, and few wait", 20000, QUEUE_READS, 60, 0, true },
		{ "a search", 6000, QUEUE_SEARCHES, MANY, 0, true },
		{ "a read as slow", 6000, QUEUE_READS, MANY, 0, false },
		{ "a login", 20000, QUEUE_SLOW, MANY, 0, true },
		{ "large answers", 100, QUEUE_READS, MANY, 4 << 20, false },
	};
	struct demand	d;
	struct answer	a;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		make_empty();
		d = demand_of(1);
		d.queue = rows[i].queue;
		a = (struct answer){ .fragment = { "", rows[i].answer_bytes } };
		add_many(2 * MANY, &d);
		answer_many(2 * MANY, rows[i].each_us, &d, &a);
		add_many(rows[i].waiting, &d);
		check_true(rows[i].name, admission_has_room(&admission, &d, 0,
		    &settings) == rows[i].has_room);
	}
}

/* Users take turns: of the others count as many as of one's own. */
static void
who_has_little_waiting_is_let_in(void **state)
{
	struct demand	many = demand_of(1), few = demand_of(2);
	struct answer	a = { 0 };

	(void)state;
	make_empty();
	add_many(2 * MANY, &many);
	answer_many(2 * MANY, 20000, &many, &a);
	add_many(MANY, &many);
	check_true("who has much", !admission_has_room(&admission, &many, 0,
	    &settings));
	check_true("who has none", admission_has_room(&admission, &few, 0,
	    &settings));
	check_true("who is held back", !admission_has_room(&admission, &few,
	    MANY, &settings));
}

static void
a_share_is_not_exceeded(void **state)
{
	struct demand	d = demand_of(1), large = demand_of(2);

	(void)state;
	make_empty();
	add_many((unsigned)settings.max_pending, &d);
	check_true("number", !admission_has_room(&admission, &d, 0,
	    &settings));
	large.bytes = WAITING_MOST_BYTES;
	make_empty();
	add_many(1, &large);
	check_true("bytes", !admission_has_room(&admission, &large, 0,
	    &settings));
	admission_remove(&admission, &large);
	check_true("gone", admission_has_room(&admission, &large, 0,
	    &settings));
	check_number("waiting", admission.waiting, 0);
	check_number("bytes left", admission.bytes, 0);
}

static void
windows_are_for_crowds(void **state)
{
	struct demand	one = demand_of(1), other = demand_of(2);
	struct demand	login = demand_of(1);

	(void)state;
	make_empty();
	login.queue = QUEUE_SLOW;
	for (int i = 0; i < 8; i++)
		window_add(&window, &one);
	check_true("alone", !window_is_full(&window, &one));
	window_add(&window, &other);
	check_true("with others", window_is_full(&window, &one));
	check_true("others", !window_is_full(&window, &other));
	check_true("a login", !window_is_full(&window, &login));
	window_add(&window, &login);
	window_remove(&window, &one);
	check_true("one was answered", !window_is_full(&window, &one));
	window_add(&window, &one);
	window_remove(&window, &other);
	check_true("others asked a moment ago", window_is_full(&window, &one));
	window.crowded_until_ms = clock_ms();
	check_true("others asked long ago", !window_is_full(&window, &one));
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("each kind of operation has its queue",
		    operations_have_queues),
		TEST("what would be answered too late is refused",
		    what_would_be_late_is_refused),
		TEST("a user with little waiting is let in where one with much "
		    "is not", who_has_little_waiting_is_let_in),
		TEST("no user has more than a share of what waits",
		    a_share_is_not_exceeded),
		TEST("windows count where several users ask",
		    windows_are_for_crowds),
	};

	return cmocka_run_group_tests_name("admission", tests, NULL, NULL);
}
