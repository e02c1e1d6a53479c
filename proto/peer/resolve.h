/*
 * Where the processes of each service are. An endpoint setting names one or
 * more of them, with commas between:
 *
 *   tcp://HOST:PORT	every address that the name has
 *   ipc://run/S.sock	the socket, and those beside it, run/S.1.sock,
 *			run/S.2.sock, ... that further processes made
 *
 * A thread looks them up again and again: it finds processes that come later,
 * and no other thread waits for a name server.
 */
#ifndef PEER_RESOLVE_H
#define PEER_RESOLVE_H

#include "base/settings.h"
#include "proto/tables.h"

#define RESOLVE_MOST		32	/* processes of one service */
#define RESOLVE_EVERY_MS	500
#define ENDPOINT_SIZE		256

struct endpoints {
	unsigned	count;
	char		rows[RESOLVE_MOST][ENDPOINT_SIZE];
};

/*
 * The endpoints of a setting now; may wait for a name server. False, with *ret
 * as it was, if a name cannot be looked up.
 */
bool	resolve(const char *setting, struct endpoints *ret);

struct resolver;

/* Begin to look up services: a mask of bits by enum service_id. */
struct resolver	*resolver_new(const struct settings *, uint64_t services);

/* Never waits; a look-up under way ends by itself. */
void	resolver_destroy(struct resolver **);

/*
 * A service's endpoints as they were found last. False if they did not change
 * since *generation, which is 0 at first. From any thread.
 */
bool	resolver_read(struct resolver *, enum service_id,
	    uint64_t *generation, struct endpoints *ret);

#endif
