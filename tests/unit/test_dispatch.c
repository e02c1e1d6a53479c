/*
 * gateway/bus/dispatch.c, with pools of processes that have no connection: what
 * they are sent is collected, and what they answer is made here.
 */
#include "unit.h"

#include "base/clock.h"
#include "gateway/bus/dispatch.h"

#define REPLICAS	2
#define DEADLINE_MS	5000

static struct desk {
	struct settings		 settings;
	struct gateway		 gateway;
	struct dispatch		 dispatch;
	struct replica		 replicas[REPLICAS];
	struct link		 links[REPLICAS];
	struct in6_addr		 client;
} *desk;

/* What the exchange was told. */
static struct {
	unsigned	answered;	/* how often */
	int		part;
	enum err	error;
	unsigned	waited, crowded, extended;
} told;

static void
on_answered(struct exchange *x, int part, const struct answer *a)
{
	(void)x;
	told.answered++;
	told.part = part;
	told.error = a->error;
}

static void
on_waited(struct exchange *x, int64_t sent_us, int64_t heard_us)
{
	(void)x;
	told.waited++;
	check_true("in this order", sent_us <= heard_us);
}

static void
on_crowded(struct exchange *x)
{
	(void)x;
	told.crowded++;
}

static void
on_extended(struct exchange *x, int64_t deadline_ms)
{
	(void)x, (void)deadline_ms;
	told.extended++;
}

static void
on_collected(struct link *link)
{
	(void)link;
}

static const struct bus_events events = {
	.answered = on_answered,
	.waited = on_waited,
	.crowded = on_crowded,
	.extended = on_extended,
};

static void
add_replica(unsigned i)
{
	struct pool	*pool = &desk->dispatch.upstreams[SERVICE_TICKET].pool;
	struct replica	*r = &desk->replicas[i];

	*r = (struct replica){ .service = SERVICE_TICKET, .state = REPLICA_UP,
	    .endpoint = (char *)(uintptr_t)"here", .writes = i == 0,
	    .heard_ms = clock_ms(), .owner = &desk->links[i] };
	desk->links[i] = (struct link){ .replica = r };
	pool->rows[pool->count++] = r;
}

static int
start(void **state)
{
	(void)state;
	desk = must_alloc(sizeof(*desk));
	desk->settings = (struct settings){ .max_pending = 64,
	    .request_timeout_ms = DEADLINE_MS };
	desk->gateway.settings = &desk->settings;
	dispatch_init(&desk->dispatch, &desk->gateway, &events, on_collected);
	memset(&told, 0, sizeof(told));
	return 0;
}

static int
end(void **state)
{
	(void)state;
	desk->dispatch.upstreams[SERVICE_TICKET].pool.count = 0;
	dispatch_done(&desk->dispatch);
	for (unsigned i = 0; i < REPLICAS; i++)
		buf_done(&desk->replicas[i].out);
	free(desk);
	return 0;
}

static struct pending *
ask_with(enum op_code op, const struct args *args)
{
	struct request		r = { .op = op, .request_id = TEXT_OF("") };
	struct bus_question	q = {
		.asker = (struct exchange *)(uintptr_t)&told,
		.part = 3,
		.user_id = 1,
		.client = &desk->client,
		.deadline_ms = clock_ms() + DEADLINE_MS,
	};
	int			slot;

	r.args = *args;
	return dispatch_ask(&desk->dispatch, &q, &r, &slot) ?
	    &desk->dispatch.pending.rows[slot] : NULL;
}

static struct pending *
ask(enum op_code op)
{
	return ask_with(op, &(struct args){ 0 });
}

static bool
reply(unsigned i, const struct pending *p, enum err error)
{
	struct answer	a = { .id = p->id, .error = error };

	return dispatch_take_reply(&desk->dispatch, &desk->links[i], &a);
}

static void
review(void)
{
	dispatch_review(&desk->dispatch, SERVICE_TICKET);
}

/* A process goes down, as it does when nothing is heard of it. */
static void
lose(unsigned i)
{
	desk->replicas[i].state = REPLICA_DOWN;
	review();
	dispatch_lose(&desk->dispatch, &desk->links[i]);
}

/*
 * Ask one of two processes and lose it, so that the other one may write. *ret_other:
 * that one.
 */
static struct pending *
ask_and_lose(enum op_code op, bool has_key, unsigned *ret_other)
{
	struct args	args = { 0 };
	struct pending	*p;
	unsigned	 to;

	add_replica(0);
	add_replica(1);
	if (has_key)
		args_put_text(&args, KEY_IDEMPOTENCY_KEY, TEXT_OF("k"));
	p = ask_with(op, &args);
	assert_non_null(p);
	to = (unsigned)(p->link - desk->links);
	*ret_other = 1 - to;
	desk->replicas[*ret_other].writes = true;
	lose(to);
	return p;
}

static void
check_told(const char *row, unsigned answered, enum err error)
{
	check_number(row, told.answered, answered);
	check_number(row, told.error, error);
}

static void
an_answer_is_told_once(void **state)
{
	struct pending	*p;

	(void)state;
	add_replica(0);
	add_replica(1);
	p = ask(OP_TICKET_DELETE);
	assert_non_null(p);
	check_number("sent", p->state, PENDING_SENT);
	check_number("to the writer", desk->replicas[0].waiting, 1);
	check_true("collected", desk->replicas[0].out.len > 0);
	check_true("another's answer", !reply(1, p, OK));
	check_true("its own", reply(0, p, OK));
	check_told("told", 1, OK);
	check_number("the part", told.part, 3);
	check_number("timed", told.waited, 1);
	check_number("nothing waits", desk->replicas[0].waiting, 0);
	check_number("free", p->state, PENDING_FREE);
	check_true("again", !reply(0, p, OK));
	check_told("once", 1, OK);
}

static void
what_may_be_done_twice_goes_to_another_process(void **state)
{
	static const struct {
		const char	*name;
		enum op_code	 op;
		bool		 key;		/* an Idempotency-Key */
		bool		 elsewhere;
	} rows[] = {
		{ "a read", OP_TICKET_GET, false, true },
		{ "a write", OP_TICKET_DELETE, false, false },
		{ "a write with a key", OP_TICKET_CREATE, true, true },
	};
	struct pending	*p;
	unsigned	 other;

	for (size_t i = 0; i < LEN(rows); i++) {
		if (i > 0)
			start(state);
		p = ask_and_lose(rows[i].op, rows[i].key, &other);
		if (rows[i].elsewhere) {
			check_number(rows[i].name, p->state, PENDING_SENT);
			check_true(rows[i].name, p->link ==
			    &desk->links[other]);
			check_told(rows[i].name, 0, OK);
		} else
			check_told(rows[i].name, 1, ERR_OUTCOME_UNKNOWN);
		if (i + 1 < LEN(rows))
			end(state);
	}
}

/* What was never sent was not done: even a write goes to another process. */
static void
what_was_not_sent_goes_to_another_process(void **state)
{
	struct pending	*p, *before;

	(void)state;
	add_replica(0);
	add_replica(1);
	before = ask(OP_TICKET_DELETE);
	desk->links[0].flushes++;	/* that one was sent */
	p = ask(OP_TICKET_DELETE);
	desk->replicas[1].writes = true;
	dispatch_lose_unsent(&desk->dispatch, &desk->links[0]);
	check_number("down", desk->replicas[0].state, REPLICA_DOWN);
	check_number("sent", p->state, PENDING_SENT);
	check_true("to the other", p->link == &desk->links[1]);
	check_number("the one before", before->state, PENDING_FREE);
	check_told("which may have been done", 1, ERR_OUTCOME_UNKNOWN);
}

/* A process had the write, and does not say what became of it. */
static void
a_write_without_a_reply_is_in_doubt(void **state)
{
	static const struct {
		const char	*name;
		enum op_code	 op;
		enum err	 second, want;	/* of the next process */
	} rows[] = {
		{ "it had no time", OP_TICKET_CREATE, ERR_EXPIRED,
		    ERR_OUTCOME_UNKNOWN },
		{ "its store is full", OP_TICKET_CREATE, ERR_STORE,
		    ERR_OUTCOME_UNKNOWN },
		{ "it does not write", OP_TICKET_CREATE, ERR_UNAVAILABLE,
		    ERR_OUTCOME_UNKNOWN },
		{ "it did it", OP_TICKET_CREATE, OK, OK },
		{ "it knows what was done", OP_TICKET_CREATE, ERR_CONFLICT,
		    ERR_CONFLICT },
		{ "a read", OP_TICKET_GET, ERR_EXPIRED, ERR_EXPIRED },
	};
	struct pending	*p;
	unsigned	 other;

	for (size_t i = 0; i < LEN(rows); i++) {
		if (i > 0)
			start(state);
		p = ask_and_lose(rows[i].op, true, &other);
		check_true(rows[i].name, reply(other, p, rows[i].second));
		if (rows[i].second == ERR_UNAVAILABLE) {
			check_number("waits", p->state, PENDING_QUEUED);
			p->deadline_ms = clock_ms();
			dispatch_refuse_late(&desk->dispatch, clock_ms());
		}
		check_told(rows[i].name, 1, rows[i].want);
		if (i + 1 < LEN(rows))
			end(state);
	}
}

static void
a_write_that_is_over_time_is_in_doubt(void **state)
{
	struct pending	*p;

	(void)state;
	p = ask(OP_TICKET_DELETE);
	check_number("not sent", p->state, PENDING_QUEUED);
	p->deadline_ms = clock_ms();
	dispatch_refuse_late(&desk->dispatch, clock_ms());
	check_told("was not done", 1, ERR_UNAVAILABLE);
	add_replica(0);
	p = ask(OP_TICKET_DELETE);
	check_number("sent", p->state, PENDING_SENT);
	p->deadline_ms = clock_ms();
	dispatch_refuse_late(&desk->dispatch, clock_ms());
	check_told("may be done", 2, ERR_OUTCOME_UNKNOWN);
	p = ask(OP_TICKET_GET);
	p->deadline_ms = clock_ms();
	dispatch_refuse_late(&desk->dispatch, clock_ms());
	check_told("a read is not", 3, ERR_UNAVAILABLE);
	/* its row is used again */
	p = ask(OP_TICKET_DELETE);
	check_true("refused", reply(0, p, ERR_STORE));
	check_told("what was refused is not", 4, ERR_STORE);
}

static void
requests_wait_for_a_process(void **state)
{
	struct upstream	*u = &desk->dispatch.upstreams[SERVICE_TICKET];
	struct pending	*p = ask(OP_TICKET_GET);

	(void)state;
	assert_non_null(p);
	check_number("there is none", p->state, PENDING_QUEUED);
	add_replica(0);
	review();
	check_number("it has come", p->state, PENDING_SENT);
	lose(0);
	check_number("it is lost", p->state, PENDING_QUEUED);
	u->failover_until_ms = clock_ms();
	review();
	check_told("none will come", 1, ERR_UNAVAILABLE);
	check_true("nothing waits any more", ask(OP_TICKET_GET) == NULL);
}

static void
a_process_that_refuses_is_not_asked_again(void **state)
{
	struct pending	*p;
	unsigned	 to;

	(void)state;
	add_replica(0);
	add_replica(1);
	p = ask(OP_TICKET_GET);
	to = (unsigned)(p->link - desk->links);
	check_true("refused", reply(to, p, ERR_UNAVAILABLE));
	check_true("the other", p->link == &desk->links[1 - to]);
	check_true("refused again", reply(1 - to, p, ERR_UNAVAILABLE));
	check_number("there is none", p->state, PENDING_QUEUED);
	check_told("it waits", 0, OK);
}

static void
lists_wait_for_a_process_to_load(void **state)
{
	struct answer	 loading = { .error = ERR_LOADING };
	struct pending	*p;

	(void)state;
	add_replica(0);
	p = ask(OP_TICKET_LIST);
	loading.id = p->id;
	dispatch_take_reply(&desk->dispatch, &desk->links[0], &loading);
	check_number("waits", p->state, PENDING_LOADING);
	check_number("has more time", told.extended, 1);
	review();
	check_number("still", p->state, PENDING_LOADING);
	desk->replicas[0].loading = false;
	review();
	check_number("loaded", p->state, PENDING_SENT);
	p->deadline_ms = clock_ms();
	dispatch_refuse_late(&desk->dispatch, clock_ms());
	check_told("too late", 1, ERR_EXPIRED);
	p = ask(OP_TICKET_COUNTS);
	desk->replicas[0].loading = false;
	loading.id = p->id;
	dispatch_take_reply(&desk->dispatch, &desk->links[0], &loading);
	check_number("counts wait, too", p->state, PENDING_LOADING);
	p->deadline_ms = clock_ms();
	dispatch_refuse_late(&desk->dispatch, clock_ms());
	check_told("too late, too", 2, ERR_EXPIRED);
	p = ask(OP_TICKET_GET);
	loading.id = p->id;
	dispatch_take_reply(&desk->dispatch, &desk->links[0], &loading);
	check_told("of other reads it is the answer", 3, ERR_LOADING);
}

static void
nothing_is_told_to_who_is_gone(void **state)
{
	struct pending	*p;

	(void)state;
	add_replica(0);
	p = ask(OP_TICKET_GET);
	dispatch_forget(&desk->dispatch,
	    (int)(p - desk->dispatch.pending.rows));
	check_true("answered", reply(0, p, OK));
	check_told("not told", 0, OK);
	check_number("free", p->state, PENDING_FREE);
}

/* Of two users who ask at once, each has a window; the rest is held back. */
static void
who_asks_for_much_is_held_back(void **state)
{
	struct window	*w = &desk->dispatch.window;
	struct pending	*p, *first;

	(void)state;
	add_replica(0);
	w->crowded_until_ms = clock_ms() + DEADLINE_MS;
	first = ask(OP_TICKET_GET);
	assert_non_null(first);
	for (int i = 1; i < 8; i++) {
		p = ask(OP_TICKET_GET);
		assert_non_null(p);
		check_number("within the window", p->state, PENDING_SENT);
	}
	p = ask(OP_TICKET_GET);
	assert_non_null(p);
	check_number("held", p->state, PENDING_HELD);
	check_true("answered", reply(0, first, OK));
	dispatch_release_held(&desk->dispatch);
	check_number("its turn", p->state, PENDING_SENT);
	p = ask(OP_TICKET_GET);
	assert_non_null(p);
	check_number("held again", p->state, PENDING_HELD);
	p->deadline_ms = clock_ms();
	dispatch_refuse_late(&desk->dispatch, clock_ms());
	check_told("too late", 2, ERR_EXPIRED);
}

static void
too_many_are_refused(void **state)
{
	unsigned	count = 0;

	(void)state;
	add_replica(0);
	while (ask(OP_TICKET_GET) != NULL)
		count++;
	check_number("as many as may wait", count, 64);
	check_number("told", told.crowded, 1);
}

int
main(void)
{
#define HERE(sentence, f) { sentence, f, start, end, NULL }
	const struct CMUnitTest	tests[] = {
		HERE("an answer is told once", an_answer_is_told_once),
		HERE("what may be done twice goes to another process",
		    what_may_be_done_twice_goes_to_another_process),
		HERE("what was not sent goes to another process",
		    what_was_not_sent_goes_to_another_process),
		HERE("a write without a reply is in doubt",
		    a_write_without_a_reply_is_in_doubt),
		HERE("a write that is over time is in doubt",
		    a_write_that_is_over_time_is_in_doubt),
		HERE("requests wait for a process",
		    requests_wait_for_a_process),
		HERE("a process that refuses is not asked again",
		    a_process_that_refuses_is_not_asked_again),
		HERE("lists wait for a process to load",
		    lists_wait_for_a_process_to_load),
		HERE("nothing is told to an asker that is gone",
		    nothing_is_told_to_who_is_gone),
		HERE("requests beyond a window are held back",
		    who_asks_for_much_is_held_back),
		HERE("requests beyond a share are refused",
		    too_many_are_refused),
	};

	return cmocka_run_group_tests_name("dispatch", tests, NULL, NULL);
}
