/* Functions in the place of libh2o's. */
#include "gateway/http/connection/frames.h"

#include <h2o/http2.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "gateway/http/connection/connection.h"
#include "gateway/http/library.h"

#define THROWN_MOST	(1 << 20)	/* bytes after the end, of one client */
#define SAY_AGAIN_MS	10000
#define FRAME_MOST	(9 + 16384)	/* bytes */

/* The library's names and arguments; the settings are its own business. */
typedef void	read_start(h2o_socket_t *, h2o_socket_cb);
typedef void	accept_http2(h2o_accept_ctx_t *, h2o_socket_t *,
		    struct timeval);
typedef ssize_t	decode_frame(struct h2o_2_2_5_frame *, const uint8_t *, size_t,
		    const void *settings, const char **err_desc);
typedef void	encode_reset(h2o_buffer_t **, uint32_t, int);
decode_frame	h2o_http2_decode_frame;
encode_reset	h2o_http2__encode_rst_stream_frame;

static read_start	*library_read_start;
static accept_http2	*library_accept;
static decode_frame	*library_decode;
static encode_reset	*library_reset;

/* The connection whose input h2o reads on this thread, or NULL. */
static _Thread_local struct frames	*reading;
static _Thread_local h2o_socket_t	*reading_from;

void
frames_init(void)
{
	library_find("h2o_socket_read_start", &library_read_start);
	library_find("h2o_http2_accept", &library_accept);
	library_find("h2o_http2_decode_frame", &library_decode);
	library_find("h2o_http2__encode_rst_stream_frame", &library_reset);
}

/* --- in the library's place ----------------------------------------------------- */

/* The library takes this for an answer to a ping of its own: it does nothing. */
static void
pass_over(struct h2o_2_2_5_frame *frame)
{
	static const uint8_t	zeros[8];

	frame->type = HTTP2_PING;
	frame->flags = HTTP2_ACK;
	frame->stream_id = 0;
	frame->length = sizeof(zeros);
	frame->payload = zeros;
}

static void
count_flood(void)
{
	static _Thread_local int64_t	said_ms;
	int64_t				now_ms = clock_ms();

	metric_add(METRIC_FLOODS, 0, 0, 1);
	if (said_ms != 0 && now_ms - said_ms < SAY_AGAIN_MS)
		return;
	said_ms = now_ms;
	log_warn("a connection is closed because of too many frames that ask "
	    "for nothing");
}

ssize_t
h2o_http2_decode_frame(struct h2o_2_2_5_frame *frame, const uint8_t *src,
    size_t len, const void *settings, const char **err_desc)
{
	ssize_t	ret = library_decode(frame, src, len, settings, err_desc);

	if (ret < 0)
		return ret;
	if (!purse_pay(&reading->purse, frame, reading_from->bytes_written)) {
		count_flood();
		*err_desc = "too many frames that ask for nothing";
		return H2O_HTTP2_ERROR_ENHANCE_YOUR_CALM;
	}
	if (frame->type >= HTTP2_TYPES)
		pass_over(frame);
	return ret;
}

void
h2o_http2__encode_rst_stream_frame(h2o_buffer_t **buf, uint32_t stream_id,
    int error)
{
	if (reading != NULL)
		reading->purse.left -= PURSE_PER_RESET;
	library_reset(buf, stream_id, error);
}

/*
 * Of what came before, more is left than half a frame: h2o has said its last
 * word, waits until the client has taken it, and would keep all that comes
 * until then.
 */
static bool
is_closing(const h2o_socket_t *sock)
{
	return sock->input->size - sock->bytes_read > FRAME_MOST;
}

static void
throw_away(struct frames *f, h2o_socket_t *sock)
{
	f->thrown += sock->input->size;
	h2o_buffer_consume(&sock->input, sock->input->size);
	if (f->thrown > THROWN_MOST)
		(void)shutdown(h2o_socket_get_fd(sock), SHUT_RDWR);
}

static void
on_read(h2o_socket_t *sock, const char *err)
{
	struct frames	*f = connection_frames(sock);

	if (err == NULL && is_closing(sock)) {
		throw_away(f, sock);
		return;
	}
	reading = f;
	reading_from = sock;
	f->on_read(sock, err);
	reading = NULL;	/* it may be gone */
}

/* From here on the connection whose frames are read is known. */
void
h2o_socket_read_start(h2o_socket_t *sock, h2o_socket_cb cb)
{
	struct frames	*f = connection_frames(sock);

	if (f != NULL && f->spoken) {
		f->on_read = cb;
		cb = on_read;
	}
	library_read_start(sock, cb);
}

void
h2o_http2_accept(h2o_accept_ctx_t *ctx, h2o_socket_t *sock,
    struct timeval connected_at)
{
	struct frames	*f = connection_frames(sock);

	CHECK(f != NULL);
	if (connection_has_asked(sock)) {
		/* h2o has let go of it as a connection of HTTP/1 */
		h2o_socket_close(sock);
		return;
	}
	*f = (struct frames){ .spoken = true };
	purse_open(&f->purse, sock->bytes_written);
	/* what has come is read at once */
	reading = f;
	reading_from = sock;
	library_accept(ctx, sock, connected_at);
	reading = NULL;
}

int
h2o_http2_handle_upgrade(h2o_req_t *req, struct timeval connected_at)
{
	(void)req, (void)connected_at;
	return -1;	/* it is answered as what it is, in HTTP/1 */
}
