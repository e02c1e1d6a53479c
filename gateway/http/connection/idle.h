/*
 * The end of connections whose clients ask for nothing, or go on too slowly.
 *
 * libh2o 2.2.5 bounds how long a request of HTTP/1 may take to come, head and
 * body together: a large body over a slow line never arrives. With HTTP/2 each
 * byte that comes starts its clock anew, so that a byte a second holds a
 * connection for ever. So the gateway has a clock of its own, which only a whole
 * request starts anew, or a body that comes fast enough.
 */
#ifndef CONNECTION_IDLE_H
#define CONNECTION_IDLE_H

#include "gateway/worker.h"

/*
 * Bytes a second: as fast must a body come that takes longer than
 * FLICKET_IDLE_TIMEOUT_MS, and an answer be taken.
 */
#define IDLE_BODY_RATE_BYTES	((size_t)8192)

#define IDLE_LEAST_MS		1000	/* a client that asked may ask again */
#define IDLE_ROOM		64	/* ended in one tick at most */
#define IDLE_COMING_BYTES	1024	/* of a request on its way in ... */
#define IDLE_COMING_MS		4000	/* in this time: some come in bursts */
#define IDLE_GRACE_MS		1000

/* The longest that such a body of so many bytes may take, ms. */
int64_t	idle_body_ms(const struct settings *, size_t bytes);

/*
 * There are as many connections as there may be: end some of the worker's that
 * ask for nothing, those that have for longest first, so that others get their
 * turn. Half a request counts while it goes on coming, IDLE_COMING_BYTES in
 * IDLE_COMING_MS or more.
 */
void	idle_make_room(struct worker *, int64_t now_ms);

/*
 * End those that have no request under way and had none for
 * FLICKET_IDLE_TIMEOUT_MS; with HTTP/2, and before the first request with TLS,
 * for twice that, once for TLS and once for the request, and a second, so that
 * libh2o, which ends them in better manners, is first. They go on while a body
 * comes, as long as there is memory for it. End those of whose answers libh2o
 * has sent nothing more for twice that and a second, while the client took what
 * was sent more slowly than a body must come.
 */
void	idle_tick(struct worker *, int64_t now_ms);

#endif
