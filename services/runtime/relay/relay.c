/*
 * Events go to that process of each consumer that writes. Many are in flight at
 * a time: while the consumer commits some, the next ones arrive. Each names the
 * one before it, so that the consumer refuses those behind a failed one.
 */
#include "services/runtime/relay/relay.h"

#include "base/log.h"
#include "base/metrics.h"
#include "base/process/actor.h"
#include "proto/peer/pool.h"
#include "services/runtime/relay/inflight.h"
#include "services/runtime/relay/lag.h"
#include "services/runtime/relay/newcomer.h"
#include "services/runtime/relay/refusal.h"

#define MESSAGE_BYTES	(REQUESTS_MOST_BYTES / 2) /* and one event */
#define ACK_TIMEOUT_MS	2000
#define RETRY_MS	500
#define IDLE_MS		100	/* between looks at idle consumers ... */
#define LOOK_MS		20	/* ... and if one of them has no writer */
#define FIND_MS		1000	/* a consumer not found by then is down */
#define COUNT_MS	1000	/* between counts of the outbox */
#define TALLY_MS	1000	/* tallies are collected for so long */
#define RECEIVE_MESSAGES 64	/* of one process, then of the next one */
#define MESSAGE_ANSWERS	4096	/* read of one message */

struct consumer {
	enum service_id	 id;
	struct pool	 pool;
	struct replica	*asked;		/* has what is in flight; or NULL */
	bool		 said_up;	/* what the loop believes */
	bool		 was_found;
	bool		 was_asked;	/* whether it knows our store: once, as
					 * later it may have heard of another */
	int64_t		 acked;		/* seq: acknowledged up to here ... */
	int64_t		 told;		/* ... as the loop was told */
	struct inflight	 inflight;
	int64_t		 moved_ms;	/* when one was answered last, or sent
					 * with none before it */
	int64_t		 due_ms;	/* when to look for events */
	int64_t		 pause_ms;	/* send nothing until then */
	int64_t		 counted_ms;	/* when events were counted last */
	struct refusal	 refusal;	/* of the first event in flight */
	struct lag	 lag;
};

struct relay {
	const struct relay_args	*args;
	struct session			 session;
	zsock_t				*pipe;
	struct frame_reader		*frames;
	struct resolver			*resolver;
	int64_t				 began_ms;
	struct consumer			 consumers[SERVICE_END];
	size_t				 count;
};

/* --- consumers ---------------------------------------------------------- */

static uint64_t
consumers_in(const struct op *ops)
{
	uint64_t	mask = 0;

	for (; ops->op != OP_NONE; ops++)
		for (int i = 0; i < OP_EMITS; i++) {
			mask |= UINT64_C(1) << op_info(ops->emits[i])->service;
			mask |= UINT64_C(1) << op_info(ops->tells[i])->service;
		}
	return mask & ~(UINT64_C(1) << SERVICE_ANY);
}

uint64_t
relay_consumers(const struct service *service)
{
	return consumers_in(service->ops) | service->seed_consumers;
}

static void
add_consumers(struct relay *relay)
{
	uint64_t	 mask = relay_consumers(relay->args->tables->service);
	struct consumer	*c;

	relay->resolver = resolver_new(relay->args->settings, mask);
	for (unsigned id = 1; id < SERVICE_END; id++) {
		if ((mask & (UINT64_C(1) << id)) == 0)
			continue;
		c = &relay->consumers[relay->count++];
		c->id = (enum service_id)id;
		c->said_up = true;
		refusal_init(&c->refusal);
		pool_init(&c->pool, c->id, relay->resolver);
	}
}

static void
tell_loop_refused(struct relay *relay, struct consumer *c, int64_t refused,
    enum err e)
{
	struct relay_news	news = { c->id, c->said_up, c->acked, refused,
				    e };

	c->told = c->acked;
	CHECK(zmq_send(zsock_resolve(relay->pipe), &news, sizeof(news), 0) ==
	    sizeof(news));
}

static void
tell_loop(struct relay *relay, struct consumer *c)
{
	tell_loop_refused(relay, c, 0, OK);
}

/* The first event in flight, or the one that would be, was refused. */
static void
note_refusal(struct relay *relay, struct consumer *c, int64_t seq, enum err e,
    int64_t now_ms)
{
	if (refusal_note(&c->refusal, seq, e, now_ms))
		tell_loop_refused(relay, c, seq, e);
}

/* --- sending ------------------------------------------------------------- */

static bool
put_next_event(struct relay *relay, struct consumer *c, const struct stmt *st,
    int64_t after)
{
	struct request	r = { .request_id = TEXT_OF("event") };
	int64_t		seq = stmt_number(st, 0);
	struct text	frame = stmt_bytes(st, 3);

	frame_reader_start(relay->frames, frame.base, frame.len);
	if (frame_next_args(relay->frames, &r.args) != FRAME_ONE) {
		log_error("outbox: event %lld cannot be read", (long long)seq);
		return false;
	}
	r.id = REPLICA_FIRST_ID + (uint64_t)seq;
	r.op = (uint64_t)stmt_number(st, 1);
	r.actor = stmt_number(st, 2);
	args_put_number(&r.args, KEY_SOURCE, relay->args->tables->service->id);
	args_put_number(&r.args, KEY_STREAM, relay->session.stream);
	args_put_number(&r.args, KEY_SEQ, seq);
	if (!stmt_is_null(st, 4))
		args_put_number(&r.args, KEY_ORIGINAL, stmt_number(st, 4));
	if (after != 0)
		args_put_number(&r.args, KEY_AFTER, after);
	frame_put_request(&c->asked->out, &r);
	return true;
}

/* Read the next events, as many as there is room for. *ret_more: not all. */
static bool
read_events(struct relay *relay, struct consumer *c, bool *ret_more)
{
	struct stmt	st = stmt_begin(relay->session.db, SQL_OUTBOX_NEXT, NULL);
	struct inflight	*f = &c->inflight;
	int64_t		after = inflight_last(f);
	bool		readable = true;

	stmt_bind_number(&st, KEY_CONSUMER, c->id);
	stmt_bind_number(&st, KEY_SEQ, after != 0 ? after : c->acked);
	stmt_bind_number(&st, KEY_LIMIT, INFLIGHT_MOST - f->count);
	c->asked->out.len = 0;
	*ret_more = false;
	while (!*ret_more && stmt_next(&st)) {
		readable = put_next_event(relay, c, &st, after);
		if (!readable) {
			if (f->count == 0)
				note_refusal(relay, c, stmt_number(&st, 0),
				    ERR_INTERNAL, clock_ms());
			break;
		}
		after = stmt_number(&st, 0);
		inflight_put(f, after,
		    stmt_number(&st, 1) == OP_EVENT_LEFT_OUT);
		*ret_more = f->count == INFLIGHT_MOST ||
		    c->asked->out.len > MESSAGE_BYTES;
	}
	if (stmt_end(&st))
		return readable;
	log_error("outbox: %s", db_error(relay->session.db));
	return false;
}

/* Forget what is in flight; it is sent again, and may arrive twice. */
static void
give_up(struct consumer *c, int64_t due_ms)
{
	inflight_clear(&c->inflight);
	c->due_ms = c->pause_ms = due_ms;
}

static void
send_next(struct relay *relay, struct consumer *c, int64_t now_ms)
{
	struct replica	*writer = pool_writer(&c->pool);
	struct inflight	*f = &c->inflight;
	unsigned	 had = f->unanswered;
	bool		 more;

	if (f->failed || f->count == INFLIGHT_MOST || now_ms < c->due_ms ||
	    now_ms < c->pause_ms || writer == NULL ||
	    (had > 0 && writer != c->asked))
		return;
	c->asked = writer;
	/* if an event cannot be read, try again */
	if (!read_events(relay, c, &more))
		c->due_ms = now_ms + RETRY_MS;
	else
		c->due_ms = more ? now_ms : INT64_MAX;
	if (f->unanswered == had)
		return;
	if (had == 0)
		c->moved_ms = now_ms;
	if (!replica_flush(c->asked))
		give_up(c, now_ms + RETRY_MS);
}

/* --- acknowledgements ----------------------------------------------------- */

/* The events at the beginning that were taken are acknowledged. */
static void
advance_acked(struct consumer *c, int64_t now_ms)
{
	struct inflight_event	e;

	while (inflight_ack(&c->inflight, &e)) {
		c->acked = e.seq;
		if (e.is_gap)
			refusal_note_gap(&c->refusal, now_ms);
	}
	refusal_note_taken(&c->refusal, c->acked);
}

/* All events in flight are answered, and not all were taken. */
static void
resend_later(struct relay *relay, struct consumer *c, int64_t now_ms)
{
	const struct inflight_event	*first = inflight_first(&c->inflight);

	note_refusal(relay, c, first->seq, first->error, now_ms);
	give_up(c, now_ms + RETRY_MS);
}

static void
take_ack(struct relay *relay, struct consumer *c, struct replica *r,
    const struct answer *a, int64_t now_ms)
{
	enum pong		 pong = replica_take_pong(r, a, now_ms);
	struct inflight		*f = &c->inflight;
	struct inflight_event	*e;

	if (pong == PONG_HEARD && !c->was_asked && !relay->args->is_meant)
		newcomer_look(a, relay->args->tables->service->id, c->id);
	c->was_asked = c->was_asked || pong == PONG_HEARD;
	if (pong != PONG_NONE || r != c->asked)
		return;
	e = inflight_find(f, (int64_t)(a->id - REPLICA_FIRST_ID));
	if (e == NULL)
		return;		/* it is not in flight any more */
	/* another process writes, or will soon */
	if (a->error == ERR_UNAVAILABLE) {
		r->writes = false;
		give_up(c, now_ms + LOOK_MS);
		return;
	}
	if (a->error != OK && !f->failed)
		log_warn("%s service refuses event %llu: %s",
		    service_name(c->id),
		    (unsigned long long)(a->id - REPLICA_FIRST_ID),
		    err_info(a->error)->reason);
	inflight_answer(f, e, (enum err)a->error);
	c->moved_ms = now_ms;
	advance_acked(c, now_ms);
	if (f->failed && f->unanswered == 0)
		resend_later(relay, c, now_ms);
}

static void
receive_answers(struct relay *relay, struct consumer *c, struct replica *r,
    int64_t now_ms)
{
	zmq_msg_t		message;
	struct answer		a;
	enum frame_result	result;

	zmq_msg_init(&message);
	for (int i = 0; i < RECEIVE_MESSAGES && replica_receive(r, &message);
	    i++) {
		frame_reader_start(relay->frames, zmq_msg_data(&message),
		    zmq_msg_size(&message));
		result = FRAME_ONE;
		for (int j = 0; j < MESSAGE_ANSWERS && (result =
		    frame_next_answer(relay->frames, &a)) == FRAME_ONE; j++)
			take_ack(relay, c, r, &a, now_ms);
		if (result == FRAME_BAD)
			replica_warn(r, now_ms);
	}
	zmq_msg_close(&message);
}

static void
serve_replica(struct relay *relay, struct consumer *c, struct replica *r,
    int64_t now_ms)
{
	struct args	known = { 0 };
	bool		lost;

	receive_answers(relay, c, r, now_ms);
	newcomer_put(&known, relay->args->tables->service->id,
	    relay->session.stream);
	replica_ping(r, now_ms, &known);
	lost = replica_lost(r, now_ms) || r->restarted;
	r->restarted = false;
	if (lost && r == c->asked && c->inflight.unanswered > 0)
		give_up(c, now_ms);
}

/* How many events for a consumer are set aside. */
static int64_t
count_set_aside(struct relay *relay, const struct consumer *c)
{
	struct stmt	st = stmt_begin(relay->session.db, SQL_SET_ASIDE_COUNT,
			    NULL);
	int64_t		count;

	stmt_bind_number(&st, KEY_CONSUMER, c->id);
	count = stmt_next(&st) ? stmt_number(&st, 0) : 0;
	stmt_end(&st);
	return count;
}

/* For the metrics: how much is not delivered. */
static void
count_events(struct relay *relay, struct consumer *c, int64_t now_ms)
{
	struct stmt	st;
	int64_t		count = 0, newest = 0;

	if (now_ms - c->counted_ms < COUNT_MS)
		return;
	c->counted_ms = now_ms;
	st = stmt_begin(relay->session.db, SQL_OUTBOX_COUNT, NULL);
	stmt_bind_number(&st, KEY_CONSUMER, c->id);
	stmt_bind_number(&st, KEY_SEQ, c->acked);
	if (stmt_next(&st)) {
		count = stmt_number(&st, 0);
		newest = stmt_number(&st, 1);
	}
	stmt_end(&st);
	metric_set(METRIC_UNDELIVERED, c->id, count);
	metric_set(METRIC_SET_ASIDE, c->id, count_set_aside(relay, c));
	metric_set(METRIC_OUTBOX_LAG_MS, c->id,
	    lag_note(&c->lag, c->acked, newest, now_ms));
}

static void
serve_consumer(struct relay *relay, struct consumer *c, int64_t now_ms)
{
	struct replica	*gone;
	bool		 up;

	pool_refresh(&c->pool);
	for (unsigned i = 0; i < c->pool.count; i++)
		serve_replica(relay, c, c->pool.rows[i], now_ms);
	while ((gone = pool_take_gone(&c->pool)) != NULL) {
		if (gone == c->asked) {
			c->asked = NULL;
			give_up(c, now_ms);
		}
		replica_destroy(&gone);
	}
	if (c->inflight.unanswered > 0 && now_ms - c->moved_ms > ACK_TIMEOUT_MS)
		give_up(c, now_ms);
	if (c->told != c->acked)
		tell_loop(relay, c);
	send_next(relay, c, now_ms);
	count_events(relay, c, now_ms);
	up = pool_writer(&c->pool) != NULL ||
	    now_ms - relay->began_ms < FIND_MS;
	if (c->said_up != up || (up && !c->was_found &&
	    pool_writer(&c->pool) != NULL)) {
		c->was_found = c->was_found || up;
		c->said_up = up;
		tell_loop(relay, c);
	}
}

/* Events that answers wait for are sent now, with all before them. */
static void
set_due(struct relay *relay, bool waited_for)
{
	int64_t	due_ms = clock_ms() + (waited_for ? 0 : TALLY_MS);

	for (size_t i = 0; i < relay->count; i++)
		if (due_ms < relay->consumers[i].due_ms)
			relay->consumers[i].due_ms = due_ms;
}

/* Wait for the loop, a consumer, or a while. False if the relay is to end. */
static bool
wait_for_events(struct relay *relay)
{
	zmq_pollitem_t	items[1 + SERVICE_END * RESOLVE_MOST];
	struct pool	*p;
	char		command[8];
	int		len, count = 1;
	long		wait_ms = IDLE_MS;

	items[0] = (zmq_pollitem_t){ zsock_resolve(relay->pipe), 0,
	    ZMQ_POLLIN, 0 };
	for (size_t i = 0; i < relay->count; i++) {
		p = &relay->consumers[i].pool;
		if (pool_writer(p) == NULL)
			wait_ms = LOOK_MS;
		for (unsigned j = 0; j < p->count; j++)
			items[count++] = (zmq_pollitem_t){
			    zsock_resolve(p->rows[j]->sock), 0, ZMQ_POLLIN, 0 };
	}
	zmq_poll(items, count, wait_ms);
	for (;;) {
		len = zmq_recv(zsock_resolve(relay->pipe), command,
		    sizeof(command), ZMQ_DONTWAIT);
		if (len == -1)
			return errno != ETERM;
		if (len > 1)	/* a wake-up is one byte, this is $TERM */
			return false;
		set_due(relay, command[0] != 0);
	}
}

static void
relay_run(zsock_t *pipe, void *arg)
{
	struct relay	relay = { .args = arg, .pipe = pipe,
			    .began_ms = clock_ms() };

	session_open(&relay.session, relay.args->tables, relay.args->path, true);
	relay.frames = frame_reader_new();
	add_consumers(&relay);
	zsock_signal(pipe, 0);
	while (wait_for_events(&relay))
		for (size_t i = 0; i < relay.count; i++)
			serve_consumer(&relay, &relay.consumers[i], clock_ms());
	for (size_t i = 0; i < relay.count; i++)
		pool_done(&relay.consumers[i].pool);
	resolver_destroy(&relay.resolver);
	frame_reader_destroy(&relay.frames);
	session_close(&relay.session);
}

zactor_t *
relay_start(struct relay_args *args)
{
	const struct service	*service = args->tables->service;

	if (relay_consumers(service) == 0)
		return NULL;
	return actor_new(relay_run, args);
}

void
relay_wake(zactor_t *relay, bool waited_for)
{
	char	how = waited_for;

	/* the pipe has no bound: this fails only when the process ends */
	(void)zmq_send(zsock_resolve(relay), &how, 1, ZMQ_DONTWAIT);
}

bool
relay_receive(zactor_t *relay, struct relay_news *ret)
{
	return zmq_recv(zsock_resolve(relay), ret, sizeof(*ret),
	    ZMQ_DONTWAIT) == sizeof(*ret);
}
