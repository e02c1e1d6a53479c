/* Replicas: sockets, heartbeats, clocks. */
#include "replica.h"

#include <time.h>

#include "curve.h"
#include "log.h"

#define QUEUE_MESSAGES		1000
#define RECONNECT_MS		50
#define PING_AGAIN_MS		20	/* where there was no connection yet */
#define MESSAGE_MAX_BYTES	(64 << 20)

int64_t
clock_ms(void)
{
	struct timespec	ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

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
	zsock_set_rcvhwm(r->sock, QUEUE_MESSAGES);
	zsock_set_maxmsgsize(r->sock, MESSAGE_MAX_BYTES);
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
renew(struct replica *r, int64_t now_ms)
{
	if (!r->up && now_ms - r->connected_ms >= REPLICA_RENEW_MS)
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
	renew(r, now_ms);
	if (extra != NULL)
		ping.args = *extra;
	frame_put_request(&frame, &ping);
	/* failure means that there is nobody to hear it, as queues are for
	 * live connections only; or that it has taken nothing for long */
	if (zmq_send(zsock_resolve(r->sock), frame.base, frame.len,
	    ZMQ_DONTWAIT) == -1) {
		r->deaf = true;
		/* or it has another key now */
		if (curve_may_retry(r->service, now_ms - r->connected_ms))
			connect_anew(r, now_ms);
		if (!r->up)
			r->pinged_ms = now_ms - REPLICA_PING_MS + PING_AGAIN_MS;
	}
	buf_done(&frame);
}

/* What the answer to a PING says of the process. */
static void
take_standing(struct replica *r, const struct args *extra, int64_t now_ms)
{
	int64_t	instance = args_number(extra, KEY_INSTANCE, 0);
	bool	writes = args_number(extra, KEY_WRITES, 0) != 0;

	if (r->instance != 0 && instance != r->instance)
		r->reborn = true;
	r->instance = instance;
	if (writes && !r->writes)
		r->writes_ms = now_ms;
	r->writes = writes;
	r->leaving = args_number(extra, KEY_LEAVING, 0) != 0;
}

bool
replica_take_pong(struct replica *r, const struct answer *a, int64_t now_ms)
{
	int64_t	sent_ms = (int64_t)a->id;

	if (a->id >= REPLICA_FIRST_ID)
		return false;
	if (a->id == 0 && a->error == OK && r->up)
		take_standing(r, &a->extra, now_ms);
	if (a->error != OK || sent_ms > now_ms || sent_ms <= r->heard_ms ||
	    now_ms - sent_ms >= REPLICA_DOWN_MS)
		return true;
	r->heard_ms = sent_ms;
	r->clock_ms = args_number(&a->extra, KEY_CLOCK, 0) - sent_ms;
	take_standing(r, &a->extra, now_ms);
	r->deaf = false;
	if (!r->up)
		log_info("%s service at %s is up", service_name(r->service),
		    r->endpoint);
	r->up = true;
	return true;
}

/* One that never answered is not lost, but worth a line. */
static void
say_missed(struct replica *r, int64_t now_ms)
{
	if (r->heard_ms != 0 || r->missed ||
	    now_ms - r->made_ms < REPLICA_MISSED_MS)
		return;
	r->missed = true;
	log_warn("%s service at %s has not answered yet",
	    service_name(r->service), r->endpoint);
}

bool
replica_lost(struct replica *r, int64_t now_ms)
{
	say_missed(r, now_ms);
	if (!r->up || (now_ms - r->heard_ms < REPLICA_DOWN_MS && !r->deaf))
		return false;
	log_warn("%s service at %s %s", service_name(r->service), r->endpoint,
	    r->deaf ? "is gone" : "does not answer");
	r->up = r->writes = false;
	return true;
}

int64_t
replica_clock(const struct replica *r, int64_t ms)
{
	return ms + r->clock_ms;
}

bool
replica_flush(struct replica *r)
{
	if (r->out.len == 0)
		return true;
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
