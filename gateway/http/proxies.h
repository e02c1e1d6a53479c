/*
 * Whose request it is where proxies stand in front of the gateway: those that
 * FLICKET_TRUSTED_PROXIES names are believed what they say in
 * X-Forwarded-For, nobody else is.
 */
#ifndef HTTP_PROXIES_H
#define HTTP_PROXIES_H

#include "base/address.h"
#include "gateway/core/exchange.h"

struct proxies;

struct proxies	*proxies_new(const struct settings *);
void		 proxies_destroy(struct proxies **);

/*
 * The address of the client: the peer; if that is trusted, the rightmost
 * address of X-Forwarded-For that is not, the leftmost one if all are, the
 * peer again if what is there is no address. IPv4 is mapped into IPv6.
 */
struct in6_addr	 proxies_client(const struct proxies *, h2o_req_t *);

#endif
