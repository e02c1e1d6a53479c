/*
 * The client's address where proxies stand in front of the gateway.
 * X-Forwarded-For counts if it comes from a proxy that FLICKET_TRUSTED_PROXIES
 * names.
 */
#ifndef HTTP_PROXIES_H
#define HTTP_PROXIES_H

#include <h2o.h>

#include "base/address.h"
#include "base/settings.h"

struct proxies;

struct proxies	*proxies_new(const struct settings *);
void		 proxies_destroy(struct proxies **);

/*
 * The address of the client: the peer. If the peer is trusted, the rightmost
 * address of X-Forwarded-For that is not trusted; the leftmost one if all are;
 * the peer again if an entry is not an address. IPv4 is mapped into IPv6.
 */
struct in6_addr	 proxies_client(const struct proxies *, h2o_req_t *);

#endif
