/*
 * The loop of a service. A request's way: receive (a message of many frames)
 * -> decode -> dispatch (run a read at once, send the rest to a lane) ->
 * [lane] -> hold (a write until its event was heard) -> reply.
 *
 * All reads of one turn see the store at one point: the turn is one read
 * transaction, begun by the first read. A write is answered after its
 * COMMIT, so whoever has its answer reads what it wrote.
 */
#include "svc.h"

#include <sys/signalfd.h>

#include <czmq.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "courier.h"
#include "lanes.h"
#include "listeners.h"
#include "proto/curve.h"
#include "proto/log.h"
#include "proto/replica.h"

#define QUEUE_MESSAGES		10000	/* ZeroMQ messages, each direction */
#define CALLS_MOST		8192	/* in lanes and held, all together */
#define SLOW_MOST		64	/* on the slow lane */
#define SPARE_MOST		256	/* calls kept for use again */
#define MESSAGE_MAX_BYTES	(64 << 20)
#define IDLE_MS			1000
#define REPLY_BYTES		(1 << 20) /* answers collected in a message */
#define TURN_MESSAGES		256	/* received before lanes get a look */

struct svc {
	const struct service	*service;
	const struct settings	*settings;
	struct op_tables	 tables;
	struct buf		 path;		/* of the database */
	int			 lock;
	int			 signals;
	zsock_t			*router;
	struct lane		 reader;
	bool			 reading;	/* a read transaction is open */
	struct lane_args	 writer_args;
	struct lane_args	 slow_args;
	zactor_t		*writer;
	zactor_t		*slow;
	zactor_t		*courier;	/* NULL: no events go out */
	struct frame_reader	*frames;
	struct call		 read;		/* the one read under way */
	struct buf		 replies;	/* of the message being handled */
	struct call		*held;		/* wait for their events */
	struct call		*spare;
	unsigned		 spares;
	unsigned		 calls;		/* in lanes and held */
	unsigned		 slow_calls;
	struct courier_news	 heard[SERVICE_END];
	int64_t			 deleted[SERVICE_END];
	struct listeners	 listeners;
	int64_t			 announced;	/* what they are to see */
	bool			 emitted;	/* the courier is to be woken */
	bool			 tallied;	/* ... though not in a hurry */
	int64_t			 deleted_ms;	/* when that was looked at last */
	int64_t			 stop_ms;	/* 0: not stopping */
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
	c->request.args.present = 0;
	c->answer.total = c->answer.tag = 0;
	c->answer.extra.present = 0;
	c->fragment.len = 0;
	c->text.len = 0;
	c->message.len = 0;
	c->rows = 0;
	for (int i = 0; i < OP_REFS; i++)
		c->refs[i].len = 0;
	c->emitted = 0;
	c->tallied = c->store_failed = false;
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
	if (s->spares == SPARE_MOST) {
		call_free(c);
		return;
	}
	call_clear(c);
	c->next = s->spare;
	s->spare = c;
	s->spares++;
}

/* --- reply -------------------------------------------------------------- */

static int64_t
now_us(void)
{
	struct timespec	ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void
log_call(const struct call *c)
{
	log_debug("%s error=%s us=%lld bytes=%zu actor=%lld request=%.*s",
	    op_info(c->request.op)->name != NULL ?
	    op_info(c->request.op)->name : "?",
	    err_info(c->answer.error)->reason,
	    (long long)(now_us() - c->began_us), c->answer.fragment.len,
	    (long long)c->request.actor, (int)c->request.request_id.len,
	    c->request.request_id.base);
}

/*
 * Send to a peer. One that is gone has no use for an answer; one that does
 * not take its answers loses them and asks again.
 */
static void
send_to(struct svc *s, struct text peer, const struct buf *frames)
{
	void	*router = zsock_resolve(s->router);

	if (zmq_send(router, peer.base, peer.len,
	    ZMQ_SNDMORE | ZMQ_DONTWAIT) == -1) {
		log_debug("answer dropped: %s", zmq_strerror(errno));
		return;
	}
	if (zmq_send(router, frames->base, frames->len, ZMQ_DONTWAIT) == -1)
		log_warn("answer dropped: %s", zmq_strerror(errno));
}

static void
reply_later(struct svc *s, struct call *c)
{
	log_call(c);
	if (c->peer.len == 0)
		return;		/* our own */
	s->replies.len = 0;
	frame_put_answer(&s->replies, &c->answer);
	send_to(s, c->peer, &s->replies);
	s->replies.len = 0;
}

/* --- hold ---------------------------------------------------------------- */

/* Whether the consumer of its event has it, or cannot have it now. */
static bool
is_delivered(const struct svc *s, const struct call *c)
{
	const struct courier_news	*news = &s->heard[c->consumer];

	return c->emitted == 0 || s->courier == NULL || !news->up ||
	    news->seq >= c->emitted;
}

/* A write that says SEEN changed what listeners keep. */
static bool
is_heard(struct svc *s, const struct call *c)
{
	int64_t	seq = args_number(&c->answer.extra, KEY_SEEN, 0);

	return is_delivered(s, c) && (seq == 0 ||
	    listeners_have_seen(&s->listeners, seq, clock_ms()));
}

static int64_t
hold_ms(const struct svc *s, const struct call *c)
{
	return args_has(&c->answer.extra, KEY_SEEN) ? LISTENER_LEASE_MS :
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

	frame_put_answer(&s->replies, &a);
}

static void
run_read(struct svc *s, const struct request *r)
{
	struct call	*c = &s->read;

	call_clear(c);
	c->request = *r;
	c->began_us = log_get_level() >= LEVEL_DEBUG ? now_us() : 0;
	if (!s->reading)
		s->reading = lane_exec(&s->reader, SQL_BEGIN);
	op_call(&s->reader, c);
	frame_put_answer(&s->replies, &c->answer);
	if (log_get_level() >= LEVEL_DEBUG)
		log_call(c);
}

/* The end of a turn: the next one sees what was written meanwhile. */
static void
end_reading(struct svc *s)
{
	if (s->reading)
		lane_exec(&s->reader, SQL_COMMIT);
	s->reading = !sqlite3_get_autocommit(s->reader.db);
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
	c->request = *r;
	args_copy(&c->request.args, &r->args, &c->text);
	c->peer = (struct text){ c->held_bytes.base, peer.len };
	c->request.request_id = (struct text){ c->held_bytes.base + id_at,
	    r->request_id.len };
	c->began_us = now_us();
	return c;
}

static void
send_to_lane(struct svc *s, const struct request *r, struct text peer,
    bool slow)
{
	if (s->calls >= CALLS_MOST || (slow && s->slow_calls >= SLOW_MOST)) {
		answer_at_once(s, r, ERR_EXPIRED);
		return;
	}
	if (slow)
		s->slow_calls++;
	lane_send(slow ? s->slow : s->writer, call_keep(s, r, peer));
}

static void
note_listener(struct svc *s, const struct request *ping, struct text peer)
{
	int64_t	seen = ping->args.value[KEY_SEEN].number;

	listeners_heard(&s->listeners, peer, seen,
	    args_number(&s->read.answer.extra, KEY_SEEN, seen), clock_ms());
}

/*
 * Tell listeners what they have not seen, before their next PING asks: the
 * answer to a PING that they did not send, with the id 0.
 */
static void
announce(struct svc *s)
{
	struct request		 ping = { .op = OP_PING,
				    .request_id = TEXT_OF("") };
	const struct listener	*l;
	struct text		 peer;
	int64_t			 told_seq;

	while ((l = listeners_to_tell(&s->listeners, s->announced,
	    &told_seq)) != NULL) {
		args_put_number(&ping.args, KEY_SEEN, told_seq);
		peer = (struct text){ l->peer.base, l->peer.len };
		s->replies.len = 0;
		run_read(s, &ping);
		send_to(s, peer, &s->replies);
	}
	s->replies.len = 0;
	end_reading(s);
}

static void
dispatch(struct svc *s, const struct request *r, struct text peer)
{
	enum op_kind	kind;

	if (!op_kind_of(&s->tables, r->op, &kind) || kind == OP_OWN)
		answer_at_once(s, r, ERR_UNKNOWN_OP);
	else if (r->expires_ms != 0 && clock_ms() > r->expires_ms)
		answer_at_once(s, r, ERR_EXPIRED);
	else if (s->stop_ms != 0)
		answer_at_once(s, r, ERR_UNAVAILABLE);
	else if (kind == OP_READ) {
		run_read(s, r);
		if (r->op == OP_PING && args_has(&r->args, KEY_SEEN))
			note_listener(s, r, peer);
	}
	else
		send_to_lane(s, r, peer, kind == OP_SLOW);
}

static void
handle_message(struct svc *s, struct text peer, zmq_msg_t *message)
{
	struct request		r;
	enum frame_result	result;

	s->replies.len = 0;
	frame_reader_start(s->frames, zmq_msg_data(message),
	    zmq_msg_size(message));
	while ((result = frame_next_request(s->frames, &r)) == FRAME_ONE) {
		dispatch(s, &r, peer);
		/* ZeroMQ ends a connection over a message beyond its bound */
		if (s->replies.len < REPLY_BYTES)
			continue;
		send_to(s, peer, &s->replies);
		s->replies.len = 0;
	}
	if (result == FRAME_BAD)
		log_warn("a peer sent %zu bytes that are no request",
		    zmq_msg_size(message));
	if (s->replies.len > 0)
		send_to(s, peer, &s->replies);
	s->replies.len = 0;
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
			handle_message(s, (struct text){
			    zmq_msg_data(&identity), zmq_msg_size(&identity) },
			    &body);
		skip_parts(router, &body);
	}
	zmq_msg_close(&identity);
	zmq_msg_close(&body);
	return more;
}

static void
receive_requests(struct svc *s)
{
	for (int i = 0; i < TURN_MESSAGES && receive_message(s); i++)
		continue;
	end_reading(s);
}

static void
receive_answers(struct svc *s, zactor_t *lane)
{
	struct call	*c;
	bool		 terminated;

	while ((c = lane_receive(lane, false, &terminated)) != NULL) {
		if (lane == s->slow)
			s->slow_calls--;
		hold_or_finish(s, c);
	}
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

	if (s->calls == 0 && now_ms - s->deleted_ms < IDLE_MS)
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

static void
receive_news(struct svc *s)
{
	struct courier_news	news;

	while (s->courier != NULL && courier_receive(s->courier, &news))
		s->heard[news.consumer] = news;
}

/* --- the loop ------------------------------------------------------------ */

static long
wait_ms(const struct svc *s)
{
	int64_t	least = IDLE_MS, left, now_ms = clock_ms();

	for (const struct call *c = s->held; c != NULL; c = c->next) {
		left = c->hold_until_ms - now_ms;
		if (left < least)
			least = left < 0 ? 0 : left;
	}
	if (s->stop_ms != 0 && least > 10)
		least = 10;
	return (long)least;
}

static void
take_signal(struct svc *s)
{
	struct signalfd_siginfo	info;

	if (read(s->signals, &info, sizeof(info)) == -1 || s->stop_ms != 0)
		return;
	if (info.ssi_signo == SIGHUP) {
		curve_reload();
		return;
	}
	log_info("stopping");
	s->stop_ms = clock_ms() + s->settings->stop_seconds * 1000;
	/* writes that wait are done; a queue of logins would take too long */
	atomic_store(&s->slow_args.stopping, true);
}

static bool
is_over(const struct svc *s)
{
	return s->stop_ms != 0 && (s->calls == 0 || clock_ms() > s->stop_ms);
}

static void
loop(struct svc *s)
{
	zmq_pollitem_t	items[] = {
		{ NULL, s->signals, ZMQ_POLLIN, 0 },
		{ zsock_resolve(s->router), 0, ZMQ_POLLIN, 0 },
		{ zsock_resolve(s->writer), 0, ZMQ_POLLIN, 0 },
		{ zsock_resolve(s->slow), 0, ZMQ_POLLIN, 0 },
		{ s->courier == NULL ? NULL : zsock_resolve(s->courier), 0,
		    ZMQ_POLLIN, 0 },
	};
	int		count = s->courier == NULL ? 4 : 5;

	while (!is_over(s)) {
		zmq_poll(items, count, wait_ms(s));
		if (items[0].revents != 0)
			take_signal(s);
		receive_requests(s);
		receive_news(s);
		receive_answers(s, s->writer);
		receive_answers(s, s->slow);
		if (s->announced != 0)
			announce(s);
		s->announced = 0;
		release_held(s);
		if (s->emitted || s->tallied)
			courier_wake(s->courier, s->emitted);
		s->emitted = s->tallied = false;
		delete_delivered(s);
	}
}

/* --- start and stop ------------------------------------------------------ */

static int
catch_signals(void)
{
	sigset_t	set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	/* before any thread is made, so that all of them inherit it */
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void
open_store(struct svc *s)
{
	const char	*name = service_name(s->service->id);
	struct buf	 folder = { 0 };
	sqlite3		*db;

	buf_printf(&folder, "stores/%s", name);
	s->lock = store_lock(folder.base);
	if (s->lock == -1 && errno == EWOULDBLOCK)
		log_fatal("store %s is used by another process", folder.base);
	if (s->lock == -1)
		log_fatal("store %s: %s", folder.base, strerror(errno));
	buf_printf(&s->path, "%s/%s.db", folder.base, name);
	buf_done(&folder);
	db = store_open(s->path.base, false);
	store_migrate(db, s->service, s->path.base);
	store_seed(db, s->service, s->settings);
	op_tables_init(&s->tables, s->service, db);
	sqlite3_close(db);
}

static const char *
own_endpoint(const struct svc *s)
{
	if (s->settings->bind[0] != '\0')
		return s->settings->bind;
	return settings_endpoint(s->settings, s->service->id);
}

static void
listen_on(struct svc *s, const char *endpoint)
{
	s->router = zsock_new(ZMQ_ROUTER);
	CHECK(s->router != NULL);
	zsock_set_linger(s->router, 500);
	zsock_set_sndhwm(s->router, QUEUE_MESSAGES);
	zsock_set_rcvhwm(s->router, QUEUE_MESSAGES);
	zsock_set_maxmsgsize(s->router, MESSAGE_MAX_BYTES);
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
	listeners_done(&s->listeners);
}

/*
 * The writer last: SQLite folds the WAL into the database when the last
 * connection closes, and a read-only one cannot.
 */
static void
close_all(struct svc *s)
{
	zactor_destroy(&s->courier);
	zactor_destroy(&s->slow);
	lane_close(&s->reader);
	zactor_destroy(&s->writer);
	zsock_destroy(&s->router);
	curve_stop();
	free_calls(s);
	frame_reader_destroy(&s->frames);
	op_tables_done(&s->tables);
	buf_done(&s->path);
	close(s->lock);
	close(s->signals);
}

int
svc_run(const struct service *service, const struct settings *settings)
{
	struct svc		s = { .service = service, .settings = settings };
	struct courier_args	courier_args = { &s.tables, settings, NULL };

	log_set_name(service_name(service->id));
	curve_load(settings, (enum party)service->id);
	s.signals = catch_signals();
	settings_enter_data(settings);
	open_store(&s);
	if (service->start != NULL)
		service->start(settings);
	zsys_handler_set(NULL);
	zsys_set_pipehwm(0);
	curve_start();
	s.frames = frame_reader_new();
	s.writer_args.tables = s.slow_args.tables = &s.tables;
	s.writer_args.path = s.slow_args.path = s.path.base;
	courier_args.path = s.path.base;
	/* the writer before the readers: with it there is a WAL to read */
	s.writer = writer_start(&s.writer_args);
	s.slow = slow_start(&s.slow_args);
	s.courier = courier_start(&courier_args);
	lane_open(&s.reader, &s.tables, s.path.base, true);
	listen_on(&s, own_endpoint(&s));
	loop(&s);
	atomic_store(&s.writer_args.stopping, true);
	close_all(&s);
	log_info("stopped");
	return 0;
}
