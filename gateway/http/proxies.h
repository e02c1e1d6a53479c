/*
 * The client's address and scheme where proxies stand in front of the gateway.
 * X-Forwarded-For and X-Forwarded-Proto count if they come from a proxy that
 * FLICKET_TRUSTED_PROXIES names.
 */
#ifndef HTTP_PROXIES_H
#define HTTP_PROXIES_H

#include <h2o.h>
#include <stdbool.h>

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

/*
 * The scheme that the client speaks, as a trusted proxy says: the leftmost entry
 * of X-Forwarded-Proto. False, with *ret empty, if the peer is not trusted or
 * says nothing.
 */
bool		 proxies_scheme(const struct proxies *, const h2o_req_t *,
		    struct text *ret);

#endif
