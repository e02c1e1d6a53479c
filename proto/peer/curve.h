/*
 * CURVE on the sockets between processes. Where FLICKET_KEYS is set every
 * connection is encrypted, both ends know each other by their keys, and a
 * service takes only the peers that proto/peer/talks.tbl allows. Where it is
 * not, these functions leave sockets as they are, except that the connections
 * to a service are counted and have a bound.
 *
 * Public keys are read anew when their files change, within a second, and at
 * once by curve_reload(); so is the secret that a process connects with. A
 * service listens with the secret it was started with.
 */
#ifndef PEER_CURVE_H
#define PEER_CURVE_H

#include <czmq.h>

#include "base/settings.h"
#include "proto/peer/keyring.h"

/*
 * Say which party this process is and read its keys. An error in them ends the
 * process with a message on stderr and status 2, as that of any setting.
 */
void	curve_load(const struct settings *, enum party self);

/* Start and end the thread that decides who may connect (zap.h): before the
 * first socket and after the last one. One thread calls these two and
 * curve_reload(). */
void	curve_start(void);
void	curve_stop(void);

/* Prepare a socket before it is bound. */
void	curve_serve(zsock_t *);

/*
 * Prepare a socket before it is connected, for the first time or again: a
 * service whose key is being changed may have the one or the other, and each
 * time the next one is tried.
 */
void	curve_connect(zsock_t *, enum service_id to);

/* Whether to connect again after so long may help; see curve_connect(). */
bool	curve_may_retry(enum service_id to, int64_t after_ms);

/* Read the keys now if they changed. */
void	curve_reload(void);

#endif
