/*
 * The guard: a thread that ZeroMQ asks whether the owner of a key is let in
 * (ZAP, rfc.zeromq.org/spec/27), that watches sockets for handshakes that
 * come to nothing, that bounds how many connections peers open, with keys or
 * without, and that has the keys looked after once a second.
 */
#ifndef PEER_GUARD_H
#define PEER_GUARD_H

#include <czmq.h>

#include "proto/peer/keyring.h"

struct guard_args {
	bool	has_keys;	/* or it only bounds connections */
	/* Whether the owner of a public key is let in, and who that is. */
	bool	(*admit)(const uint8_t *bytes, enum party *ret_whose);
	void	(*refresh)(void);
};

zactor_t	*guard_start(struct guard_args *);
void		 guard_refresh(zactor_t *);

/*
 * Watch a socket of whatever thread until it is destroyed. `to` is whom it
 * connects to, SERVICE_ANY if it listens; each gets a number of its own.
 */
void		 guard_watch(zsock_t *, enum service_id to, unsigned number);

#endif
