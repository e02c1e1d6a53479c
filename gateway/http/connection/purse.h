/*
 * The purse of a connection of HTTP/2: each frame costs something; time, answers
 * that are taken, and their bytes fill it.
 */
#ifndef CONNECTION_PURSE_H
#define CONNECTION_PURSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/http/h2o_2_2_5.h"

#define PURSE_MOST		10000
#define PURSE_PER_SECOND	1000
#define PURSE_PER_ANSWER	30
#define PURSE_PER_RESET		1	/* what one that we send costs */
#define PURSE_BYTES_EACH	1024	/* of answers, for one */
#define PURSE_SMALL_BYTES	16	/* of data: less is next to nothing */

/* Types of frames and their flags (RFC 9113). */
enum http2_frame_type { HTTP2_DATA, HTTP2_HEADERS, HTTP2_PRIORITY,
    HTTP2_RST_STREAM, HTTP2_SETTINGS, HTTP2_PUSH_PROMISE, HTTP2_PING,
    HTTP2_GOAWAY, HTTP2_WINDOW_UPDATE, HTTP2_CONTINUATION, HTTP2_TYPES };

#define HTTP2_ACK		0x1
#define HTTP2_PADDED		0x8

struct purse {
	int64_t		 left;		/* below 0: it is empty */
	int64_t		 filled_ms;	/* when */
	size_t		 written;	/* bytes that were, at that time */
	int64_t		 answers;	/* since then */
};

/* A full one. written: bytes that were sent over the socket, ever. */
void	purse_open(struct purse *, size_t written);

/* Pay for a frame; false: there is not enough left. */
bool	purse_pay(struct purse *, const struct h2o_2_2_5_frame *,
	    size_t written);

#endif
