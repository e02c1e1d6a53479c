/* Connections: a list of each worker's, the one that waits longest first. */
#include "gateway/http/connection.h"

#include <linux/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"

#define GRACE_MS	1000

#define SPARE		128	/* descriptors that are not for connections */
#define SPARE_EACH	32	/* ... and for each thread */
#define ROOM		64	/* ended in one tick at most */
#define IDLE_MS		1000	/* who asked just now may well ask again */
#define COMING_BYTES	1024	/* of a request on its way in ... */
#define COMING_MS	4000	/* in this time: some send it in bursts */
#define PARTING_MS	300	/* ... also of a gateway that stops */
#define TELL_AGAIN_MS	100	/* that we stop, at a request of HTTP/2 */
#define REST_MS		1000	/* for who asked when there was no room */
#define RESTED_MOST	250	/* that go on before, in a tick */
#define TLS_BYTES	(32 << 10) /* what a session of TLS takes */
#define CONNECTION_BYTES 2048	/* and what any other does */
#define STREAM_BYTES	1024	/* what one of HTTP/2 takes besides */
#define WEIGHTS		48	/* powers of two */
#define LIGHT_BYTES	16384	/* a small request and its answer */

struct connection {
	h2o_linklist_t	 link;		/* in worker.connections */
	struct worker	*worker;
	h2o_socket_t	*sock;
	unsigned	 requests;	/* under way */
	int64_t		 since_ms;	/* the last one began or ended */
	int64_t		 late_ms;	/* since when bytes of it are waited
					 * for that have come; or 0 */
	unsigned	 answered;	/* those of them whose answer began */
	size_t		 held;		/* bytes of answers */
	size_t		 written;	/* by h2o, when it was looked at last */
	uint64_t	 taken;		/* ... bytes by the client */
	size_t		 streams;	/* bytes of HTTP/2's requests */
	size_t		 open;		/* of those, while they are weighed */
	uint64_t	 read;		/* when none was half there */
	bool		 has_asked;	/* a whole request came */
	bool		 is_body;	/* one was seen to come */
	uint64_t	 known;		/* bytes that had come by then */
	unsigned	 begun;		/* HTTP/2: requests, when it was
					 * counted last */
	uint64_t	 came;		/* bytes, when room was made last */
	int64_t		 came_ms;	/* since when so many */
	int64_t		 looked_ms;	/* when that was looked at */
	h2o_linklist_t	 rest;		/* in worker.resting */
	int64_t		 rests_ms;	/* since when */
	h2o_timeout_entry_t rest_soon;
	h2o_socket_cb	 on_read;	/* h2o's, while it rests */
	void		*reader;	/* what h2o reads it for */
	struct frames	 frames;	/* of HTTP/2 */
};

int64_t
connections_most(const struct settings *s, uint64_t descriptors)
{
	uint64_t	spare = SPARE + SPARE_EACH *
			    (uint64_t)s->gateway_threads;

	if (spare > descriptors / 2)
		spare = descriptors / 2;
	if ((uint64_t)s->max_connections <= descriptors - spare)
		return s->max_connections;
	return (int64_t)(descriptors - spare);
}

bool
connection_reserve(struct gateway *g)
{
	if (atomic_fetch_add(&g->connections, 1) < g->connections_most)
		return true;
	connection_release(g);
	return false;
}

void
connection_release(struct gateway *g)
{
	atomic_fetch_sub(&g->connections, 1);
}

static void
on_close(void *data)
{
	struct connection	*c = data;

	CHECK(c->requests == 0);
	metric_add(METRIC_CONNECTIONS, 0, 0, -1);
	connection_release(c->worker->gateway);
	h2o_linklist_unlink(&c->link);
	if (h2o_linklist_is_linked(&c->rest))
		h2o_linklist_unlink(&c->rest);
	h2o_timeout_unlink(&c->rest_soon);
	free(c);
}

/* --- rest -------------------------------------------------------------------- */

/* h2o has begun to wait for the next request. */
static void
on_rest(h2o_timeout_entry_t *entry)
{
	struct connection	*c = H2O_STRUCT_FROM_MEMBER(struct connection,
				    rest_soon, entry);

	/* it may be closing, and somebody else read what still comes */
	if (c->requests > 0 || c->sock->_cb.read == NULL ||
	    c->sock->data != c->reader)
		return;
	c->on_read = c->sock->_cb.read;
	c->rests_ms = clock_ms();
	h2o_socket_read_stop(c->sock);
	h2o_linklist_insert(&c->worker->resting, &c->rest);
}

/* Not now: h2o is about to begin to wait. */
static void
rest_soon(struct connection *c)
{
	if (c->frames.spoken || h2o_linklist_is_linked(&c->rest) ||
	    h2o_timeout_is_linked(&c->rest_soon))
		return;
	c->rest_soon.cb = on_rest;
	h2o_timeout_link(c->worker->ctx.loop, &c->worker->ctx.zero_timeout,
	    &c->rest_soon);
}

static void
go_on(struct connection *c)
{
	if (!h2o_linklist_is_linked(&c->rest))
		return;
	h2o_linklist_unlink(&c->rest);
	h2o_socket_read_start(c->sock, c->on_read);
}

static void
let_go_on(struct worker *w, int64_t now_ms)
{
	struct connection	*c;

	for (unsigned i = 0; !h2o_linklist_is_empty(&w->resting); i++) {
		c = H2O_STRUCT_FROM_MEMBER(struct connection, rest,
		    w->resting.next);
		if (i >= RESTED_MOST && now_ms - c->rests_ms < REST_MS)
			return;
		go_on(c);
	}
}

/* --- the list -------------------------------------------------------------------- */

void
connections_init(struct worker *w)
{
	h2o_linklist_init_anchor(&w->connections);
	h2o_linklist_init_anchor(&w->resting);
}

/* Its clock starts anew: it is the last one of the list. */
static void
touch(struct connection *c, int64_t now_ms)
{
	c->since_ms = now_ms;
	c->late_ms = 0;
	if (h2o_linklist_is_linked(&c->link))
		h2o_linklist_unlink(&c->link);
	h2o_linklist_insert(&c->worker->connections, &c->link);
}

void
connection_open(struct worker *w, h2o_socket_t *sock)
{
	struct connection	*c = must_alloc(sizeof(*c));

	c->worker = w;
	c->sock = sock;
	sock->on_close.cb = on_close;
	sock->on_close.data = c;
	touch(c, clock_ms());
	metric_add(METRIC_CONNECTIONS, 0, 0, 1);
}

struct frames *
connection_frames(h2o_socket_t *sock)
{
	if (sock->on_close.cb != on_close)
		return NULL;
	return &((struct connection *)sock->on_close.data)->frames;
}

bool
connection_has_asked(const h2o_socket_t *sock)
{
	return ((const struct connection *)sock->on_close.data)->has_asked;
}

struct connection *
connection_begin(h2o_req_t *req)
{
	h2o_socket_t		*sock = req->conn->callbacks->get_socket(
				    req->conn);
	struct connection	*c = sock->on_close.data;

	c->requests++;
	c->has_asked = true;
	c->reader = sock->data;
	c->is_body = false;
	touch(c, clock_ms());
	return c;
}

void
connection_end(struct connection *c, bool answered, bool crowded)
{
	CHECK(c->requests > 0 && c->answered >= answered);
	c->requests--;
	c->answered -= answered;
	if (answered)
		frames_answered(&c->frames);
	if (crowded)
		rest_soon(c);
	touch(c, clock_ms());
}

void
connection_answer(struct connection *c)
{
	c->answered++;
}

void
connection_hold(struct connection *c, size_t were, size_t are)
{
	c->held += are - were;
}

/* h2o reads the end of it and closes, now or when it has sent what it is
 * about to send. */
static void
end(struct connection *c)
{
	(void)shutdown(h2o_socket_get_fd(c->sock), SHUT_RDWR);
	go_on(c);
}

static struct connection *
connection_of(const h2o_req_t *req)
{
	return req->conn->callbacks->get_socket(req->conn)->on_close.data;
}

static struct tcp_info
look_at(const struct connection *c)
{
	struct tcp_info	info = { 0 };
	socklen_t	len = sizeof(info);

	(void)getsockopt(h2o_socket_get_fd(c->sock), IPPROTO_TCP, TCP_INFO,
	    &info, &len);
	return info;
}

/*
 * Bytes that have come since it was opened, by the kernel's count: h2o keeps
 * just the size of what it read last.
 */
static uint64_t
received(const struct connection *c)
{
	return look_at(c).tcpi_bytes_received;
}

/*
 * A request with its head is under way, also while its body comes. (HTTP/1: the
 * version is known when the whole head is.)
 */
static int
count_begun(h2o_req_t *req, void *data)
{
	(void)data;
	connection_of(req)->begun += req->version != 0 &&
	    req->input.method.len != 0;
	return 0;
}

static void
count_streams(struct worker *w)
{
	h2o_linklist_t	*at;

	for (at = w->connections.next; at != &w->connections; at = at->next)
		H2O_STRUCT_FROM_MEMBER(struct connection, link, at)->begun = 0;
	(void)w->ctx.globalconf->http2.callbacks.foreach_request(&w->ctx,
	    count_begun, NULL);
}

/* ... and requests of HTTP/1 with a whole head. */
static void
count_requests(struct worker *w)
{
	count_streams(w);
	(void)w->ctx.globalconf->http1.callbacks.foreach_request(&w->ctx,
	    count_begun, NULL);
}

/*
 * Whether there is half a request that goes on coming. What holds a place
 * against others has to cost its client at least what whole requests would.
 */
static bool
is_coming(struct connection *c, int64_t now_ms)
{
	uint64_t	read;

	if (c->begun == 0 && c->sock->input->size == 0)
		return false;
	read = received(c);
	if (read - c->came >= COMING_BYTES ||
	    now_ms - c->looked_ms >= COMING_MS) {
		c->came = read;
		c->came_ms = now_ms;
	}
	c->looked_ms = now_ms;
	return now_ms - c->came_ms < COMING_MS;
}

void
connections_make_room(struct worker *w, int64_t now_ms)
{
	h2o_linklist_t		*at = w->connections.next, *next;
	struct connection	*c;
	bool			 counted = false;

	for (unsigned room = 0; at != &w->connections && room < ROOM;
	    at = next) {
		next = at->next;
		c = H2O_STRUCT_FROM_MEMBER(struct connection, link, at);
		if (now_ms - c->since_ms < IDLE_MS)
			return;
		if (!counted)
			count_streams(w);
		counted = true;
		if (c->requests > 0 || is_coming(c, now_ms))
			continue;
		end(c);
		touch(c, now_ms);
		room++;
	}
}

/*
 * Every request is answered, and that is not taken, or too slowly. h2o may
 * have been given a long answer as a whole, so that the kernel says how much
 * of it has arrived.
 */
static bool
is_stalled(struct connection *c, int64_t ms)
{
	size_t		written = c->written;
	uint64_t	taken = c->taken;

	c->written = c->sock->bytes_written;
	c->taken = look_at(c).tcpi_bytes_acked;
	return c->answered == c->requests && c->written == written &&
	    c->taken - taken < (uint64_t)ms * BODY_RATE_BYTES / 1000;
}

int64_t
connection_body_ms(const struct settings *s, size_t bytes)
{
	return 2 * s->idle_timeout_ms +
	    (int64_t)(bytes / BODY_RATE_BYTES) * 1000;
}

static bool
waits_for_http1(const struct connection *c)
{
	if (c->requests > 0 || c->frames.spoken)
		return false;
	return c->has_asked || c->sock->input->size > 0 ||
	    (c->sock->ssl == NULL && c->sock->bytes_read == 0);
}

/* How long it may be as it is before somebody looks at it. */
static int64_t
limit_ms(const struct connection *c)
{
	int64_t	idle_ms = c->worker->gateway->settings->idle_timeout_ms;

	return waits_for_http1(c) ? idle_ms : GRACE_MS + 2 * idle_ms;
}

/*
 * Whether a body has come fast enough for so long. It may have begun just
 * now, so that at first a little is enough.
 */
static bool
is_body_coming(struct connection *c, int64_t ms)
{
	uint64_t	come = received(c), came = come - c->known;
	uint64_t	least = c->is_body ? (uint64_t)ms * BODY_RATE_BYTES /
			    1000 : COMING_BYTES;

	c->is_body = true;
	c->known = come;
	return c->begun > 0 && came >= least &&
	    memory_pressure(c->worker) == PRESSURE_NONE;
}

/* What is begun of requests is counted where there may be any. */
static bool
may_stay(struct connection *c, int64_t ms, bool *counted)
{
	if (c->requests > 0)
		return !is_stalled(c, ms);
	if (waits_for_http1(c) && c->sock->input->size == 0)
		return false;
	if (!*counted)
		count_requests(c->worker);
	*counted = true;
	return is_body_coming(c, ms);
}

/* Whether bytes of a client wait to be read. */
static bool
has_come(const struct connection *c)
{
	char	byte;

	return recv(h2o_socket_get_fd(c->sock), &byte, 1,
	    MSG_PEEK | MSG_DONTWAIT) > 0;
}

/*
 * We may be the late ones: h2o is to read what has come. Where it has stopped
 * to, that does not help.
 */
static bool
may_be_read(struct connection *c, int64_t now_ms)
{
	if (c->requests > 0 || !has_come(c))
		return false;
	if (c->late_ms == 0)
		c->late_ms = now_ms;
	return now_ms - c->late_ms < GRACE_MS;
}

void
connections_tick(struct worker *w, int64_t now_ms)
{
	int64_t			 ms;
	h2o_linklist_t		*at = w->connections.next, *next;
	struct connection	*c;
	bool			 counted = false;

	let_go_on(w, now_ms);
	for (; at != &w->connections; at = next) {
		next = at->next;
		c = H2O_STRUCT_FROM_MEMBER(struct connection, link, at);
		ms = now_ms - c->since_ms;
		if (ms < w->gateway->settings->idle_timeout_ms)
			return;
		if (ms < limit_ms(c) || may_be_read(c, now_ms))
			continue;
		if (!may_stay(c, ms, &counted))
			end(c);
		touch(c, now_ms);
	}
}

/* --- weight ------------------------------------------------------------------- */

static size_t
size_of(const h2o_buffer_t *b)
{
	return b == NULL ? 0 : b->capacity;
}

static int
weigh_request(h2o_req_t *req, void *data)
{
	struct connection	*c = connection_of(req);

	(void)data;
	c->open++;
	c->streams += STREAM_BYTES + sizeof(*req) + req->headers.size *
	    sizeof(req->headers.entries[0]);
	return 0;
}

/*
 * libh2o does not show what has come of the bodies of HTTP/2. It is no more
 * than came at all since all requests of the connection were whole.
 */
static int
weigh_bodies(h2o_req_t *req, void *data)
{
	struct connection	*c = connection_of(req);

	(void)data;
	if (c->open == 0)
		return 0;	/* seen by another request of it */
	if (c->open <= c->requests)
		c->read = received(c);
	else
		c->streams += received(c) - c->read;
	c->open = 0;
	return 0;
}

static void
weigh_http2(struct worker *w)
{
	int	(*each)(h2o_context_t *, int (*)(h2o_req_t *, void *), void *) =
		    w->ctx.globalconf->http2.callbacks.foreach_request;

	for (h2o_linklist_t *at = w->connections.next; at != &w->connections;
	    at = at->next)
		H2O_STRUCT_FROM_MEMBER(struct connection, link, at)->streams =
		    0;
	(void)each(&w->ctx, weigh_request, NULL);
	(void)each(&w->ctx, weigh_bodies, NULL);
}

static size_t
weight_of(const struct connection *c)
{
	return CONNECTION_BYTES + c->held + c->streams +
	    size_of(c->sock->input) + (c->sock->ssl != NULL ? TLS_BYTES : 0);
}

/* What is still on its way in is not taken in any more, as it is by end(). */
static void
cut(struct connection *c)
{
	struct sockaddr	none = { .sa_family = AF_UNSPEC };

	(void)connect(h2o_socket_get_fd(c->sock), &none, sizeof(none));
	go_on(c);
}

/* Who holds little and asked just now is not who fills the memory. */
static bool
is_spared(const struct connection *c, size_t weight, int64_t now_ms)
{
	return weight <= LIGHT_BYTES && now_ms - c->since_ms < IDLE_MS;
}

/* From which power of two on connections are to be ended. */
static unsigned
find_least(struct worker *w, int64_t bytes, int64_t now_ms)
{
	size_t			 sums[WEIGHTS] = { 0 }, weight;
	unsigned		 least = WEIGHTS;
	struct connection	*c;

	for (h2o_linklist_t *at = w->connections.next; at != &w->connections;
	    at = at->next) {
		c = H2O_STRUCT_FROM_MEMBER(struct connection, link, at);
		weight = weight_of(c);
		if (is_spared(c, weight, now_ms))
			continue;
		sums[(63 - __builtin_clzll(weight)) % WEIGHTS] += weight;
	}
	while (bytes > 0 && least > 0)
		bytes -= (int64_t)sums[--least];
	return least;
}

void
connections_relieve(struct worker *w, int64_t bytes, int64_t now_ms)
{
	h2o_linklist_t		*at = w->connections.next, *next;
	struct connection	*c;
	size_t			 weight, least;

	weigh_http2(w);
	least = (size_t)1 << find_least(w, bytes, now_ms);
	for (; at != &w->connections && bytes > 0; at = next) {
		next = at->next;
		c = H2O_STRUCT_FROM_MEMBER(struct connection, link, at);
		weight = weight_of(c);
		if (weight < least || is_spared(c, weight, now_ms))
			continue;
		bytes -= (int64_t)weight;
		cut(c);
	}
}

/* --- the end ------------------------------------------------------------------- */

/*
 * The length of what has come of the request that is being answered, of
 * HTTP/1: h2o keeps it at the front of the input until it is answered.
 */
static size_t
request_length(const h2o_req_t *req, const h2o_buffer_t *input)
{
	size_t	at;

	if (req->entity.base != NULL)
		return (size_t)(req->entity.base - input->bytes) +
		    req->entity.len;
	at = h2o_strstr(input->bytes, input->size, H2O_STRLIT("\r\n\r\n"));
	return at == SIZE_MAX ? input->size : at + 4;
}

void
connection_part(const struct connection *c, h2o_req_t *req)
{
	const h2o_buffer_t	*input = c->sock->input;

	if (!atomic_load(&c->worker->gateway->stopping))
		return;
	if (req->version >= 0x200) {
		/* maybe it was not yet HTTP/2 when all were told */
		if (clock_ms() - c->worker->told_ms >= TELL_AGAIN_MS)
			connections_stop(c->worker);
		return;
	}
	/* the next one is there already: its answer is the last */
	if (request_length(req, input) < input->size || has_come(c))
		return;
	req->http1_is_persistent = 0;
}

void
connections_stop(struct worker *w)
{
	/*
	 * Says GOAWAY, and would say it again in a second, at which h2o 2.2.5
	 * drops requests whose bodies are still coming. We end these
	 * connections ourselves.
	 */
	w->told_ms = clock_ms();
	w->ctx.http2._graceful_shutdown_timeout.cb = NULL;	/* or once only */
	w->ctx.globalconf->http2.callbacks.request_shutdown(&w->ctx);
	h2o_timeout_unlink(&w->ctx.http2._graceful_shutdown_timeout);
}

void
connections_wind_up(struct worker *w, int64_t now_ms)
{
	h2o_linklist_t		*at = w->connections.next, *next;
	struct connection	*c;
	int64_t			 since_ms;

	count_streams(w);
	for (; at != &w->connections; at = next) {
		next = at->next;
		c = H2O_STRUCT_FROM_MEMBER(struct connection, link, at);
		since_ms = c->since_ms > w->stop_ms ? c->since_ms : w->stop_ms;
		if (c->requests == 0 && c->begun == 0 &&
		    c->sock->input->size == 0 &&
		    now_ms - since_ms >= PARTING_MS && !has_come(c))
			end(c);
	}
}

unsigned
connections_count(const struct worker *w)
{
	unsigned	count = 0;

	for (const h2o_linklist_t *at = w->connections.next;
	    at != &w->connections; at = at->next)
		count++;
	return count;
}
