/*
 * A ZAP request has the key and the address of a peer: so one that is refused
 * for its key is known here. A peer that does not come as far as showing a key
 * (another mechanism, or another key of ours than we have) is seen by the
 * socket's monitor: ACCEPTED has the descriptor, the failure has the reason,
 * and DISCONNECTED, the next event of the one I/O thread, has the descriptor
 * again.
 *
 * The same events tell which connections a listener has (accepted.h).
 */
#include "proto/peer/zap.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/process/actor.h"
#include "proto/peer/accepted.h"

#define ZAP_ENDPOINT	"inproc://zeromq.zap.01"
#define WATCH_ENDPOINT	"inproc://curve-watch"
#define TICK_MS		1000
#define LINES_MS	10000	/* at most LINES_MOST lines in this time */
#define LINES_MOST	5
#define ENDED		UINT32_MAX /* a reason of ours, beside ZeroMQ's */
#define EVENTS		(ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED | \
    ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | \
    ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | \
    ZMQ_EVENT_MONITOR_STOPPED)

/* A message from zap_watch() to the thread. */
struct watch_order {
	char		endpoint[48];	/* of the monitor */
	enum service_id	to;
};

struct watch {
	zsock_t		*monitor;
	enum service_id	 to;		/* SERVICE_ANY: it listens */
	uint32_t	 reason;	/* of a failure just seen, 0: none */
	struct accepted_list accepted;	/* if it listens */
};

struct zap {
	const struct zap_args	*args;
	zsock_t			*pipe;
	zsock_t			*requests;	/* ZAP's */
	zsock_t			*orders;
	struct watch		*watches;
	size_t			 count;
	int64_t			 tick_ms;
	int64_t			 lines_ms;	/* since when they are counted */
	unsigned		 lines;
	unsigned		 left_out;
};

/* --- log lines ----------------------------------------------------------- */

/* Begin a new count of lines if it is time; say how many were left out. */
static void
count_anew(struct zap *z, int64_t now_ms)
{
	if (now_ms - z->lines_ms < LINES_MS)
		return;
	if (z->left_out > 0)
		log_warn("%u more connections were refused and not logged",
		    z->left_out);
	z->lines_ms = now_ms;
	z->lines = z->left_out = 0;
}

/* Whether one more line may be written; those left out are counted. */
static bool
may_say(struct zap *z)
{
	count_anew(z, clock_ms());
	if (z->lines < LINES_MOST) {
		z->lines++;
		return true;
	}
	z->left_out++;
	return false;
}

static void
say_refused(struct zap *z, const char *address, const char *why)
{
	metric_add(METRIC_CURVE_REFUSED, 0, 0, 1);
	if (may_say(z))
		log_warn("refused a connection from %s: %s", address, why);
}

static void
say_failed(struct zap *z, enum service_id to, const char *why)
{
	metric_add(METRIC_CURVE_FAILED, 0, 0, 1);
	if (may_say(z))
		log_warn("no connection to the %s service: %s",
		    service_name(to), why);
}

/* --- requests ------------------------------------------------------------ */

static bool
frame_is(zframe_t *frame, const char *word)
{
	return frame != NULL && zframe_size(frame) == strlen(word) &&
	    memcmp(zframe_data(frame), word, strlen(word)) == 0;
}

static void
put_address(zframe_t *frame, char ret[ACCEPTED_ADDRESS_SIZE])
{
	if (frame == NULL || zframe_size(frame) == 0)
		snprintf(ret, ACCEPTED_ADDRESS_SIZE, "this machine");
	else
		snprintf(ret, ACCEPTED_ADDRESS_SIZE, "%.*s", (int)zframe_size(frame),
		    (const char *)zframe_data(frame));
}

/* The party of a ZAP request; PARTY_NONE if it is refused, and logs why. */
static enum party
admit_request(struct zap *z, zframe_t *address, zframe_t *mechanism,
    zframe_t *key)
{
	char		where[ACCEPTED_ADDRESS_SIZE], why[128];
	enum party	whose = PARTY_NONE;

	put_address(address, where);
	if (!frame_is(mechanism, "CURVE") || key == NULL ||
	    zframe_size(key) != CURVE_BYTES) {
		say_refused(z, where, "it does not speak CURVE");
		return PARTY_NONE;
	}
	if (z->args->admit(zframe_data(key), &whose))
		return whose;
	if (whose == PARTY_NONE)
		snprintf(why, sizeof(why), "its key is nobody's");
	else
		snprintf(why, sizeof(why), "%s may not talk to us",
		    party_name(whose));
	say_refused(z, where, why);
	return PARTY_NONE;
}

/* version, request id, domain, address, identity, mechanism, credentials */
static void
answer_zap(struct zap *z)
{
	zmsg_t		*message = zmsg_recv(z->requests);
	zframe_t	*frames[7] = { NULL };
	enum party	 whose;

	if (message == NULL)
		return;
	for (int i = 0; i < 7; i++)
		frames[i] = zmsg_pop(message);
	whose = frame_is(frames[0], "1.0") ?
	    admit_request(z, frames[3], frames[5], frames[6]) : PARTY_NONE;
	zmsg_destroy(&message);
	message = zmsg_new();
	zmsg_addstr(message, "1.0");
	zmsg_addmem(message, frames[1] == NULL ? NULL : zframe_data(frames[1]),
	    frames[1] == NULL ? 0 : zframe_size(frames[1]));
	zmsg_addstr(message, whose != PARTY_NONE ? "200" : "400");
	zmsg_addstr(message, whose != PARTY_NONE ? "OK" : "not let in");
	zmsg_addstr(message, whose != PARTY_NONE ? party_name(whose) : "");
	zmsg_addmem(message, NULL, 0);
	for (int i = 0; i < 7; i++)
		zframe_destroy(&frames[i]);
	if (zmsg_send(&message, z->requests) == -1)
		zmsg_destroy(&message);
}

/* --- events of sockets --------------------------------------------------- */

static void
take_accepted(struct zap *z, struct watch *w, int fd)
{
	const struct accepted	*ended = accepted_add(&w->accepted, fd);

	if (ended == NULL)
		return;
	metric_add(METRIC_BUS_CROWDED, 0, 0, 1);
	if (may_say(z))
		log_warn("ended a connection from %s: there are more than %zu",
		    ended->address, w->accepted.most);
}

static const char *
reason_text(uint32_t reason)
{
	switch (reason) {
	case ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH:
		return "it does not speak CURVE";
	case ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC:
		return "the key is another one than was expected";
	case ENDED:
		return "it ended the handshake, as a peer that does not speak "
		    "CURVE does";
	default:
		return "it breaks the protocol";
	}
}

/* Without keys a failed handshake has no meaning. */
static void
take_disconnected(struct zap *z, struct watch *w, int fd)
{
	struct accepted	*a = accepted_find(&w->accepted, fd);

	if (w->reason != 0 && z->args->has_keys && (a == NULL || !a->ended))
		say_refused(z, a == NULL ? ACCEPTED_UNKNOWN : a->address,
		    reason_text(w->reason));
	w->reason = 0;
	if (a != NULL)
		accepted_remove(&w->accepted, a);
}

static void
hear_listener(struct zap *z, struct watch *w, unsigned event, uint32_t value)
{
	if (event == ZMQ_EVENT_ACCEPTED)
		take_accepted(z, w, (int)value);
	else if (event == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL)
		w->reason = value;
	else if (event == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL)
		w->reason = ENDED;
	else if (event == ZMQ_EVENT_DISCONNECTED)
		take_disconnected(z, w, (int)value);
	/* HANDSHAKE_FAILED_AUTH was logged by answer_zap() */
}

static void
hear_asker(struct zap *z, const struct watch *w, unsigned event,
    uint32_t value)
{
	if (event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)
		say_failed(z, w->to, "it does not let our key in");
	else if (event == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL)
		say_failed(z, w->to, reason_text(value));
	else if (event == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL)
		log_debug("the %s service ended a handshake: it stopped, or "
		    "has another key", service_name(w->to));
}

/* Take one event of a monitor. False when its socket is gone. */
static bool
take_monitor_event(struct zap *z, struct watch *w)
{
	zmsg_t		*message = zmsg_recv(w->monitor);
	zframe_t	*frame = message == NULL ? NULL : zmsg_first(message);
	uint16_t	 event = 0;
	uint32_t	 value = 0;

	if (frame == NULL || zframe_size(frame) != sizeof(event) +
	    sizeof(value)) {
		zmsg_destroy(&message);
		return false;
	}
	memcpy(&event, zframe_data(frame), sizeof(event));
	memcpy(&value, zframe_data(frame) + sizeof(event), sizeof(value));
	zmsg_destroy(&message);
	if (w->to == SERVICE_ANY)
		hear_listener(z, w, event, value);
	else
		hear_asker(z, w, event, value);
	return event != ZMQ_EVENT_MONITOR_STOPPED;
}

/* --- watched sockets ----------------------------------------------------- */

void
zap_watch(zsock_t *sock, enum service_id to, unsigned number)
{
	struct watch_order	 order = { .to = to };
	zsock_t		*push = zsock_new_push(">" WATCH_ENDPOINT);

	CHECK(push != NULL);
	snprintf(order.endpoint, sizeof(order.endpoint),
	    "inproc://curve-monitor-%u", number);
	CHECK(zmq_socket_monitor(zsock_resolve(sock), order.endpoint,
	    EVENTS) == 0);
	CHECK(zmq_send(zsock_resolve(push), &order, sizeof(order), 0) ==
	    sizeof(order));
	zsock_destroy(&push);
}

static void
take_order(struct zap *z)
{
	struct watch_order	 order;
	struct watch		*w;

	if (zmq_recv(zsock_resolve(z->orders), &order, sizeof(order), 0) !=
	    sizeof(order))
		return;
	z->watches = realloc(z->watches,
	    (z->count + 1) * sizeof(z->watches[0]));
	CHECK(z->watches != NULL);
	w = &z->watches[z->count++];
	*w = (struct watch){ .to = order.to };
	accepted_init(&w->accepted);
	w->monitor = zsock_new(ZMQ_PAIR);
	CHECK(w->monitor != NULL);
	zsock_set_linger(w->monitor, 0);
	if (zsock_connect(w->monitor, "%s", order.endpoint) == -1)
		log_warn("%s: %s", order.endpoint, zmq_strerror(errno));
}

static void
forget_watch(struct zap *z, size_t at)
{
	zsock_destroy(&z->watches[at].monitor);
	accepted_done(&z->watches[at].accepted);
	z->watches[at] = z->watches[--z->count];
}

/* --- the thread ---------------------------------------------------------- */

static void
refresh_if_due(struct zap *z)
{
	int64_t	now_ms = clock_ms();

	if (now_ms - z->tick_ms < TICK_MS)
		return;
	z->tick_ms = now_ms;
	count_anew(z, now_ms);
	if (z->args->has_keys)
		z->args->refresh();
}

/* Take a command of the process. False at the end. */
static bool
take_command(struct zap *z)
{
	char	*command = zstr_recv(z->pipe);
	bool	 ends = command == NULL || strcmp(command, "$TERM") == 0;

	zstr_free(&command);
	if (!ends && z->args->has_keys)
		z->args->refresh();
	return !ends;
}

/* Wait for something to do and do it. False at the end. */
static bool
poll_once(struct zap *z)
{
	size_t		 count = z->count;
	zmq_pollitem_t	*items = must_alloc((count + 3) * sizeof(items[0]));
	bool		 goes_on;

	items[0].socket = zsock_resolve(z->pipe);
	items[1].socket = zsock_resolve(z->requests);
	items[2].socket = zsock_resolve(z->orders);
	for (size_t i = 0; i < count; i++)
		items[3 + i].socket = zsock_resolve(z->watches[i].monitor);
	for (size_t i = 0; i < count + 3; i++)
		items[i].events = ZMQ_POLLIN;
	goes_on = zmq_poll(items, (int)count + 3, TICK_MS) != -1 ||
	    errno != ETERM;
	if (items[0].revents != 0)
		goes_on = take_command(z);
	if (items[1].revents != 0)
		answer_zap(z);
	for (size_t i = count; i-- > 0;)
		if (items[3 + i].revents != 0 &&
		    !take_monitor_event(z, &z->watches[i]))
			forget_watch(z, i);
	if (items[2].revents != 0)
		take_order(z);
	free(items);
	return goes_on;
}

static void
zap_run(zsock_t *pipe, void *arg)
{
	struct zap	z = { .args = arg, .pipe = pipe };

	z.requests = zsock_new_rep("@" ZAP_ENDPOINT);
	z.orders = zsock_new_pull("@" WATCH_ENDPOINT);
	CHECK(z.requests != NULL && z.orders != NULL);
	zsock_set_linger(z.requests, 0);
	z.tick_ms = clock_ms();
	zsock_signal(pipe, 0);
	while (poll_once(&z))
		refresh_if_due(&z);
	while (z.count > 0)
		forget_watch(&z, z.count - 1);
	free(z.watches);
	/* ZeroMQ finishes closing a socket some time later; until then its
	 * name could not be bound again */
	zsock_unbind(z.orders, WATCH_ENDPOINT);
	zsock_unbind(z.requests, ZAP_ENDPOINT);
	zsock_destroy(&z.orders);
	zsock_destroy(&z.requests);
}

zactor_t *
zap_start(struct zap_args *args)
{
	return actor_new(zap_run, args);
}

void
zap_refresh(zactor_t *zap)
{
	(void)zstr_send(zap, "REFRESH");
}
