/* services/runtime/relay/inflight.c */
#include "unit.h"

#include "services/runtime/relay/inflight.h"

static void
answer_event(struct inflight *f, int64_t seq, enum err error)
{
	struct inflight_event	*e = inflight_find(f, seq);

	assert_non_null(e);
	inflight_answer(f, e, error);
}

static void
they_are_acknowledged_in_order(void **state)
{
	struct inflight		f = { 0 };
	struct inflight_event	e;

	(void)state;
	check_number("none", inflight_last(&f), 0);
	for (int64_t seq = 1; seq <= 3; seq++)
		inflight_put(&f, seq, seq == 1);
	check_number("the last", inflight_last(&f), 3);
	answer_event(&f, 2, OK);
	check_true("the first is not answered", !inflight_ack(&f, &e));
	check_true("the second is", inflight_find(&f, 2) == NULL);
	check_true("no such event", inflight_find(&f, 4) == NULL);
	answer_event(&f, 1, OK);
	check_true("the first", inflight_ack(&f, &e) && e.seq == 1 &&
	    e.is_gap);
	check_true("the second", inflight_ack(&f, &e) && e.seq == 2 &&
	    !e.is_gap);
	check_true("not the third", !inflight_ack(&f, &e));
	check_number("left", f.count, 1);
	check_number("not answered", f.unanswered, 1);
}

static void
a_refused_one_holds_those_behind_it(void **state)
{
	struct inflight		f = { 0 };
	struct inflight_event	e;

	(void)state;
	inflight_put(&f, 1, false);
	inflight_put(&f, 2, false);
	answer_event(&f, 2, OK);
	check_true("not yet", !f.failed);
	answer_event(&f, 1, ERR_STORE);
	check_true("one failed", f.failed && f.unanswered == 0);
	check_true("none is acknowledged", !inflight_ack(&f, &e));
	check_number("which", inflight_first(&f)->seq, 1);
	check_number("why", inflight_first(&f)->error, ERR_STORE);
	inflight_clear(&f);
	check_true("none is left", f.count == 0 && !f.failed &&
	    inflight_last(&f) == 0);
}

static void
the_ring_goes_round(void **state)
{
	struct inflight		f = { 0 };
	struct inflight_event	e;

	(void)state;
	for (int64_t seq = 1; seq <= INFLIGHT_MOST; seq++)
		inflight_put(&f, seq, false);
	for (int64_t seq = 1; seq <= INT64_C(3) * INFLIGHT_MOST; seq++) {
		answer_event(&f, seq, OK);
		check_true("in order", inflight_ack(&f, &e) && e.seq == seq);
		inflight_put(&f, seq + INFLIGHT_MOST, false);
		check_number("the last", inflight_last(&f),
		    seq + INFLIGHT_MOST);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("events are acknowledged in order",
		    they_are_acknowledged_in_order),
		TEST("a refused event holds those behind it",
		    a_refused_one_holds_those_behind_it),
		TEST("the ring goes round", the_ring_goes_round),
	};

	return cmocka_run_group_tests_name("inflight", tests, NULL, NULL);
}
