/* gateway/bus/pending.c */
#include "unit.h"

#include "gateway/bus/pending.h"

#define SIZE	8

static struct pending_table	*table;

static void
make_table(void)
{
	table = must_alloc(sizeof(*table));
	pending_init(table, SIZE);
}

static void
free_table(void)
{
	pending_done(table);
	free(table);
}

static struct pending *
take(unsigned share)
{
	struct request	 r = { .op = OP_PING, .request_id = TEXT_OF("") };
	struct pending	*p = pending_take(table, &r);

	if (p != NULL) {
		check_number("id", (int64_t)p->id, (int64_t)r.id);
		p->demand.share = share;
	}
	return p;
}

static void
set(struct pending *p, enum pending_state state)
{
	pending_set_state(table, p, state);
	check_number("state", p->state, state);
}

static void
check_counts(const char *row, unsigned unplaced, size_t waiting, size_t held)
{
	check_number(row, table->unplaced, unplaced);
	check_true(row, (table->unplaced_bytes == 0) == (unplaced == 0));
	check_number(row, table->waiting.of[1].waiting, waiting);
	check_number(row, table->held_count, held);
}

static void
each_state_is_counted(void **state)
{
	static const struct {
		enum pending_state	state;
		unsigned		unplaced;
		size_t			waiting, held;
	} rows[] = {
		{ PENDING_SENT, 0, 0, 0 },
		{ PENDING_LOST, 0, 0, 0 },
		{ PENDING_PLACING, 1, 0, 0 },
		{ PENDING_QUEUED, 1, 1, 0 },
		{ PENDING_LOADING, 1, 1, 0 },
		{ PENDING_HELD, 1, 1, 1 },
		{ PENDING_QUEUED, 1, 1, 0 },
		{ PENDING_SENT, 0, 0, 0 },
		{ PENDING_UNSENT, 0, 0, 0 },
		{ PENDING_PLACING, 1, 0, 0 },
		{ PENDING_REFUSED, 1, 0, 0 },
		{ PENDING_FREE, 0, 0, 0 },
	};
	struct pending	*p;

	(void)state;
	make_table();
	p = take(1);
	check_counts("taken", 1, 0, 0);
	for (size_t i = 0; i < LEN(rows); i++) {
		set(p, rows[i].state);
		check_counts("a state", rows[i].unplaced, rows[i].waiting,
		    rows[i].held);
	}
	free_table();
}

/* From PLACING to one state, and from there to another. */
struct way {
	const char		*name;
	enum pending_state	 from, to;
};

static void
go(const void *arg)
{
	const struct way	*way = arg;
	struct pending		*p;

	make_table();
	p = take(1);
	pending_set_state(table, p, way->from);
	pending_set_state(table, p, way->to);
}

static void
no_other_states_follow(void **state)
{
	static const struct way	rows[] = {
		{ "sent twice", PENDING_SENT, PENDING_SENT },
		{ "sent before its turn", PENDING_HELD, PENDING_SENT },
		{ "refused at its process", PENDING_SENT, PENDING_REFUSED },
		{ "refused and sent", PENDING_REFUSED, PENDING_SENT },
		{ "freed twice", PENDING_FREE, PENDING_FREE },
	};
	struct end	end;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		unit_run(go, &rows[i], &end);
		check_true(rows[i].name, end.status != 0);
		check_part(rows[i].name, end.said, "next_states");
	}
}

static void
rows_come_back_with_other_ids(void **state)
{
	struct pending	*rows[SIZE], *p;
	uint64_t	 id;

	(void)state;
	make_table();
	for (int i = 0; i < SIZE; i++) {
		rows[i] = take(1);
		assert_non_null(rows[i]);
		check_true("found", pending_find(table, rows[i]->id) ==
		    rows[i]);
	}
	check_true("all are used", take(1) == NULL);
	id = rows[3]->id;
	set(rows[3], PENDING_FREE);
	check_true("it is free", pending_find(table, id) == NULL);
	p = take(1);
	check_true("the same row", p == rows[3]);
	check_true("another id", p->id != id);
	check_true("the old one", pending_find(table, id) == NULL);
	check_true("no row's", pending_find(table, UINT64_MAX) == NULL);
	check_true("no id", pending_find(table, 0) == NULL);
	free_table();
}

static void
held_ones_keep_their_order(void **state)
{
	struct pending	*p[4];

	(void)state;
	make_table();
	for (int i = 0; i < 4; i++) {
		p[i] = take(i == 1 ? 2 : 1);
		check_number("before", (int64_t)pending_held_before(table,
		    p[i]), i == 0 || i == 1 ? 0 : i - 1);
		set(p[i], PENDING_HELD);
	}
	check_true("of another user", pending_first_held(table, 2) == p[1]);
	set(p[2], PENDING_FREE);	/* out of the middle */
	check_true("the first", pending_first_held(table, 1) == p[0]);
	set(p[0], PENDING_QUEUED);
	check_true("released", p[0]->released);
	check_number("none is before it", (int64_t)pending_held_before(table,
	    p[0]), 0);
	check_true("the next", pending_first_held(table, 1) == p[3]);
	set(p[3], PENDING_QUEUED);
	check_true("no more", pending_first_held(table, 1) == NULL);
	free_table();
}

static void
a_user_has_a_share_of_what_waits(void **state)
{
	struct pending	*first, *p = NULL;

	(void)state;
	make_table();
	first = take(1);
	check_true("alone", pending_may_wait(table, first, 4));
	set(first, PENDING_QUEUED);
	for (int i = 0; i < 4; i++) {
		p = take(1);
		if (i < 3)
			set(p, PENDING_QUEUED);
	}
	check_true("one too many", !pending_may_wait(table, p, 4));
	check_true("waits already", pending_may_wait(table, first, 4));
	free_table();
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("no state follows that is not in the table",
		    no_other_states_follow),
		TEST("each state is counted where it belongs",
		    each_state_is_counted),
		TEST("rows come back with other ids",
		    rows_come_back_with_other_ids),
		TEST("those held back keep their order",
		    held_ones_keep_their_order),
		TEST("a user has a share of what waits",
		    a_user_has_a_share_of_what_waits),
	};

	return cmocka_run_group_tests_name("pending", tests, NULL, NULL);
}
