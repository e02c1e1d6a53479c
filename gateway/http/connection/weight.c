/* The bytes that a connection holds are estimated, libh2o's too. */
#include "gateway/http/connection/weight.h"

#include "gateway/http/connection/connection_private.h"
#include "gateway/http/connection/idle.h"
#include "gateway/http/connection/rest.h"
#include "gateway/http/connection/tcp.h"

#define TLS_BYTES	(32 << 10) /* what a session of TLS takes */
#define CONNECTION_BYTES 2048	/* and what any other does */
#define STREAM_BYTES	1024	/* what one of HTTP/2 takes besides */
#define WEIGHTS		48	/* powers of two */
#define LIGHT_BYTES	16384	/* a small request and its answer */

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
	c->weight.open++;
	c->weight.streams += STREAM_BYTES + sizeof(*req) + req->headers.size *
	    sizeof(req->headers.entries[0]);
	return 0;
}

/*
 * libh2o does not show how much has come of the bodies of HTTP/2: at most what
 * came at all since the last time that all requests of the connection were
 * whole.
 */
static int
weigh_bodies(h2o_req_t *req, void *data)
{
	struct connection	*c = connection_of(req);

	(void)data;
	if (c->weight.open == 0)
		return 0;	/* another request of it came first */
	if (c->weight.open <= c->requests)
		c->weight.read = tcp_received(connection_fd(c));
	else
		c->weight.streams += tcp_received(connection_fd(c)) -
		    c->weight.read;
	c->weight.open = 0;
	return 0;
}

static void
weigh_http2(struct worker *w)
{
	int	(*each)(h2o_context_t *, int (*)(h2o_req_t *, void *), void *) =
		    w->ctx.globalconf->http2.callbacks.foreach_request;

	for (h2o_linklist_t *at = w->connections.next; at != &w->connections;
	    at = at->next)
		connection_at(at)->weight.streams = 0;
	(void)each(&w->ctx, weigh_request, NULL);
	(void)each(&w->ctx, weigh_bodies, NULL);
}

static size_t
connection_weight(const struct connection *c)
{
	return CONNECTION_BYTES + c->held + c->weight.streams +
	    size_of(c->sock->input) + (c->sock->ssl != NULL ? TLS_BYTES : 0);
}

static void
cut_connection(struct connection *c)
{
	tcp_cut(connection_fd(c));
	rest_end(c);
}

/* A client that holds little and asked just now does not fill the memory. */
static bool
is_spared(const struct connection *c, size_t weight, int64_t now_ms)
{
	return weight <= LIGHT_BYTES && now_ms - c->since_ms < IDLE_LEAST_MS;
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
		c = connection_at(at);
		weight = connection_weight(c);
		if (is_spared(c, weight, now_ms))
			continue;
		sums[(63 - __builtin_clzll(weight)) % WEIGHTS] += weight;
	}
	while (bytes > 0 && least > 0)
		bytes -= (int64_t)sums[--least];
	return least;
}

void
weight_relieve(struct worker *w, int64_t bytes, int64_t now_ms)
{
	h2o_linklist_t		*at = w->connections.next, *next;
	struct connection	*c;
	size_t			 weight, least;

	weigh_http2(w);
	least = (size_t)1 << find_least(w, bytes, now_ms);
	for (; at != &w->connections && bytes > 0; at = next) {
		next = at->next;
		c = connection_at(at);
		weight = connection_weight(c);
		if (weight < least || is_spared(c, weight, now_ms))
			continue;
		bytes -= (int64_t)weight;
		cut_connection(c);
	}
}
