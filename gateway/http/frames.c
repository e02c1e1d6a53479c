/* Frames of HTTP/2: each is paid for. */
#include "gateway/http/frames.h"

#include <h2o/http2.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "gateway/http/connection.h"
#include "gateway/http/library.h"

#define PURSE_MOST	10000
#define PER_SECOND	1000
#define PER_ANSWER	30
#define PER_RESET	1
#define BYTES_EACH	1024		/* of answers, for one */
#define SMALL_BYTES	16		/* of data: less is next to nothing */
#define THROWN_MOST	(1 << 20)	/* bytes, from who does not go away */
#define SAY_AGAIN_MS	10000
#define FRAME_MOST	(9 + 16384)	/* bytes */

enum kind { DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING,
    GOAWAY, WINDOW_UPDATE, CONTINUATION, KINDS };

/* Flags. */
#define ACK		0x1
#define PADDED		0x8

/* As in http2_internal.h, which cannot be included without khash.h. */
struct frame {
	uint32_t	 length;
	uint8_t		 type;
	uint8_t		 flags;
	uint32_t	 stream_id;
	const uint8_t	*payload;
};

/* The library's names and arguments; the settings are its own business. */
typedef void	read_start(h2o_socket_t *, h2o_socket_cb);
typedef void	accept_http2(h2o_accept_ctx_t *, h2o_socket_t *,
		    struct timeval);
typedef ssize_t	decode_frame(struct frame *, const uint8_t *, size_t,
		    const void *settings, const char **err_desc);
typedef void	encode_reset(h2o_buffer_t **, uint32_t, int);
decode_frame	h2o_http2_decode_frame;
encode_reset	h2o_http2__encode_rst_stream_frame;

static read_start	*library_read_start;
static accept_http2	*library_accept;
static decode_frame	*library_decode;
static encode_reset	*library_reset;

/* Of the connection whose input h2o is reading, on this thread; or NULL. */
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

/* --- the purse ---------------------------------------------------------------- */

static void
fill(struct frames *f, const h2o_socket_t *sock)
{
	int64_t	now_ms = clock_ms();

	f->purse += (now_ms - f->filled_ms) * PER_SECOND / 1000 +
	    f->answers * PER_ANSWER +
	    (int64_t)((sock->bytes_written - f->written) / BYTES_EACH);
	if (f->purse > PURSE_MOST)
		f->purse = PURSE_MOST;
	f->filled_ms = now_ms;
	f->written = sock->bytes_written;
	f->answers = 0;
}

/*
 * Data that adds to a body is paid for by the bound of bodies; what adds to
 * none, as its stream has ended, by the reset that answers it.
 */
static int
price_of_data(const struct frame *frame)
{
	uint32_t	len = frame->length;

	if ((frame->flags & PADDED) != 0 && len > 0)
		len -= len > frame->payload[0] ? frame->payload[0] + 1U : len;
	return len < SMALL_BYTES;
}

/* An answer pays for a request, and for what belongs to it. */
static int
price_of(const struct frame *frame)
{
	static const int	prices[KINDS] = {
		[HEADERS] = 20,
		[PRIORITY] = 1,
		[RST_STREAM] = 5,
		[SETTINGS] = 10,
		[PUSH_PROMISE] = 10,
		[PING] = 5,
		[GOAWAY] = 10,
		[WINDOW_UPDATE] = 1,
		[CONTINUATION] = 10,
	};

	if (frame->type == DATA)
		return price_of_data(frame);
	return frame->type < KINDS ? prices[frame->type] : 2;
}

static bool
pay(struct frames *f, const h2o_socket_t *sock, int price)
{
	f->purse -= price;
	if (f->purse < 0)
		fill(f, sock);
	return f->purse >= 0;
}

/* --- in the library's place ----------------------------------------------------- */

/* What the library takes for an answer to a ping of its own: nothing. */
static void
pass_over(struct frame *frame)
{
	static const uint8_t	zeros[8];

	frame->type = PING;
	frame->flags = ACK;
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
h2o_http2_decode_frame(struct frame *frame, const uint8_t *src,
    size_t len, const void *settings, const char **err_desc)
{
	ssize_t	ret = library_decode(frame, src, len, settings, err_desc);

	if (ret < 0)
		return ret;
	if (!pay(reading, reading_from, price_of(frame))) {
		count_flood();
		*err_desc = "too many frames that ask for nothing";
		return H2O_HTTP2_ERROR_ENHANCE_YOUR_CALM;
	}
	if (frame->type >= KINDS)
		pass_over(frame);
	return ret;
}

void
h2o_http2__encode_rst_stream_frame(h2o_buffer_t **buf, uint32_t stream_id,
    int error)
{
	if (reading != NULL)
		reading->purse -= PER_RESET;
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

/* So that we learn of whom the frames are that are read next. */
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
	*f = (struct frames){ .spoken = true, .purse = PURSE_MOST,
	    .filled_ms = clock_ms(), .written = sock->bytes_written };
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
