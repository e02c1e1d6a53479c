/* Their sockets are not read meanwhile. */
#include "gateway/http/connection/rest.h"

#include "base/clock.h"
#include "gateway/http/connection/connection_private.h"
#include "gateway/http/h2o_2_2_5.h"

/* h2o has begun to wait for the next request. */
static void
on_rest(h2o_timeout_entry_t *entry)
{
	struct connection	*c = H2O_STRUCT_FROM_MEMBER(struct connection,
				    rest.soon, entry);

	/* it may be closing, and linger.c read what still comes */
	if (c->requests > 0 || h2o_2_2_5_reader(c->sock) == NULL ||
	    c->sock->data != c->rest.reader)
		return;
	c->rest.on_read = h2o_2_2_5_reader(c->sock);
	c->rest.since_ms = clock_ms();
	h2o_socket_read_stop(c->sock);
	h2o_linklist_insert(&c->worker->resting, &c->rest.link);
}

void
rest_soon(struct connection *c)
{
	if (c->frames.spoken || h2o_linklist_is_linked(&c->rest.link) ||
	    h2o_timeout_is_linked(&c->rest.soon))
		return;
	c->rest.soon.cb = on_rest;
	h2o_timeout_link(c->worker->ctx.loop, &c->worker->ctx.zero_timeout,
	    &c->rest.soon);
}

void
rest_end(struct connection *c)
{
	if (!h2o_linklist_is_linked(&c->rest.link))
		return;
	h2o_linklist_unlink(&c->rest.link);
	h2o_socket_read_start(c->sock, c->rest.on_read);
}

void
rest_tick(struct worker *w, int64_t now_ms)
{
	struct connection	*c;

	for (unsigned i = 0; !h2o_linklist_is_empty(&w->resting); i++) {
		c = H2O_STRUCT_FROM_MEMBER(struct connection, rest.link,
		    w->resting.next);
		if (i >= REST_EACH_TICK && now_ms - c->rest.since_ms < REST_MS)
			return;
		rest_end(c);
	}
}
