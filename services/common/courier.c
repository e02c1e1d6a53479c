/*
 * Delivering events, to that process of each consumer that writes. A batch is one message; within it each event says which
 * one it follows, so that the consumer refuses what overtook a failed one.
 */
#include "courier.h"

#include "proto/log.h"
#include "proto/metrics.h"
#include "proto/pool.h"

#define BATCH_EVENTS	256
#define BATCH_BYTES	(4 << 20) /* texts can be long */
#define ACK_TIMEOUT_MS	2000
#define RETRY_MS	500
#define IDLE_MS		100	/* how long to wait when nothing is to do */
#define LOOK_MS		20	/* ... but find somebody who is not there */
#define FIND_MS		1000	/* who is not found by then is down */
#define COUNT_MS	1000	/* between looks at how much is left */
#define TALLY_MS	1000	/* how long tallies are collected */
#define SIGHTS		64	/* times at which events were seen */

/* By this time there were events up to this one. */
struct sight {
	int64_t	seq;
	int64_t	seen_ms;
};

struct consumer {
	enum service_id	 id;
	struct pool	 pool;
	struct replica	*asked;		/* has the batch under way; or NULL */
	bool		 said_up;	/* what the loop was told, or thinks */
	bool		 was_found;
	int64_t		 acked;		/* seq delivered up to here */
	int64_t		 seqs[BATCH_EVENTS]; /* of the batch under way; 0:
					     * this one is answered */
	unsigned	 count;		/* of the batch */
	unsigned	 under_way;	/* ... not answered yet */
	bool		 more;		/* there was no room for all */
	int64_t		 sent;		/* the last one's seq */
	int64_t		 sent_ms;
	bool		 failed;	/* one of them was refused */
	int64_t		 due_ms;	/* when to look for events */
	int64_t		 counted_ms;	/* when they were counted last */
	struct sight	 sights[SIGHTS];	/* of what is not acknowledged */
	size_t		 sight_count;
};

struct courier {
	const struct courier_args	*args;
	struct lane			 lane;
	zsock_t				*pipe;
	struct frame_reader		*frames;
	struct resolver			*resolver;
	int64_t				 began_ms;
	struct consumer			 consumers[SERVICE_END];
	size_t				 count;
};

/* --- who is told what --------------------------------------------------- */

static uint64_t
consumers_of(const struct op *ops)
{
	uint64_t	mask = 0;

	for (; ops->op != OP_NONE; ops++)
		for (int i = 0; i < OP_EMITS; i++) {
			mask |= UINT64_C(1) << op_info(ops->emits[i])->service;
			mask |= UINT64_C(1) << op_info(ops->tells[i])->service;
		}
	return mask & ~(UINT64_C(1) << SERVICE_ANY);
}

static void
add_consumers(struct courier *k)
{
	uint64_t	 mask = consumers_of(k->args->tables->service->ops) |
			    k->args->tables->service->seed_consumers;
	struct consumer	*c;

	k->resolver = resolver_new(k->args->settings, mask);
	for (unsigned id = 1; id < SERVICE_END; id++) {
		if ((mask & (UINT64_C(1) << id)) == 0)
			continue;
		c = &k->consumers[k->count++];
		c->id = (enum service_id)id;
		c->said_up = true;
		pool_init(&c->pool, c->id, k->resolver);
	}
}

static void
tell(struct courier *k, const struct consumer *c)
{
	struct courier_news	news = { c->id, c->said_up, c->acked };

	CHECK(zmq_send(zsock_resolve(k->pipe), &news, sizeof(news), 0) ==
	    sizeof(news));
}

/* --- sending ------------------------------------------------------------- */

static bool
put_event(struct courier *k, struct consumer *c, sqlite3_stmt *st,
    int64_t after)
{
	struct request	r = { .request_id = TEXT_OF("event") };
	int64_t		seq = sqlite3_column_int64(st, 0);

	frame_reader_start(k->frames, sqlite3_column_blob(st, 3),
	    (size_t)sqlite3_column_bytes(st, 3));
	if (frame_next_args(k->frames, &r.args) != FRAME_ONE) {
		log_error("outbox: event %lld cannot be read", (long long)seq);
		return false;
	}
	r.id = REPLICA_FIRST_ID + (uint64_t)seq;
	r.op = (uint64_t)sqlite3_column_int64(st, 1);
	r.actor = sqlite3_column_int64(st, 2);
	args_put_number(&r.args, KEY_SOURCE, k->args->tables->service->id);
	args_put_number(&r.args, KEY_STREAM, k->lane.stream);
	args_put_number(&r.args, KEY_SEQ, seq);
	if (after != 0)
		args_put_number(&r.args, KEY_AFTER, after);
	frame_put_request(&c->asked->out, &r);
	return true;
}

/* Collect the next batch; the first in it follows what was acknowledged. */
static bool
collect_batch(struct courier *k, struct consumer *c)
{
	struct call	 call = { .lane = &k->lane };
	struct args	*args = &call.request.args;
	sqlite3_stmt	*st;
	int64_t		 after = 0;
	bool		 readable = true;

	args_put_number(args, KEY_CONSUMER, c->id);
	args_put_number(args, KEY_SEQ, c->acked);
	args_put_number(args, KEY_LIMIT, BATCH_EVENTS);
	st = op_statement(&call, SQL_OUTBOX_NEXT);
	c->count = 0;
	c->asked->out.len = 0;
	c->more = false;
	while (!c->more && sqlite3_step(st) == SQLITE_ROW) {
		readable = put_event(k, c, st, after);
		if (!readable)
			break;
		after = c->sent = sqlite3_column_int64(st, 0);
		c->seqs[c->count++] = after;
		c->more = c->count == BATCH_EVENTS ||
		    c->asked->out.len > BATCH_BYTES;
	}
	c->under_way = c->count;
	if (sqlite3_reset(st) == SQLITE_OK)
		return readable;
	log_error("outbox: %s", sqlite3_errmsg(k->lane.db));
	return false;
}

static void
send_next(struct courier *k, struct consumer *c, int64_t now_ms)
{
	if (c->under_way > 0 || now_ms < c->due_ms)
		return;
	c->asked = pool_writer(&c->pool);
	if (c->asked == NULL)
		return;
	/* a full batch has more behind it; what cannot be read is tried anew */
	if (!collect_batch(k, c))
		c->due_ms = now_ms + RETRY_MS;
	else
		c->due_ms = c->more ? now_ms : INT64_MAX;
	if (c->under_way == 0)
		return;
	c->failed = false;
	c->sent_ms = now_ms;
	if (!replica_flush(c->asked)) {
		c->under_way = 0;
		c->due_ms = now_ms + RETRY_MS;
	}
}

/* --- hearing ------------------------------------------------------------- */

/* Whether an answer is to an event under way that had none before. */
static bool
strike_off(struct consumer *c, int64_t seq)
{
	if (c->under_way == 0)
		return false;
	for (unsigned i = 0; i < c->count; i++)
		if (c->seqs[i] == seq && seq != 0) {
			c->seqs[i] = 0;
			return true;
		}
	return false;
}

/* The batch under way is to be sent again, maybe twice. */
static void
give_up(struct consumer *c, int64_t now_ms)
{
	c->under_way = 0;
	c->due_ms = now_ms;
}

static void
take_answer(struct courier *k, struct consumer *c, struct replica *r,
    const struct answer *a, int64_t now_ms)
{
	if (replica_take_pong(r, a, now_ms) || r != c->asked)
		return;
	if (!strike_off(c, (int64_t)(a->id - REPLICA_FIRST_ID)))
		return;		/* of a batch we gave up on */
	/* it does not write any more: another one does, or will soon */
	if (a->error == ERR_UNAVAILABLE) {
		r->writes = false;
		give_up(c, now_ms);
		return;
	}
	if (a->error != OK && !c->failed) {
		log_warn("%s service refuses event %llu: %s",
		    service_name(c->id),
		    (unsigned long long)(a->id - REPLICA_FIRST_ID),
		    err_info(a->error)->reason);
		c->failed = true;
	}
	if (--c->under_way > 0)
		return;
	if (c->failed) {
		c->due_ms = now_ms + RETRY_MS;
		return;
	}
	c->acked = c->sent;
	tell(k, c);
}

static void
receive_all(struct courier *k, struct consumer *c, struct replica *r,
    int64_t now_ms)
{
	zmq_msg_t		message;
	struct answer		a;
	enum frame_result	result;

	zmq_msg_init(&message);
	while (replica_receive(r, &message)) {
		frame_reader_start(k->frames, zmq_msg_data(&message),
		    zmq_msg_size(&message));
		while ((result = frame_next_answer(k->frames, &a)) == FRAME_ONE)
			take_answer(k, c, r, &a, now_ms);
		if (result == FRAME_BAD)
			log_warn("%s service sent what is no answer",
			    service_name(c->id));
	}
	zmq_msg_close(&message);
}

static void
attend_replica(struct courier *k, struct consumer *c, struct replica *r,
    int64_t now_ms)
{
	bool	lost;

	receive_all(k, c, r, now_ms);
	replica_ping(r, now_ms, NULL);
	lost = replica_lost(r, now_ms) || r->reborn;
	r->reborn = false;
	if (lost && r == c->asked && c->under_way > 0)
		give_up(c, now_ms);
}

/* Every second mark goes: what is old need not be known to the second. */
static void
thin_out(struct consumer *c)
{
	for (size_t i = 0; i < SIGHTS / 2; i++)
		c->sights[i] = c->sights[i * 2];
	c->sight_count = SIGHTS / 2;
}

/*
 * Since when the oldest event that is not acknowledged has been there, as far
 * as this process has seen it: a second more or less while that is short.
 */
static int64_t
lag_ms(struct consumer *c, int64_t newest, int64_t now_ms)
{
	size_t	done = 0;

	while (done < c->sight_count && c->sights[done].seq <= c->acked)
		done++;
	c->sight_count -= done;
	memmove(c->sights, c->sights + done, c->sight_count * sizeof(c->sights[0]));
	if (c->sight_count == SIGHTS)
		thin_out(c);
	if (newest > c->acked && (c->sight_count == 0 ||
	    newest > c->sights[c->sight_count - 1].seq))
		c->sights[c->sight_count++] = (struct sight){ newest, now_ms };
	return c->sight_count == 0 ? 0 : now_ms - c->sights[0].seen_ms;
}

/* How much is undelivered, for those who watch. */
static void
count_events(struct courier *k, struct consumer *c, int64_t now_ms)
{
	struct call	 call = { .lane = &k->lane };
	sqlite3_stmt	*st;
	int64_t		 count = 0, newest = 0;

	if (now_ms - c->counted_ms < COUNT_MS)
		return;
	c->counted_ms = now_ms;
	args_put_number(&call.request.args, KEY_CONSUMER, c->id);
	args_put_number(&call.request.args, KEY_SEQ, c->acked);
	st = op_statement(&call, SQL_OUTBOX_COUNT);
	if (sqlite3_step(st) == SQLITE_ROW) {
		count = sqlite3_column_int64(st, 0);
		newest = sqlite3_column_int64(st, 1);
	}
	sqlite3_reset(st);
	metric_set(METRIC_UNDELIVERED, c->id, count);
	metric_set(METRIC_OUTBOX_LAG_MS, c->id, lag_ms(c, newest, now_ms));
}

static void
attend(struct courier *k, struct consumer *c, int64_t now_ms)
{
	struct replica	*gone;
	bool		 up;

	pool_refresh(&c->pool);
	for (unsigned i = 0; i < c->pool.count; i++)
		attend_replica(k, c, c->pool.rows[i], now_ms);
	while ((gone = pool_take_gone(&c->pool)) != NULL) {
		if (gone == c->asked)
			c->asked = NULL;
		replica_destroy(&gone);
	}
	if (c->under_way > 0 && now_ms - c->sent_ms > ACK_TIMEOUT_MS)
		give_up(c, now_ms);
	send_next(k, c, now_ms);
	count_events(k, c, now_ms);
	up = pool_writer(&c->pool) != NULL ||
	    now_ms - k->began_ms < FIND_MS;
	if (c->said_up != up || (up && !c->was_found &&
	    pool_writer(&c->pool) != NULL)) {
		c->was_found = c->was_found || up;
		c->said_up = up;
		tell(k, c);
	}
}

/* Events that are waited for go out now, and all before them too. */
static void
make_due(struct courier *k, bool waited_for)
{
	int64_t	due_ms = clock_ms() + (waited_for ? 0 : TALLY_MS);

	for (size_t i = 0; i < k->count; i++)
		if (due_ms < k->consumers[i].due_ms)
			k->consumers[i].due_ms = due_ms;
}

/* Wait for the loop, a consumer, or a while. False when it is time to end. */
static bool
wait_for_work(struct courier *k)
{
	zmq_pollitem_t	items[1 + SERVICE_END * RESOLVE_MOST];
	struct pool	*p;
	char		command[8];
	int		len, count = 1;
	long		wait_ms = IDLE_MS;

	items[0] = (zmq_pollitem_t){ zsock_resolve(k->pipe), 0, ZMQ_POLLIN, 0 };
	for (size_t i = 0; i < k->count; i++) {
		p = &k->consumers[i].pool;
		if (pool_writer(p) == NULL)
			wait_ms = LOOK_MS;
		for (unsigned j = 0; j < p->count; j++)
			items[count++] = (zmq_pollitem_t){
			    zsock_resolve(p->rows[j]->sock), 0, ZMQ_POLLIN, 0 };
	}
	zmq_poll(items, count, wait_ms);
	for (;;) {
		len = zmq_recv(zsock_resolve(k->pipe), command,
		    sizeof(command), ZMQ_DONTWAIT);
		if (len == -1)
			return errno != ETERM;
		if (len > 1)	/* a wake-up is one byte, this is $TERM */
			return false;
		make_due(k, command[0] != 0);
	}
}

static void
courier_run(zsock_t *pipe, void *arg)
{
	struct courier	k = { .args = arg, .pipe = pipe,
			    .began_ms = clock_ms() };

	lane_open(&k.lane, k.args->tables, k.args->path, true);
	k.frames = frame_reader_new();
	add_consumers(&k);
	zsock_signal(pipe, 0);
	while (wait_for_work(&k))
		for (size_t i = 0; i < k.count; i++)
			attend(&k, &k.consumers[i], clock_ms());
	for (size_t i = 0; i < k.count; i++)
		pool_done(&k.consumers[i].pool);
	resolver_destroy(&k.resolver);
	frame_reader_destroy(&k.frames);
	lane_close(&k.lane);
}

zactor_t *
courier_start(struct courier_args *args)
{
	const struct service	*service = args->tables->service;

	if (consumers_of(service->ops) == 0 && service->seed_consumers == 0)
		return NULL;
	return zactor_new(courier_run, args);
}

void
courier_wake(zactor_t *courier, bool waited_for)
{
	char	how = waited_for;

	/* the pipe has no bound: this can fail only at the very end */
	(void)zmq_send(zsock_resolve(courier), &how, 1, ZMQ_DONTWAIT);
}

bool
courier_receive(zactor_t *courier, struct courier_news *ret)
{
	return zmq_recv(zsock_resolve(courier), ret, sizeof(*ret),
	    ZMQ_DONTWAIT) == sizeof(*ret);
}
