/*
 * A ZAP request has the key and the address of a peer: so one that is refused
 * for its key is known here. A peer that does not come as far as showing a key
 * (another mechanism, or another key of ours than we have) is seen by the
 * socket's monitor: ACCEPTED has the descriptor, the failure has the reason,
 * and DISCONNECTED, the next event of the one I/O thread, has the descriptor
 * again.
 *
 * The same events tell how many connections a listener has. If there are too
 * many, the newest one of the peer with the most is shut down: a peer is an
 * address or, on this machine, a process. So the connections of all others go
 * on. ZeroMQ closes the descriptor itself, perhaps before that: it may belong
 * to another connection by then, whose peer connects again, but never to a
 * file.
 */
#include "proto/peer/zap.h"

#include <sys/resource.h>
#include <sys/socket.h>

#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/actor.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"

#define ZAP_ENDPOINT	"inproc://zeromq.zap.01"
#define WATCH_ENDPOINT	"inproc://curve-watch"
#define TICK_MS		1000
#define LINES_MS	10000	/* at most LINES_MOST lines in this time */
#define LINES_MOST	5
#define CONNECTIONS_MOST	512	/* of a listener ... */
#define DESCRIPTORS_PART	4	/* ... or a quarter of all descriptors */
#define ADDRESS_BYTES	80
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

/* The other end: an address, or a process of this machine. */
struct origin {
	uint32_t	family;
	uint8_t		bytes[16];
};

/* A connection from its ACCEPTED to its DISCONNECTED. */
struct peer {
	int		fd;
	bool		ended;		/* we shut it down; ZeroMQ has not
					 * seen that yet */
	struct origin	origin;
	char		address[ADDRESS_BYTES];
};

struct watch {
	zsock_t		*monitor;
	enum service_id	 to;		/* SERVICE_ANY: it listens */
	uint32_t	 reason;	/* of a failure just seen, 0: none */
	struct peer	*peers;		/* where it listens, newest last */
	size_t		 count, size;
	size_t		 ended;		/* of them */
	size_t		 most;		/* that have not ended */
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
put_address(zframe_t *frame, char ret[ADDRESS_BYTES])
{
	if (frame == NULL || zframe_size(frame) == 0)
		snprintf(ret, ADDRESS_BYTES, "this machine");
	else
		snprintf(ret, ADDRESS_BYTES, "%.*s", (int)zframe_size(frame),
		    (const char *)zframe_data(frame));
}

/* The party of a ZAP request; PARTY_NONE if it is refused, and logs why. */
static enum party
admit_request(struct zap *z, zframe_t *address, zframe_t *mechanism,
    zframe_t *key)
{
	char		where[ADDRESS_BYTES], why[128];
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

/* --- connections and failed handshakes ----------------------------------- */

/* Find out where the other end of an accepted connection is. */
static void
find_peer(int fd, struct peer *ret)
{
	struct sockaddr_storage	ss = { 0 };
	struct sockaddr		*sa = (struct sockaddr *)&ss;
	struct ucred		user = { 0 };
	socklen_t		len = sizeof(ss), user_len = sizeof(user);
	char			host[64], port[8];

	*ret = (struct peer){ .fd = fd };
	snprintf(ret->address, ADDRESS_BYTES, "an unknown address");
	if (getpeername(fd, sa, &len) == -1)
		return;
	ret->origin.family = sa->sa_family;
	if (sa->sa_family == AF_UNIX && getsockopt(fd, SOL_SOCKET, SO_PEERCRED,
	    &user, &user_len) == 0) {
		memcpy(ret->origin.bytes, &user.pid, sizeof(user.pid));
		snprintf(ret->address, ADDRESS_BYTES, "process %d of user %u",
		    (int)user.pid, (unsigned)user.uid);
	} else if (getnameinfo(sa, len, host, sizeof(host), port, sizeof(port),
	    NI_NUMERICHOST | NI_NUMERICSERV) == 0)
		snprintf(ret->address, ADDRESS_BYTES, "%s port %s", host, port);
	if (sa->sa_family == AF_INET)
		memcpy(ret->origin.bytes,
		    &((struct sockaddr_in *)sa)->sin_addr, 4);
	else if (sa->sa_family == AF_INET6)
		memcpy(ret->origin.bytes,
		    &((struct sockaddr_in6 *)sa)->sin6_addr, 16);
}

static struct peer *
find_open(const struct watch *w, int fd)
{
	for (size_t i = w->count; i-- > 0;)
		if (w->peers[i].fd == fd)
			return &w->peers[i];
	return NULL;
}

static void
forget_peer(struct watch *w, struct peer *p)
{
	size_t	behind = (size_t)(w->peers + w->count - (p + 1));

	w->ended -= p->ended;
	w->count--;
	memmove(p, p + 1, behind * sizeof(*p));
}

static bool
is_same_peer(const struct peer *a, const struct peer *b)
{
	return memcmp(&a->origin, &b->origin, sizeof(a->origin)) == 0;
}

static size_t
count_same(const struct watch *w, const struct peer *p)
{
	size_t	n = 0;

	for (size_t i = 0; i < w->count; i++)
		n += !w->peers[i].ended && is_same_peer(&w->peers[i], p);
	return n;
}

/* The newest connection of the peer with the most. */
static struct peer *
find_crowding(const struct watch *w)
{
	struct peer	*found = NULL, *p;
	size_t		 most = 0, n;

	for (size_t i = w->count; i-- > 0;) {
		p = &w->peers[i];
		if (p->ended || (found != NULL && is_same_peer(p, found)))
			continue;
		n = count_same(w, p);
		if (n > most) {
			most = n;
			found = p;
		}
	}
	return found;
}

static void
end_crowding(struct zap *z, struct watch *w)
{
	struct peer	*p = find_crowding(w);

	if (p == NULL)
		return;
	p->ended = true;
	w->ended++;
	(void)shutdown(p->fd, SHUT_RDWR);
	metric_add(METRIC_BUS_CROWDED, 0, 0, 1);
	if (may_say(z))
		log_warn("ended a connection from %s: there are more than %zu",
		    p->address, w->most);
}

static void
take_accepted(struct zap *z, struct watch *w, int fd)
{
	struct peer	*old = find_open(w, fd);

	if (old != NULL)
		forget_peer(w, old);
	if (w->count == w->size) {
		w->size = w->size == 0 ? 16 : w->size * 2;
		w->peers = realloc(w->peers, w->size * sizeof(w->peers[0]));
		CHECK(w->peers != NULL);
	}
	find_peer(fd, &w->peers[w->count++]);
	if (w->count - w->ended > w->most)
		end_crowding(z, w);
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
	struct peer	*p = find_open(w, fd);

	if (w->reason != 0 && z->args->has_keys && (p == NULL || !p->ended))
		say_refused(z, p == NULL ? "an unknown address" : p->address,
		    reason_text(w->reason));
	w->reason = 0;
	if (p != NULL)
		forget_peer(w, p);
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

/* So few that there are descriptors left for what else the process opens. */
static size_t
connections_most(void)
{
	struct rlimit	limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1 ||
	    limit.rlim_cur / DESCRIPTORS_PART > CONNECTIONS_MOST)
		return CONNECTIONS_MOST;
	return limit.rlim_cur / DESCRIPTORS_PART;
}

static void
take_order(struct zap *z)
{
	struct watch_order	 order;
	struct watch	*w;

	if (zmq_recv(zsock_resolve(z->orders), &order, sizeof(order), 0) !=
	    sizeof(order))
		return;
	z->watches = realloc(z->watches,
	    (z->count + 1) * sizeof(z->watches[0]));
	CHECK(z->watches != NULL);
	w = &z->watches[z->count++];
	*w = (struct watch){ .to = order.to, .most = connections_most() };
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
	free(z->watches[at].peers);
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
