/* Addresses and networks, as inet_pton() reads them, with port and prefix. */
#include "base/address.h"

#include <arpa/inet.h>

#include <string.h>

#define MAPPED_BITS	96	/* before an IPv4 address in an IPv6 one */

void
address_map_v4(const struct in_addr *v4, struct in6_addr *ret)
{
	static const unsigned char	prefix[12] = { [10] = 0xff,
					    [11] = 0xff };

	memcpy(ret->s6_addr, prefix, sizeof(prefix));
	memcpy(ret->s6_addr + sizeof(prefix), v4, sizeof(*v4));
}

bool
address_read(struct text t, struct in6_addr *ret)
{
	char		copy[INET6_ADDRSTRLEN];
	struct in_addr	v4;

	if (t.len == 0 || t.len >= sizeof(copy) ||
	    memchr(t.base, '\0', t.len) != NULL)
		return false;
	memcpy(copy, t.base, t.len);
	copy[t.len] = '\0';
	if (inet_pton(AF_INET, copy, &v4) == 1) {
		address_map_v4(&v4, ret);
		return true;
	}
	return inet_pton(AF_INET6, copy, ret) == 1;
}

/* Digits only, up to a bound. */
static bool
read_count(struct text t, unsigned most, unsigned *ret)
{
	unsigned	n = 0;

	if (t.len == 0 || t.len > 5)
		return false;
	for (size_t i = 0; i < t.len; i++) {
		if (t.base[i] < '0' || t.base[i] > '9')
			return false;
		n = n * 10 + (unsigned)(t.base[i] - '0');
	}
	*ret = n;
	return n <= most;
}

static bool
is_port(struct text t)
{
	unsigned	port;

	return t.len > 1 && t.base[0] == ':' &&
	    read_count((struct text){ t.base + 1, t.len - 1 }, 65535, &port);
}

bool
address_read_forwarded(struct text t, struct in6_addr *ret)
{
	const char	*end, *colon;
	size_t		 len = t.len;

	if (len > 0 && t.base[0] == '[') {
		end = memchr(t.base, ']', len);
		if (end == NULL)
			return false;
		len = (size_t)(end + 1 - t.base);
		if (len < t.len && !is_port((struct text){ end + 1,
		    t.len - len }))
			return false;
		t = (struct text){ t.base + 1, len - 2 };
		return memchr(t.base, ':', t.len) != NULL &&
		    address_read(t, ret);
	}
	colon = memchr(t.base, ':', len);
	if (colon != NULL && memchr(t.base, '.', (size_t)(colon - t.base)) !=
	    NULL) {
		len = (size_t)(colon - t.base);
		if (!is_port((struct text){ colon, t.len - len }))
			return false;
		t.len = len;
	}
	return address_read(t, ret);
}

void
address_print(const struct in6_addr *a, char ret[ADDRESS_SIZE])
{
	bool	is_v4 = IN6_IS_ADDR_V4MAPPED(a);

	if (inet_ntop(is_v4 ? AF_INET : AF_INET6, a->s6_addr +
	    (is_v4 ? 12 : 0), ret, ADDRESS_SIZE) == NULL)
		ret[0] = '\0';
}

bool
network_read(struct text t, struct network *ret)
{
	const char	*slash = memchr(t.base, '/', t.len);
	struct text	 bits = { NULL, 0 };
	bool		 is_v4;

	if (slash != NULL) {
		bits = (struct text){ slash + 1,
		    (size_t)(t.base + t.len - slash - 1) };
		t.len = (size_t)(slash - t.base);
	}
	if (!address_read(t, &ret->address))
		return false;
	is_v4 = memchr(t.base, ':', t.len) == NULL;
	ret->bits = 128;
	if (slash == NULL)
		return true;
	if (!read_count(bits, is_v4 ? 32 : 128, &ret->bits))
		return false;
	ret->bits += is_v4 ? MAPPED_BITS : 0;
	return true;
}

bool
network_has(const struct network *n, const struct in6_addr *a)
{
	unsigned	whole = n->bits / 8, rest = n->bits % 8;
	unsigned	differ;

	if (memcmp(n->address.s6_addr, a->s6_addr, whole) != 0)
		return false;
	if (rest == 0)
		return true;
	differ = (unsigned)(n->address.s6_addr[whole] ^ a->s6_addr[whole]);
	return differ >> (8 - rest) == 0;
}
