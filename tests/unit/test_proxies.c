/* gateway/http/proxies.c */
#include <arpa/inet.h>
#include <stdlib.h>

#include "exchange.h"

#include "base/log.h"
#include "gateway/http/proxies.h"

static struct sockaddr_storage	peer;

static socklen_t
get_peername(h2o_conn_t *conn, struct sockaddr *ret)
{
	(void)conn;
	memcpy(ret, &peer, sizeof(peer));
	return sizeof(peer);
}

static const h2o_conn_callbacks_t	callbacks = {
	.get_peername = get_peername
};

static void
set_peer(const char *address)
{
	struct sockaddr_in	*in = (struct sockaddr_in *)&peer;
	struct sockaddr_in6	*in6 = (struct sockaddr_in6 *)&peer;

	memset(&peer, 0, sizeof(peer));
	if (inet_pton(AF_INET, address, &in->sin_addr) == 1)
		peer.ss_family = AF_INET;
	else if (inet_pton(AF_INET6, address, &in6->sin6_addr) == 1)
		peer.ss_family = AF_INET6;
}

static void
the_client_is_the_rightmost_one_not_trusted(void **state)
{
#define LIST	"127.0.0.1,10.0.0.0/9,fd00::/8"
#define PEER	"10.0.0.1"
	static const struct { const char *list, *peer, *first, *second,
	    *want; } rows[] = {
		/* nobody is trusted, or somebody else */
		{ "", "127.0.0.1", "192.0.2.1", NULL, "127.0.0.1" },
		{ LIST, "192.0.2.9", "192.0.2.1", NULL, "192.0.2.9" },
		{ LIST, "10.128.0.1", "192.0.2.1", NULL, "10.128.0.1" },
		{ LIST, "::1", "192.0.2.1", NULL, "::1" },
		/* a proxy, and what it says */
		{ LIST, "10.127.255.255", "192.0.2.1", NULL, "192.0.2.1" },
		{ LIST, "::ffff:10.0.0.1", "192.0.2.1", NULL, "192.0.2.1" },
		{ LIST, "fd12::1", "2001:db8::1", NULL, "2001:db8::1" },
		{ LIST, PEER, NULL, NULL, PEER },
		{ LIST, PEER, "", NULL, PEER },
		{ LIST, PEER, "192.0.2.1, 192.0.2.2", NULL, "192.0.2.2" },
		{ LIST, PEER, "192.0.2.1,10.0.0.2 ,\tfd00::5", NULL,
		    "192.0.2.1" },
		{ LIST, PEER, "192.0.2.1", "10.0.0.2", "192.0.2.1" },
		{ LIST, PEER, "192.0.2.1", "192.0.2.2", "192.0.2.2" },
		{ LIST, PEER, "192.0.2.1", "192.0.2.2, 10.0.0.2", "192.0.2.2" },
		/* all of them are trusted: the one farthest off */
		{ LIST, PEER, "10.0.0.3, 10.0.0.2", NULL, "10.0.0.3" },
		/* what the client itself wrote is never reached */
		{ LIST, PEER, "junk, 192.0.2.1", NULL, "192.0.2.1" },
		{ LIST, PEER, "127.0.0.1, 192.0.2.1", NULL, "192.0.2.1" },
		{ LIST, PEER, "junk", "192.0.2.1", "192.0.2.1" },
		/* with ports, as some proxies write them */
		{ LIST, PEER, "192.0.2.1:4711", NULL, "192.0.2.1" },
		{ LIST, PEER, "[2001:db8::1]:4711", NULL, "2001:db8::1" },
		{ LIST, PEER, "[2001:db8::1]", NULL, "2001:db8::1" },
		{ LIST, PEER, "::ffff:192.0.2.1", NULL, "192.0.2.1" },
		/* what is no address */
		{ LIST, PEER, "junk", NULL, PEER },
		{ LIST, PEER, "unknown, 10.0.0.2", NULL, PEER },
		{ LIST, PEER, "192.0.2.1,", NULL, PEER },
		{ LIST, PEER, "192.0.2.1:", NULL, PEER },
		{ LIST, PEER, "192.0.2.1:99999", NULL, PEER },
		{ LIST, PEER, "192.0.2.1:80x", NULL, PEER },
		{ LIST, PEER, "192.0.2.1/32", NULL, PEER },
		{ LIST, PEER, "192.0.2", NULL, PEER },
		{ LIST, PEER, "[192.0.2.1]", NULL, PEER },
		{ LIST, PEER, "[2001:db8::1", NULL, PEER },
		{ LIST, PEER, "[2001:db8::1]80", NULL, PEER },
		{ LIST, PEER, "[]", NULL, PEER },
		{ LIST, PEER, "fe80::1%eth0", NULL, PEER },
		{ LIST, PEER, "192.0.2.1 192.0.2.2", NULL, PEER },
	};
	h2o_conn_t	 conn = { .callbacks = &callbacks };
	struct proxies	*p;
	struct in6_addr	 client;
	struct visit	 v;
	char		 row[160], have[ADDRESS_SIZE];

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		set_peer(rows[i].peer);
		visit_begin(&v, "GET", "/");
		v.settings.trusted_proxies = rows[i].list;
		v.req.conn = &conn;
		if (rows[i].first != NULL)
			visit_header(&v, H2O_TOKEN_X_FORWARDED_FOR,
			    rows[i].first);
		if (rows[i].second != NULL)
			visit_header(&v, H2O_TOKEN_X_FORWARDED_FOR,
			    rows[i].second);
		p = proxies_new(&v.settings);
		client = proxies_client(p, &v.req);
		address_print(&client, have);
		snprintf(row, sizeof(row), "%zu: %s", i,
		    rows[i].first == NULL ? "none" : rows[i].first);
		check_string(row, have, rows[i].want);
		proxies_destroy(&p);
		visit_end(&v);
	}
}

static void
put_proto(struct visit *v, const char *value)
{
	if (value != NULL)
		h2o_add_header_by_str(&v->req.pool, &v->req.headers,
		    H2O_STRLIT("x-forwarded-proto"), 1, NULL, value,
		    strlen(value));
}

static void
the_scheme_is_what_a_trusted_proxy_says(void **state)
{
	static const struct { const char *peer, *first, *second, *want; }
	rows[] = {
		{ PEER, "https", NULL, "https" },
		{ PEER, " http ", NULL, "http" },
		{ PEER, "HTTPS", NULL, "HTTPS" },
		{ PEER, "https, http", NULL, "https" },
		{ PEER, "http", "https", "http" },
		{ PEER, "", NULL, "" },
		{ PEER, ",https", NULL, "" },
		{ PEER, NULL, NULL, NULL },
		{ "192.0.2.1", "https", NULL, NULL },
	};
	h2o_conn_t	 conn = { .callbacks = &callbacks };
	struct proxies	*p;
	struct visit	 v;
	struct text	 scheme;
	bool		 said;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		const char	*row = rows[i].first == NULL ? "none" :
				    rows[i].first;

		set_peer(rows[i].peer);
		visit_begin(&v, "GET", "/");
		v.settings.trusted_proxies = LIST;
		v.req.conn = &conn;
		put_proto(&v, rows[i].first);
		put_proto(&v, rows[i].second);
		p = proxies_new(&v.settings);
		said = proxies_scheme(p, &v.req, &scheme);
		check_number(row, said, rows[i].want != NULL);
		check_text(row, scheme, text_of(rows[i].want == NULL ? "" :
		    rows[i].want));
		proxies_destroy(&p);
		visit_end(&v);
	}
}

/* It is read within its bounds, in whatever form (run with a sanitizer). */
static void
any_header_can_be_read(void **state)
{
	static const char	 alphabet[] = "0129.:[],/ \tfx%";
	h2o_conn_t		 conn = { .callbacks = &callbacks };
	uint64_t		 seed = 161803;
	struct proxies		*p;
	struct visit		 v;
	char			*copy;
	size_t			 len;

	(void)state;
	set_peer("127.0.0.1");
	visit_begin(&v, "GET", "/");
	v.settings.trusted_proxies = "0.0.0.0/0,::/0";
	v.req.conn = &conn;
	p = proxies_new(&v.settings);
	for (int i = 0; i < 50000; i++) {
		len = unit_random(&seed) % 24;
		copy = must_alloc(len + (len == 0));
		for (size_t j = 0; j < len; j++)
			copy[j] = alphabet[unit_random(&seed) %
			    (LEN(alphabet) - 1)];
		v.req.headers.size = 0;
		h2o_add_header(&v.req.pool, &v.req.headers,
		    H2O_TOKEN_X_FORWARDED_FOR, NULL, copy, len);
		(void)proxies_client(p, &v.req);
		free(copy);
	}
	proxies_destroy(&p);
	visit_end(&v);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("the client is the rightmost address that is not trusted",
		    the_client_is_the_rightmost_one_not_trusted),
		TEST("the scheme is what a trusted proxy says",
		    the_scheme_is_what_a_trusted_proxy_says),
		TEST("any header can be read", any_header_can_be_read),
	};

	return cmocka_run_group_tests_name("proxies", tests, NULL, NULL);
}
