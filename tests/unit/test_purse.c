/* gateway/http/connection/purse.c */
#include "gateway/http/connection/purse.h"

#include <string.h>

#include "base/clock.h"
#include "unit.h"

#define PAYLOAD_BYTES	64

static uint8_t		payload[PAYLOAD_BYTES];
static struct purse	purse;
static size_t		written;

static void
start_over(void)
{
	memset(payload, 0, sizeof(payload));
	written = 0;
	purse_open(&purse, written);
}

/* How many frames of a kind a connection may send at once, up to a bound. */
static int
count_until_refused(uint8_t type, uint8_t flags, uint32_t len, int most)
{
	const struct h2o_2_2_5_frame	frame = { .type = type, .flags = flags,
					    .length = len, .stream_id = 1,
					    .payload = payload };
	int				count = 0;

	while (count < most && purse_pay(&purse, &frame, written))
		count++;
	return count;
}

static void
each_kind_has_its_price(void **state)
{
	static const struct { const char *name; uint8_t type, flags;
	    uint32_t len; int least; } rows[] = {
		{ "requests", HTTP2_HEADERS, 0, 3, PURSE_MOST / 20 },
		{ "priorities", HTTP2_PRIORITY, 0, 5, PURSE_MOST },
		{ "resets", HTTP2_RST_STREAM, 0, 4, PURSE_MOST / 5 },
		{ "settings", HTTP2_SETTINGS, 0, 6, PURSE_MOST / 10 },
		{ "acknowledged settings", HTTP2_SETTINGS, HTTP2_ACK, 0,
		    PURSE_MOST / 10 },
		{ "pings", HTTP2_PING, 0, 8, PURSE_MOST / 5 },
		{ "partings", HTTP2_GOAWAY, 0, 8, PURSE_MOST / 10 },
		{ "windows", HTTP2_WINDOW_UPDATE, 0, 4, PURSE_MOST },
		{ "continuations", HTTP2_CONTINUATION, 0, 0, PURSE_MOST / 10 },
		{ "an unknown kind", HTTP2_CONTINUATION + 1, 0, 10,
		    PURSE_MOST / 2 },
		{ "the last kind", 255, 255, 0, PURSE_MOST / 2 },
		{ "empty data", HTTP2_DATA, 0, 0, PURSE_MOST },
		{ "its end", HTTP2_DATA, 0x1, 0, PURSE_MOST },
		{ "crumbs", HTTP2_DATA, 0, PURSE_SMALL_BYTES - 1,
		    PURSE_MOST },
		{ "padded data, all of it", HTTP2_DATA, HTTP2_PADDED, PAYLOAD_BYTES,
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
	check_number("data", count_until_refused(HTTP2_DATA, 0,
	    PURSE_SMALL_BYTES, 3 * PURSE_MOST), 3 * PURSE_MOST);
	check_number("padded", count_until_refused(HTTP2_DATA, HTTP2_PADDED,
	    PAYLOAD_BYTES, 3 * PURSE_MOST), 3 * PURSE_MOST);
}

static void
a_purse_is_filled(void **state)
{
	(void)state;
	start_over();
	purse.left = 0;
	purse.filled_ms -= 2000;
	check_true("by time", count_until_refused(HTTP2_WINDOW_UPDATE, 0, 4,
	    PURSE_MOST) >= 2 * PURSE_PER_SECOND);
	start_over();
	purse.left = 0;
	purse.answers += 10;
	check_true("by answers", count_until_refused(HTTP2_WINDOW_UPDATE, 0, 4,
	    PURSE_MOST) >= 10 * PURSE_PER_ANSWER);
	start_over();
	purse.left = 0;
	written = (size_t)100 * PURSE_BYTES_EACH;
	check_true("by their bytes", count_until_refused(HTTP2_WINDOW_UPDATE,
	    0, 4, PURSE_MOST) >= 100);
	start_over();
	purse.left = 0;
	purse.filled_ms -= 1000000;
	check_number("it is filled by the next frame",
	    count_until_refused(HTTP2_WINDOW_UPDATE, 0, 4, 1), 1);
	check_number("no more than fits", purse.left, PURSE_MOST);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("each kind of frame has its price",
		    each_kind_has_its_price),
		TEST("what carries a body is free",
		    what_carries_a_body_is_free),
		TEST("time and answers fill a purse", a_purse_is_filled),
	};

	return cmocka_run_group_tests_name("purse", tests, NULL, NULL);
}
