/* gateway/http/connection/frames.c; libh2o is played (fake_h2o.h). */
#include <h2o.h>
#include <h2o/http2.h>

#include "fake_h2o.h"
#include "gateway/http/connection/connection.h"
#include "unit.h"

/* Frames.c's, which libh2o calls. */
ssize_t	h2o_http2_decode_frame(struct h2o_2_2_5_frame *, const uint8_t *,
	    size_t, const void *, const char **);
void	h2o_http2__encode_rst_stream_frame(h2o_buffer_t **, uint32_t, int);

/* --- in the place of connection.c, and of libh2o's sockets ---------------------- */

static h2o_buffer_t	input;
static h2o_socket_t	sock = { .input = &input };
static struct frames	frames;
static bool		has_asked, is_closed;

struct frames *
connection_frames(h2o_socket_t *s)
{
	(void)s;
	return &frames;
}

bool
connection_has_asked(const h2o_socket_t *s)
{
	(void)s;
	return has_asked;
}

void
h2o_socket_close(h2o_socket_t *s)
{
	(void)s;
	is_closed = true;
}

/* -------------------------------------------------------------------------------- */

static int
find_library(void **state)
{
	(void)state;
	frames_init();
	return 0;
}

/* A connection of HTTP/2, whose input is read by a function. */
static void
read_by(h2o_socket_cb reader)
{
	frames = (struct frames){ .spoken = true };
	purse_open(&frames.purse, 0);
	h2o_socket_read_start(&sock, reader);
	fake_h2o.reader(&sock, NULL);
}

static void
send_until_refused(h2o_socket_t *s, const char *err)
{
	struct h2o_2_2_5_frame	 frame;
	const char		*why = NULL;
	ssize_t			 result = 1;
	int			 count = -1;

	(void)s, (void)err;
	fake_h2o.coming = (struct h2o_2_2_5_frame){ .type = HTTP2_PING,
	    .length = 8 };
	frames.purse.filled_ms += 3600000;	/* time does not go on */
	for (; result == 1; count++)
		result = h2o_http2_decode_frame(&frame, NULL, 0, NULL, &why);
	check_number("pings", count, PURSE_MOST / 5);
	check_number("error", result, H2O_HTTP2_ERROR_ENHANCE_YOUR_CALM);
	check_true("and why", why != NULL);
}

static void
who_sends_too_many_frames_is_told_so(void **state)
{
	(void)state;
	read_by(send_until_refused);
}

static void
reset(h2o_socket_t *s, const char *err)
{
	(void)s, (void)err;
	h2o_http2__encode_rst_stream_frame(NULL, 1, 5);
	check_number("it costs", frames.purse.left, PURSE_MOST -
	    PURSE_PER_RESET);
}

static void
a_reset_that_answers_is_paid_for(void **state)
{
	(void)state;
	read_by(reset);
	h2o_http2__encode_rst_stream_frame(NULL, 1, 5);
	check_number("one of ours does not", frames.purse.left, PURSE_MOST -
	    PURSE_PER_RESET);
}

static void
send_unknown(h2o_socket_t *s, const char *err)
{
	static const uint8_t	 payload[3];
	struct h2o_2_2_5_frame	 frame;
	const char		*why = NULL;

	(void)s, (void)err;
	fake_h2o.coming = (struct h2o_2_2_5_frame){ .type = 0x10, .flags = 0x1,
	    .stream_id = 7, .length = 3, .payload = payload };
	check_number("length", h2o_http2_decode_frame(&frame, NULL, 0, NULL,
	    &why), 1);
	check_true("as a ping's answer", frame.type == HTTP2_PING &&
	    frame.flags == HTTP2_ACK && frame.stream_id == 0 &&
	    frame.length == 8);
	fake_h2o.coming.type = HTTP2_PRIORITY;
	(void)h2o_http2_decode_frame(&frame, NULL, 0, NULL, &why);
	check_true("others are left alone", frame.type == HTTP2_PRIORITY &&
	    frame.stream_id == 7 && frame.payload == payload);
}

/* The library knows a ping's answer, and does nothing about it. */
static void
an_unknown_kind_is_passed_over(void **state)
{
	(void)state;
	read_by(send_unknown);
}

static void
it_is_spoken_from_the_first_byte_on_only(void **state)
{
	struct timeval	at = { 0 };

	(void)state;
	frames = (struct frames){ .spoken = false };
	h2o_http2_accept(NULL, &sock, at);
	check_true("at first", fake_h2o.is_accepted && !is_closed &&
	    frames.spoken);
	check_number("with a full purse", frames.purse.left, PURSE_MOST);
	fake_h2o.is_accepted = frames.spoken = false;
	has_asked = true;
	h2o_http2_accept(NULL, &sock, at);
	check_true("behind a request", !fake_h2o.is_accepted && is_closed &&
	    !frames.spoken);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("who sends too many frames is told so",
		    who_sends_too_many_frames_is_told_so),
		TEST("a reset that answers a frame is paid for",
		    a_reset_that_answers_is_paid_for),
		TEST("an unknown kind is passed over",
		    an_unknown_kind_is_passed_over),
		TEST("it is spoken from the first byte on, or not at all",
		    it_is_spoken_from_the_first_byte_on_only),
	};

	return cmocka_run_group_tests_name("frames", tests, find_library,
	    NULL);
}
