/*
 * h2o answers a body that is too large at once and closes, and a head with a
 * fault is answered without its body. Closing a socket with unread input resets
 * the connection, and a client that is still busy sending loses the answer
 * (RFC 9112, 9.6). So the answer goes out first, and
 * what the client still sends is read and thrown away, within bounds, before
 * h2o gets to close.
 */
#include "gateway/cutoff.h"

#include <stdbool.h>

#include "gateway/core/trace.h"
#include "gateway/http/problem.h"
#include "gateway/memory.h"
#include "gateway/reply/cors.h"

#define LINGER_BYTES	(256 << 20)	/* thrown away at most */
#define LINGER_TICKS	50		/* of 100 ms, all together */
#define QUIET_TICKS	10		/* without a byte */

struct cutoff {
	h2o_ostream_t		 super;
	h2o_req_t		*req;
	h2o_socket_t		*sock;
	void			*sock_data;	/* h2o's, while it is ours */
	h2o_timeout_entry_t	 timeout;
	unsigned		 ticks;
	unsigned		 quiet;
	size_t			 thrown;
	h2o_buffer_t		*input;		/* of the request, so long */
	struct text		 body;		/* in place of h2o's, or none */
	bool			 answered;
};

static const char *
reason_of(int status)
{
	switch (status) {
	case 413: return "Request Entity Too Large";
	case 417: return "Expectation Failed";
	case 503: return "Service Unavailable";
	default: return "Bad Request";
	}
}

static const char *
message_of(int status)
{
	switch (status) {
	case 413: return "The body is larger than this server accepts.";
	case 417: return "The only expectation known here is 100-continue.";
	case 503: return "The server has no room for large bodies now.";
	default: return "The request cannot be understood.";
	}
}

/* What takes the place of h2o's text; lives as long as the request. */
static struct text
own_body(h2o_req_t *req, struct text id, bool is_problem)
{
	const char	*reason = reason_of(req->res.status);
	const char	*message = message_of(req->res.status);
	struct buf	 b = { 0 };
	h2o_iovec_t	 copy;

	if (is_problem)
		problem_put(&b, req->res.status, reason, (struct text){
		    message, strlen(message) }, id);
	else
		buf_printf(&b, "{\"error\":\"%s\",\"message\":\"%s\"}\n",
		    reason, message);
	copy = h2o_strdup(&req->pool, b.base, b.len);
	buf_done(&b);
	return (struct text){ copy.base, copy.len };
}

/* h2o may have the socket back, and close it. */
static void
finish(struct cutoff *c)
{
	h2o_socket_read_stop(c->sock);
	c->sock->data = c->sock_data;
	h2o_buffer_dispose(&c->sock->input);
	c->sock->input = c->input;
	h2o_timeout_unlink(&c->timeout);
	h2o_ostream_send_next(&c->super, c->req, NULL, 0, H2O_SEND_STATE_FINAL);
}

static void
on_input(h2o_socket_t *sock, const char *err)
{
	struct cutoff	*c = sock->data;

	c->quiet = 0;
	c->thrown += sock->input->size;
	h2o_buffer_consume(&sock->input, sock->input->size);
	if (err != NULL || c->thrown > LINGER_BYTES)
		finish(c);
}

static void
on_tick(h2o_timeout_entry_t *entry)
{
	struct cutoff	*c = H2O_STRUCT_FROM_MEMBER(struct cutoff, timeout,
			    entry);

	if (++c->ticks == LINGER_TICKS || ++c->quiet == QUIET_TICKS) {
		finish(c);
		return;
	}
	h2o_timeout_link(c->req->conn->ctx->loop,
	    &c->req->conn->ctx->hundred_ms_timeout, &c->timeout);
}

static void
linger(struct cutoff *c)
{
	c->sock = c->req->conn->callbacks->get_socket(c->req->conn);
	c->sock_data = c->sock->data;
	c->sock->data = c;
	/* the request's head, and what is known of it, is in there */
	c->input = c->sock->input;
	h2o_buffer_init(&c->sock->input, &h2o_socket_buffer_prototype);
	c->timeout = (h2o_timeout_entry_t){ .cb = on_tick };
	h2o_timeout_link(c->req->conn->ctx->loop,
	    &c->req->conn->ctx->hundred_ms_timeout, &c->timeout);
	h2o_socket_read_start(c->sock, on_input);
}

/*
 * Called with the answer first, as if more was to come; the place of h2o's text
 * takes our body. Called again when that is on the wire, to end.
 */
static void
on_send(h2o_ostream_t *self, h2o_req_t *req, h2o_iovec_t *in, size_t count,
    h2o_send_state_t state)
{
	struct cutoff	*c = H2O_STRUCT_FROM_MEMBER(struct cutoff, super, self);
	h2o_iovec_t	 out = { (char *)(uintptr_t)c->body.base,
			    c->body.len };

	if (c->answered) {
		linger(c);
		return;
	}
	c->answered = true;
	if (count > 0 && c->body.base != NULL) {
		in = &out;
		count = 1;
	}
	if (count > 0 && !req->http1_is_persistent && req->version < 0x200)
		state = H2O_SEND_STATE_IN_PROGRESS;
	h2o_ostream_send_next(self, req, in, count, state);
}

/* Our own answers are never of this type. */
static bool
is_of_h2o(const h2o_req_t *req, ssize_t *ret_type_at)
{
	const h2o_header_t	*type;

	*ret_type_at = h2o_find_header(&req->res.headers,
	    H2O_TOKEN_CONTENT_TYPE, -1);
	if (req->res.status < 400 || *ret_type_at == -1)
		return false;
	type = &req->res.headers.entries[*ret_type_at];
	return h2o_memis(type->value.base, type->value.len,
	    H2O_STRLIT("text/plain; charset=utf-8"));
}

/* h2o was told to take in small bodies only, which is not the client's fault. */
static void
say_unavailable(h2o_req_t *req)
{
	req->res.status = 503;
	req->res.reason = reason_of(503);
	h2o_add_header_by_str(&req->pool, &req->res.headers,
	    H2O_STRLIT("retry-after"), 1, "Retry-After", H2O_STRLIT("1"));
}

/* The headers of an answer that no exchange gives. */
static void
take_over(struct cutoff *c, h2o_req_t *req, ssize_t type_at)
{
	bool		 is_problem = problem_is_wanted(req);
	const char	*type = is_problem ? PROBLEM_TYPE : "application/json";
	struct worker	*w = worker_of(req);
	struct text	 id;

	if (req->res.status == 413 && memory_pressure(w) != PRESSURE_NONE)
		say_unavailable(req);
	w->requests++;
	id = trace_take_id(w, req);
	cors_begin(w->gateway, req);
	req->res.headers.entries[type_at].value = h2o_iovec_init(type,
	    strlen(type));
	if (is_problem)
		h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_VARY,
		    "Vary", H2O_STRLIT("Accept"));
	c->body = own_body(req, id, is_problem);
	req->res.content_length = c->body.len;
}

static struct cutoff *
add(h2o_req_t *req, h2o_ostream_t **slot)
{
	struct cutoff	*c = (struct cutoff *)h2o_add_ostream(req, sizeof(*c),
			    slot);

	c->super.do_send = on_send;
	c->req = req;
	c->ticks = c->quiet = 0;
	c->thrown = 0;
	c->body = (struct text){ NULL, 0 };
	c->answered = false;
	return c;
}

static void
on_setup(h2o_filter_t *self, h2o_req_t *req, h2o_ostream_t **slot)
{
	struct cutoff	*c;
	ssize_t		 type_at;

	(void)self;
	if (is_of_h2o(req, &type_at)) {
		c = add(req, slot);
		take_over(c, req, type_at);
		slot = &c->super.next;
	}
	h2o_setup_next_ostream(req, slot);
}

void
cutoff_register(h2o_pathconf_t *path)
{
	h2o_create_filter(path, sizeof(h2o_filter_t))->on_setup_ostream =
	    on_setup;
}

static void
on_setup_linger(h2o_req_prefilter_t *self, h2o_req_t *req,
    h2o_ostream_t **slot)
{
	slot = &add(req, slot)->super.next;
	h2o_setup_next_prefilter(self, req, slot);
}

void
cutoff_linger(h2o_req_t *req)
{
	h2o_add_prefilter(req, sizeof(h2o_req_prefilter_t))->on_setup_ostream =
	    on_setup_linger;
}
