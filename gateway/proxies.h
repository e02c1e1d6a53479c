/*
 * Whose request it is where proxies stand in front of the gateway: those that
 * FLICKET_TRUSTED_PROXIES names are believed what they say in
 * X-Forwarded-For, nobody else is.
 */
#ifndef GATEWAY_PROXIES_H
#define GATEWAY_PROXIES_H

#include <netinet/in.h>

#include "exchange.h"

struct proxies;

/* Read the setting; exits, naming it, if an entry is no address or network. */
struct proxies	*proxies_new(const struct settings *);
void		 proxies_destroy(struct proxies **);

/*
 * The address of the client: the peer; if that is trusted, the rightmost
 * address of X-Forwarded-For that is not, the leftmost one if all are, the
 * peer again if what is there is no address. IPv4 is mapped into IPv6.
 */
struct in6_addr	 proxies_client(const struct proxies *, h2o_req_t *);

/* As text, IPv4 as such. */
#define ADDRESS_SIZE	INET6_ADDRSTRLEN
void		 address_print(const struct in6_addr *,
		    char ret[ADDRESS_SIZE]);

#endif
