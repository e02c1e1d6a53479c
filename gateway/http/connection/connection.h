/* The open connections of a worker: how many there may be, what each is doing. */
#ifndef CONNECTION_CONNECTION_H
#define CONNECTION_CONNECTION_H

#include "gateway/http/connection/frames.h"
#include "gateway/worker.h"

struct connection;

/*
 * How many there may be: what the setting allows, and no more than leaves
 * the bus, the stores' files and the logs descriptors of their own. Without
 * those a service that comes back could not be reached again while idle
 * clients hold all there are.
 */
int64_t	connections_most(const struct settings *, uint64_t descriptors);

/* Before the worker's first one. */
void	connections_init(struct worker *);

/* Whether there may be one more; if so it is counted. */
bool	connection_reserve(struct gateway *);
void	connection_release(struct gateway *);

/* Begin one that was reserved; it is freed when its socket closes. */
void	connection_open(struct worker *, h2o_socket_t *);

/* Its frames; NULL: the socket is not a client's. */
struct frames	*connection_frames(h2o_socket_t *);

/* Whether a whole request came over a client's socket. */
bool	connection_has_asked(const h2o_socket_t *);

/*
 * A request came whole, and was answered or given up. crowded: it was refused
 * because too many waited, and the client is to rest (rest.h).
 */
struct connection	*connection_begin(h2o_req_t *);
void	connection_end(struct connection *, bool answered, bool crowded);

/* One of its requests has begun to be answered. */
void	connection_answer(struct connection *);

/* Of an answer, so many bytes were in memory and so many are. */
void	connection_hold(struct connection *, size_t were, size_t are);

unsigned	connections_count(const struct worker *);

#endif
