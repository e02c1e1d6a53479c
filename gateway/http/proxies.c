/* Trusted proxies: a short list of networks, and a walk from the right. */
#include "gateway/http/proxies.h"

#include <stdlib.h>

#include "base/log.h"
#include "gateway/http/chars.h"
#include "gateway/http/header.h"

struct proxies {
	unsigned	count;
	struct network	networks[NETWORKS_MOST];
};

/* --- networks ------------------------------------------------------------- */

static bool
is_trusted(const struct proxies *p, const struct in6_addr *a)
{
	for (unsigned i = 0; i < p->count; i++)
		if (network_has(&p->networks[i], a))
			return true;
	return false;
}

struct proxies *
proxies_new(const struct settings *s)
{
	struct proxies	*p = must_alloc(sizeof(*p));
	struct entries	 list = entries_of(s->trusted_proxies);
	struct text	 entry;

	while (entries_next(&list, &entry)) {
		/* settings_load() has read the same */
		CHECK(p->count < NETWORKS_MOST &&
		    network_read(entry, &p->networks[p->count]));
		p->count++;
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
peer_of(const h2o_req_t *req)
{
	struct sockaddr_storage	 ss;
	struct in6_addr		 a = IN6ADDR_ANY_INIT;

	memset(&ss, 0, sizeof(ss));
	req->conn->callbacks->get_peername(req->conn, (struct sockaddr *)&ss);
	if (ss.ss_family == AF_INET6)
		a = ((struct sockaddr_in6 *)&ss)->sin6_addr;
	else if (ss.ss_family == AF_INET)
		address_map_v4(&((struct sockaddr_in *)&ss)->sin_addr, &a);
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
		return trim_blanks(last);
	}
	list->len = (size_t)(comma - list->base);
	last.base = comma + 1;
	last.len -= list->len + 1;
	return trim_blanks(last);
}

/*
 * Walk a header from its right. True to go on with the one before it: *ret is
 * trusted. *ret_bad: there is something that is no address.
 */
static bool
walk_forwarded(const struct proxies *p, struct text list, struct in6_addr *ret,
    bool *ret_bad)
{
	struct text	last;

	do {
		last = take_last(&list);
		if (!address_read_forwarded(last, ret)) {
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
		    !walk_forwarded(p, (struct text){ h[i - 1].value.base,
		    h[i - 1].value.len }, &client, &bad))
			break;
	return bad ? peer : client;
}

/* --- their scheme ----------------------------------------------------------- */

bool
proxies_scheme(const struct proxies *p, const h2o_req_t *req, struct text *ret)
{
	struct in6_addr	 peer;
	const char	*comma;

	*ret = (struct text){ "", 0 };
	if (p->count == 0)
		return false;
	peer = peer_of(req);
	if (!is_trusted(p, &peer) ||
	    !header_find(req, "x-forwarded-proto", ret))
		return false;
	comma = memchr(ret->base, ',', ret->len);
	if (comma != NULL)
		ret->len = (size_t)(comma - ret->base);
	*ret = trim_blanks(*ret);
	return true;
}
