/* gateway/http/frames.c, included for its statics; libh2o's decoder is played. */
#include <h2o.h>

static void	close_socket(h2o_socket_t *);

#define h2o_socket_close	close_socket
#include "gateway/http/frames.c"

#include "unit.h"

#define PAYLOAD_BYTES	64

static uint8_t		payload[PAYLOAD_BYTES];
static struct frame	coming;
static h2o_socket_t	sock;
static struct frames	purse;

struct frames *
connection_frames(h2o_socket_t *s)
{
	(void)s;
	return &purse;
}

static bool	has_asked, is_closed, is_accepted;

bool
connection_has_asked(const h2o_socket_t *s)
{
	(void)s;
	return has_asked;
}

static void
close_socket(h2o_socket_t *s)
{
	(void)s;
	is_closed = true;
}

static void
accept_it(h2o_accept_ctx_t *ctx, h2o_socket_t *s, struct timeval at)
{
	(void)ctx, (void)s, (void)at;
	is_accepted = true;
}

static ssize_t
decode(struct frame *frame, const uint8_t *src, size_t len,
    const void *settings, const char **err_desc)
{
	(void)src, (void)len, (void)settings, (void)err_desc;
	*frame = coming;
	return 1;
}

/* How many frames of a kind a new connection may send at once, up to a bound. */
static int
count_until_refused(uint8_t type, uint8_t flags, uint32_t len, int most)
{
	const char	*why = NULL;
	struct frame	 frame;
	int		 count = 0;

	coming = (struct frame){ .type = type, .flags = flags, .length = len,
	    .stream_id = 1, .payload = payload };
	while (count < most && h2o_http2_decode_frame(&frame, NULL, 0, NULL,
	    &why) == 1)
		count++;
	return count;
}

static void
start_over(void)
{
	library_decode = decode;
	reading = &purse;
	reading_from = &sock;
	sock.bytes_written = 0;
	memset(payload, 0, sizeof(payload));
	purse = (struct frames){ .spoken = true, .purse = PURSE_MOST,
	    .filled_ms = clock_ms() };
}

static void
each_kind_has_its_price(void **state)
{
	static const struct { const char *name; uint8_t type, flags;
	    uint32_t len; int least; } rows[] = {
		{ "requests", HEADERS, 0, 3, PURSE_MOST / 20 },
		{ "priorities", PRIORITY, 0, 5, PURSE_MOST },
		{ "resets", RST_STREAM, 0, 4, PURSE_MOST / 5 },
		{ "settings", SETTINGS, 0, 6, PURSE_MOST / 10 },
		{ "acknowledged settings", SETTINGS, ACK, 0, PURSE_MOST / 10 },
		{ "pings", PING, 0, 8, PURSE_MOST / 5 },
		{ "partings", GOAWAY, 0, 8, PURSE_MOST / 10 },
		{ "windows", WINDOW_UPDATE, 0, 4, PURSE_MOST },
		{ "continuations", CONTINUATION, 0, 0, PURSE_MOST / 10 },
		{ "an unknown kind", CONTINUATION + 1, 0, 10, PURSE_MOST / 2 },
		{ "the last kind", 255, 255, 0, PURSE_MOST / 2 },
		{ "empty data", DATA, 0, 0, PURSE_MOST },
		{ "its end", DATA, 0x1, 0, PURSE_MOST },
		{ "crumbs", DATA, 0, SMALL_BYTES - 1, PURSE_MOST },
		{ "padded data, all of it", DATA, PADDED, PAYLOAD_BYTES,
		    PURSE_MOST },
	};

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		start_over();
		payload[0] = PAYLOAD_BYTES - 1;
		/* what time brings meanwhile is on top of it */
		check_true(rows[i].name, count_until_refused(rows[i].type,
		    rows[i].flags, rows[i].len, 10 * PURSE_MOST) >=
		    rows[i].least);
		start_over();
		payload[0] = PAYLOAD_BYTES - 1;
		purse.filled_ms += 3600000;	/* time does not go on */
		check_number(rows[i].name, count_until_refused(rows[i].type,
		    rows[i].flags, rows[i].len, 10 * PURSE_MOST),
		    rows[i].least);
	}
}

static void
what_carries_a_body_is_free(void **state)
{
	(void)state;
	start_over();
	check_number("data", count_until_refused(DATA, 0, SMALL_BYTES,
	    3 * PURSE_MOST), 3 * PURSE_MOST);
	check_number("padded", count_until_refused(DATA, PADDED, PAYLOAD_BYTES,
	    3 * PURSE_MOST), 3 * PURSE_MOST);
}

static void
encode(h2o_buffer_t **buf, uint32_t stream_id, int error)
{
	(void)buf, (void)stream_id, (void)error;
}

static void
a_reset_that_answers_is_paid_for(void **state)
{
	(void)state;
	start_over();
	library_reset = encode;
	h2o_http2__encode_rst_stream_frame(NULL, 1, 5);
	check_number("it costs", purse.purse, PURSE_MOST - PER_RESET);
	reading = NULL;
	h2o_http2__encode_rst_stream_frame(NULL, 1, 5);
	check_number("one of ours does not", purse.purse,
	    PURSE_MOST - PER_RESET);
}

static void
a_purse_is_filled(void **state)
{
	(void)state;
	start_over();
	purse.purse = 0;
	purse.filled_ms -= 2000;
	check_true("by time", count_until_refused(WINDOW_UPDATE, 0, 4,
	    PURSE_MOST) >= 2 * PER_SECOND);
	start_over();
	purse.purse = 0;
	for (int i = 0; i < 10; i++)
		frames_answered(&purse);
	check_true("by answers", count_until_refused(WINDOW_UPDATE, 0, 4,
	    PURSE_MOST) >= 10 * PER_ANSWER);
	start_over();
	purse.purse = 0;
	sock.bytes_written = (size_t)100 * BYTES_EACH;
	check_true("by their bytes", count_until_refused(WINDOW_UPDATE, 0, 4,
	    PURSE_MOST) >= 100);
	start_over();
	purse.purse = -1;
	purse.filled_ms -= 1000000;
	fill(&purse, &sock);
	check_number("no more than fits", purse.purse, PURSE_MOST);
}

/* The library knows a ping's answer, and does nothing about it. */
static void
an_unknown_kind_is_passed_over(void **state)
{
	struct frame	 frame;
	const char	*why = NULL;

	(void)state;
	start_over();
	coming = (struct frame){ .type = 0x10, .flags = 0x1,
	    .stream_id = 7, .length = 3, .payload = payload };
	check_number("length", h2o_http2_decode_frame(&frame, NULL, 0, NULL,
	    &why), 1);
	check_true("as a ping's answer", frame.type == PING &&
	    frame.flags == ACK && frame.stream_id == 0 && frame.length == 8);
	coming.type = PRIORITY;
	(void)h2o_http2_decode_frame(&frame, NULL, 0, NULL, &why);
	check_true("others are left alone", frame.type == PRIORITY &&
	    frame.stream_id == 7 && frame.payload == payload);
}

static void
it_is_spoken_from_the_first_byte_on_only(void **state)
{
	struct timeval	at = { 0 };

	(void)state;
	start_over();
	library_accept = accept_it;
	purse.spoken = false;
	h2o_http2_accept(NULL, &sock, at);
	check_true("at first", is_accepted && !is_closed && purse.spoken);
	is_accepted = purse.spoken = false;
	has_asked = true;
	h2o_http2_accept(NULL, &sock, at);
	check_true("behind a request", !is_accepted && is_closed &&
	    !purse.spoken);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("each kind of frame has its price",
		    each_kind_has_its_price),
		TEST("what carries a body is free",
		    what_carries_a_body_is_free),
		TEST("a reset that answers a frame is paid for",
		    a_reset_that_answers_is_paid_for),
		TEST("time and answers fill a purse", a_purse_is_filled),
		TEST("an unknown kind is passed over",
		    an_unknown_kind_is_passed_over),
		TEST("it is spoken from the first byte on, or not at all",
		    it_is_spoken_from_the_first_byte_on_only),
	};

	return cmocka_run_group_tests_name("frames", tests, NULL, NULL);
}
