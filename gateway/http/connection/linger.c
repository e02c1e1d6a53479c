/* An output stream that holds back the end of an answer. */
#include "gateway/http/connection/linger.h"

#include <stdbool.h>

#include "gateway/http/h2o_2_2_5.h"

#define BYTES_MOST	(256 << 20)	/* thrown away */
#define TICKS_MOST	50		/* of 100 ms, all together */
#define QUIET_TICKS	10		/* without a byte */

struct lingering {
	h2o_ostream_t		 super;
	h2o_req_t		*req;
	h2o_socket_t		*sock;
	struct h2o_2_2_5_taken	 taken;		/* of the socket */
	h2o_timeout_entry_t	 timeout;
	unsigned		 ticks;
	unsigned		 quiet;
	size_t			 thrown;
	struct text		 body;		/* in place of h2o's, or NULL */
	bool			 answered;
};

/* h2o may have the socket back, and close it. */
static void
finish_lingering(struct lingering *l)
{
	h2o_socket_read_stop(l->sock);
	h2o_2_2_5_give_back(l->sock, l->taken);
	h2o_timeout_unlink(&l->timeout);
	h2o_ostream_send_next(&l->super, l->req, NULL, 0, H2O_SEND_STATE_FINAL);
}

static void
on_input(h2o_socket_t *sock, const char *err)
{
	struct lingering	*l = sock->data;

	l->quiet = 0;
	l->thrown += sock->input->size;
	h2o_buffer_consume(&sock->input, sock->input->size);
	if (err != NULL || l->thrown > BYTES_MOST)
		finish_lingering(l);
}

static void
on_linger_tick(h2o_timeout_entry_t *entry)
{
	struct lingering	*l = H2O_STRUCT_FROM_MEMBER(struct lingering,
				    timeout, entry);

	if (++l->ticks == TICKS_MOST || ++l->quiet == QUIET_TICKS) {
		finish_lingering(l);
		return;
	}
	h2o_timeout_link(l->req->conn->ctx->loop,
	    &l->req->conn->ctx->hundred_ms_timeout, &l->timeout);
}

static void
read_on(struct lingering *l)
{
	l->sock = l->req->conn->callbacks->get_socket(l->req->conn);
	l->taken = h2o_2_2_5_take(l->sock, l);
	l->timeout = (h2o_timeout_entry_t){ .cb = on_linger_tick };
	h2o_timeout_link(l->req->conn->ctx->loop,
	    &l->req->conn->ctx->hundred_ms_timeout, &l->timeout);
	h2o_socket_read_start(l->sock, on_input);
}

/*
 * Called with the answer first, which goes on as if more was to come, with our
 * body in the place of h2o's. Called again when that is on the wire, to end.
 */
static void
on_send(h2o_ostream_t *self, h2o_req_t *req, h2o_iovec_t *in, size_t count,
    h2o_send_state_t state)
{
	struct lingering	*l = H2O_STRUCT_FROM_MEMBER(struct lingering,
				    super, self);
	h2o_iovec_t		 out = { (char *)(uintptr_t)l->body.base,
				    l->body.len };

	if (l->answered) {
		read_on(l);
		return;
	}
	l->answered = true;
	if (count > 0 && l->body.base != NULL) {
		in = &out;
		count = 1;
	}
	if (count > 0 && !req->http1_is_persistent && req->version < 0x200)
		state = H2O_SEND_STATE_IN_PROGRESS;
	h2o_ostream_send_next(self, req, in, count, state);
}

h2o_ostream_t **
linger_add(h2o_req_t *req, h2o_ostream_t **slot, struct text body)
{
	struct lingering	*l = (struct lingering *)h2o_add_ostream(req,
				    sizeof(*l), slot);

	l->super.do_send = on_send;
	l->req = req;
	l->ticks = l->quiet = 0;
	l->thrown = 0;
	l->body = body;
	l->answered = false;
	return &l->super.next;
}

static void
on_setup_linger(h2o_req_prefilter_t *self, h2o_req_t *req, h2o_ostream_t **slot)
{
	slot = linger_add(req, slot, (struct text){ NULL, 0 });
	h2o_setup_next_prefilter(self, req, slot);
}

void
linger_begin(h2o_req_t *req)
{
	h2o_add_prefilter(req, sizeof(h2o_req_prefilter_t))->on_setup_ostream =
	    on_setup_linger;
}
