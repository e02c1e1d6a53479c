/*
 * The last answer of a connection of HTTP/1 whose request was not read whole.
 *
 * Closing a socket with unread input resets the connection, and a client that
 * is still sending loses the answer (RFC 9112, 9.6). So the answer goes out
 * first, and what the client still sends is read and thrown away, within
 * bounds, before libh2o closes.
 */
#ifndef CONNECTION_LINGER_H
#define CONNECTION_LINGER_H

#include <h2o.h>

#include "base/buf.h"

/*
 * A body may follow the head of this request, whose answer is the connection's
 * last. To be called before the answer begins.
 */
void		 linger_begin(h2o_req_t *);

/*
 * The same for an answer that libh2o gives by itself, from a filter's
 * on_setup_ostream. The body takes the place of libh2o's; it must live as long
 * as the request. Returns the slot for the filters that follow.
 */
h2o_ostream_t	**linger_add(h2o_req_t *, h2o_ostream_t **slot,
		    struct text body);

#endif
