/* RFC 6265, and which requests a cookie counts for. */
#include "gateway/http/cookie.h"

#include <stdio.h>

#include "gateway/http/header.h"

#define NAME_SIZE	32

/* --- which desk ------------------------------------------------------------- */

static bool
is_https_url(const char *url)
{
	return strncmp(url, "https://", 8) == 0;
}

/* Host and port of a URL. */
static struct text
authority_of(const char *url)
{
	const char	*host = strstr(url, "://") + 3;

	return (struct text){ host, strcspn(host, "/") };
}

static struct text
iovec_text(h2o_iovec_t v)
{
	return (struct text){ v.base, v.len };
}

/*
 * Whether the browser speaks TLS: with us, or with a proxy, which says so or is
 * what the base URL names. A client that lies harms its own session only.
 */
static bool
is_secure(const h2o_req_t *req, const char *base_url)
{
	struct text	forwarded;

	if (req->scheme == &H2O_URL_SCHEME_HTTPS)
		return true;
	if (header_find(req, "x-forwarded-proto", &forwarded))
		return text_same(forwarded, TEXT_OF("https"));
	return is_https_url(base_url) &&
	    text_same(authority_of(base_url), iovec_text(req->authority));
}

/*
 * With TLS a name that only this host can set, for all of it. Without, one for
 * each port: browsers send a cookie to every port of a host, and there may be
 * another desk.
 */
static void
print_name(const h2o_req_t *req, const char *base_url, char ret[NAME_SIZE])
{
	struct text	 host = iovec_text(req->authority);
	const char	*colon = memrchr(host.base, ':', host.len);
	size_t		 digits = colon == NULL ? 0 :
			    host.len - (size_t)(colon + 1 - host.base);

	if (is_secure(req, base_url))
		snprintf(ret, NAME_SIZE, "__Host-flicket");
	else if (digits > 0 && digits <= 5 &&
	    strspn(colon + 1, "0123456789") >= digits)
		snprintf(ret, NAME_SIZE, "flicket-%.*s", (int)digits,
		    colon + 1);
	else
		snprintf(ret, NAME_SIZE, "flicket-80");
}

/* --- the rules -------------------------------------------------------------- */

/* Whether an Origin is this desk: as its base URL, or as it was asked. */
static bool
is_own_origin(const h2o_req_t *req, const char *base_url, struct text origin)
{
	struct text	 base = authority_of(base_url);
	struct text	 asked = iovec_text(req->authority);
	const char	*scheme = is_secure(req, base_url) ? "https://" : "http://";
	size_t		 len = strlen(scheme);

	if (origin.len == (size_t)(base.base - base_url) + base.len &&
	    memcmp(origin.base, base_url, origin.len) == 0)
		return true;
	return origin.len > len && memcmp(origin.base, scheme, len) == 0 &&
	    text_same((struct text){ origin.base + len, origin.len - len },
	    asked);
}

static bool
is_own_page(const h2o_req_t *req, const char *base_url)
{
	struct text	value;

	if (header_find(req, "sec-fetch-site", &value))
		return text_same(value, TEXT_OF("same-origin"));
	return header_find(req, "origin", &value) &&
	    is_own_origin(req, base_url, value);
}

bool
cookie_is_foreign(const h2o_req_t *req, const char *base_url)
{
	struct text	value;

	return (header_find(req, "sec-fetch-site", &value) ||
	    header_find(req, "origin", &value)) &&
	    !is_own_page(req, base_url);
}

/* Rule 2. "none" is what the user typed, or a bookmark. */
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
may_write(const h2o_req_t *req, const char *base_url)
{
	return is_own_page(req, base_url) &&
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
	*ret_value = equals == NULL ? (struct text){ "", 0 } : (struct text){
	    equals + 1, pair.len - ret_name->len - 1 };
	return true;
}

/* HTTP/2 may send each cookie in a line of its own. */
static bool
find_value(const h2o_req_t *req, struct text wanted, struct text *ret)
{
	struct text	left, name;

	for (ssize_t at = h2o_find_header(&req->headers, H2O_TOKEN_COOKIE, -1);
	    at != -1; at = h2o_find_header(&req->headers, H2O_TOKEN_COOKIE, at)) {
		left = iovec_text(req->headers.entries[at].value);
		while (next_pair(&left, &name, ret))
			if (text_same(name, wanted) && ret->len > 0)
				return true;
	}
	return false;
}

enum cookie_verdict
cookie_find(const h2o_req_t *req, const char *base_url, bool is_write,
    struct text *ret)
{
	char	name[NAME_SIZE];

	*ret = (struct text){ "", 0 };
	if (h2o_find_header(&req->headers, H2O_TOKEN_AUTHORIZATION, -1) != -1 ||
	    h2o_find_header(&req->headers, H2O_TOKEN_COOKIE, -1) == -1)
		return COOKIE_NONE;
	print_name(req, base_url, name);
	if (!find_value(req, (struct text){ name, strlen(name) }, ret))
		return COOKIE_NONE;
	if (is_write)
		return may_write(req, base_url) ? COOKIE_COUNTS : COOKIE_FOREIGN;
	return may_read(req) ? COOKIE_COUNTS : COOKIE_NONE;
}

/* --- writing ---------------------------------------------------------------- */

void
cookie_print(const h2o_req_t *req, const char *base_url, struct text token,
    int64_t max_age_s, char ret[COOKIE_FIELD_SIZE])
{
	char	name[NAME_SIZE], age[40] = "";

	print_name(req, base_url, name);
	if (token.len == 0)
		snprintf(age, sizeof(age), "; Max-Age=0");
	else if (max_age_s > 0)
		snprintf(age, sizeof(age), "; Max-Age=%lld",
		    (long long)max_age_s);
	snprintf(ret, COOKIE_FIELD_SIZE,
	    "%s=%.*s; Path=/%s; HttpOnly; SameSite=Strict%s", name,
	    (int)token.len, token.base,
	    is_secure(req, base_url) ? "; Secure" : "", age);
}
