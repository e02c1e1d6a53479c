/* A list of each worker's connections, the one that waits longest first. */
#include "gateway/http/connection/connection.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "gateway/http/connection/connection_private.h"
#include "gateway/http/connection/rest.h"
#include "gateway/http/connection/tcp.h"

#define SPARE		128	/* descriptors that are not for connections */
#define SPARE_EACH	32	/* ... and for each thread */

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
	if (h2o_linklist_is_linked(&c->rest.link))
		h2o_linklist_unlink(&c->rest.link);
	h2o_timeout_unlink(&c->rest.soon);
	free(c);
}

void
connections_init(struct worker *w)
{
	h2o_linklist_init_anchor(&w->connections);
	h2o_linklist_init_anchor(&w->resting);
}

void
connection_touch(struct connection *c, int64_t now_ms)
{
	c->since_ms = now_ms;
	c->idle.late_ms = 0;
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
	connection_touch(c, clock_ms());
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
	c->rest.reader = sock->data;
	c->idle.is_body = false;
	connection_touch(c, clock_ms());
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
	connection_touch(c, clock_ms());
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

void
connection_shut(struct connection *c)
{
	tcp_shut(connection_fd(c));
	rest_end(c);
}

struct connection *
connection_of(const h2o_req_t *req)
{
	return req->conn->callbacks->get_socket(req->conn)->on_close.data;
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

void
connections_count_streams(struct worker *w)
{
	h2o_linklist_t	*at;

	for (at = w->connections.next; at != &w->connections; at = at->next)
		connection_at(at)->begun = 0;
	(void)w->ctx.globalconf->http2.callbacks.foreach_request(&w->ctx,
	    count_begun, NULL);
}

void
connections_count_requests(struct worker *w)
{
	connections_count_streams(w);
	(void)w->ctx.globalconf->http1.callbacks.foreach_request(&w->ctx,
	    count_begun, NULL);
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
