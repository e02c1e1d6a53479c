/* Connections end one after the other, none in the middle of a request. */
#include "gateway/http/connection/parting.h"

#include "base/clock.h"
#include "gateway/http/connection/connection_private.h"
#include "gateway/http/connection/tcp.h"
#include "gateway/http/h2o_2_2_5.h"

#define PARTING_MS	300	/* that a client has to ask once more */
#define TELL_AGAIN_MS	100	/* that we stop, at a request of HTTP/2 */

void
parting_begin(struct worker *w)
{
	w->told_ms = clock_ms();
	h2o_2_2_5_say_goaway(&w->ctx);
}

/*
 * The length of what has come of the request that is being answered, of
 * HTTP/1: h2o keeps it at the front of the input until it is answered.
 */
static size_t
request_length(const h2o_req_t *req, const h2o_buffer_t *input)
{
	size_t	at, begin = 0;

	if (req->entity.base != NULL)
		return (size_t)(req->entity.base - input->bytes) +
		    req->entity.len;
	/* behind the empty lines that were skipped before it */
	while (begin + 2 <= input->size &&
	    memcmp(input->bytes + begin, "\r\n", 2) == 0)
		begin += 2;
	at = h2o_strstr(input->bytes + begin, input->size - begin,
	    H2O_STRLIT("\r\n\r\n"));
	return at == SIZE_MAX ? input->size : begin + at + 4;
}

void
parting_answer(const struct connection *c, h2o_req_t *req)
{
	const h2o_buffer_t	*input = c->sock->input;

	if (!atomic_load(&c->worker->gateway->stopping))
		return;
	if (req->version >= 0x200) {
		/* the connection may not have been HTTP/2 when all were told */
		if (clock_ms() - c->worker->told_ms >= TELL_AGAIN_MS)
			parting_begin(c->worker);
		return;
	}
	/* the next request has come already: its answer is the last */
	if (request_length(req, input) < input->size ||
	    tcp_has_input(connection_fd(c)))
		return;
	req->http1_is_persistent = 0;
}

void
parting_tick(struct worker *w, int64_t now_ms)
{
	h2o_linklist_t		*at = w->connections.next, *next;
	struct connection	*c;
	int64_t			 since_ms;

	connections_count_streams(w);
	for (; at != &w->connections; at = next) {
		next = at->next;
		c = connection_at(at);
		since_ms = c->since_ms > w->stop_ms ? c->since_ms : w->stop_ms;
		if (c->requests == 0 && c->begun == 0 &&
		    c->sock->input->size == 0 &&
		    now_ms - since_ms >= PARTING_MS &&
		    !tcp_has_input(connection_fd(c)))
			connection_shut(c);
	}
}
