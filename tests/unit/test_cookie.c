/* gateway/http/cookie.c */
#include <arpa/inet.h>
#include <stdlib.h>

#include "exchange.h"

#include "base/log.h"
#include "gateway/http/cookie.h"

static struct sockaddr_in	peer;

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
static h2o_conn_t			conn = { .callbacks = &callbacks };

/* A request for a host, from the proxy or from elsewhere. */
struct arrival {
	const char		*base_url;
	const char		*host;
	const char		*proto;		/* X-Forwarded-Proto */
	bool			 is_tls;
	bool			 is_proxy;
};

static void
put(struct visit *v, const char *name, const char *value)
{
	if (value != NULL)
		h2o_add_header_by_str(&v->req.pool, &v->req.headers, name,
		    strlen(name), 1, NULL, value, strlen(value));
}

static void
ask(struct visit *v, const struct arrival *a, struct cookie_desk *ret)
{
	visit_begin(v, "GET", "/flicket-api/session");
	v->settings.trusted_proxies = "10.0.0.1";
	v->req.conn = &conn;
	v->req.scheme = a->is_tls ? &H2O_URL_SCHEME_HTTPS :
	    &H2O_URL_SCHEME_HTTP;
	v->req.authority = h2o_strdup(&v->req.pool, a->host, SIZE_MAX);
	peer.sin_family = AF_INET;
	assert_int_equal(inet_pton(AF_INET, a->is_proxy ? "10.0.0.1" :
	    "192.0.2.1", &peer.sin_addr), 1);
	put(v, "x-forwarded-proto", a->proto);
	*ret = (struct cookie_desk){ a->base_url, proxies_new(&v->settings) };
}

static void
leave(struct visit *v, const struct cookie_desk *desk)
{
	struct proxies	*p = (struct proxies *)(uintptr_t)desk->proxies;

	proxies_destroy(&p);
	visit_end(v);
}

/* --- names and attributes ---------------------------------------------------- */

#define HTTP	"http://localhost:5000"
#define TLS	"https://desk.example"

static void
the_name_says_which_desk(void **state)
{
	static const struct { struct arrival asked; const char *name; } rows[] = {
		{ { HTTP, "localhost:5000" }, "flicket-5000" },
		{ { HTTP, "127.0.0.1:5001" }, "flicket-5001" },
		{ { HTTP, "[::1]:5000" }, "flicket-5000" },
		{ { HTTP, "localhost" }, "flicket-80" },
		{ { HTTP, "[::1]" }, "flicket-80" },
		{ { HTTP, ":80" }, "flicket-80" },
		{ { HTTP, "5000" }, "flicket-80" },
		{ { HTTP, "localhost:" }, "flicket-80" },
		{ { HTTP, "localhost:123456" }, "flicket-80" },
		{ { HTTP, "localhost:5x" }, "flicket-80" },
		{ { HTTP, "" }, "flicket-80" },
		/* TLS */
		{ { HTTP, "localhost:5000", NULL, true }, "__Host-flicket" },
		{ { HTTP, "localhost:5000", "http", true },
		    "__Host-flicket" },
		/* of a proxy that is trusted */
		{ { HTTP, "a.example", "https", false, true },
		    "__Host-flicket" },
		{ { HTTP, "a.example", "HTTPS , http", false, true },
		    "__Host-flicket" },
		{ { HTTP, "a.example", "http, https", false, true },
		    "flicket-80" },
		{ { HTTP, "a.example", "httpsx", false, true },
		    "flicket-80" },
		{ { HTTP, "a.example", NULL, false, true }, "flicket-80" },
		/* of somebody else */
		{ { HTTP, "a.example", "https" }, "flicket-80" },
		/* the base URL says so, if that is what was asked for */
		{ { TLS, "desk.example" }, "__Host-flicket" },
		{ { TLS "/below", "desk.example" }, "__Host-flicket" },
		{ { TLS, "desk.example:81" }, "flicket-81" },
		{ { TLS, "desk.exampl" }, "flicket-80" },
		{ { TLS ":8443", "desk.example:8443" }, "__Host-flicket" },
		{ { TLS, "desk.example", "http", false, true },
		    "flicket-80" },
		{ { TLS, "desk.example", "http" }, "__Host-flicket" },
	};
	char			field[COOKIE_FIELD_SIZE], want[COOKIE_FIELD_SIZE];
	struct cookie_desk	desk;
	struct visit		v;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		ask(&v, &rows[i].asked, &desk);
		cookie_print(&v.req, &desk, TEXT_OF("ab+/="), 0, field);
		snprintf(want, sizeof(want),
		    "%s=ab+/=; Path=/%s; HttpOnly; SameSite=Strict",
		    rows[i].name, rows[i].name[0] == '_' ? "; Secure" : "");
		check_string(rows[i].asked.host, field, want);
		leave(&v, &desk);
	}
}

static void
a_cookie_lasts_and_goes(void **state)
{
	static const struct arrival	asked = { HTTP, "localhost:5000" };
	char				field[COOKIE_FIELD_SIZE];
	struct cookie_desk		desk;
	struct visit			v;

	(void)state;
	ask(&v, &asked, &desk);
	cookie_print(&v.req, &desk, TEXT_OF("abc"), 2592000, field);
	check_string("lasts", field, "flicket-5000=abc; Path=/; HttpOnly; "
	    "SameSite=Strict; Max-Age=2592000");
	cookie_print(&v.req, &desk, TEXT_OF(""), 2592000, field);
	check_string("goes", field, "flicket-5000=; Path=/; HttpOnly; "
	    "SameSite=Strict; Max-Age=0");
	leave(&v, &desk);
}

/* --- reading ------------------------------------------------------------------- */

static void
the_value_is_found(void **state)
{
	static const struct { const char *first, *second, *want; } rows[] = {
		{ "flicket-5000=abc", NULL, "abc" },
		{ "a=b; flicket-5000=abc; c=d", NULL, "abc" },
		{ "a=b;flicket-5000=abc;", NULL, "abc" },
		{ ";; ;flicket-5000=a=b", NULL, "a=b" },
		{ "a=b", "flicket-5000=abc", "abc" },
		{ "flicket-5000=abc", "flicket-5000=abc", "abc" },
		{ "flicket-5000=; flicket-5000=abc", NULL, "abc" },
		{ "flicket-5000=\"abc\"", NULL, "\"abc\"" },
		/* there is none */
		{ NULL, NULL, "" },
		{ "", NULL, "" },
		{ "=", NULL, "" },
		{ "flicket-5000", NULL, "" },
		{ "flicket-5000=", NULL, "" },
		{ "flicket-500=abc; flicket-50000=abc", NULL, "" },
		{ "xflicket-5000=abc; FLICKET-5000=abc", NULL, "" },
		{ "a=flicket-5000=abc", NULL, "" },
		{ "flicket-5000 =abc", NULL, "" },
		{ "__Host-flicket=abc", NULL, "" },
		/* two, of which one is somebody else's */
		{ "flicket-5000=abc; flicket-5000=abd", NULL, "" },
		{ "flicket-5000=abc", "flicket-5000=ab", "" },
		{ "flicket-5000=abc; a=b; flicket-5000=abcd", NULL, "" },
	};
	static const struct arrival	asked = { HTTP, "localhost:5000" };
	struct cookie_desk		desk;
	struct visit			v;
	struct text			value;
	enum cookie_verdict		verdict;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		const char	*row = rows[i].first == NULL ? "none" :
				    rows[i].first;

		ask(&v, &asked, &desk);
		put(&v, "cookie", rows[i].first);
		put(&v, "cookie", rows[i].second);
		verdict = cookie_find(&v.req, &desk, false, &value);
		check_number(row, verdict, rows[i].want[0] != '\0' ?
		    COOKIE_COUNTS : COOKIE_NONE);
		check_text(row, value, text_of(rows[i].want));
		leave(&v, &desk);
	}
}

/* --- the rules ------------------------------------------------------------------ */

#define OWN	"http://127.0.0.1:5000"

static void
a_cookie_counts_by_the_rules(void **state)
{
	static const struct { const char *site, *origin, *mark;
	    enum cookie_verdict reads, writes; bool is_foreign; } rows[] = {
		/* no browser */
		{ NULL, NULL, NULL, COOKIE_COUNTS, COOKIE_FOREIGN, false },
		{ NULL, NULL, "1", COOKIE_COUNTS, COOKIE_FOREIGN, false },
		/* a page of the desk */
		{ "same-origin", NULL, "1", COOKIE_COUNTS, COOKIE_COUNTS,
		    false },
		{ "same-origin", OWN, "1", COOKIE_COUNTS, COOKIE_COUNTS,
		    false },
		{ "same-origin", NULL, NULL, COOKIE_COUNTS, COOKIE_FOREIGN,
		    false },
		{ "same-origin", NULL, "0", COOKIE_COUNTS, COOKIE_FOREIGN,
		    false },
		{ "same-origin", NULL, "11", COOKIE_COUNTS, COOKIE_FOREIGN,
		    false },
		{ "same-origin", NULL, "", COOKIE_COUNTS, COOKIE_FOREIGN,
		    false },
		/* by its origin: as it was asked, as the settings say */
		{ NULL, OWN, "1", COOKIE_COUNTS, COOKIE_COUNTS, false },
		{ NULL, HTTP, "1", COOKIE_COUNTS, COOKIE_COUNTS, false },
		{ NULL, OWN, NULL, COOKIE_COUNTS, COOKIE_FOREIGN, false },
		{ NULL, OWN "0", "1", COOKIE_COUNTS, COOKIE_FOREIGN, true },
		{ NULL, OWN "/", "1", COOKIE_COUNTS, COOKIE_FOREIGN, true },
		{ NULL, "https://127.0.0.1:5000", "1", COOKIE_COUNTS,
		    COOKIE_FOREIGN, true },
		{ NULL, "http://127.0.0.1", "1", COOKIE_COUNTS,
		    COOKIE_FOREIGN, true },
		{ NULL, "http://localhost:50000", "1", COOKIE_COUNTS,
		    COOKIE_FOREIGN, true },
		{ NULL, "http://", "1", COOKIE_COUNTS, COOKIE_FOREIGN, true },
		{ NULL, "null", "1", COOKIE_COUNTS, COOKIE_FOREIGN, true },
		{ NULL, "", "1", COOKIE_COUNTS, COOKIE_FOREIGN, true },
		/* the user, by hand */
		{ "none", NULL, "1", COOKIE_COUNTS, COOKIE_FOREIGN, true },
		/* pages elsewhere */
		{ "same-site", OWN, "1", COOKIE_NONE, COOKIE_FOREIGN, true },
		{ "cross-site", HTTP, "1", COOKIE_NONE, COOKIE_FOREIGN,
		    true },
		{ "", OWN, "1", COOKIE_NONE, COOKIE_FOREIGN, true },
		{ "Same-Origin", OWN, "1", COOKIE_NONE, COOKIE_FOREIGN,
		    true },
		{ "same-origin, none", OWN, "1", COOKIE_NONE, COOKIE_FOREIGN,
		    true },
	};
	static const struct arrival	asked = { HTTP, "127.0.0.1:5000" };
	struct cookie_desk		desk;
	struct visit			v;
	struct text			value;
	char				row[100];

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		snprintf(row, sizeof(row), "row %zu: %s %s %s", i,
		    rows[i].site, rows[i].origin, rows[i].mark);
		ask(&v, &asked, &desk);
		put(&v, "cookie", "flicket-5000=abc");
		put(&v, "sec-fetch-site", rows[i].site);
		put(&v, "origin", rows[i].origin);
		put(&v, "flicket-console", rows[i].mark);
		check_number(row, cookie_find(&v.req, &desk, false, &value),
		    rows[i].reads);
		check_text(row, value, text_of(rows[i].reads ==
		    COOKIE_COUNTS ? "abc" : ""));
		check_number(row, cookie_find(&v.req, &desk, true, &value),
		    rows[i].writes);
		check_text(row, value, text_of(rows[i].writes ==
		    COOKIE_COUNTS ? "abc" : ""));
		check_number(row, cookie_is_foreign(&v.req, &desk),
		    rows[i].is_foreign);
		leave(&v, &desk);
	}
}

static void
behind_tls_the_origin_has_it_too(void **state)
{
	static const struct { struct arrival asked; const char *origin;
	    bool is_own; } rows[] = {
		{ { HTTP, "a.example", NULL, true }, "https://a.example",
		    true },
		{ { HTTP, "a.example", NULL, true }, "http://a.example",
		    false },
		{ { HTTP, "a.example", "https", false, true },
		    "https://a.example", true },
		{ { HTTP, "a.example", "https", false, true },
		    "http://a.example", false },
		/* who is not trusted says nothing of it */
		{ { HTTP, "a.example", "https" }, "https://a.example", false },
		{ { HTTP, "a.example", "https" }, "http://a.example", true },
		/* a proxy that does not pass the host on */
		{ { TLS "/below", "backend:5000" }, TLS, true },
		{ { TLS "/below", "backend:5000" }, TLS "/below", false },
		{ { TLS "/below", "backend:5000" }, "http://desk.example",
		    false },
	};
	struct cookie_desk	desk;
	struct visit		v;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		ask(&v, &rows[i].asked, &desk);
		put(&v, "origin", rows[i].origin);
		check_number(rows[i].origin, cookie_is_foreign(&v.req, &desk),
		    !rows[i].is_own);
		leave(&v, &desk);
	}
}

static void
beside_authorization_it_does_not_count(void **state)
{
	static const char *const	values[] = { "Bearer x", "Basic YTpi",
				    "x", "" };
	static const struct arrival	asked = { HTTP, "localhost:5000" };
	struct cookie_desk		desk;
	struct visit			v;
	struct text			value;

	(void)state;
	for (size_t i = 0; i < LEN(values); i++) {
		ask(&v, &asked, &desk);
		put(&v, "cookie", "flicket-5000=abc");
		put(&v, "sec-fetch-site", "same-origin");
		put(&v, "flicket-console", "1");
		put(&v, "authorization", values[i]);
		for (int is_write = 0; is_write < 2; is_write++)
			check_number(values[i], cookie_find(&v.req, &desk,
			    is_write, &value), COOKIE_NONE);
		leave(&v, &desk);
	}
}

/* They are read within their bounds, in whatever form (run with a sanitizer). */
static void
any_cookie_and_host_can_be_read(void **state)
{
	static const struct arrival	asked = { HTTP, "localhost" };
	static const char		alphabet[] = "flicket-80=ab; :,[]\t";
	uint64_t			seed = 271828;
	struct cookie_desk		desk;
	struct visit			v;
	struct text			value;
	char				field[COOKIE_FIELD_SIZE], *copy, *host;
	size_t				len;

	(void)state;
	ask(&v, &asked, &desk);
	for (int i = 0; i < 50000; i++) {
		len = unit_random(&seed) % 24;
		copy = must_alloc(len + (len == 0));
		host = must_alloc(len + (len == 0));
		for (size_t j = 0; j < len; j++) {
			copy[j] = alphabet[unit_random(&seed) %
			    (LEN(alphabet) - 1)];
			host[j] = alphabet[unit_random(&seed) %
			    (LEN(alphabet) - 1)];
		}
		v.req.headers.size = 0;
		h2o_add_header(&v.req.pool, &v.req.headers, H2O_TOKEN_COOKIE,
		    NULL, copy, len);
		v.req.authority = h2o_iovec_init(host, len);
		(void)cookie_find(&v.req, &desk, i % 2 == 0, &value);
		cookie_print(&v.req, &desk, TEXT_OF("abc"), 1, field);
		free(copy);
		free(host);
	}
	leave(&v, &desk);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("the name says which desk it is",
		    the_name_says_which_desk),
		TEST("a cookie lasts, and goes", a_cookie_lasts_and_goes),
		TEST("the value is found, if there is one",
		    the_value_is_found),
		TEST("a cookie counts by the rules",
		    a_cookie_counts_by_the_rules),
		TEST("behind TLS the origin has it, too",
		    behind_tls_the_origin_has_it_too),
		TEST("beside Authorization it does not count",
		    beside_authorization_it_does_not_count),
		TEST("any cookie and host can be read",
		    any_cookie_and_host_can_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
