/* RFC 6265, and which requests a cookie counts for. */
#include "gateway/http/cookie.h"

#include <stdio.h>

#include "gateway/http/header.h"
#include "gateway/http/url.h"

#define NAME_SIZE	32

/* --- which desk ------------------------------------------------------------- */

static struct text
iovec_text(h2o_iovec_t v)
{
	return (struct text){ v.base, v.len };
}

/* Scheme, host and port of a URL, as browsers write them into Origin. */
static struct text
origin_of(const char *url)
{
	return (struct text){ url, (size_t)(url_path(url) - url) };
}

/* Whether an origin is this scheme and the host and port that were asked. */
static bool
is_asked_origin(const h2o_req_t *req, struct text scheme, struct text origin)
{
	return text_begins(origin, scheme) && text_same((struct text){
	    origin.base + scheme.len, origin.len - scheme.len },
	    iovec_text(req->authority));
}

/*
 * Whether the browser speaks TLS: with us, or with a proxy. The proxy says so,
 * or the base URL does, which the browser asked for. A client that lies about
 * its host harms its own session only.
 */
static bool
is_secure(const h2o_req_t *req, const struct cookie_desk *desk)
{
	struct text	scheme;

	if (req->scheme == &H2O_URL_SCHEME_HTTPS)
		return true;
	if (proxies_scheme(desk->proxies, req, &scheme))
		return h2o_lcstris(scheme.base, scheme.len,
		    H2O_STRLIT("https"));
	return is_asked_origin(req, TEXT_OF("https://"),
	    origin_of(desk->base_url));
}

/* The port of a host, as digits; that of HTTP if it has none. */
static struct text
port_of(struct text host)
{
	size_t	digits = 0;

	while (digits < host.len && host.base[host.len - 1 - digits] >= '0' &&
	    host.base[host.len - 1 - digits] <= '9')
		digits++;
	if (digits == 0 || digits > 5 || digits == host.len ||
	    host.base[host.len - 1 - digits] != ':')
		return TEXT_OF("80");
	return (struct text){ host.base + host.len - digits, digits };
}

/*
 * With TLS a name that only this host can set, for all of it. Without, one for
 * each port: browsers send a cookie to every port of a host, and there may be
 * another desk.
 */
static void
print_name(const h2o_req_t *req, const struct cookie_desk *desk,
    char ret[NAME_SIZE])
{
	struct text	port = port_of(iovec_text(req->authority));

	if (is_secure(req, desk))
		snprintf(ret, NAME_SIZE, "__Host-flicket");
	else
		snprintf(ret, NAME_SIZE, "flicket-%.*s", (int)port.len,
		    port.base);
}

/* --- the rules -------------------------------------------------------------- */

/* Whether an Origin is this desk: by its base URL, or as it was asked. */
static bool
is_own_origin(const h2o_req_t *req, const struct cookie_desk *desk,
    struct text origin)
{
	return text_same(origin, origin_of(desk->base_url)) ||
	    is_asked_origin(req, is_secure(req, desk) ? TEXT_OF("https://") :
	    TEXT_OF("http://"), origin);
}

/* Browsers send Sec-Fetch-Site with TLS and to this machine only. */
static bool
is_own_page(const h2o_req_t *req, const struct cookie_desk *desk)
{
	struct text	value;

	if (header_find(req, "sec-fetch-site", &value))
		return text_same(value, TEXT_OF("same-origin"));
	return header_find(req, "origin", &value) &&
	    is_own_origin(req, desk, value);
}

bool
cookie_is_foreign(const h2o_req_t *req, const struct cookie_desk *desk)
{
	struct text	value;

	return (header_find(req, "sec-fetch-site", &value) ||
	    header_find(req, "origin", &value)) && !is_own_page(req, desk);
}

/* Rule 2. */
static bool
may_read(const h2o_req_t *req)
{
	struct text	site;

	return !header_find(req, "sec-fetch-site", &site) ||
	    text_same(site, TEXT_OF("same-origin")) ||
	    text_same(site, TEXT_OF("none"));
}

/* Rule 3. */
static bool
may_write(const h2o_req_t *req, const struct cookie_desk *desk)
{
	return is_own_page(req, desk) &&
	    text_same(header_value(req, "flicket-console"), TEXT_OF("1"));
}

/* --- reading ---------------------------------------------------------------- */

/* Take the next "name=value" off a field. */
static bool
next_pair(struct text *left, struct text *ret_name, struct text *ret_value)
{
	const char	*end, *equals;
	struct text	 pair;

	while (left->len > 0 && (left->base[0] == ' ' || left->base[0] == ';')) {
		left->base++;
		left->len--;
	}
	if (left->len == 0)
		return false;
	end = memchr(left->base, ';', left->len);
	pair = (struct text){ left->base, end == NULL ? left->len :
	    (size_t)(end - left->base) };
	left->base += pair.len;
	left->len -= pair.len;
	equals = memchr(pair.base, '=', pair.len);
	*ret_name = (struct text){ pair.base, equals == NULL ? pair.len :
	    (size_t)(equals - pair.base) };
	*ret_value = equals == NULL ? TEXT_OF("") : (struct text){
	    equals + 1, pair.len - ret_name->len - 1 };
	return true;
}

/*
 * Look through one field. False if it has another value than *ret, which is
 * empty before the first one is found.
 */
static bool
look_through(struct text field, struct text wanted, struct text *ret)
{
	struct text	name, value;

	while (next_pair(&field, &name, &value)) {
		if (value.len == 0 || !text_same(name, wanted))
			continue;
		if (ret->len > 0 && !text_same(value, *ret))
			return false;
		*ret = value;
	}
	return true;
}

/*
 * HTTP/2 may send each cookie in a field of its own. Two values mean that another
 * page has set one of them, for a part of the paths or for several hosts. Which
 * one cannot be told, and the wrong one would be the session of somebody else:
 * then there is none.
 */
static bool
find_value(const h2o_req_t *req, struct text wanted, struct text *ret)
{
	const h2o_headers_t	*headers = &req->headers;

	*ret = TEXT_OF("");
	for (ssize_t at = h2o_find_header(headers, H2O_TOKEN_COOKIE, -1);
	    at != -1; at = h2o_find_header(headers, H2O_TOKEN_COOKIE, at))
		if (!look_through(iovec_text(headers->entries[at].value),
		    wanted, ret))
			return false;
	return ret->len > 0;
}

static enum cookie_verdict
judge(const h2o_req_t *req, const struct cookie_desk *desk, bool is_write)
{
	if (is_write)
		return may_write(req, desk) ? COOKIE_COUNTS : COOKIE_FOREIGN;
	return may_read(req) ? COOKIE_COUNTS : COOKIE_NONE;
}

enum cookie_verdict
cookie_find(const h2o_req_t *req, const struct cookie_desk *desk,
    bool is_write, struct text *ret)
{
	char			name[NAME_SIZE];
	enum cookie_verdict	verdict = COOKIE_NONE;

	*ret = TEXT_OF("");
	if (h2o_find_header(&req->headers, H2O_TOKEN_AUTHORIZATION, -1) != -1 ||
	    h2o_find_header(&req->headers, H2O_TOKEN_COOKIE, -1) == -1)
		return COOKIE_NONE;
	print_name(req, desk, name);
	if (find_value(req, (struct text){ name, strlen(name) }, ret))
		verdict = judge(req, desk, is_write);
	if (verdict != COOKIE_COUNTS)
		*ret = TEXT_OF("");
	return verdict;
}

/* --- writing ---------------------------------------------------------------- */

void
cookie_print(const h2o_req_t *req, const struct cookie_desk *desk,
    struct text token, int64_t max_age_s, char ret[COOKIE_FIELD_SIZE])
{
	char	name[NAME_SIZE], age[40] = "";

	print_name(req, desk, name);
	if (token.len == 0)
		snprintf(age, sizeof(age), "; Max-Age=0");
	else if (max_age_s > 0)
		snprintf(age, sizeof(age), "; Max-Age=%lld",
		    (long long)max_age_s);
	snprintf(ret, COOKIE_FIELD_SIZE,
	    "%s=%.*s; Path=/%s; HttpOnly; SameSite=Strict%s", name,
	    (int)token.len, token.base,
	    is_secure(req, desk) ? "; Secure" : "", age);
}
