/* Connections: a list of each worker's, the one that waits longest first. */
#include "connection.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "proto/log.h"
#include "proto/metrics.h"
#include "proto/replica.h"

#define GRACE_MS	1000

#define SPARE		128	/* descriptors that are not for connections */
#define SPARE_EACH	32	/* ... and for each thread */
#define ROOM		64	/* ended in one tick at most */
#define IDLE_MS		1000	/* who asked just now may well ask again */

struct connection {
	h2o_linklist_t	 link;		/* in worker.connections */
	struct worker	*worker;
	h2o_socket_t	*sock;
	unsigned	 requests;	/* under way */
	int64_t		 since_ms;	/* the last one began or ended */
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
	free(c);
}

/* Its clock starts anew: it is the last one of the list. */
static void
touch(struct connection *c, int64_t now_ms)
{
	c->since_ms = now_ms;
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

struct connection *
connection_begin(h2o_req_t *req)
{
	h2o_socket_t		*sock = req->conn->callbacks->get_socket(
				    req->conn);
	struct connection	*c = sock->on_close.data;

	c->requests++;
	touch(c, clock_ms());
	return c;
}

void
connection_end(struct connection *c)
{
	CHECK(c->requests > 0);
	c->requests--;
	touch(c, clock_ms());
}

/* h2o reads the end of it and closes, now or when it has sent what it is
 * about to send. */
static void
end(struct connection *c)
{
	(void)shutdown(h2o_socket_get_fd(c->sock), SHUT_RDWR);
}

void
connections_make_room(struct worker *w, int64_t now_ms)
{
	h2o_linklist_t		*at = w->connections.next, *next;
	struct connection	*c;

	for (unsigned room = 0; at != &w->connections && room < ROOM;
	    at = next) {
		next = at->next;
		c = H2O_STRUCT_FROM_MEMBER(struct connection, link, at);
		if (now_ms - c->since_ms < IDLE_MS)
			return;
		/* what has come of a request is no idleness: it has its time */
		if (c->requests > 0 || c->sock->input->size > 0)
			continue;
		end(c);
		touch(c, now_ms);
		room++;
	}
}

void
connections_tick(struct worker *w, int64_t now_ms)
{
	int64_t			 limit_ms = GRACE_MS +
				    2 * w->gateway->settings->idle_timeout_ms;
	struct connection	*c;

	while (!h2o_linklist_is_empty(&w->connections)) {
		c = H2O_STRUCT_FROM_MEMBER(struct connection, link,
		    w->connections.next);
		if (now_ms - c->since_ms < limit_ms)
			return;
		if (c->requests == 0)
			end(c);
		touch(c, now_ms);
	}
}
