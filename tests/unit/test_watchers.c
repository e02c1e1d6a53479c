/* services/runtime/socket/watchers.c */
#include "unit.h"

#include "services/runtime/socket/watchers.h"

static const struct text	a = { "a", 1 }, b = { "\0b", 2 };

static void
all_must_have_seen(void **state)
{
	struct watchers	l = { 0 };

	(void)state;
	check_true("nobody watches", watchers_have_seen(&l, 9, 1000));
	watchers_heard(&l, a, 5, 5, 1000);
	watchers_heard(&l, b, 4, 4, 1000);
	check_true("both", watchers_have_seen(&l, 4, 1000));
	check_true("one", !watchers_have_seen(&l, 5, 1000));
	watchers_heard(&l, b, 5, 5, 1100);
	check_true("now both", watchers_have_seen(&l, 5, 1100));
	check_true("neither", !watchers_have_seen(&l, 6, 1100));
	check_number("still two", (int64_t)l.count, 2);
	watchers_done(&l);
	check_true("nothing is left", l.rows == NULL && l.count == 0);
}

static void
a_lease_comes_to_an_end(void **state)
{
	struct watchers	l = { 0 };

	(void)state;
	watchers_heard(&l, a, 1, 1, 1000);
	watchers_heard(&l, b, 2, 2, 1500);
	check_true("not yet", !watchers_have_seen(&l, 2,
	    1000 + WATCHER_LEASE_MS - 1));
	check_true("the first's", watchers_have_seen(&l, 2,
	    1000 + WATCHER_LEASE_MS));
	check_number("is forgotten", (int64_t)l.count, 1);
	check_true("the second stays", !watchers_have_seen(&l, 3,
	    1000 + WATCHER_LEASE_MS));
	watchers_heard(&l, a, 3, 3, 2000);	/* and comes back */
	check_number("two again", (int64_t)l.count, 2);
	check_true("all leases", watchers_have_seen(&l, 99, 99999));
	check_number("are over", (int64_t)l.count, 0);
	watchers_done(&l);
}

/* Who is there is not known before all have had the time to say so. */
static void
who_has_not_listened_waits(void **state)
{
	struct watchers	l = { 0 };
	int64_t			now;

	(void)state;
	watchers_turn(&l, 10000);
	check_true("it has just started", !watchers_have_seen(&l, 1, 10000));
	for (now = 10000; now < 10000 + WATCHER_LEASE_MS; now += 100)
		watchers_turn(&l, now);
	check_true("not yet", !watchers_have_seen(&l, 1, now - 1));
	check_true("nobody is there", watchers_have_seen(&l, 1, now));
	watchers_turn(&l, now);
	watchers_heard(&l, a, 1, 1, now);
	check_true("a watcher", watchers_have_seen(&l, 1, now));
	now += 5000;
	watchers_turn(&l, now);
	check_true("it stood still", !watchers_have_seen(&l, 2, now));
	check_number("nobody is forgotten", (int64_t)l.count, 1);
	watchers_heard(&l, a, 2, 2, now + 1);
	check_true("others may be there", !watchers_have_seen(&l, 2,
	    now + 1));
	watchers_done(&l);
}

static void
each_is_told_once(void **state)
{
	struct watchers	 l = { 0 };
	const struct watcher	*row;
	int64_t			 before;

	(void)state;
	assert_null(watchers_to_tell(&l, 9, &before));
	watchers_heard(&l, a, 5, 5, 1000);
	watchers_heard(&l, b, -1, 4, 1000);
	row = watchers_to_tell(&l, 5, &before);
	assert_non_null(row);
	check_text("who was not told", buf_text(&row->peer), b);
	check_number("told before", before, 4);
	assert_null(watchers_to_tell(&l, 5, &before));
	/* each in turn, from where it was */
	row = watchers_to_tell(&l, 7, &before);
	assert_non_null(row);
	check_text("the first", buf_text(&row->peer), a);
	check_number("told before", before, 5);
	row = watchers_to_tell(&l, 7, &before);
	assert_non_null(row);
	check_text("the second", buf_text(&row->peer), b);
	check_number("told before", before, 5);
	assert_null(watchers_to_tell(&l, 7, &before));
	check_true("told is not heard", !watchers_have_seen(&l, 7, 1000));
	watchers_done(&l);
}

static void
there_may_be_many(void **state)
{
	struct watchers	l = { 0 };
	struct buf		peer = { 0 };

	(void)state;
	for (int64_t now = 10000; now < 40000; now += 10000) {
		for (int i = 0; i < 5000; i++) {
			peer.len = 0;
			buf_printf(&peer, "peer %d", i);
			watchers_heard(&l, buf_text(&peer), i, i, now);
		}
		check_true("bounded", l.count <= 4096);
		check_true("the least counts", watchers_have_seen(&l, 0,
		    now) && !watchers_have_seen(&l, 1, now));
		/* their memory is used again by the next round */
		check_true("gone", watchers_have_seen(&l, 1,
		    now + WATCHER_LEASE_MS));
		check_number("all", (int64_t)l.count, 0);
	}
	buf_done(&peer);
	watchers_done(&l);
}

/* Where nobody asks who has seen what, they would add up. */
static void
who_has_gone_leaves_room(void **state)
{
	struct watchers	 l = { 0 };
	const struct watcher	*row;
	struct buf		 peer = { 0 };
	int64_t			 before;

	(void)state;
	for (int i = 0; i < 5000; i++) {
		peer.len = 0;
		buf_printf(&peer, "peer %d", i);
		watchers_heard(&l, buf_text(&peer), 9, 9, 1000);
	}
	watchers_heard(&l, a, 5, 5, 1000 + WATCHER_LEASE_MS);
	row = watchers_to_tell(&l, 6, &before);
	assert_non_null(row);
	check_text("the new one", buf_text(&row->peer), a);
	check_number("alone", (int64_t)l.count, 1);
	buf_done(&peer);
	watchers_done(&l);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("all watchers must have seen it", all_must_have_seen),
		TEST("a watcher that is silent for a while does not count",
		    a_lease_comes_to_an_end),
		TEST("who has not listened for long waits",
		    who_has_not_listened_waits),
		TEST("each is told once, from where it was told last",
		    each_is_told_once),
		TEST("who has gone leaves room to others",
		    who_has_gone_leaves_room),
		TEST("there may be many, and they take no more memory again",
		    there_may_be_many),
	};

	return cmocka_run_group_tests_name("watchers", tests, NULL, NULL);
}
