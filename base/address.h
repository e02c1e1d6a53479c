/* IP addresses and networks as text. IPv4 is mapped into IPv6. */
#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include <netinet/in.h>

#include <stdbool.h>

#include "base/buf.h"

/* Addresses that begin with the same bits. */
struct network {
	struct in6_addr	address;
	unsigned	bits;
};

void	address_map_v4(const struct in_addr *, struct in6_addr *ret);

/* False if the text is not an address. */
bool	address_read(struct text, struct in6_addr *ret);

/*
 * As proxies write them in X-Forwarded-For: 192.0.2.1, 192.0.2.1:80,
 * 2001:db8::1, [2001:db8::1]:80.
 */
bool	address_read_forwarded(struct text, struct in6_addr *ret);

/* As text, IPv4 as such. */
#define ADDRESS_SIZE	INET6_ADDRSTRLEN
void	address_print(const struct in6_addr *, char ret[ADDRESS_SIZE]);

/* "address" or "address/bits"; false if it is neither. */
bool	network_read(struct text, struct network *ret);
bool	network_has(const struct network *, const struct in6_addr *);

#endif
