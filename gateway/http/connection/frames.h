/*
 * Frames of HTTP/2 that ask for nothing, bounded.
 *
 * Of frames that no request needs - pings, settings, priorities, resets, empty
 * data, unknown types - libh2o 2.2.5 takes in as many as come, and writes a line
 * to standard error for each of an unknown type. So the gateway takes the place
 * of the library's h2o_http2_decode_frame(). A connection has a purse (purse.h);
 * one whose purse is empty is told so (GOAWAY, ENHANCE_YOUR_CALM) and closed.
 * Unknown types are passed over silently (RFC 9113, 5.5).
 *
 * An upgrade from HTTP/1 (`Upgrade: h2c`) is declined: a proxy in front that
 * passes it on would see nothing of the requests that follow. A client that
 * speaks HTTP/2 from the first byte on is served; no proxy takes that for
 * HTTP/1. libh2o would also change to HTTP/2 behind a request of HTTP/1: such
 * a connection is closed.
 */
#ifndef CONNECTION_FRAMES_H
#define CONNECTION_FRAMES_H

#include <h2o.h>
#include <stdbool.h>
#include <stdint.h>

#include "gateway/http/connection/purse.h"

struct frames {
	bool		 spoken;	/* the connection is one of HTTP/2 */
	h2o_socket_cb	 on_read;	/* h2o's */
	struct purse	 purse;
	size_t		 thrown;	/* bytes that came after the end */
};

/* Find the library's own; before the first socket. */
void	frames_init(void);

/* A request of the connection was answered. */
static inline void
frames_answered(struct frames *f)
{
	f->purse.answers++;
}

#endif
