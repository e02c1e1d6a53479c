/*
 * The way of a request: it is received in a message of many, and dispatched.
 * A read runs at once, or in turns if it is a list (reads.c), and aside if it
 * takes long (asides.c). A write goes to the writer lane (write_calls.c), a
 * slow call to the slow lane (slow_calls.c). A call that comes back from a lane
 * is answered when its event is delivered (hold.c).
 *
 * So that no peer waits for what another one asks for, a message is worked on
 * for a slice of time. The rest of it waits in the backlog.
 */
#include "services/runtime/loop.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/wall.h"
#include "services/runtime/lane/pipe.h"
#include "services/runtime/queue.h"
#include "services/runtime/svc.h"

#define SLICE_US	10000	/* for one message */
#define TURN_MESSAGES	256	/* received before lists and lanes ... */
#define TURN_MS		5	/* ... and for so long at most */
#define IDLE_MS		1000
#define STOPPING_MS	10	/* between looks at the phase */
#define LOADING_MS	5	/* between looks at the index */
#define WATCH_MS	200	/* between looks at the world outside */
#define WARN_MS		10000	/* between warnings of bad messages */

/* --- dispatch ------------------------------------------------------------ */

static void
run_on_loop(struct svc *s, const struct request *r, struct text peer)
{
	if (freeze_is_asked(r))
		freeze_run(s, r, peer);
	else if (op_has_turns(&s->tables, r->op) && reads_are_awaited(s))
		queue_put(s, &s->reads.waiting, NULL, r, peer);
	else if (!reads_run(s, r, NULL, 0))
		queue_put(s, &s->asides[ASIDE_QUICK].waiting, s->reads.call.op,
		    r, peer);
	else if (r->op == OP_PING)
		announce_note_ping(s, r, peer);
}

static void
send_to_lane(struct svc *s, const struct request *r, struct text peer,
    enum op_kind kind)
{
	if (kind == OP_WRITE)
		write_calls_put(s, r, peer);
	else if (!queue_has_room(s, QUEUE_PARTS_ANY))
		reply_put_error(&s->reply, r, ERR_BUSY);
	else if (kind == OP_SLOW || kind == OP_LEAD)
		slow_calls_put(s, r, peer);
	else
		write_calls_send(s, r, peer);
}

/* Another process may answer it. */
static bool
is_unavailable(const struct svc *s, const struct request *r, enum op_kind kind)
{
	enum phase	phase = s->lifecycle.phase;

	return phase == PHASE_CLOSING ||
	    (phase == PHASE_STOPPING && kind != OP_READ) ||
	    (kind == OP_READ && r->op != OP_PING &&
	    keeper_is_stale(&s->keeper));
}

void
loop_dispatch(struct svc *s, const struct request *r, struct text peer)
{
	enum op_kind	kind;

	if (!op_kind_of(&s->tables, r->op, &kind) || kind == OP_OWN)
		reply_put_error(&s->reply, r, ERR_UNKNOWN_OP);
	else if (r->args.overfull)
		reply_put_error(&s->reply, r, ERR_BAD_REQUEST);
	else if (r->expires_ms != 0 && clock_ms() > r->expires_ms)
		reply_put_error(&s->reply, r, ERR_EXPIRED);
	else if (is_unavailable(s, r, kind))
		reply_put_error(&s->reply, r, ERR_UNAVAILABLE);
	else if (kind != OP_READ && kind != OP_SLOW &&
	    s->role.state != ROLE_WRITER)
		reply_put_error(&s->reply, r, role_is_read_only(&s->role) ?
		    ERR_STORE : ERR_UNAVAILABLE);
	else if (kind == OP_READ)
		run_on_loop(s, r, peer);
	else
		send_to_lane(s, r, peer, kind);
}

/* --- receive ------------------------------------------------------------- */

static void
warn_of_bad_message(struct svc *s, size_t bytes)
{
	int64_t	now_ms = clock_ms();

	if (s->warned_ms != 0 && now_ms - s->warned_ms < WARN_MS)
		return;
	s->warned_ms = now_ms;
	log_warn("a peer sent %zu bytes that are not a request", bytes);
}

/*
 * Do what a message asks for, from a place in it on, for a slice of time.
 * Returns the place where to go on: the message's end, if all is done.
 */
static size_t
work_on_message(struct svc *s, struct text peer, zmq_msg_t *message,
    size_t at)
{
	int64_t			until_us = clock_us() + SLICE_US;
	struct request		r;
	enum frame_result	result;

	frame_reader_start(s->frames, (char *)zmq_msg_data(message) + at,
	    zmq_msg_size(message) - at);
	while ((result = frame_next_request(s->frames, &r)) == FRAME_ONE) {
		loop_dispatch(s, &r, peer);
		if (clock_us() >= until_us)
			break;
		/* ZeroMQ ends a connection over a message beyond its bound */
		if (s->reply.frames.len >= REPLY_BYTES)
			(void)reply_send(&s->reply, peer);
	}
	if (result == FRAME_BAD)
		warn_of_bad_message(s, zmq_msg_size(message));
	if (!reply_send(&s->reply, peer))
		frame_reader_start(s->frames, "", 0);	/* the peer is gone */
	reads_end(s);
	return zmq_msg_size(message) - frame_reader_left(s->frames);
}

/* The rest of a message waits for the next slice, if there is room. */
static void
handle_message(struct svc *s, struct text peer, zmq_msg_t *message, size_t at)
{
	at = work_on_message(s, peer, message, at);
	if (at < zmq_msg_size(message) &&
	    !backlog_put(&s->backlog, peer, message, at))
		log_debug("the rest of a message is dropped");
}

/* A new message waits behind its peer's earlier ones, if there are any. */
static void
handle_new_message(struct svc *s, struct text peer, zmq_msg_t *message)
{
	if (!backlog_has(&s->backlog, peer) ||
	    !backlog_put(&s->backlog, peer, message, 0))
		handle_message(s, peer, message, 0);
}

/* Read past the rest of a message that has more parts than ours have. */
static void
skip_parts(void *router, zmq_msg_t *message)
{
	while (zmq_msg_more(message) &&
	    zmq_msg_recv(message, router, ZMQ_DONTWAIT) != -1)
		continue;
}

static bool
receive_message(struct svc *s)
{
	void		*router = zsock_resolve(s->endpoint.router);
	zmq_msg_t	 identity, body;
	bool		 more;

	zmq_msg_init(&identity);
	zmq_msg_init(&body);
	more = zmq_msg_recv(&identity, router, ZMQ_DONTWAIT) != -1;
	if (more && zmq_msg_more(&identity) &&
	    zmq_msg_recv(&body, router, ZMQ_DONTWAIT) != -1) {
		if (!zmq_msg_more(&body))
			handle_new_message(s, (struct text){
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
	handle_message(s, (struct text){ m->peer.base, m->peer.len }, &m->body,
	    m->at);
	backlog_message_free(m);
	return true;
}

/*
 * All messages that have come, then lists for a slice of time: otherwise a
 * message behind others would wait for a list behind each of them.
 */
static void
receive_requests(struct svc *s)
{
	int64_t	until_ms = clock_ms() + TURN_MS;
	bool	more = true;

	reads_begin_turn(s);
	for (int i = 0; more && i < TURN_MESSAGES; i++) {
		more = receive_message(s);
		more = carry_on(s) || more;
		more = more && clock_ms() < until_ms;
	}
	reads_take_turns(s);
}

/* Answer, or hold, the calls that a lane has done. */
static void
receive_calls(struct svc *s, zactor_t *lane)
{
	struct call	*c;
	bool		 terminated;

	while (lane != NULL &&
	    (c = lane_receive(lane, false, &terminated)) != NULL) {
		if (lane == s->slow.lane)
			slow_calls_note_done(s);
		else
			write_calls_note_done(s, c);
		outbox_note_deleted(s, c);
		chore_note_done(s, c);
		hold_or_reply(s, c);
	}
	write_calls_start(s);
}

/* --- the loop ------------------------------------------------------------ */

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* How long the loop may wait for messages. */
static long
poll_timeout_ms(const struct svc *s)
{
	int64_t	now_ms = clock_ms(), until_ms = now_ms + IDLE_MS;

	if (s->backlog.count > 0 || s->reads.waiting.count > 0 ||
	    asides_may_start(s))
		return 0;
	until_ms = earlier(until_ms, hold_until_ms(s));
	if (freeze_is_on(&s->freeze))
		until_ms = earlier(until_ms, s->freeze.until_ms);
	if (s->role.state != ROLE_WRITER || s->keeper.thread != NULL)
		until_ms = earlier(until_ms, now_ms + ROLE_RETRY_MS);
	if (s->standing.loading)
		until_ms = earlier(until_ms, now_ms + LOADING_MS);
	if (s->lifecycle.phase != PHASE_RUNNING)
		until_ms = earlier(until_ms, now_ms + STOPPING_MS);
	return until_ms > now_ms ? (long)(until_ms - now_ms) : 0;
}

/* A lane that was given nothing gives nothing back, and to poll it costs. */
static zactor_t *
busy_lane(const struct aside *a)
{
	return a->busy ? a->lane : NULL;
}

static void
poll_sockets(struct svc *s)
{
	zactor_t	*actors[] = { s->writes.lane, s->slow.lane,
			    s->outbox.relay,
			    busy_lane(&s->asides[ASIDE_QUICK]),
			    busy_lane(&s->asides[ASIDE_LONG]) };
	zmq_pollitem_t	 items[7] = {
		{ NULL, s->lifecycle.signals, ZMQ_POLLIN, 0 },
		{ zsock_resolve(s->endpoint.router), 0, ZMQ_POLLIN, 0 },
	};
	int		 count = 2;

	for (int i = 0; i < 5; i++)
		if (actors[i] != NULL)
			items[count++] = (zmq_pollitem_t){
			    zsock_resolve(actors[i]), 0, ZMQ_POLLIN, 0 };
	zmq_poll(items, count, poll_timeout_ms(s));
	if (items[0].revents != 0)
		lifecycle_take_signal(s);
}

/*
 * Peers that wait until the index is loaded are told at once that it is. They
 * rather ask processes of other hosts while this one's copy may be behind.
 */
static void
watch_loading(struct svc *s)
{
	bool	loading = svc_is_loading(s) || keeper_is_behind(&s->keeper);

	if (s->standing.loading == loading)
		return;
	s->standing.loading = loading;
	announce_standing(s);
}

/* For the metrics, and for answers to PINGs. */
static void
count_calls(struct svc *s)
{
	s->standing.queued = s->calls.count;
	metric_set(METRIC_CALLS, 0, s->calls.count);
	metric_set(METRIC_SLOW_CALLS, 0, s->slow.count);
	metric_set(METRIC_WRITES, 0, s->role.state == ROLE_WRITER);
}

/* See whether the wall clock was set, or the copy of an engine's store moved. */
static void
watch_world(struct svc *s)
{
	int64_t	now_ms = clock_ms();

	if (now_ms - s->watched_ms < WATCH_MS)
		return;
	s->watched_ms = now_ms;
	wall_watch();
	keeper_watch_copy(&s->keeper);
}

void
loop_run(struct svc *s)
{
	while (!lifecycle_is_over(s)) {
		poll_sockets(s);
		watchers_turn(&s->announce.watchers, clock_ms());
		watchers_turn(&s->announce.copies, clock_ms());
		lifecycle_turn(s);
		role_turn(s);
		watch_loading(s);
		receive_requests(s);
		outbox_receive(s);
		receive_calls(s, s->writes.lane);
		receive_calls(s, s->slow.lane);
		asides_turn(s);
		freeze_turn(s);
		announce_turn(s);
		hold_turn(s);
		write_calls_start(s);
		outbox_wake(s);
		outbox_delete_delivered(s);
		chore_turn(s);
		count_calls(s);
		watch_world(s);
	}
}
