/*
 * h2o answers a body that is too large at once and closes. Closing a socket
 * with unread input resets the connection, and a client that is still busy
 * sending loses the answer (RFC 9112, 9.6). So the answer goes out first, and
 * what the client still sends is read and thrown away, within bounds, before
 * h2o gets to close.
 */
#include "cutoff.h"

#include <stdbool.h>

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
	bool			 answered;
};

static const char *
own_body(int status)
{
	switch (status) {
	case 413: return "{\"error\":\"Request Entity Too Large\",\"message\":"
	    "\"The body is larger than this server accepts.\"}\n";
	case 417: return "{\"error\":\"Expectation Failed\",\"message\":"
	    "\"The only expectation known here is 100-continue.\"}\n";
	default: return "{\"error\":\"Bad Request\",\"message\":"
	    "\"The request cannot be understood.\"}\n";
	}
}

/* h2o may have the socket back, and close it. */
static void
finish(struct cutoff *c)
{
	h2o_socket_read_stop(c->sock);
	c->sock->data = c->sock_data;
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
	c->timeout = (h2o_timeout_entry_t){ .cb = on_tick };
	h2o_timeout_link(c->req->conn->ctx->loop,
	    &c->req->conn->ctx->hundred_ms_timeout, &c->timeout);
	h2o_socket_read_start(c->sock, on_input);
}

/*
 * Called with h2o's text first; its place takes our body, as if more was to
 * come. Called again when that is on the wire, to end.
 */
static void
on_send(h2o_ostream_t *self, h2o_req_t *req, h2o_iovec_t *in, size_t count,
    h2o_send_state_t state)
{
	struct cutoff	*c = H2O_STRUCT_FROM_MEMBER(struct cutoff, super, self);
	const char	*body = own_body(req->res.status);
	h2o_iovec_t	 out = { (char *)(uintptr_t)body, strlen(body) };

	(void)in;
	if (c->answered) {
		linger(c);
		return;
	}
	c->answered = true;
	if (count == 0 || req->http1_is_persistent || req->version >= 0x200)
		h2o_ostream_send_next(self, req, &out, count == 0 ? 0 : 1,
		    state);
	else
		h2o_ostream_send_next(self, req, &out, 1,
		    H2O_SEND_STATE_IN_PROGRESS);
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

static void
on_setup(h2o_filter_t *self, h2o_req_t *req, h2o_ostream_t **slot)
{
	struct cutoff	*c;
	ssize_t		 type_at;

	(void)self;
	if (is_of_h2o(req, &type_at)) {
		req->res.headers.entries[type_at].value = h2o_iovec_init(
		    H2O_STRLIT("application/json"));
		req->res.content_length = strlen(own_body(req->res.status));
		c = (struct cutoff *)h2o_add_ostream(req, sizeof(*c), slot);
		c->super.do_send = on_send;
		c->req = req;
		c->ticks = c->quiet = 0;
		c->thrown = 0;
		c->answered = false;
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
