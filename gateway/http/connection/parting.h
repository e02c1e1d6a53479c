/*
 * The end of a worker's connections when it stops.
 *
 * Its clients learn of it with the last answer that they get (HTTP/1:
 * Connection: close) or at once (HTTP/2: GOAWAY). A connection whose client asks
 * for nothing is ended after a moment, in which it may: a client that asks just
 * when its connection is ended does not know whether it was heard. Connections
 * with a request, or a part of one, go on.
 */
#ifndef CONNECTION_PARTING_H
#define CONNECTION_PARTING_H

#include "gateway/http/connection/connection.h"

/* The worker stops: tell clients of HTTP/2. */
void	parting_begin(struct worker *);

/* End those connections whose time has come. */
void	parting_tick(struct worker *, int64_t now_ms);

/* About to answer: if it is the connection's last answer, say so. */
void	parting_answer(const struct connection *, h2o_req_t *);

#endif
