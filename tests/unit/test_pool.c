/* proto/peer/pool.c: which of a service's processes is asked. */
#include "unit.h"

#include "proto/peer/pool.h"

enum { MOST = 4 };

struct one {
	bool		up, leaving, refuses, writes, loading;
	int64_t		writes_ms;
	unsigned	waiting;
};

static struct replica	replicas[MOST];

static struct pool
pool_of(const struct one *rows, unsigned count)
{
	struct pool	p = { .service = SERVICE_TICKET, .count = count };

	for (unsigned i = 0; i < count; i++) {
		replicas[i] = (struct replica){ .state = rows[i].up ?
		    REPLICA_UP : REPLICA_DOWN,
		    .leaving = rows[i].leaving,
		    .refuses = rows[i].refuses, .writes = rows[i].writes,
		    .loading = rows[i].loading,
		    .writes_ms = rows[i].writes_ms,
		    .waiting = rows[i].waiting };
		p.rows[i] = &replicas[i];
	}
	return p;
}

static int
index_of(const struct replica *r)
{
	return r == NULL ? -1 : (int)(r - replicas);
}

static void
one_is_chosen(void **state)
{
	static const struct { const char *name; unsigned count;
	    struct one all[MOST]; int reader, writer; bool up;
	    int last_reader; } rows[] = {
		{ "none", 0, { { 0 } }, -1, -1, false, -1 },
		{ "down", 1, { { .writes = true } }, -1, -1, false, -1 },
		{ "one", 1, { { .up = true, .writes = true } }, 0, 0, true, 0 },
		{ "one that reads", 1, { { .up = true } }, 0, -1, true, 0 },
		{ "one that leaves", 1, { { .up = true, .leaving = true,
		    .writes = true } }, -1, -1, false, 0 },
		{ "one that refuses", 1, { { .up = true, .leaving = true,
		    .refuses = true } }, -1, -1, false, -1 },
		{ "one that leaves and one that stays", 2, {
		    { .up = true, .leaving = true },
		    { .up = true, .waiting = 9 } }, 1, -1, true, 1 },
		{ "fewest waiting", 3, { { .up = true, .waiting = 3 },
		    { .up = true, .writes = true, .waiting = 9 },
		    { .up = true, .waiting = 2 } }, 2, 1, true, 2 },
		{ "two say they write", 3, {
		    { .up = true, .writes = true, .writes_ms = 5 },
		    { .up = true, .writes = true, .writes_ms = 7,
		    .waiting = 1 }, { .up = true, .waiting = 1 } }, 0, 1,
		    true, 0 },
	};
	struct pool	p;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		p = pool_of(rows[i].all, rows[i].count);
		check_number(rows[i].name, index_of(pool_reader(&p, false, false)),
		    rows[i].reader);
		check_number(rows[i].name, index_of(pool_reader(&p, true, false)),
		    rows[i].last_reader);
		check_number(rows[i].name, pool_has_reader(&p),
		    rows[i].last_reader != -1);
		check_number(rows[i].name, index_of(pool_writer(&p)),
		    rows[i].writer);
		check_number(rows[i].name, pool_is_up(&p), rows[i].up);
	}
}

static void
one_that_loads_is_spared(void **state)
{
	static const struct { const char *name; struct one all[MOST];
	    int any, loaded; } rows[] = {
		{ "all load", { { .up = true, .loading = true, .waiting = 1 },
		    { .up = true, .loading = true } }, 1, 1 },
		{ "the other one has more to do", { { .up = true,
		    .waiting = 9 }, { .up = true, .loading = true } }, 0, 0 },
		{ "the other one leaves", { { .up = true, .leaving = true },
		    { .up = true, .loading = true } }, 1, 0 },
		{ "the other one is down", { { .loading = false },
		    { .up = true, .loading = true } }, 1, 1 },
	};
	struct pool	p;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		p = pool_of(rows[i].all, 2);
		check_number(rows[i].name, index_of(pool_reader(&p, true,
		    false)), rows[i].any);
		check_number(rows[i].name, index_of(pool_reader(&p, true,
		    true)), rows[i].loaded);
	}
}

static void
equals_take_turns(void **state)
{
	static const struct one	all[MOST] = { { .up = true }, { .up = true },
				    { .up = true }, { .up = true } };
	struct pool		p = pool_of(all, MOST);
	unsigned		asked[MOST] = { 0 };

	(void)state;
	for (int i = 0; i < 40; i++)
		asked[index_of(pool_reader(&p, false, false))]++;
	for (int i = 0; i < MOST; i++)
		check_number("asked", asked[i], 10);
}

static void
what_is_gone_and_owes_nothing_is_taken_out(void **state)
{
	static const struct one	all[MOST] = { { .up = true }, { .up = false },
				    { .waiting = 1 }, { .up = false } };
	struct pool		p = pool_of(all, MOST);

	(void)state;
	assert_null(pool_take_gone(&p));
	for (int i = 0; i < 3; i++)
		replicas[i].gone = true;
	check_number("the idle one", index_of(pool_take_gone(&p)), 1);
	assert_null(pool_take_gone(&p));
	check_number("left", p.count, 3);
	replicas[2].waiting = 0;
	check_number("it was answered", index_of(pool_take_gone(&p)), 2);
}

static void
the_last_word_of_any_counts(void **state)
{
	static const struct one	all[2] = { { .up = true }, { .up = true } };
	struct pool		p = pool_of(all, 2);

	(void)state;
	check_number("never", pool_heard_ms(&p), 0);
	replicas[0].heard_ms = 50;
	replicas[1].heard_ms = 40;
	check_number("the later", pool_heard_ms(&p), 50);
}

/* Found processes become replicas; those not found any more are gone. */
static void
it_follows_what_is_found(void **state)
{
	struct settings	 settings = { .ticket_endpoint =
			    "inproc://a,inproc://b" };
	struct resolver	*r = resolver_new(&settings,
			    UINT64_C(1) << SERVICE_TICKET);
	struct pool	 p;

	(void)state;
	pool_init(&p, SERVICE_TICKET, r);
	pool_refresh(&p);
	check_number("both", p.count, 2);
	check_string("the first", p.rows[0]->endpoint, "inproc://a");
	assert_null(p.rows[0]->owner);
	settings.ticket_endpoint = "inproc://b,inproc://c";
	for (int i = 0; i < 400 && p.count < 3; i++) {
		zclock_sleep(10);
		pool_refresh(&p);
	}
	check_number("three", p.count, 3);
	assert_true(p.rows[0]->gone);
	assert_false(p.rows[1]->gone);
	replica_destroy(&(struct replica *){ pool_take_gone(&p) });
	check_number("two", p.count, 2);
	pool_done(&p);
	resolver_destroy(&r);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("one is chosen", one_is_chosen),
		TEST("one that loads is spared", one_that_loads_is_spared),
		TEST("equals take turns", equals_take_turns),
		TEST("what is gone and owes nothing is taken out",
		    what_is_gone_and_owes_nothing_is_taken_out),
		TEST("the last word of any counts",
		    the_last_word_of_any_counts),
		TEST("it follows what is found", it_follows_what_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
