/*
 * The open connections of a worker: how many there may be, and the end of
 * those that ask for nothing.
 *
 * libh2o 2.2.5 bounds how long a request of HTTP/1 may take to come, head and
 * body together: a large body over a slow line never arrives. With HTTP/2 each
 * byte that comes starts the clock anew, so that a byte a second holds a
 * connection for ever. So we have a clock of our own, which a whole request
 * starts anew, and a body that comes fast enough.
 */
#ifndef HTTP_CONNECTION_H
#define HTTP_CONNECTION_H

#include "gateway/http/frames.h"
#include "gateway/worker.h"

struct connection;

/* A body that takes longer than FLICKET_IDLE_TIMEOUT_MS must come as fast, and
 * an answer be taken. */
#define BODY_RATE_BYTES	((size_t)8192) /* a second */

/* The longest that such a body of so many bytes may take, ms. */
int64_t	connection_body_ms(const struct settings *, size_t bytes);

/*
 * How many there may be: what the setting allows, and no more than leaves
 * the bus, the stores' files and the logs descriptors of their own. Without
 * those a service that comes back could not be reached again while idle
 * clients hold all there are.
 */
int64_t	connections_most(const struct settings *, uint64_t descriptors);

/*
 * There are as many as there may be: end some of the worker's that ask for
 * nothing, those that have for longest first, so that others get their turn.
 * Half a request counts while it goes on coming, 1 KB in 4 s or more.
 */
void	connections_make_room(struct worker *, int64_t now_ms);

/* Before the worker's first one. */
void	connections_init(struct worker *);

/* Whether there may be one more; if so it is counted. */
bool	connection_reserve(struct gateway *);
void	connection_release(struct gateway *);

/* One that was reserved is there; it is forgotten when its socket closes. */
void	connection_open(struct worker *, h2o_socket_t *);

/* What is known of its frames; NULL: the socket is no client's. */
struct frames	*connection_frames(h2o_socket_t *);

/* Whether a whole request came over a client's socket. */
bool	connection_has_asked(const h2o_socket_t *);

/*
 * A request came whole, and was answered or given up. Where it was refused
 * because too many waited, the next one of the connection is read when its
 * turn comes, at most a second later: Retry-After says a second, and clients
 * that do not listen must not cost others what they cost. (Not with HTTP/2,
 * where others may be behind the same connection.)
 */
struct connection	*connection_begin(h2o_req_t *);
void	connection_end(struct connection *, bool answered, bool crowded);

/* One of its requests has begun to be answered. */
void	connection_answer(struct connection *);

/* What is in memory of an answer: so many bytes were, so many are now. */
void	connection_hold(struct connection *, size_t were, size_t are);

/* End those that hold most, until so many bytes are free. */
void	connections_relieve(struct worker *, int64_t bytes, int64_t now_ms);

/*
 * End those that have no request under way and had none for
 * FLICKET_IDLE_TIMEOUT_MS; with HTTP/2, and before the first request with TLS,
 * for twice that, once for TLS and once for the request, and a second, so that
 * h2o, which ends them in better manners, is first. They go on while a body
 * comes, as long as there is memory for it. End those of whose answers h2o has
 * sent nothing more for twice that and a second, while the client took what was
 * sent more slowly than a body must come. Let some of those go on that were
 * refused.
 */
void	connections_tick(struct worker *, int64_t now_ms);

/*
 * A worker stops. Its clients learn of it with the last answer that they get
 * (HTTP/1: Connection: close) or at once (HTTP/2: GOAWAY). A connection whose
 * client asks for nothing is ended after a moment, in which it may: a client
 * that asks just when its connection is ended does not know whether it was
 * heard. Connections with a request, or a part of one, go on.
 */
void	connections_stop(struct worker *);
void	connections_wind_up(struct worker *, int64_t now_ms);

/* About to answer: whether it is the connection's last. */
void	connection_part(const struct connection *, h2o_req_t *);

unsigned	connections_count(const struct worker *);

#endif
