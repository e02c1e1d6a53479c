/*
 * A shared library, as libh2o is one: frames.c looks for these functions in what
 * the program is linked with, behind its own.
 */
#include "fake_h2o.h"

struct fake_h2o	fake_h2o;

ssize_t	h2o_http2_decode_frame(struct h2o_2_2_5_frame *, const uint8_t *,
	    size_t, const void *, const char **);
void	h2o_http2__encode_rst_stream_frame(h2o_buffer_t **, uint32_t, int);
void	h2o_http2_accept(h2o_accept_ctx_t *, h2o_socket_t *, struct timeval);

ssize_t
h2o_http2_decode_frame(struct h2o_2_2_5_frame *frame, const uint8_t *src,
    size_t len, const void *settings, const char **err_desc)
{
	(void)src, (void)len, (void)settings, (void)err_desc;
	*frame = fake_h2o.coming;
	return 1;
}

void
h2o_http2__encode_rst_stream_frame(h2o_buffer_t **buf, uint32_t stream_id,
    int error)
{
	(void)buf, (void)stream_id, (void)error;
}

void
h2o_http2_accept(h2o_accept_ctx_t *ctx, h2o_socket_t *sock, struct timeval at)
{
	(void)ctx, (void)sock, (void)at;
	fake_h2o.is_accepted = true;
}

void
h2o_socket_read_start(h2o_socket_t *sock, h2o_socket_cb cb)
{
	(void)sock;
	fake_h2o.reader = cb;
}
