/* Replicas: sockets, heartbeats, clocks. */
#include "proto/peer/replica.h"

#include "base/log.h"
#include "proto/peer/curve.h"

/* More than a process is ever asked at a time. Senders bound that themselves:
 * a full queue means that the process does not read. */
#define QUEUE_MESSAGES		65536
#define READ_AHEAD_MESSAGES	16	/* the rest waits at the sender */
#define RECONNECT_MS		50
#define PING_AGAIN_MS		20	/* where there was no connection yet */
#define WARN_EVERY_MS		10000

struct replica *
replica_new(enum service_id service, const char *endpoint)
{
	struct replica	*r = must_alloc(sizeof(*r));

	r->service = service;
	r->made_ms = r->connected_ms = clock_ms();
	r->endpoint = must_strdup(endpoint);
	r->sock = zsock_new(ZMQ_DEALER);
	CHECK(r->sock != NULL);
	zsock_set_linger(r->sock, 0);
	zsock_set_sndhwm(r->sock, QUEUE_MESSAGES);
	zsock_set_rcvhwm(r->sock, READ_AHEAD_MESSAGES);
	zsock_set_maxmsgsize(r->sock, (int)ANSWERS_MOST_BYTES);
	/* queue for live connections only: a request must not wait for a
	 * process that is yet to start */
	zsock_set_immediate(r->sock, 1);
	zsock_set_reconnect_ivl(r->sock, RECONNECT_MS);
	zsock_set_reconnect_ivl_max(r->sock, 4 * RECONNECT_MS);
	curve_connect(r->sock, service);
	if (zsock_connect(r->sock, "%s", endpoint) != 0)
		log_fatal("the endpoint of the %s service, %s, cannot be "
		    "used: %s", service_name(service), endpoint,
		    zmq_strerror(errno));
	return r;
}

void
replica_destroy(struct replica **self_p)
{
	struct replica	*r = *self_p;

	if (r == NULL)
		return;
	zsock_destroy(&r->sock);
	buf_done(&r->out);
	free(r->endpoint);
	free(r);
	*self_p = NULL;
}

/* --- states -------------------------------------------------------------- */

static void
set_state(struct replica *r, enum replica_state to)
{
	const char	*name = service_name(r->service);

	if (to == REPLICA_UP && r->state == REPLICA_DOWN)
		log_line(r->was_up ? LEVEL_INFO : log_routine(),
		    "%s service at %s is up", name, r->endpoint);
	else if (to == REPLICA_DOWN)
		log_warn("%s service at %s %s", name, r->endpoint,
		    r->state == REPLICA_UP ? "does not answer" : "is gone");
	else if (to == REPLICA_DISCONNECTED)
		log_debug("%s service at %s takes no messages", name,
		    r->endpoint);
	r->was_up = r->was_up || to == REPLICA_UP;
	r->state = to;
}

void
replica_disconnect(struct replica *r)
{
	if (r->state == REPLICA_UP)
		set_state(r, REPLICA_DISCONNECTED);
}

/* --- heartbeats ---------------------------------------------------------- */

static void
connect_anew(struct replica *r, int64_t now_ms)
{
	r->connected_ms = now_ms;
	(void)zsock_disconnect(r->sock, "%s", r->endpoint);
	curve_connect(r->sock, r->service);
	if (zsock_connect(r->sock, "%s", r->endpoint) != 0)
		log_warn("%s: %s", r->endpoint, zmq_strerror(errno));
}

/*
 * ZeroMQ comes back to a peer that went away, but not to one that broke its
 * protocol or sent a message beyond the bound.
 */
static void
renew_connection(struct replica *r, int64_t now_ms)
{
	if (!replica_is_up(r) && now_ms - r->connected_ms >= REPLICA_RENEW_MS)
		connect_anew(r, now_ms);
}

/*
 * A PING is a message of its own and never waits among requests, so that a
 * full queue does not make a replica look dead longer than it is.
 */
void
replica_ping(struct replica *r, int64_t now_ms, const struct args *extra)
{
	struct request	ping = {
		.id = (uint64_t)now_ms,
		.op = OP_PING,
		.request_id = TEXT_OF(""),
	};
	struct buf	frame = { 0 };

	if (now_ms - r->pinged_ms < REPLICA_PING_MS)
		return;
	r->pinged_ms = now_ms;
	renew_connection(r, now_ms);
	if (extra != NULL)
		ping.args = *extra;
	frame_put_request(&frame, &ping);
	/* failure means that there is no connection, as only live ones have
	 * queues; or that the process has read nothing for long */
	if (zmq_send(zsock_resolve(r->sock), frame.base, frame.len,
	    ZMQ_DONTWAIT) == -1) {
		replica_disconnect(r);
		/* or it has another key now */
		if (curve_may_retry(r->service, now_ms - r->connected_ms))
			connect_anew(r, now_ms);
		if (!replica_is_up(r))
			r->pinged_ms = now_ms - REPLICA_PING_MS + PING_AGAIN_MS;
	} else
		r->pings[r->ping_count++ % REPLICA_PINGS_KEPT] = now_ms;
	buf_done(&frame);
}

/* Take what a PONG says of the process. */
static void
take_standing(struct replica *r, const struct args *extra, int64_t now_ms)
{
	int64_t	instance = args_number(extra, KEY_INSTANCE, 0);
	bool	writes = args_number(extra, KEY_WRITES, 0) != 0;

	if (r->instance != 0 && instance != r->instance)
		r->restarted = true;
	r->instance = instance;
	if (writes && !r->writes)
		r->writes_ms = now_ms;
	r->writes = writes;
	/* once it has refused a read it does so to its end */
	r->refuses = r->refuses && !r->restarted &&
	    args_number(extra, KEY_LEAVING, 0) != 0;
	r->leaving = args_number(extra, KEY_LEAVING, 0) != 0;
	r->loading = args_number(extra, KEY_LOADING, 0) != 0;
}

static bool
was_sent(const struct replica *r, int64_t sent_ms)
{
	for (unsigned i = 0; i < REPLICA_PINGS_KEPT; i++)
		if (r->pings[i] == sent_ms)
			return true;
	return false;
}

/* A time that no clock tells would overflow when deadlines are added to it. */
static int64_t
clock_told(const struct args *extra)
{
	int64_t	told_ms = args_number(extra, KEY_CLOCK, 0);

	return told_ms < 0 ? 0 : told_ms > REPLICA_CLOCK_MOST ?
	    REPLICA_CLOCK_MOST : told_ms;
}

/* A new run of the process does not know us, so this is of the one before. */
static enum pong
take_unsolicited(struct replica *r, const struct answer *a, int64_t now_ms)
{
	if (a->error != OK || !replica_is_up(r) ||
	    args_number(&a->extra, KEY_INSTANCE, 0) != r->instance)
		return PONG_VOID;
	take_standing(r, &a->extra, now_ms);
	return PONG_UNSOLICITED;
}

enum pong
replica_take_pong(struct replica *r, const struct answer *a, int64_t now_ms)
{
	int64_t	sent_ms = (int64_t)a->id;

	if (a->id >= REPLICA_FIRST_ID)
		return PONG_NONE;
	if (a->id == 0)
		return take_unsolicited(r, a, now_ms);
	if (a->error != OK || sent_ms > now_ms || sent_ms <= r->heard_ms ||
	    now_ms - sent_ms >= REPLICA_DOWN_MS || !was_sent(r, sent_ms))
		return PONG_VOID;
	r->heard_ms = sent_ms;
	r->clock_ms = clock_told(&a->extra) - sent_ms;
	take_standing(r, &a->extra, now_ms);
	set_state(r, REPLICA_UP);
	return PONG_HEARD;
}

void
replica_warn(struct replica *r, int64_t now_ms)
{
	if (r->warned_ms != 0 && now_ms - r->warned_ms < WARN_EVERY_MS)
		return;
	r->warned_ms = now_ms;
	log_warn("%s service at %s sent something that is not an answer",
	    service_name(r->service), r->endpoint);
}

/* A process that never answered is not lost, but worth a line. */
static void
say_missed(struct replica *r, int64_t now_ms)
{
	if (r->heard_ms != 0 || r->was_missed ||
	    now_ms - r->made_ms < REPLICA_MISSED_MS)
		return;
	r->was_missed = true;
	log_warn("%s service at %s has not answered yet",
	    service_name(r->service), r->endpoint);
}

bool
replica_lost(struct replica *r, int64_t now_ms)
{
	say_missed(r, now_ms);
	if (r->state == REPLICA_DOWN || (r->state == REPLICA_UP &&
	    now_ms - r->heard_ms < REPLICA_DOWN_MS))
		return false;
	set_state(r, REPLICA_DOWN);
	r->writes = false;
	return true;
}

int64_t
replica_clock(const struct replica *r, int64_t ms)
{
	return ms + r->clock_ms;
}

/* --- messages ------------------------------------------------------------ */

bool
replica_flush(struct replica *r)
{
	if (r->out.len == 0)
		return true;
	/* it would end the connection, and take what waits with it */
	if (r->out.len > REQUESTS_MOST_BYTES)
		return false;
	if (zmq_send(zsock_resolve(r->sock), r->out.base, r->out.len,
	    ZMQ_DONTWAIT) == -1)
		return false;
	r->out.len = 0;
	return true;
}

bool
replica_receive(struct replica *r, zmq_msg_t *ret)
{
	return zmq_msg_recv(ret, zsock_resolve(r->sock), ZMQ_DONTWAIT) != -1;
}
