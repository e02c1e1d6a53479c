/* Prices of frames. */
#include "gateway/http/connection/purse.h"

#include "base/clock.h"

static void
fill_purse(struct purse *p, size_t written)
{
	int64_t	now_ms = clock_ms();

	p->left += (now_ms - p->filled_ms) * PURSE_PER_SECOND / 1000 +
	    p->answers * PURSE_PER_ANSWER +
	    (int64_t)((written - p->written) / PURSE_BYTES_EACH);
	if (p->left > PURSE_MOST)
		p->left = PURSE_MOST;
	p->filled_ms = now_ms;
	p->written = written;
	p->answers = 0;
}

/*
 * Data that adds to a body is free: bodies have a bound of their own. Data of a
 * stream that has ended is paid for by the reset that answers it.
 */
static int
price_of_data(const struct h2o_2_2_5_frame *frame)
{
	uint32_t	len = frame->length;

	if ((frame->flags & HTTP2_PADDED) != 0 && len > 0)
		len -= len > frame->payload[0] ? frame->payload[0] + 1U : len;
	return len < PURSE_SMALL_BYTES;
}

/* An answer pays for a request, and for what belongs to it. */
static int
price_of(const struct h2o_2_2_5_frame *frame)
{
	static const int	prices[HTTP2_TYPES] = {
		[HTTP2_HEADERS] = 20,
		[HTTP2_PRIORITY] = 1,
		[HTTP2_RST_STREAM] = 5,
		[HTTP2_SETTINGS] = 10,
		[HTTP2_PUSH_PROMISE] = 10,
		[HTTP2_PING] = 5,
		[HTTP2_GOAWAY] = 10,
		[HTTP2_WINDOW_UPDATE] = 1,
		[HTTP2_CONTINUATION] = 10,
	};

	if (frame->type == HTTP2_DATA)
		return price_of_data(frame);
	return frame->type < HTTP2_TYPES ? prices[frame->type] : 2;
}

bool
purse_pay(struct purse *p, const struct h2o_2_2_5_frame *frame, size_t written)
{
	p->left -= price_of(frame);
	if (p->left < 0)
		fill_purse(p, written);
	return p->left >= 0;
}

void
purse_open(struct purse *p, size_t written)
{
	*p = (struct purse){ PURSE_MOST, clock_ms(), written, 0 };
}
