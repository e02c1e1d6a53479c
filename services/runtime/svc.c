/*
 * The loop of a service, in one of its processes. All of them read; the one
 * that holds the store's lock also writes and delivers events, and when it
 * ends or dies another one takes over.
 *
 * A request's way: receive (a message of many frames)
 * -> decode -> dispatch (run a read at once, send the rest to a lane) ->
 * [turns] -> [lane] -> hold (a write until its event was heard) -> reply.
 *
 * The reads of one message see the store at one point, as long as they are
 * run in one slice of time: that is one read transaction, begun by the first
 * of them, after the message came. A write is answered after its COMMIT, so
 * whoever has its answer reads what it wrote, from whichever process.
 *
 * Where something else waits, lists do so, too, and users take turns at them;
 * so they do at writes, of which the lane has only so many at a time, and at
 * what is put aside (struct op). So what one user asks for waits behind what
 * that one has asked for before.
 */
#include "services/runtime/svc.h"

#include <sys/file.h>
#include <sys/random.h>
#include <sys/signalfd.h>

#include <czmq.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/harden.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/rlimits.h"
#include "base/signals.h"
#include "base/stderr.h"
#include "base/wall.h"
#include "proto/labels.h"
#include "proto/peer/curve.h"
#include "services/runtime/relay/newcomer.h"
#include "services/runtime/relay/relay.h"
#include "services/runtime/socket/exporter.h"
#include "services/runtime/socket/backlog.h"
#include "services/runtime/lane/lanes.h"
#include "services/runtime/socket/watchers.h"
#include "services/runtime/socket/sender.h"
#include "services/runtime/lane/turns.h"
#include "services/store/migrate.h"
#include "services/store/store.h"
#include "services/store/timed.h"

#define QUEUE_MESSAGES		10000	/* for a peer that has not read them */
#define READ_AHEAD_MESSAGES	16	/* of each peer; the rest waits there */
#define CALLS_MOST		16384	/* in lanes and held, all together */
#define CALLS_BYTES		((size_t)64 << 20) /* ... of their arguments */
#define WRITES_PART		2	/* of those bounds: for clients' writes,
					 * so that events always find room */
#define TURNS_MOST		4096	/* that wait for their turn ... */
#define TURNS_BYTES		((size_t)24 << 20)
#define WRITES_MOST		64	/* of clients, in the lane */
#define TURN_US			500
#define LOOP_US			5000	/* for a list, then it goes aside */
#define QUICK_US		50000	/* for what is put aside, first */
#define QUICK_NICE		0
#define LONG_NICE		5
#define SPARE_BYTES		16384	/* larger ones are not kept */
#define SPARE_MOST		256	/* calls kept for use again */
#define WATCH_MS		200	/* for steps of the wall clock */
#define IDLE_MS			1000
#define REPLY_BYTES		(64 << 10) /* answers collected in a message */
#define TURN_MESSAGES		256	/* received before lists and lanes ... */
#define TURN_MS			5	/* ... and so long at most */
#define SLICE_US		10000	/* for one message, then for others */
#define WARN_EVERY_MS		10000	/* of what peers send that is nothing */
#define TAKE_OVER_MS		50	/* between tries to get the lock */
#define LOADING_MS		5	/* between looks whether it is over */
#define DRAIN_MS		150	/* from saying that we leave to leaving */
#define CLOSE_MS		30	/* from refusing reads to being gone */
#define SOCKETS_MOST		64	/* of processes on one host */
#define STILL_MOST_MS		1000	/* that clients' writes are held */

/*
 * Clients' writes are held: they wait for their turn, while what other
 * services tell goes on. Whoever asked for it looks at all four stores
 * at one point (tools/flicketctl/backup/backup_cut.c).
 */
struct standstill {
	int64_t		 until_ms;	/* 0: nothing is held */
	struct buf	 holder;	/* ZeroMQ identity */
	uint64_t	 id;		/* of the request, to be answered when
					 * the lane has no client's write; or 0 */
};

/*
 * A lane beside the loop, one call at a time. What takes too long for the
 * first of the two begins anew on the second, so that what is quick never
 * waits for it.
 */
enum aside_id { ASIDE_QUICK, ASIDE_LONG, ASIDE_END };

struct aside {
	struct lane_args args;
	zactor_t	*lane;		/* NULL: nothing is put aside here */
	struct turns	 waiting;
	bool		 busy;
};

struct svc {
	const struct service	*service;
	const struct settings	*settings;
	struct op_tables	 tables;
	struct buf		 path;		/* of the database */
	struct standing		 standing;
	int			 lock;		/* -1: another process has it */
	int			 lock_error;	/* that was logged */
	bool			 force_new;	/* --force-new: newcomer.h */
	bool			 frozen;	/* nobody can write to the store */
	bool			 thawing;	/* ... but could: lanes end what
						 * they are at, and begin nothing
						 * until they open it anew */
	int64_t			 tried_ms;	/* to get it */
	int			 socket_lock;	/* of the endpoint, -1: none */
	int			 signals;
	zsock_t			*router;
	struct lane		 reader;
	bool			 reading;	/* a read transaction is open */
	struct lane_args	 writer_args;
	struct lane_args	 slow_args;
	struct relay_args	 relay_args;
	zactor_t		*writer;	/* NULL: another process writes */
	zactor_t		*slow;
	zactor_t		*relay;	/* NULL: no events go out */
	struct frame_reader	*frames;
	struct backlog		 backlog;
	int64_t			 warned_ms;	/* of what is no request */
	struct call		 read;		/* the one read under way */
	struct buf		 replies;	/* of the message being handled */
	struct call		*held;		/* wait for their events */
	struct call		*spare;
	unsigned		 spares;
	unsigned		 calls;		/* waiting, in lanes and held */
	size_t			 calls_bytes;	/* of their arguments */
	unsigned		 slow_calls;
	unsigned		 slow_put_off;	/* of them: not begun by thawing */
	unsigned		 client_writes;	/* in the lane */
	struct standstill	 still;
	struct turns		 reads;		/* lists, for the loop */
	int64_t			 at_once_until_us;	/* lists need no turn */
	struct turns		 writes;	/* of clients, for the lane */
	struct aside		 asides[ASIDE_END];
	struct relay_news	 heard[SERVICE_END];
	int64_t			 deleted[SERVICE_END];
	struct watchers	 watchers;
	struct exporter		*exporter;	/* NULL: none */
	int64_t			 announced;	/* what they are to see */
	bool			 emitted;	/* the relay is to be woken */
	bool			 tallied;	/* ... though not in a hurry */
	int64_t			 deleted_ms;	/* when that was looked at last */
	int64_t			 watched_ms;	/* ... and the wall clock */
	int64_t			 leave_ms;	/* 0: staying; else when that ends */
	int64_t			 stop_ms;	/* 0: not stopping; else how long
						 * what was begun may take */
	int64_t			 close_ms;	/* 0: not closing; else when
						 * that ends */
};

/* --- calls -------------------------------------------------------------- */

static struct call *
call_new(struct svc *s)
{
	struct call	*c = s->spare;

	s->calls++;
	if (c == NULL)
		return must_alloc(sizeof(*c));
	s->spare = c->next;
	s->spares--;
	return c;
}

/* Make a call ready for the next request, keeping its memory. */
static void
call_clear(struct call *c)
{
	c->op = NULL;
	args_clear(&c->request.args);
	c->answer.total = c->answer.tag = 0;
	args_clear(&c->answer.extra);
	c->fragment.len = 0;
	c->text.len = 0;
	c->message.len = 0;
	c->rows = 0;
	for (int i = 0; i < OP_REFS; i++)
		c->refs[i].len = 0;
	c->emitted = 0;
	c->tallied = c->store_failed = false;
	c->put_aside = c->ran_over = c->passing = false;
	c->made = NULL;
	c->hold_until_ms = 0;
	c->next = NULL;
}

static void
call_free(struct call *c)
{
	buf_done(&c->fragment);
	buf_done(&c->text);
	buf_done(&c->message);
	for (int i = 0; i < OP_REFS; i++)
		buf_done(&c->refs[i]);
	buf_done(&c->held_bytes);
	free(c);
}

static void
call_done(struct svc *s, struct call *c)
{
	s->calls--;
	s->calls_bytes -= c->kept_bytes;
	if (s->spares == SPARE_MOST ||
	    c->text.size + c->fragment.size > SPARE_BYTES) {
		call_free(c);
		return;
	}
	call_clear(c);
	c->next = s->spare;
	s->spare = c;
	s->spares++;
}

/* --- reply -------------------------------------------------------------- */

static void
log_call(const struct call *c)
{
	const char		*name = op_info(c->request.op)->name;
	const struct log_fact	 facts[] = {
		{ "error", err_info(c->answer.error)->reason, 0 },
		{ "duration_us", NULL, c->answer.spent_us },
		{ "bytes", NULL, (int64_t)c->answer.fragment.len },
		{ "actor", NULL, c->request.actor },
	};

	log_facts(LEVEL_DEBUG, name != NULL ? name : "?", facts,
	    sizeof(facts) / sizeof(facts[0]));
}

/* It was answered: how long that took, for whom it concerns. */
static void
note_call(struct call *c)
{
	unsigned	op = (unsigned)c->request.op;

	c->answer.spent_us = clock_us() - c->began_us;
	metric_add(METRIC_OPERATIONS, op, c->answer.error, 1);
	metric_observe(METRIC_OPERATION_SECONDS, op, c->answer.spent_us);
	if (log_get_level() == LEVEL_DEBUG)
		log_call(c);
}

/* Where nothing was collected, nothing is sent. False: the peer is gone. */
static bool
send_to(struct svc *s, struct text peer, struct buf *frames)
{
	return frames->len == 0 ||
	    sender_send(zsock_resolve(s->router), peer, frames);
}

static void
reply_later(struct svc *s, struct call *c)
{
	op_log_begin(&c->request);
	note_call(c);
	log_done();
	if (c->peer.len == 0)
		return;		/* our own */
	s->replies.len = 0;
	frame_put_answer(&s->replies, &c->answer);
	(void)send_to(s, c->peer, &s->replies);
}

/* --- hold ---------------------------------------------------------------- */

/*
 * Whether the consumer of its event has it, or cannot have it now. At the
 * end of a stop nobody waits any longer for that: the write itself is done.
 */
static bool
is_delivered(const struct svc *s, const struct call *c)
{
	const struct relay_news	*news = &s->heard[c->consumer];

	return c->emitted == 0 || s->relay == NULL || !news->up ||
	    s->close_ms != 0 || news->seq >= c->emitted;
}

/* A write that says SEEN changed what watchers keep. */
static bool
is_heard(struct svc *s, const struct call *c)
{
	int64_t	seq = args_number(&c->answer.extra, KEY_SEEN, 0);

	return is_delivered(s, c) && (seq == 0 ||
	    watchers_have_seen(&s->watchers, seq, clock_ms()));
}

static int64_t
hold_ms(const struct svc *s, const struct call *c)
{
	return args_has(&c->answer.extra, KEY_SEEN) ? WATCHER_LEASE_MS :
	    s->settings->event_wait_ms;
}

static void
finish_call(struct svc *s, struct call *c)
{
	reply_later(s, c);
	call_done(s, c);
}

static void
hold_or_finish(struct svc *s, struct call *c)
{
	s->emitted = s->emitted || c->emitted != 0;
	s->tallied = s->tallied || c->tallied;
	if (args_number(&c->answer.extra, KEY_SEEN, 0) > s->announced)
		s->announced = args_number(&c->answer.extra, KEY_SEEN, 0);
	if (is_heard(s, c)) {
		finish_call(s, c);
		return;
	}
	c->hold_until_ms = clock_ms() + hold_ms(s, c);
	c->next = s->held;
	s->held = c;
}

static void
release_held(struct svc *s)
{
	struct call	**link = &s->held, *c;
	int64_t		  now_ms = clock_ms();

	while ((c = *link) != NULL) {
		if (!is_heard(s, c) && now_ms < c->hold_until_ms) {
			link = &c->next;
			continue;
		}
		*link = c->next;
		finish_call(s, c);
	}
}

/* --- decode and dispatch ------------------------------------------------- */

static void
answer_at_once(struct svc *s, const struct request *r, enum err e)
{
	struct answer	a = { .id = r->id, .error = e };

	metric_add(METRIC_OPERATIONS, r->op < OP_END ? (unsigned)r->op : 0, e,
	    1);
	frame_put_answer(&s->replies, &a);
}

/*
 * False: something has to be made for it aside first. `made` is that, or NULL;
 * it was asked for at began_us, or 0: just now.
 */
static bool
run_read(struct svc *s, const struct request *r, void *made, int64_t began_us)
{
	struct call	*c = &s->read;

	call_clear(c);
	c->request = *r;
	c->made = made;
	s->reader.until_us = clock_us() + LOOP_US;
	c->began_us = began_us != 0 ? began_us : s->reader.until_us - LOOP_US;
	op_log_begin(r);
	if (!s->reading)
		s->reading = db_begin_read(s->reader.db);
	s->reader.over = false;
	op_call(&s->reader, c);
	if (!c->put_aside) {
		note_call(c);
		frame_put_answer(&s->replies, &c->answer);
	}
	log_done();
	return !c->put_aside;
}

/*
 * The end of what one message asks for: the next one may come from somebody
 * who has been told meanwhile, by the process that writes, of a COMMIT.
 */
static void
end_reading(struct svc *s)
{
	if (s->reading)
		db_commit(s->reader.db);
	s->reading = db_in_transaction(s->reader.db);
}

/* A call that outlives its message takes copies of all it needs. */
static struct call *
call_keep(struct svc *s, const struct request *r, struct text peer)
{
	struct call	*c = call_new(s);
	size_t		 id_at = peer.len;

	c->held_bytes.len = 0;
	buf_put(&c->held_bytes, peer.base, peer.len);
	buf_put(&c->held_bytes, r->request_id.base, r->request_id.len);
	buf_put(&c->held_bytes, r->trace.base, r->trace.len);
	c->request = *r;
	args_copy(&c->request.args, &r->args, &c->text);
	c->kept_bytes = c->text.len;
	s->calls_bytes += c->kept_bytes;
	c->peer = (struct text){ c->held_bytes.base, peer.len };
	c->request.request_id = (struct text){ c->held_bytes.base + id_at,
	    r->request_id.len };
	c->request.trace = (struct text){ c->held_bytes.base + id_at +
	    r->request_id.len, r->trace.len };
	c->began_us = clock_us();
	return c;
}

/* --- room ------------------------------------------------------------------ */

struct load {
	unsigned	calls;
	size_t		bytes;		/* of their arguments */
};

/* In lanes and held: what waits for its turn has bounds of its own. */
static struct load
load_of(const struct svc *s)
{
	const struct turns	*waiting[] = { &s->reads, &s->writes,
				    &s->asides[ASIDE_QUICK].waiting,
				    &s->asides[ASIDE_LONG].waiting };
	struct load		 l = { s->calls, s->calls_bytes };

	for (size_t i = 0; i < sizeof(waiting) / sizeof(waiting[0]); i++) {
		l.calls -= waiting[i]->count;
		l.bytes -= waiting[i]->bytes;
	}
	return l;
}

/* For one more of those that may have one part of so many. */
static bool
has_room(const struct svc *s, unsigned parts)
{
	struct load	l = load_of(s);

	return l.calls < CALLS_MOST / parts && l.bytes <= CALLS_BYTES / parts;
}

/* --- standstill ------------------------------------------------------------ */

static bool
is_client_write(const struct svc *s, const struct call *c)
{
	enum op_kind	kind;

	return op_kind_of(&s->tables, c->request.op, &kind) &&
	    kind == OP_WRITE;
}

static void
write_call(struct svc *s, struct call *c)
{
	s->client_writes += is_client_write(s, c);
	lane_send(s->writer, c);
}

/* Those whose turn it is, as many as the lane may have. */
static void
start_writes(struct svc *s)
{
	while (s->writes.count > 0 && s->still.until_ms == 0 &&
	    s->client_writes < WRITES_MOST && has_room(s, WRITES_PART))
		write_call(s, turns_take(&s->writes));
}

/* Whoever asked may rely on it once nothing of a client is under way. */
static void
still_answer(struct svc *s)
{
	struct answer	a = { .id = s->still.id, .error = OK };

	if (s->still.until_ms == 0 || a.id == 0 || s->client_writes > 0)
		return;
	s->still.id = 0;
	s->replies.len = 0;
	frame_put_answer(&s->replies, &a);
	(void)send_to(s, (struct text){ s->still.holder.base,
	    s->still.holder.len }, &s->replies);
}

/*
 * What is only counted is delivered now, too, so that soon nobody has
 * anything to tell. WRITES_HOLD is answered by still_answer().
 */
static enum err
still_begin(struct svc *s, const struct request *r, struct text peer)
{
	int64_t	limit_ms = args_number(&r->args, KEY_HOLD_MS,
		    args_number(&r->args, KEY_LIMIT, 0));	/* older */

	if (s->writer == NULL || s->leave_ms != 0)
		return ERR_UNAVAILABLE;
	if (limit_ms < 1 || limit_ms > STILL_MOST_MS || r->id == 0)
		return ERR_BAD_REQUEST;
	if (s->still.until_ms != 0)
		return ERR_CONFLICT;
	s->still.until_ms = clock_ms() + limit_ms;
	s->still.id = r->id;
	s->still.holder.len = 0;
	buf_put(&s->still.holder, peer.base, peer.len);
	s->emitted = true;
	return OK;
}

static void
still_end(struct svc *s)
{
	s->still.until_ms = 0;
	s->still.id = 0;
	start_writes(s);
}

/* OK: nothing was written between WRITES_HOLD's answer and now. */
static enum err
still_release(struct svc *s, struct text peer)
{
	const struct buf	*holder = &s->still.holder;
	bool			 sure;

	if (s->still.until_ms == 0 || holder->len != peer.len ||
	    memcmp(holder->base, peer.base, peer.len) != 0)
		return ERR_GONE_AWAY;
	sure = s->still.id == 0 && clock_ms() <= s->still.until_ms;
	still_end(s);
	return sure ? OK : ERR_GONE_AWAY;
}

static void
still_in_time(struct svc *s)
{
	if (s->still.until_ms == 0 || clock_ms() < s->still.until_ms)
		return;
	log_warn("writes were held for as long as they may be");
	still_end(s);
}

/* Whether a request is one of these two; they are the loop's own. */
static bool
still_take(struct svc *s, const struct request *r, struct text peer)
{
	enum err	e;

	if (r->op == OP_WRITES_HOLD) {
		e = still_begin(s, r, peer);
		if (e != OK)
			answer_at_once(s, r, e);
	} else if (r->op == OP_WRITES_RELEASE)
		answer_at_once(s, r, still_release(s, peer));
	else
		return false;
	return true;
}

static bool
gives_back(const struct svc *s, const struct call *c)
{
	return s->tables.first[c->request.op]->gives_back;
}

/*
 * Its answer goes out alone: it may be for another peer than those that are
 * being collected.
 */
static void
refuse_slow(struct svc *s, struct call *c)
{
	struct buf	answer = { 0 };

	c->answer = (struct answer){ .id = c->request.id,
	    .error = ERR_BUSY };
	op_log_begin(&c->request);
	note_call(c);
	log_done();
	frame_put_answer(&answer, &c->answer);
	(void)send_to(s, c->peer, &answer);
	buf_done(&answer);
	call_done(s, c);
}

/* Have the slow lane do what it was not told of while it was to end. */
static void
wake_slow(struct svc *s)
{
	for (; !s->thawing && s->slow_put_off > 0; s->slow_put_off--)
		slow_wake(s->slow);
}

/* Where a call is refused, the lane hears of the one that stays. */
static void
wait_for_slow(struct svc *s, struct call *c)
{
	struct call	*refused = slow_put(s->slow_args.waiting, c,
			    gives_back(s, c));

	if (refused != NULL) {
		refuse_slow(s, refused);
		return;
	}
	s->slow_calls++;
	s->slow_put_off++;
	wake_slow(s);
}

/* Those of a user who has too many already are refused. `op` may be NULL. */
static void
wait_for_turn(struct svc *s, struct turns *t, const struct op *op,
    const struct request *r, struct text peer)
{
	struct call	*c = call_keep(s, r, peer);

	c->op = op;
	if (turns_put(t, c))
		return;
	call_done(s, c);
	answer_at_once(s, r, ERR_BUSY);
}

static void
send_to_lane(struct svc *s, const struct request *r, struct text peer,
    enum op_kind kind)
{
	bool		 slow = kind == OP_SLOW || kind == OP_LEAD;
	struct call	*c;

	if (kind == OP_WRITE) {
		wait_for_turn(s, &s->writes, NULL, r, peer);
		start_writes(s);
		return;
	}
	if (!has_room(s, 1)) {
		answer_at_once(s, r, ERR_BUSY);
		return;
	}
	c = call_keep(s, r, peer);
	if (slow)
		wait_for_slow(s, c);
	else
		write_call(s, c);
}

static void
note_watcher(struct svc *s, const struct request *ping, struct text peer)
{
	int64_t	seen = args_number(&ping->args, KEY_SEEN,
		    WATCHER_KEEPS_NOTHING);

	watchers_heard(&s->watchers, peer, seen,
	    args_number(&s->read.answer.extra, KEY_SEEN, seen), clock_ms());
	if (s->service->heard != NULL)
		s->service->heard(peer);
}

/*
 * Tell watchers what they have not seen, before their next PING asks: the
 * answer to a PING that they did not send, with the id 0.
 */
static void
announce(struct svc *s)
{
	struct request		 ping = { .op = OP_PING,
				    .request_id = TEXT_OF("") };
	const struct watcher	*l;
	struct text		 peer;
	int64_t			 told_seq;

	while ((l = watchers_to_tell(&s->watchers, s->announced,
	    &told_seq)) != NULL) {
		args_put_number(&ping.args, KEY_SEEN, told_seq);
		peer = (struct text){ l->peer.base, l->peer.len };
		s->replies.len = 0;
		(void)run_read(s, &ping, NULL, 0);
		(void)send_to(s, peer, &s->replies);
	}
	end_reading(s);
}

/* The same to everybody, of how this process stands. */
static void
announce_standing(struct svc *s)
{
	const struct watcher	*l;
	struct request		 ping;

	for (size_t i = 0; i < s->watchers.count; i++) {
		l = &s->watchers.rows[i];
		ping = (struct request){ .op = OP_PING,
		    .request_id = TEXT_OF("") };
		if (l->seen != WATCHER_KEEPS_NOTHING)
			args_put_number(&ping.args, KEY_SEEN, l->told_seq);
		s->replies.len = 0;
		(void)run_read(s, &ping, NULL, 0);
		(void)send_to(s, (struct text){ l->peer.base, l->peer.len },
		    &s->replies);
	}
	end_reading(s);
}

/*
 * Whether somebody would wait for what is run now. What stands in the socket
 * is not known here, and is taken to be something once a slice is over.
 */
static bool
is_awaited(const struct svc *s)
{
	return frame_reader_left(s->frames) > 0 || s->backlog.count > 0 ||
	    s->reads.count > 0 || clock_us() >= s->at_once_until_us;
}

static void
run_on_loop(struct svc *s, const struct request *r, struct text peer)
{
	if (still_take(s, r, peer))
		return;
	if (op_has_turns(&s->tables, r->op) && is_awaited(s))
		wait_for_turn(s, &s->reads, NULL, r, peer);
	else if (!run_read(s, r, NULL, 0))
		wait_for_turn(s, &s->asides[ASIDE_QUICK].waiting, s->read.op,
		    r, peer);
	else if (r->op == OP_PING)
		note_watcher(s, r, peer);
}

static void
dispatch(struct svc *s, const struct request *r, struct text peer)
{
	enum op_kind	kind;

	if (!op_kind_of(&s->tables, r->op, &kind) || kind == OP_OWN)
		answer_at_once(s, r, ERR_UNKNOWN_OP);
	else if (r->expires_ms != 0 && clock_ms() > r->expires_ms)
		answer_at_once(s, r, ERR_EXPIRED);
	else if (s->close_ms != 0 || (s->stop_ms != 0 && kind != OP_READ))
		answer_at_once(s, r, ERR_UNAVAILABLE);
	else if (kind != OP_READ && kind != OP_SLOW && s->writer == NULL)
		answer_at_once(s, r, s->frozen ? ERR_STORE : ERR_UNAVAILABLE);
	else if (kind == OP_READ)
		run_on_loop(s, r, peer);
	else
		send_to_lane(s, r, peer, kind);
}

static void
warn_bad(struct svc *s, size_t bytes)
{
	int64_t	now_ms = clock_ms();

	if (s->warned_ms != 0 && now_ms - s->warned_ms < WARN_EVERY_MS)
		return;
	s->warned_ms = now_ms;
	log_warn("a peer sent %zu bytes that are not a request", bytes);
}

/*
 * Do what a message asks from a place in it on, for a slice of time. Returns
 * the place where to go on: its end, if all is done.
 */
static size_t
handle_message(struct svc *s, struct text peer, zmq_msg_t *message, size_t at)
{
	int64_t			until_us = clock_us() + SLICE_US;
	struct request		r;
	enum frame_result	result;

	s->replies.len = 0;
	frame_reader_start(s->frames, (char *)zmq_msg_data(message) + at,
	    zmq_msg_size(message) - at);
	while ((result = frame_next_request(s->frames, &r)) == FRAME_ONE) {
		dispatch(s, &r, peer);
		if (clock_us() >= until_us)
			break;
		/* ZeroMQ ends a connection over a message beyond its bound */
		if (s->replies.len < REPLY_BYTES)
			continue;
		(void)send_to(s, peer, &s->replies);
	}
	if (result == FRAME_BAD)
		warn_bad(s, zmq_msg_size(message));
	if (!send_to(s, peer, &s->replies))
		frame_reader_start(s->frames, "", 0);	/* for nobody */
	end_reading(s);
	return zmq_msg_size(message) - frame_reader_left(s->frames);
}

/* What does not fit in a slice waits for the next one, if there is room. */
static void
handle_from(struct svc *s, struct text peer, zmq_msg_t *message, size_t at)
{
	at = handle_message(s, peer, message, at);
	if (at < zmq_msg_size(message) &&
	    !backlog_put(&s->backlog, peer, message, at))
		log_debug("the rest of a message is dropped");
}

/* --- receive ------------------------------------------------------------- */

/* Read past the rest of a message that has more parts than ours have. */
static void
skip_parts(void *router, zmq_msg_t *message)
{
	while (zmq_msg_more(message) &&
	    zmq_msg_recv(message, router, ZMQ_DONTWAIT) != -1)
		continue;
}

/* A new message comes after what is left of that peer's earlier ones. */
static void
handle_new(struct svc *s, struct text peer, zmq_msg_t *message)
{
	if (!backlog_has(&s->backlog, peer) ||
	    !backlog_put(&s->backlog, peer, message, 0))
		handle_from(s, peer, message, 0);
}

static bool
receive_message(struct svc *s)
{
	void		*router = zsock_resolve(s->router);
	zmq_msg_t	 identity, body;
	bool		 more;

	zmq_msg_init(&identity);
	zmq_msg_init(&body);
	more = zmq_msg_recv(&identity, router, ZMQ_DONTWAIT) != -1;
	if (more && zmq_msg_more(&identity) &&
	    zmq_msg_recv(&body, router, ZMQ_DONTWAIT) != -1) {
		if (!zmq_msg_more(&body))
			handle_new(s, (struct text){
			    zmq_msg_data(&identity), zmq_msg_size(&identity) },
			    &body);
		skip_parts(router, &body);
	}
	zmq_msg_close(&identity);
	zmq_msg_close(&body);
	return more;
}

/* A further slice for the message that has waited longest. */
static bool
carry_on(struct svc *s)
{
	struct backlog_message	*m = backlog_take(&s->backlog);

	if (m == NULL)
		return false;
	handle_from(s, (struct text){ m->peer.base, m->peer.len }, &m->body,
	    m->at);
	backlog_message_free(m);
	return true;
}

/* --- turns ----------------------------------------------------------------- */

/* The rest of one that was kept; what is refused is not run any more. */
static bool
run_kept(struct svc *s, struct call *c, void *made)
{
	const struct request	*r = &c->request;

	if (s->close_ms != 0 && made == NULL)
		answer_at_once(s, r, ERR_UNAVAILABLE);
	else if (made == NULL && r->expires_ms != 0 &&
	    clock_ms() > r->expires_ms)
		answer_at_once(s, r, ERR_EXPIRED);
	else if (!run_read(s, r, made, c->began_us)) {
		c->op = s->read.op;
		return false;
	}
	return true;
}

/* What was collected for the one who asked for a call, which is done. */
static void
reply_kept(struct svc *s, struct call *c)
{
	(void)send_to(s, c->peer, &s->replies);
	call_done(s, c);
}

/* Elsewhere it has its turn again. */
static void
wait_aside(struct svc *s, struct aside *a, struct call *c)
{
	if (turns_put(&a->waiting, c))
		return;
	s->replies.len = 0;
	answer_at_once(s, &c->request, ERR_BUSY);
	reply_kept(s, c);
}

static bool
is_of_same_peer(const struct call *c, const struct call *other)
{
	return c->peer.len == other->peer.len &&
	    memcmp(c->peer.base, other->peer.base, c->peer.len) == 0;
}

/*
 * Lists whose turn it is, for a slice of time, in which those count, too, that
 * are put aside. Their answers go out together, as those of a message do.
 */
static void
take_turns(struct svc *s)
{
	int64_t		 until_us = clock_us() + TURN_US;
	struct call	*c, *last = NULL;

	s->replies.len = 0;
	for (unsigned i = 0; (i == 0 || clock_us() < until_us) &&
	    (c = turns_take(&s->reads)) != NULL; i++) {
		if (last != NULL && (s->replies.len >= REPLY_BYTES ||
		    !is_of_same_peer(c, last)))
			(void)send_to(s, last->peer, &s->replies);
		if (!run_kept(s, c, NULL)) {
			if (last != NULL)
				(void)send_to(s, last->peer, &s->replies);
			wait_aside(s, &s->asides[ASIDE_QUICK], c);
			continue;
		}
		if (last != NULL)
			call_done(s, last);
		last = c;
	}
	if (last != NULL)
		reply_kept(s, last);
	end_reading(s);
}

/* Whether there is something that the lane can begin at once. */
static bool
may_start(const struct svc *s, const struct aside *a)
{
	return !a->busy && a->waiting.count > 0 && !s->thawing;
}

/*
 * What somebody else had made meanwhile need not be made again: such calls are
 * run here, for a slice of time.
 */
static void
start_aside(struct svc *s, struct aside *a)
{
	int64_t		 until_us;
	struct call	*c;

	if (!may_start(s, a))
		return;
	until_us = clock_us() + TURN_US;
	do {
		c = turns_take(&a->waiting);
		s->replies.len = 0;
		a->busy = c->op->aside == NULL || !run_kept(s, c, NULL);
		if (a->busy)
			lane_send(a->lane, c);
		else
			reply_kept(s, c);
	} while (may_start(s, a) && clock_us() < until_us);
	end_reading(s);
}

static void
take_made(struct svc *s, struct aside *a, struct call *c)
{
	a->busy = false;
	if (c->ran_over && a == &s->asides[ASIDE_QUICK]) {
		args_clear(&c->answer.extra);
		wait_aside(s, &s->asides[ASIDE_LONG], c);
		return;
	}
	if (c->made == NULL) {
		finish_call(s, c);
		return;
	}
	s->replies.len = 0;
	CHECK(run_kept(s, c, c->made));
	reply_kept(s, c);
	end_reading(s);
}

static void
look_aside(struct svc *s)
{
	struct call	*c;
	bool		 terminated;

	for (struct aside *a = s->asides; a < s->asides + ASIDE_END; a++) {
		if (a->lane == NULL)
			continue;
		while (a->busy && (c = lane_receive(a->lane, false,
		    &terminated)) != NULL)
			take_made(s, a, c);
		start_aside(s, a);
	}
}

static bool
is_busy_aside(const struct svc *s)
{
	return s->asides[ASIDE_QUICK].busy || s->asides[ASIDE_LONG].busy;
}

/* Services that put nothing aside have no such lanes. */
static void
start_asides(struct svc *s)
{
	const struct op	*op = s->service->ops;

	while (op->op != OP_NONE && op->aside == NULL && !op->large)
		op++;
	if (op->op == OP_NONE)
		return;
	for (struct aside *a = s->asides; a < s->asides + ASIDE_END; a++)
		a->lane = aside_start(&a->args);
	s->reader.may_put_aside = true;
}

static void
stop_asides(struct svc *s)
{
	for (struct aside *a = s->asides; a < s->asides + ASIDE_END; a++) {
		atomic_store(&a->args.stopping, true);
		zactor_destroy(&a->lane);
	}
}

/*
 * All messages that have come, then a slice of lists: a message behind others
 * would wait for a list behind each of them.
 */
static void
receive_requests(struct svc *s)
{
	int64_t	until_ms = clock_ms() + TURN_MS;
	bool	more = true;

	s->at_once_until_us = clock_us() + TURN_US;
	for (int i = 0; more && i < TURN_MESSAGES; i++) {
		more = receive_message(s);
		more = carry_on(s) || more;
		more = more && clock_ms() < until_ms;
	}
	take_turns(s);
}

/* Events that could not be deleted are the next time, with those since. */
static void
note_deleted(struct svc *s, const struct call *c)
{
	if (c->request.op == OP_OUTBOX_DONE && c->answer.error != OK)
		s->deleted[args_number(&c->request.args, KEY_CONSUMER, 0)] = 0;
}

static void
receive_answers(struct svc *s, zactor_t *lane)
{
	struct call	*c;
	bool		 terminated;

	while (lane != NULL &&
	    (c = lane_receive(lane, false, &terminated)) != NULL) {
		if (lane == s->slow)
			s->slow_calls--;
		else
			s->client_writes -= is_client_write(s, c);
		note_deleted(s, c);
		hold_or_finish(s, c);
	}
	start_writes(s);
}

/* Nothing is under way but what only reads. */
static bool
is_idle(const struct svc *s)
{
	return load_of(s).calls == (unsigned)s->asides[ASIDE_QUICK].busy +
	    (unsigned)s->asides[ASIDE_LONG].busy;
}

/*
 * Have delivered events deleted. This waits until something else is to be
 * written, for a second at most, so that it seldom costs a sync of its own.
 */
static void
delete_delivered(struct svc *s)
{
	struct request	r = { .op = OP_OUTBOX_DONE, .request_id = TEXT_OF("") };
	int64_t		now_ms = clock_ms();

	if (s->writer == NULL ||
	    (is_idle(s) && s->still.until_ms == 0 &&
	    now_ms - s->deleted_ms < IDLE_MS))
		return;
	s->deleted_ms = now_ms;
	for (unsigned id = 1; id < SERVICE_END; id++) {
		if (s->heard[id].seq <= s->deleted[id])
			continue;
		s->deleted[id] = s->heard[id].seq;
		args_put_number(&r.args, KEY_CONSUMER, id);
		args_put_number(&r.args, KEY_SEQ, s->heard[id].seq);
		lane_send(s->writer, call_keep(s, &r, (struct text){ "", 0 }));
	}
}

/* Have an event set aside, so that those behind it go on. */
static void
set_aside(struct svc *s, const struct relay_news *news)
{
	struct request	r = { .op = OP_EVENT_SET_ASIDE,
			    .request_id = TEXT_OF("event") };

	args_put_number(&r.args, KEY_SEQ, news->refused);
	args_put_number(&r.args, KEY_ERROR, news->error);
	lane_send(s->writer, call_keep(s, &r, (struct text){ "", 0 }));
}

static void
receive_news(struct svc *s)
{
	struct relay_news	news;

	while (s->relay != NULL && relay_receive(s->relay, &news)) {
		s->heard[news.consumer] = news;
		if (news.refused != 0)
			set_aside(s, &news);
	}
}

/* --- the loop ------------------------------------------------------------ */

static long
wait_ms(const struct svc *s)
{
	int64_t	least = IDLE_MS, left, now_ms = clock_ms();

	if (s->backlog.count > 0 || s->reads.count > 0 ||
	    may_start(s, &s->asides[ASIDE_QUICK]) ||
	    may_start(s, &s->asides[ASIDE_LONG]))
		return 0;
	for (const struct call *c = s->held; c != NULL; c = c->next) {
		left = c->hold_until_ms - now_ms;
		if (left < least)
			least = left < 0 ? 0 : left;
	}
	if (s->still.until_ms != 0) {
		left = s->still.until_ms - now_ms;
		least = left < 0 ? 0 : left < least ? left : least;
	}
	if (s->writer == NULL && least > TAKE_OVER_MS)
		least = TAKE_OVER_MS;
	if (s->standing.loading && least > LOADING_MS)
		least = LOADING_MS;
	if (s->leave_ms != 0 && least > 10)
		least = 10;
	return (long)least;
}

/*
 * The end in four steps. Leaving: whoever asks us hears of it and asks
 * others, what is on its way is still done. Stopping: no write and nothing
 * slow is begun; reads are, as there may be nobody else to ask. Closing: all
 * that was begun is answered, or its time is over; reads are refused, too, so
 * that those on their way come back at once. Over.
 */
static void
take_signal(struct svc *s)
{
	struct signalfd_siginfo	info;

	if (read(s->signals, &info, sizeof(info)) == -1 || s->leave_ms != 0)
		return;
	if (info.ssi_signo == SIGHUP) {
		curve_reload();
		return;
	}
	log_info("stopping");
	s->leave_ms = clock_ms() + DRAIN_MS;
	s->standing.leaving = true;
	s->standing.writes = false;
	announce_standing(s);
}

static void
stop_in_time(struct svc *s)
{
	if (s->leave_ms == 0 || s->stop_ms != 0 || clock_ms() < s->leave_ms)
		return;
	s->stop_ms = s->leave_ms - DRAIN_MS + s->settings->stop_seconds * 1000;
	/* writes that wait are done; a queue of logins would take too long */
	atomic_store(&s->slow_args.stopping, true);
}

static void
close_in_time(struct svc *s)
{
	int64_t	now_ms = clock_ms();

	if (s->stop_ms == 0 || s->close_ms != 0 ||
	    (s->calls > 0 && now_ms <= s->stop_ms))
		return;
	s->close_ms = now_ms + CLOSE_MS;
	if (s->calls == 0)
		return;
	log_warn("FLICKET_STOP_SECONDS are over with %u requests under way: "
	    "those that are not begun are refused", s->calls);
	atomic_store(&s->writer_args.stopping, true);
	for (struct aside *a = s->asides; a < s->asides + ASIDE_END; a++)
		atomic_store(&a->args.stopping, true);
}

static bool
is_over(const struct svc *s)
{
	int64_t	now_ms = clock_ms();

	/* what a lane is at cannot be broken off, and ends soon */
	return s->close_ms != 0 && now_ms > s->close_ms && s->calls == 0 &&
	    (s->backlog.count == 0 || now_ms > s->stop_ms);
}

/* --- writing ------------------------------------------------------------------ */

/* Begin to write: this process has the lock. */
static void
become_writer(struct svc *s)
{
	if (s->service->became_writer != NULL)
		s->service->became_writer(s->service);
	/* until the relay says otherwise: it has yet to find them */
	for (unsigned id = 1; id < SERVICE_END; id++)
		s->heard[id].up = true;
	s->writer_args.lock = s->lock;
	s->writer = writer_start(&s->writer_args);
	s->relay = relay_start(&s->relay_args);
	s->standing.writes = true;
}

/* Whether the lock is ours now; why it cannot be had is logged once. */
static bool
take_lock(struct svc *s)
{
	struct buf	folder = { 0 };

	buf_printf(&folder, "stores/%s", service_name(s->service->id));
	s->lock = store_lock(folder.base);
	if (s->lock == -1 && errno != s->lock_error) {
		s->lock_error = errno;
		if (errno == EWOULDBLOCK)
			log_info("another process writes to %s", folder.base);
		else
			log_error("%s: %s", folder.base, strerror(errno));
	}
	buf_done(&folder);
	return s->lock != -1;
}

/* What was opened while nobody could write does not see what is written. */
static void
thaw(struct svc *s)
{
	log_info("the store can be written to again");
	s->frozen = s->thawing = false;
	zactor_destroy(&s->slow);
	for (struct aside *a = s->asides; a < s->asides + ASIDE_END; a++)
		zactor_destroy(&a->lane);
	lane_close(&s->reader);
	s->slow = slow_start(&s->slow_args);
	lane_open(&s->reader, &s->tables, s->path.base, true);
	start_asides(s);
}

static bool
is_loading(const struct svc *s)
{
	return s->tables.index != NULL &&
	    s->service->loading(s->tables.index);
}

/* Those who wait until it is over are told at once. */
static void
watch_loading(struct svc *s)
{
	if (!s->standing.loading || is_loading(s))
		return;
	s->standing.loading = false;
	announce_standing(s);
}

/* Users who ask all the time do not keep the lanes from ending. */
static bool
may_thaw(struct svc *s)
{
	s->thawing = s->leave_ms == 0 && !is_loading(s) &&
	    store_has_room(s->path.base);
	wake_slow(s);
	return s->thawing && s->slow_calls == s->slow_put_off &&
	    !is_busy_aside(s);
}

/* The one that wrote has ended: become it. */
static void
take_over(struct svc *s)
{
	int64_t	now_ms = clock_ms();

	if (s->writer != NULL || (s->leave_ms != 0 && !s->thawing) ||
	    now_ms - s->tried_ms < TAKE_OVER_MS)
		return;
	s->tried_ms = now_ms;
	if (s->lock == -1 && !take_lock(s))
		return;
	if (s->frozen && !may_thaw(s))
		return;
	if (s->frozen) {
		thaw(s);
		wake_slow(s);
	}
	log_info("taking over: this process writes now");
	become_writer(s);
	announce_standing(s);
}

/* --- the loop itself -------------------------------------------------------- */

/* Nothing comes from a lane that was given nothing; a look at it costs. */
static zactor_t *
busy_lane(const struct aside *a)
{
	return a->busy ? a->lane : NULL;
}

static void
wait_for_work(struct svc *s)
{
	zactor_t	*lanes[] = { s->writer, s->slow, s->relay,
			    busy_lane(&s->asides[ASIDE_QUICK]),
			    busy_lane(&s->asides[ASIDE_LONG]) };
	zmq_pollitem_t	 items[7] = {
		{ NULL, s->signals, ZMQ_POLLIN, 0 },
		{ zsock_resolve(s->router), 0, ZMQ_POLLIN, 0 },
	};
	int		 count = 2;

	for (int i = 0; i < 5; i++)
		if (lanes[i] != NULL)
			items[count++] = (zmq_pollitem_t){
			    zsock_resolve(lanes[i]), 0, ZMQ_POLLIN, 0 };
	zmq_poll(items, count, wait_ms(s));
	if (items[0].revents != 0)
		take_signal(s);
}

/* For those who watch, and for PING. */
static void
count_calls(struct svc *s)
{
	s->standing.queued = s->calls;
	metric_set(METRIC_CALLS, 0, s->calls);
	metric_set(METRIC_SLOW_CALLS, 0, s->slow_calls);
	metric_set(METRIC_WRITES, 0, s->writer != NULL);
}

/* Whether somebody set the clock. */
static void
watch_clock(struct svc *s)
{
	int64_t	now_ms = clock_ms();

	if (now_ms - s->watched_ms < WATCH_MS)
		return;
	s->watched_ms = now_ms;
	wall_watch();
}

static void
loop(struct svc *s)
{
	while (!is_over(s)) {
		wait_for_work(s);
		watchers_turn(&s->watchers, clock_ms());
		stop_in_time(s);
		close_in_time(s);
		take_over(s);
		watch_loading(s);
		receive_requests(s);
		receive_news(s);
		receive_answers(s, s->writer);
		receive_answers(s, s->slow);
		look_aside(s);
		still_in_time(s);
		still_answer(s);
		if (s->announced != 0)
			announce(s);
		s->announced = 0;
		release_held(s);
		start_writes(s);
		if (s->still.until_ms != 0)
			s->emitted = s->emitted || s->tallied;
		if ((s->emitted || s->tallied) && s->relay != NULL)
			relay_wake(s->relay, s->emitted);
		s->emitted = s->tallied = false;
		delete_delivered(s);
		count_calls(s);
		watch_clock(s);
	}
}

/* --- start and stop ------------------------------------------------------ */

static int
catch_signals(void)
{
	sigset_t	set = signals_block();

	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void
make_ready(struct svc *s)
{
	int64_t	stream;

	if (!s->force_new && store_is_new(s->path.base, &stream))
		newcomer_ask(s->settings, s->service->id,
		    relay_consumers(s->service), stream);
	store_make(s->service, s->settings, s->path.base, s->force_new);
}

/* Whether SIGTERM came while there was nothing to do but wait. */
static bool
is_stopped(const struct svc *s)
{
	zmq_pollitem_t	item = { NULL, s->signals, ZMQ_POLLIN, 0 };

	return zmq_poll(&item, 1, TAKE_OVER_MS) > 0;
}

/*
 * A store on a disk that takes no writes can be read all the same. Who is
 * asked for a write says so: nobody else could do it.
 */
static void
freeze(struct svc *s, const char *why)
{
	log_warn("store %s can be read only: %s", service_name(s->service->id),
	    why);
	s->frozen = s->standing.writes = true;
}

/* The lock cannot be had, and nobody else has it. */
static void
open_read_only(struct svc *s, const char *name)
{
	if (!store_is_read_only(s->lock_error) ||
	    !store_is_ready(s->service, s->path.base))
		log_fatal("store %s: %s", name, strerror(s->lock_error));
	freeze(s, strerror(s->lock_error));
}

/* With the lock. A store that is not ready needs room, and says so. */
static void
open_to_write(struct svc *s)
{
	const char	*path = s->path.base;

	if (access(path, F_OK) == 0 && !store_has_room(path) &&
	    store_is_ready(s->service, path))
		freeze(s, "there is no room for the index of its log");
	else
		make_ready(s);
}

/*
 * Have a store to use: with the lock it is made, or brought to this program's
 * schema; without it, whoever has the lock does that, and is waited for.
 * False: not any more.
 */
static bool
open_store(struct svc *s)
{
	const char	*name = service_name(s->service->id);
	struct db	*db;

	buf_printf(&s->path, "stores/%s/%s.db", name, name);
	while (!take_lock(s)) {
		if (s->lock_error != EWOULDBLOCK) {
			open_read_only(s, name);
			break;
		}
		if (store_is_ready(s->service, s->path.base))
			break;
		if (is_stopped(s))
			return false;
	}
	if (s->lock != -1)
		open_to_write(s);
	db = db_open(s->service, s->path.base, true);
	s->standing.schema = store_schema(db_sqlite(db));
	s->relay_args.is_meant = store_is_accepted(db_sqlite(db));
	op_tables_init(&s->tables, s->service, db);
	db_close(&db);
	return true;
}

/*
 * Where to listen. A socket file is one process's: further ones on the same
 * host have one each beside it (proto/peer/resolve.h). Whose it is, is told by a
 * lock that ends with the process.
 */
static void
lock_socket(struct svc *s, const char *endpoint, struct buf *ret)
{
	const char	*path = endpoint + strlen("ipc://");
	size_t		 stem = strlen(path) - strlen(".sock");
	struct buf	 lock = { 0 };

	for (int i = 0; i < SOCKETS_MOST; i++) {
		ret->len = lock.len = 0;
		if (i == 0)
			buf_printf(ret, "%s", endpoint);
		else
			buf_printf(ret, "ipc://%.*s.%d.sock", (int)stem, path,
			    i);
		buf_printf(&lock, "%s.lock", ret->base + strlen("ipc://"));
		s->socket_lock = open(lock.base, O_RDWR | O_CREAT | O_CLOEXEC,
		    0600);
		if (s->socket_lock == -1)
			log_fatal("%s: %s", lock.base, strerror(errno));
		if (flock(s->socket_lock, LOCK_EX | LOCK_NB) == 0)
			break;
		close(s->socket_lock);
		s->socket_lock = -1;
	}
	buf_done(&lock);
	if (s->socket_lock == -1)
		log_fatal("%d processes listen at %s already", SOCKETS_MOST,
		    endpoint);
}

static void
own_endpoint(struct svc *s, struct buf *ret)
{
	const char	*endpoint = s->settings->bind;
	size_t		 len;

	if (endpoint[0] == '\0')
		endpoint = settings_endpoint(s->settings, s->service->id);
	len = strlen(endpoint);
	if (strncmp(endpoint, "ipc://", 6) == 0 && endpoint[6] != '@' &&
	    len > 11 && strcmp(endpoint + len - 5, ".sock") == 0)
		lock_socket(s, endpoint, ret);
	else
		buf_printf(ret, "%s", endpoint);
}

static void
listen_on(struct svc *s, const char *endpoint)
{
	s->router = zsock_new(ZMQ_ROUTER);
	CHECK(s->router != NULL);
	zsock_set_linger(s->router, 500);
	zsock_set_sndhwm(s->router, QUEUE_MESSAGES);
	zsock_set_rcvhwm(s->router, READ_AHEAD_MESSAGES);
	zsock_set_maxmsgsize(s->router, (int)REQUESTS_MOST_BYTES);
	zsock_set_router_mandatory(s->router, 1);
	curve_serve(s->router);
	if (zsock_bind(s->router, "%s", endpoint) == -1)
		log_fatal("cannot listen on %s: %s", endpoint,
		    zmq_strerror(errno));
	log_info("listening on %s", endpoint);
}

static void
free_calls(struct svc *s)
{
	struct call	*c;

	while ((c = s->spare) != NULL) {
		s->spare = c->next;
		call_free(c);
	}
	buf_done(&s->read.fragment);
	buf_done(&s->read.text);
	buf_done(&s->read.message);
	for (int i = 0; i < OP_REFS; i++)
		buf_done(&s->read.refs[i]);
	buf_done(&s->replies);
	buf_done(&s->still.holder);
	watchers_done(&s->watchers);
	backlog_done(&s->backlog);
}

/*
 * The writer and with it the lock first, so that another process takes over
 * while we do the rest.
 */
static void
stop_writing(struct svc *s)
{
	zactor_destroy(&s->relay);
	atomic_store(&s->writer_args.stopping, true);
	zactor_destroy(&s->writer);
	if (s->lock != -1)
		close(s->lock);
}

/*
 * SQLite writes the log into the store and removes it with the last
 * connection to the store. Two processes that let go at the same moment would
 * each see the other's, and both leave it: so they go one after the other.
 */
static void
close_store(struct svc *s)
{
	struct buf	folder = { 0 };
	int		turn;

	buf_printf(&folder, "stores/%s", service_name(s->service->id));
	turn = store_wait_turn(folder.base);
	buf_done(&folder);
	zactor_destroy(&s->slow);
	slow_destroy(&s->slow_args.waiting);
	stop_asides(s);
	lane_close(&s->reader);
	if (turn != -1)
		close(turn);
}

static void
close_all(struct svc *s)
{
	if (s->service->stop != NULL)
		s->service->stop();
	if (s->tables.index != NULL)
		s->service->closed(s->tables.index);
	stop_writing(s);
	close_store(s);
	zsock_destroy(&s->router);
	curve_stop();
	free_calls(s);
	frame_reader_destroy(&s->frames);
	op_tables_done(&s->tables);
	buf_done(&s->path);
	if (s->socket_lock != -1)
		close(s->socket_lock);
	close(s->signals);
}

static void
run(struct svc *s)
{
	struct buf	endpoint = { 0 };

	s->tables.standing = &s->standing;
	if (s->service->start != NULL)
		s->service->start(s->settings);
	s->frames = frame_reader_new();
	if (s->lock != -1 && !s->frozen)
		become_writer(s);
	s->slow_args.waiting = slow_new();
	s->slow = slow_start(&s->slow_args);
	lane_open(&s->reader, &s->tables, s->path.base, true);
	start_asides(s);
	if (s->service->opened != NULL)
		s->tables.index = s->service->opened(s->service,
		    s->path.base);
	s->standing.loading = is_loading(s);
	own_endpoint(s, &endpoint);
	listen_on(s, endpoint.base);
	buf_done(&endpoint);
	s->exporter = exporter_start(s->settings->metrics_listen);
	loop(s);
	exporter_stop(&s->exporter);
	close_all(s);
}

/* Not 0, and below 2^62. */
static int64_t
new_instance(void)
{
	uint64_t	n;

	CHECK(getrandom(&n, sizeof(n), 0) == sizeof(n));
	return (int64_t)(n >> 2 | 1);
}

static void
init_turns(struct svc *s)
{
	static const int	nice[] = { QUICK_NICE, LONG_NICE };

	turns_init(&s->reads, TURNS_MOST, TURNS_BYTES);
	turns_init(&s->writes, TURNS_MOST, TURNS_BYTES);
	for (int i = 0; i < ASIDE_END; i++) {
		turns_init(&s->asides[i].waiting, TURNS_MOST, TURNS_BYTES);
		s->asides[i].args.tables = &s->tables;
		s->asides[i].args.nice = nice[i];
	}
	s->asides[ASIDE_LONG].args.most_us = s->settings->search_ms * 1000;
	s->asides[ASIDE_QUICK].args.most_us = QUICK_US;
}

int
svc_run(const struct service *service, const struct settings *settings,
    bool force_new)
{
	struct svc	s = { .service = service, .settings = settings,
			    .lock = -1, .socket_lock = -1,
			    .force_new = force_new };

	log_set_name(service_name(service->id));
	curve_load(settings, (enum party)service->id);
	s.signals = catch_signals();
	metrics_start(PART_SERVICE);
	labels_name();
	timed_start();
	s.standing.began_ms = clock_ms();
	wall_watch();
	harden_owner(settings);
	settings_enter_data(settings);
	(void)rlimits_take(settings, RLIMITS_SERVICE);
	rlimits_try_threads(settings, RLIMITS_SERVICE);
	harden(settings, service_name(service->id));
	stderr_take();
	zsys_handler_set(NULL);
	zsys_init();	/* before any thread: czmq's first socket is no race */
	zsys_set_pipehwm(0);
	curve_start();
	s.standing.instance = new_instance();
	s.writer_args.tables = s.slow_args.tables = &s.tables;
	s.relay_args.tables = &s.tables;
	s.relay_args.settings = settings;
	init_turns(&s);
	if (open_store(&s)) {
		s.writer_args.path = s.slow_args.path =
		    s.relay_args.path = s.path.base;
		for (int i = 0; i < ASIDE_END; i++)
			s.asides[i].args.path = s.path.base;
		run(&s);
	}
	log_info("stopped");
	return 0;
}
