/*
 * Who is refused by key is known here, with the address that ZeroMQ tells.
 * Who does not come as far as showing a key (another mechanism, or another
 * key of ours than we have) is seen by the socket's monitor: ACCEPTED has the
 * descriptor, the failure has the reason, and DISCONNECTED, the next event of
 * the one I/O thread, has the descriptor again.
 *
 * The same events tell how many connections a listener has. Of more than it is
 * given the newest of the peer that has most is shut down: of an address, or,
 * on this machine, of a process. So those of all others go on. ZeroMQ closes
 * the descriptor itself, perhaps before that: what is shut down may be another
 * connection by then, whose peer connects again; no file can be.
 */
#include "proto/peer/guard.h"

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
#define LINES_MS	10000	/* in so long ... */
#define LINES_MOST	5	/* ... so many lines */
#define CONNECTIONS_MOST	512	/* of a listener ... */
#define DESCRIPTORS_PART	4	/* ... or a quarter of all descriptors */
#define ADDRESS_BYTES	80
#define ENDED		UINT32_MAX /* a reason beside ZeroMQ's */
#define EVENTS		(ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED | \
    ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | \
    ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | \
    ZMQ_EVENT_MONITOR_STOPPED)

/* What guard_watch() tells the thread. */
struct order {
	char		endpoint[48];	/* of the monitor */
	enum service_id	to;
};

/* Who is at the other end: an address, or a process of this machine. */
struct whose {
	uint32_t	family;
	uint8_t		bytes[16];
};

/* A connection from its ACCEPTED to its DISCONNECTED. */
struct peer {
	int		fd;
	bool		ended;		/* shut down; ZeroMQ has yet to see it */
	struct whose	whose;
	char		address[ADDRESS_BYTES];
};

struct watch {
	zsock_t		*monitor;
	enum service_id	 to;		/* SERVICE_ANY: it listens */
	uint32_t	 reason;	/* of a failure just seen, 0: none */
	struct peer	*peers;		/* where it listens, newest last */
	size_t		 count, size;
	size_t		 ended;		/* of them */
	size_t		 most;		/* that are not */
};

struct guard {
	const struct guard_args	*args;
	zsock_t			*pipe;
	zsock_t			*zap;
	zsock_t			*orders;
	struct watch		*watches;
	size_t			 count;
	int64_t			 tick_ms;
	int64_t			 lines_ms;	/* when they were counted from */
	unsigned		 lines;
	unsigned		 left_out;
};

/* --- saying so ------------------------------------------------------------ */

/* Count lines from now on, and say how many were left out. */
static void
count_anew(struct guard *g, int64_t now_ms)
{
	if (now_ms - g->lines_ms < LINES_MS)
		return;
	if (g->left_out > 0)
		log_warn("%u more connections were refused and not logged",
		    g->left_out);
	g->lines_ms = now_ms;
	g->lines = g->left_out = 0;
}

/* Whether one more line may be written; those left out are counted. */
static bool
may_say(struct guard *g)
{
	count_anew(g, clock_ms());
	if (g->lines < LINES_MOST) {
		g->lines++;
		return true;
	}
	g->left_out++;
	return false;
}

static void
say_refused(struct guard *g, const char *address, const char *why)
{
	metric_add(METRIC_CURVE_REFUSED, 0, 0, 1);
	if (may_say(g))
		log_warn("refused a connection from %s: %s", address, why);
}

static void
say_failed(struct guard *g, enum service_id to, const char *why)
{
	metric_add(METRIC_CURVE_FAILED, 0, 0, 1);
	if (may_say(g))
		log_warn("no connection to the %s service: %s",
		    service_name(to), why);
}

/* --- who is let in --------------------------------------------------------- */

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

/* The party of a ZAP request; PARTY_NONE, having said why, if it is refused. */
static enum party
judge(struct guard *g, zframe_t *address, zframe_t *mechanism, zframe_t *key)
{
	char		where[ADDRESS_BYTES], why[128];
	enum party	whose = PARTY_NONE;

	put_address(address, where);
	if (!frame_is(mechanism, "CURVE") || key == NULL ||
	    zframe_size(key) != CURVE_BYTES) {
		say_refused(g, where, "it does not speak CURVE");
		return PARTY_NONE;
	}
	if (g->args->admit(zframe_data(key), &whose))
		return whose;
	if (whose == PARTY_NONE)
		snprintf(why, sizeof(why), "its key is nobody's");
	else
		snprintf(why, sizeof(why), "%s may not talk to us",
		    party_name(whose));
	say_refused(g, where, why);
	return PARTY_NONE;
}

/* version, request id, domain, address, identity, mechanism, credentials */
static void
answer_zap(struct guard *g)
{
	zmsg_t		*message = zmsg_recv(g->zap);
	zframe_t	*frames[7] = { NULL };
	enum party	 whose;

	if (message == NULL)
		return;
	for (int i = 0; i < 7; i++)
		frames[i] = zmsg_pop(message);
	whose = frame_is(frames[0], "1.0") ?
	    judge(g, frames[3], frames[5], frames[6]) : PARTY_NONE;
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
	if (zmsg_send(&message, g->zap) == -1)
		zmsg_destroy(&message);
}

/* --- handshakes that come to nothing -------------------------------------- */

/* Where the other end of an accepted connection is. */
static void
find_peer(int fd, struct peer *ret)
{
	struct sockaddr_storage	ss = { 0 };
	struct sockaddr		*sa = (struct sockaddr *)&ss;
	struct ucred		user = { 0 };
	socklen_t		len = sizeof(ss), user_len = sizeof(user);
	char			host[64], port[8];

	*ret = (struct peer){ .fd = fd };
	snprintf(ret->address, ADDRESS_BYTES, "somewhere");
	if (getpeername(fd, sa, &len) == -1)
		return;
	ret->whose.family = sa->sa_family;
	if (sa->sa_family == AF_UNIX && getsockopt(fd, SOL_SOCKET, SO_PEERCRED,
	    &user, &user_len) == 0) {
		memcpy(ret->whose.bytes, &user.pid, sizeof(user.pid));
		snprintf(ret->address, ADDRESS_BYTES, "process %d of user %u",
		    (int)user.pid, (unsigned)user.uid);
	} else if (getnameinfo(sa, len, host, sizeof(host), port, sizeof(port),
	    NI_NUMERICHOST | NI_NUMERICSERV) == 0)
		snprintf(ret->address, ADDRESS_BYTES, "%s port %s", host, port);
	if (sa->sa_family == AF_INET)
		memcpy(ret->whose.bytes,
		    &((struct sockaddr_in *)sa)->sin_addr, 4);
	else if (sa->sa_family == AF_INET6)
		memcpy(ret->whose.bytes,
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
is_same(const struct peer *a, const struct peer *b)
{
	return memcmp(&a->whose, &b->whose, sizeof(a->whose)) == 0;
}

static size_t
count_same(const struct watch *w, const struct peer *p)
{
	size_t	n = 0;

	for (size_t i = 0; i < w->count; i++)
		n += !w->peers[i].ended && is_same(&w->peers[i], p);
	return n;
}

/* The newest connection of who has most. */
static struct peer *
find_crowding(const struct watch *w)
{
	struct peer	*found = NULL, *p;
	size_t		 most = 0, n;

	for (size_t i = w->count; i-- > 0;) {
		p = &w->peers[i];
		if (p->ended || (found != NULL && is_same(p, found)))
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
end_crowding(struct guard *g, struct watch *w)
{
	struct peer	*p = find_crowding(w);

	if (p == NULL)
		return;
	p->ended = true;
	w->ended++;
	(void)shutdown(p->fd, SHUT_RDWR);
	metric_add(METRIC_BUS_CROWDED, 0, 0, 1);
	if (may_say(g))
		log_warn("ended a connection from %s: there are more than %zu",
		    p->address, w->most);
}

static void
take_accepted(struct guard *g, struct watch *w, int fd)
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
		end_crowding(g, w);
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
		return "it ended the handshake, as who does not speak CURVE "
		    "does";
	default:
		return "it breaks the protocol";
	}
}

/* Without keys a handshake that comes to nothing has no meaning. */
static void
take_disconnected(struct guard *g, struct watch *w, int fd)
{
	struct peer	*p = find_open(w, fd);

	if (w->reason != 0 && g->args->has_keys && (p == NULL || !p->ended))
		say_refused(g, p == NULL ? "somewhere" : p->address,
		    reason_text(w->reason));
	w->reason = 0;
	if (p != NULL)
		forget_peer(w, p);
}

static void
hear_listener(struct guard *g, struct watch *w, unsigned event, uint32_t value)
{
	if (event == ZMQ_EVENT_ACCEPTED)
		take_accepted(g, w, (int)value);
	else if (event == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL)
		w->reason = value;
	else if (event == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL)
		w->reason = ENDED;
	else if (event == ZMQ_EVENT_DISCONNECTED)
		take_disconnected(g, w, (int)value);
	/* FAILED_AUTH is what answer_zap() said */
}

static void
hear_asker(struct guard *g, const struct watch *w, unsigned event,
    uint32_t value)
{
	if (event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)
		say_failed(g, w->to, "it does not let our key in");
	else if (event == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL)
		say_failed(g, w->to, reason_text(value));
	else if (event == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL)
		log_debug("the %s service ended a handshake: stopped, or its "
		    "key is another", service_name(w->to));
}

/* Take one event. False when the socket is gone. */
static bool
hear(struct guard *g, struct watch *w)
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
		hear_listener(g, w, event, value);
	else
		hear_asker(g, w, event, value);
	return event != ZMQ_EVENT_MONITOR_STOPPED;
}

/* --- the sockets that are watched ------------------------------------------- */

void
guard_watch(zsock_t *sock, enum service_id to, unsigned number)
{
	struct order	 order = { .to = to };
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

/* So many that what else the process opens has its place beside them. */
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
take_order(struct guard *g)
{
	struct order	 order;
	struct watch	*w;

	if (zmq_recv(zsock_resolve(g->orders), &order, sizeof(order), 0) !=
	    sizeof(order))
		return;
	g->watches = realloc(g->watches,
	    (g->count + 1) * sizeof(g->watches[0]));
	CHECK(g->watches != NULL);
	w = &g->watches[g->count++];
	*w = (struct watch){ .to = order.to, .most = connections_most() };
	w->monitor = zsock_new(ZMQ_PAIR);
	CHECK(w->monitor != NULL);
	zsock_set_linger(w->monitor, 0);
	if (zsock_connect(w->monitor, "%s", order.endpoint) == -1)
		log_warn("%s: %s", order.endpoint, zmq_strerror(errno));
}

static void
forget(struct guard *g, size_t at)
{
	zsock_destroy(&g->watches[at].monitor);
	free(g->watches[at].peers);
	g->watches[at] = g->watches[--g->count];
}

/* --- the thread --------------------------------------------------------------- */

static void
tick(struct guard *g)
{
	int64_t	now_ms = clock_ms();

	if (now_ms - g->tick_ms < TICK_MS)
		return;
	g->tick_ms = now_ms;
	count_anew(g, now_ms);
	if (g->args->has_keys)
		g->args->refresh();
}

/* A word from the process. False at the end. */
static bool
take_command(struct guard *g)
{
	char	*command = zstr_recv(g->pipe);
	bool	 ends = command == NULL || strcmp(command, "$TERM") == 0;

	zstr_free(&command);
	if (!ends && g->args->has_keys)
		g->args->refresh();
	return !ends;
}

/* Wait for something to do and do it. False at the end. */
static bool
turn(struct guard *g)
{
	size_t		 count = g->count;
	zmq_pollitem_t	*items = must_alloc((count + 3) * sizeof(items[0]));
	bool		 goes_on;

	items[0].socket = zsock_resolve(g->pipe);
	items[1].socket = zsock_resolve(g->zap);
	items[2].socket = zsock_resolve(g->orders);
	for (size_t i = 0; i < count; i++)
		items[3 + i].socket = zsock_resolve(g->watches[i].monitor);
	for (size_t i = 0; i < count + 3; i++)
		items[i].events = ZMQ_POLLIN;
	goes_on = zmq_poll(items, (int)count + 3, TICK_MS) != -1 ||
	    errno != ETERM;
	if (items[0].revents != 0)
		goes_on = take_command(g);
	if (items[1].revents != 0)
		answer_zap(g);
	for (size_t i = count; i-- > 0;)
		if (items[3 + i].revents != 0 && !hear(g, &g->watches[i]))
			forget(g, i);
	if (items[2].revents != 0)
		take_order(g);
	free(items);
	return goes_on;
}

static void
guard_run(zsock_t *pipe, void *arg)
{
	struct guard	g = { .args = arg, .pipe = pipe };

	g.zap = zsock_new_rep("@" ZAP_ENDPOINT);
	g.orders = zsock_new_pull("@" WATCH_ENDPOINT);
	CHECK(g.zap != NULL && g.orders != NULL);
	zsock_set_linger(g.zap, 0);
	g.tick_ms = clock_ms();
	zsock_signal(pipe, 0);
	while (turn(&g))
		tick(&g);
	while (g.count > 0)
		forget(&g, g.count - 1);
	free(g.watches);
	/* to close a socket is ZeroMQ's to finish, some time later; until
	 * then nobody else could bind its name */
	zsock_unbind(g.orders, WATCH_ENDPOINT);
	zsock_unbind(g.zap, ZAP_ENDPOINT);
	zsock_destroy(&g.orders);
	zsock_destroy(&g.zap);
}

zactor_t *
guard_start(struct guard_args *args)
{
	return actor_new(guard_run, args);
}

void
guard_refresh(zactor_t *guard)
{
	(void)zstr_send(guard, "REFRESH");
}
