/*
 * Internals of libh2o 2.2.5 that the gateway uses. All of them are here, so that
 * a change of the version has one place to look at, besides the functions whose
 * place the gateway takes (framing.h, frames.c, hpack.c).
 */
#ifndef HTTP_H2O_2_2_5_H
#define HTTP_H2O_2_2_5_H

#include <h2o.h>

/* A frame, as in http2_internal.h, which cannot be included without khash.h. */
struct h2o_2_2_5_frame {
	uint32_t	 length;
	uint8_t		 type;
	uint8_t		 flags;
	uint32_t	 stream_id;
	const uint8_t	*payload;
};

/* The function that a socket's input is read by; NULL: it is not read. */
static inline h2o_socket_cb
h2o_2_2_5_reader(const h2o_socket_t *sock)
{
	return sock->_cb.read;
}

/*
 * Take a socket from libh2o, with a new input buffer, and give it back. What is
 * known of the request that libh2o answers lies in the old one.
 */
struct h2o_2_2_5_taken {
	void		*data;
	h2o_buffer_t	*input;
};

static inline struct h2o_2_2_5_taken
h2o_2_2_5_take(h2o_socket_t *sock, void *data)
{
	struct h2o_2_2_5_taken	taken = { sock->data, sock->input };

	sock->data = data;
	h2o_buffer_init(&sock->input, &h2o_socket_buffer_prototype);
	return taken;
}

static inline void
h2o_2_2_5_give_back(h2o_socket_t *sock, struct h2o_2_2_5_taken taken)
{
	h2o_buffer_dispose(&sock->input);
	sock->data = taken.data;
	sock->input = taken.input;
}

/*
 * Say GOAWAY to the clients of HTTP/2; may be called again. libh2o would say it
 * once more a second later, and then drop requests whose bodies still come.
 */
static inline void
h2o_2_2_5_say_goaway(h2o_context_t *ctx)
{
	h2o_timeout_entry_t	*timeout =
				    &ctx->http2._graceful_shutdown_timeout;

	timeout->cb = NULL;	/* or it does nothing the second time */
	ctx->globalconf->http2.callbacks.request_shutdown(ctx);
	h2o_timeout_unlink(timeout);
}

/* Move the time by a loop's clock, and when its timers were started. */
static inline void
h2o_2_2_5_move_timers(h2o_loop_t *loop, int64_t ms)
{
	h2o_linklist_t	*at = loop->_timeouts.next, *entry;
	h2o_timeout_t	*timeout;

	for (; at != &loop->_timeouts; at = at->next) {
		timeout = H2O_STRUCT_FROM_MEMBER(h2o_timeout_t, _link, at);
		for (entry = timeout->_entries.next;
		    entry != &timeout->_entries; entry = entry->next)
			H2O_STRUCT_FROM_MEMBER(h2o_timeout_entry_t, _link,
			    entry)->registered_at += (uint64_t)ms;
	}
	loop->_now += (uint64_t)ms;
}

#endif
