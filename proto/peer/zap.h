/*
 * The ZAP authenticator: a thread that ZeroMQ asks whether the owner of a key
 * may connect (rfc.zeromq.org/spec/27). It also watches sockets for failed
 * handshakes, bounds how many connections peers open, with keys or without,
 * and looks once a second for keys that changed.
 */
#ifndef PEER_ZAP_H
#define PEER_ZAP_H

#include <czmq.h>

#include "proto/peer/keyring.h"

struct zap_args {
	bool	has_keys;	/* false: it only bounds connections */
	/* Whether the owner of a public key may connect, and who that is. */
	bool	(*admit)(const uint8_t *bytes, enum party *ret_whose);
	/* Once a second, and at zap_refresh(). */
	void	(*refresh)(void);
};

/* *args lives as long as the thread; end it with zactor_destroy(). */
zactor_t	*zap_start(struct zap_args *);
void		 zap_refresh(zactor_t *);

/*
 * Watch a socket, of any thread, until it is destroyed. `to` is the service
 * that it connects to, SERVICE_ANY if it listens. No two have one number.
 */
void		 zap_watch(zsock_t *, enum service_id to, unsigned number);

#endif
