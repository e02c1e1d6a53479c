/* Trusted proxies: a short list of networks, and a walk from the right. */
#include "proxies.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "proto/log.h"

#define NETWORKS_MOST	64
#define MAPPED_BITS	96	/* before an IPv4 address in an IPv6 one */
#define WANTED		"addresses and networks (CIDR) with commas between, " \
			"at most 64, such as 127.0.0.1,10.0.0.0/8,fd00::/8"

struct network {
	struct in6_addr	address;
	unsigned	bits;
};

struct proxies {
	unsigned	count;
	struct network	networks[NETWORKS_MOST];
};

/* --- addresses ------------------------------------------------------------ */

static void
map_v4(const void *four, struct in6_addr *ret)
{
	static const unsigned char	prefix[12] = { [10] = 0xff,
					    [11] = 0xff };

	memcpy(ret->s6_addr, prefix, sizeof(prefix));
	memcpy(ret->s6_addr + sizeof(prefix), four, 4);
}

static bool
read_address(struct text t, struct in6_addr *ret)
{
	char		copy[INET6_ADDRSTRLEN];
	struct in_addr	v4;

	if (t.len == 0 || t.len >= sizeof(copy) ||
	    memchr(t.base, '\0', t.len) != NULL)
		return false;
	memcpy(copy, t.base, t.len);
	copy[t.len] = '\0';
	if (inet_pton(AF_INET, copy, &v4) == 1) {
		map_v4(&v4, ret);
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

/* As proxies write them: 192.0.2.1, 192.0.2.1:80, 2001:db8::1, [...]:80. */
static bool
read_forwarded(struct text t, struct in6_addr *ret)
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
		    read_address(t, ret);
	}
	colon = memchr(t.base, ':', len);
	if (colon != NULL && memchr(t.base, '.', (size_t)(colon - t.base)) !=
	    NULL) {
		len = (size_t)(colon - t.base);
		if (!is_port((struct text){ colon, t.len - len }))
			return false;
		t.len = len;
	}
	return read_address(t, ret);
}

void
address_print(const struct in6_addr *a, char ret[ADDRESS_SIZE])
{
	bool	is_v4 = IN6_IS_ADDR_V4MAPPED(a);

	if (inet_ntop(is_v4 ? AF_INET : AF_INET6, a->s6_addr +
	    (is_v4 ? 12 : 0), ret, ADDRESS_SIZE) == NULL)
		ret[0] = '\0';
}

/* --- networks ------------------------------------------------------------- */

/* "address" or "address/bits". */
static bool
read_network(struct text t, struct network *ret)
{
	const char	*slash = memchr(t.base, '/', t.len);
	struct text	 bits = { NULL, 0 };
	bool		 is_v4;

	if (slash != NULL) {
		bits = (struct text){ slash + 1,
		    (size_t)(t.base + t.len - slash - 1) };
		t.len = (size_t)(slash - t.base);
	}
	if (!read_address(t, &ret->address))
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

static bool
is_within(const struct network *n, const struct in6_addr *a)
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

static bool
is_trusted(const struct proxies *p, const struct in6_addr *a)
{
	for (unsigned i = 0; i < p->count; i++)
		if (is_within(&p->networks[i], a))
			return true;
	return false;
}

static struct text
trim(struct text t)
{
	while (t.len > 0 && (*t.base == ' ' || *t.base == '\t')) {
		t.base++;
		t.len--;
	}
	while (t.len > 0 && (t.base[t.len - 1] == ' ' ||
	    t.base[t.len - 1] == '\t'))
		t.len--;
	return t;
}

struct proxies *
proxies_new(const struct settings *s)
{
	struct proxies	*p = must_alloc(sizeof(*p));
	const char	*at = s->trusted_proxies;
	struct text	 entry;

	while (*at != '\0') {
		entry = (struct text){ at, strcspn(at, ",") };
		at += entry.len;
		if (p->count == NETWORKS_MOST || (*at == ',' &&
		    at[1] == '\0') || !read_network(trim(entry),
		    &p->networks[p->count]))
			settings_refuse("FLICKET_TRUSTED_PROXIES",
			    s->trusted_proxies, WANTED);
		p->count++;
		at += *at == ',';
	}
	return p;
}

void
proxies_destroy(struct proxies **self_p)
{
	free(*self_p);
	*self_p = NULL;
}

/* --- clients -------------------------------------------------------------- */

static struct in6_addr
peer_of(h2o_req_t *req)
{
	struct sockaddr_storage	 ss;
	struct in6_addr		 a = IN6ADDR_ANY_INIT;

	memset(&ss, 0, sizeof(ss));
	req->conn->callbacks->get_peername(req->conn, (struct sockaddr *)&ss);
	if (ss.ss_family == AF_INET6)
		a = ((struct sockaddr_in6 *)&ss)->sin6_addr;
	else if (ss.ss_family == AF_INET)
		map_v4(&((struct sockaddr_in *)&ss)->sin_addr, &a);
	return a;
}

/* Take the last entry off a list. */
static struct text
take_last(struct text *list)
{
	const char	*comma = memrchr(list->base, ',', list->len);
	struct text	 last = *list;

	if (comma == NULL) {
		list->len = 0;
		return trim(last);
	}
	list->len = (size_t)(comma - list->base);
	last.base = comma + 1;
	last.len -= list->len + 1;
	return trim(last);
}

/*
 * Walk a header from its right. True to go on with the one before it: *ret is
 * trusted. *ret_bad: there is something that is no address.
 */
static bool
walk(const struct proxies *p, struct text list, struct in6_addr *ret,
    bool *ret_bad)
{
	struct text	last;

	do {
		last = take_last(&list);
		if (!read_forwarded(last, ret)) {
			*ret_bad = true;
			return false;
		}
		if (!is_trusted(p, ret))
			return false;
	} while (list.len > 0);
	return true;
}

struct in6_addr
proxies_client(const struct proxies *p, h2o_req_t *req)
{
	struct in6_addr		 peer = peer_of(req), client = peer;
	const h2o_header_t	*h = req->headers.entries;
	bool			 bad = false;

	if (p->count == 0 || !is_trusted(p, &peer))
		return peer;
	/* several headers are one list, the last of them its right end */
	for (size_t i = req->headers.size; i > 0; i--)
		if (h[i - 1].name == &H2O_TOKEN_X_FORWARDED_FOR->buf &&
		    !walk(p, (struct text){ h[i - 1].value.base,
		    h[i - 1].value.len }, &client, &bad))
			break;
	return bad ? peer : client;
}
