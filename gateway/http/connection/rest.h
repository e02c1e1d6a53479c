/*
 * Clients of HTTP/1 rest after a request that was refused because too many
 * waited. The next request of the connection is read when its turn comes, a
 * second later at most: Retry-After says a second, and clients that ask sooner
 * must not take time from others. (Not with HTTP/2, where others
 * may be behind the same connection.)
 */
#ifndef CONNECTION_REST_H
#define CONNECTION_REST_H

#include "gateway/http/connection/connection.h"

#define REST_MS		1000	/* at most */
#define REST_EACH_TICK	250	/* connections that go on before, in a tick */

/* When libh2o has begun to wait for the next request. */
void	rest_soon(struct connection *);

/* Read it again, if it rests. */
void	rest_end(struct connection *);

/* Let those go on that have rested longest. */
void	rest_tick(struct worker *, int64_t now_ms);

#endif
