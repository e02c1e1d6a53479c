/*
 * The endpoint: the socket at which a process of a service takes requests.
 *
 * Several processes of a service may run on one host with the same settings.
 * Where the endpoint is a socket file, the first one listens there, and each
 * further one at a file of its own beside it (proto/peer/resolve.h). A flock
 * on a lock file beside each says that it is taken; it ends with the process.
 */
#ifndef SOCKET_ENDPOINT_H
#define SOCKET_ENDPOINT_H

#include <czmq.h>

#include "base/services.h"
#include "base/settings.h"

struct endpoint {
	zsock_t	*router;
	int	 lock;		/* -1: the endpoint needs none */
};

/* Listen where the settings say. Dies if that cannot be done. */
void	endpoint_open(struct endpoint *, const struct settings *,
	    enum service_id);

/* Stop listening. The endpoint stays this process's own ... */
void	endpoint_close(struct endpoint *);

/* ... until it is unlocked, when another process may take it. */
void	endpoint_unlock(struct endpoint *);

#endif
