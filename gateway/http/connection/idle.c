/* Connections are looked at in the order of the worker's list. */
#include "gateway/http/connection/idle.h"

#include "gateway/http/connection/connection_private.h"
#include "gateway/http/connection/tcp.h"

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
	read = tcp_received(connection_fd(c));
	if (read - c->idle.came >= IDLE_COMING_BYTES ||
	    now_ms - c->idle.looked_ms >= IDLE_COMING_MS) {
		c->idle.came = read;
		c->idle.came_ms = now_ms;
	}
	c->idle.looked_ms = now_ms;
	return now_ms - c->idle.came_ms < IDLE_COMING_MS;
}

void
idle_make_room(struct worker *w, int64_t now_ms)
{
	h2o_linklist_t		*at = w->connections.next, *next;
	struct connection	*c;
	bool			 counted = false;

	for (unsigned room = 0; at != &w->connections && room < IDLE_ROOM;
	    at = next) {
		next = at->next;
		c = connection_at(at);
		if (now_ms - c->since_ms < IDLE_LEAST_MS)
			return;
		if (!counted)
			connections_count_streams(w);
		counted = true;
		if (c->requests > 0 || is_coming(c, now_ms))
			continue;
		connection_shut(c);
		connection_touch(c, now_ms);
		room++;
	}
}

/*
 * Every request is answered, and the client takes the answers too slowly. h2o
 * may have written a long answer as a whole; the kernel says how much of it has
 * arrived.
 */
static bool
is_stalled(struct connection *c, int64_t ms)
{
	size_t		written = c->idle.written;
	uint64_t	taken = c->idle.taken;

	c->idle.written = c->sock->bytes_written;
	c->idle.taken = tcp_taken(connection_fd(c));
	return c->answered == c->requests && c->idle.written == written &&
	    c->idle.taken - taken < (uint64_t)ms * IDLE_BODY_RATE_BYTES / 1000;
}

int64_t
idle_body_ms(const struct settings *s, size_t bytes)
{
	return 2 * s->idle_timeout_ms +
	    (int64_t)(bytes / IDLE_BODY_RATE_BYTES) * 1000;
}

static bool
waits_for_http1(const struct connection *c)
{
	if (c->requests > 0 || c->frames.spoken)
		return false;
	return c->has_asked || c->sock->input->size > 0 ||
	    (c->sock->ssl == NULL && c->sock->bytes_read == 0);
}

/* How long it may be as it is before it is looked at. */
static int64_t
limit_ms(const struct connection *c)
{
	int64_t	idle_ms = c->worker->gateway->settings->idle_timeout_ms;

	return waits_for_http1(c) ? idle_ms : IDLE_GRACE_MS + 2 * idle_ms;
}

/*
 * Whether a body has come fast enough during so many ms. It may have begun just
 * before this, so at first a little is enough.
 */
static bool
is_body_coming(struct connection *c, int64_t ms)
{
	uint64_t	come = tcp_received(connection_fd(c));
	uint64_t	came = come - c->idle.known;
	uint64_t	least = c->idle.is_body ? (uint64_t)ms *
			    IDLE_BODY_RATE_BYTES / 1000 : IDLE_COMING_BYTES;

	c->idle.is_body = true;
	c->idle.known = come;
	return c->begun > 0 && came >= least &&
	    memory_pressure(c->worker) == PRESSURE_NONE;
}

/* Requests that have begun are counted only if there may be any. */
static bool
may_stay(struct connection *c, int64_t ms, bool *counted)
{
	if (c->requests > 0)
		return !is_stalled(c, ms);
	if (waits_for_http1(c) && c->sock->input->size == 0)
		return false;
	if (!*counted)
		connections_count_requests(c->worker);
	*counted = true;
	return is_body_coming(c, ms);
}

/*
 * The gateway may be late itself, so h2o has time to read what has come. If h2o
 * has stopped reading, that does not help.
 */
static bool
may_be_read(struct connection *c, int64_t now_ms)
{
	if (c->requests > 0 || !tcp_has_input(connection_fd(c)))
		return false;
	if (c->idle.late_ms == 0)
		c->idle.late_ms = now_ms;
	return now_ms - c->idle.late_ms < IDLE_GRACE_MS;
}

void
idle_tick(struct worker *w, int64_t now_ms)
{
	int64_t			 ms;
	h2o_linklist_t		*at = w->connections.next, *next;
	struct connection	*c;
	bool			 counted = false;

	for (; at != &w->connections; at = next) {
		next = at->next;
		c = connection_at(at);
		ms = now_ms - c->since_ms;
		if (ms < w->gateway->settings->idle_timeout_ms)
			return;
		if (ms < limit_ms(c) || may_be_read(c, now_ms))
			continue;
		if (!may_stay(c, ms, &counted))
			connection_shut(c);
		connection_touch(c, now_ms);
	}
}
