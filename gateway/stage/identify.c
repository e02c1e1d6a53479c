/* Tokens and passwords. */
#include "gateway/stage/identify.h"

#include <sodium.h>

#include "base/address.h"
#include "base/metrics.h"
#include "gateway/core/identity.h"
#include "gateway/http/cookie.h"
#include "gateway/reply/respond.h"
#include "gateway/reply/session.h"
#include "gateway/stage/login.h"

/*
 * The value of Authorization behind its scheme, spaces before it skipped;
 * NULL if the field is missing or has another scheme. Spaces behind a token are
 * part of it, as in Flicket: such a token is unknown.
 */
static const char *
find_credentials(const h2o_req_t *req, const char *scheme, size_t *ret_len)
{
	ssize_t		 at = h2o_find_header(&req->headers,
			    H2O_TOKEN_AUTHORIZATION, -1);
	size_t		 scheme_len = strlen(scheme), len;
	const char	*p;

	if (at == -1)
		return NULL;
	p = req->headers.entries[at].value.base;
	len = req->headers.entries[at].value.len;
	if (len <= scheme_len || p[scheme_len] != ' ' ||
	    !h2o_lcstris(p, scheme_len, scheme, scheme_len))
		return NULL;
	for (p += scheme_len, len -= scheme_len; len > 0 && *p == ' '; len--)
		p++;
	*ret_len = len;
	return p;
}

/* --- tokens ------------------------------------------------------------------- */

/* Whether a request without a good token is answered, too. */
static bool
may_be_nobody(const struct exchange *x)
{
	return op_info(x->route->op)->who == WHO_VISITOR;
}

/* The token of Authorization, or else of a session's cookie. */
static enum cookie_verdict
find_token(struct exchange *x, struct text *ret)
{
	size_t			 len;
	const char		*token = find_credentials(x->req, "bearer", &len);
	struct cookie_desk	 desk = session_desk(x);
	enum cookie_verdict	 verdict;

	if (token != NULL) {
		*ret = (struct text){ token, len };
		return len > 0 ? COOKIE_COUNTS : COOKIE_NONE;
	}
	verdict = cookie_find(x->req, &desk, x->route->method != METHOD_GET,
	    ret);
	x->identity.had_cookie = verdict == COOKIE_COUNTS;
	return verdict;
}

static enum flow
begin_with_token(struct exchange *x)
{
	unsigned char	*hash = x->identity.token_hash;
	struct text	 bytes = { (const char *)hash,
			    sizeof(x->identity.token_hash) }, token;
	bool		 found;

	switch (find_token(x, &token)) {
	case COOKIE_FOREIGN:
		return respond_code(x, ERR_FORBIDDEN, FAULT_FOREIGN_PAGE,
		    IDENTIFY_FOREIGN);
	case COOKIE_NONE:
		return may_be_nobody(x) ? FLOW_NEXT : respond_unauthorized(x);
	default:
		break;
	}
	crypto_hash_sha256(hash, (const unsigned char *)token.base, token.len);
	if (keyset_has(x->route->takes, KEY_TOKEN_HASH))
		args_put_text(&x->args, KEY_TOKEN_HASH, bytes);
	if (keyset_has(x->route->takes, KEY_ASKED_WITH))
		args_put_text(&x->args, KEY_ASKED_WITH, bytes);
	found = identity_is_known(x);
	metric_add(METRIC_TOKENS_FOUND, found, 0, 1);
	return found ? FLOW_NEXT : identity_ask(x);
}

/* --- name and password ---------------------------------------------------------- */

/* The client's address as text; of an IPv6 address its network, a /64. */
static struct text
network_of(struct exchange *x)
{
	struct in6_addr	 client = x->client;
	char		*out = h2o_mem_alloc_pool(&x->req->pool, ADDRESS_SIZE);

	if (!IN6_IS_ADDR_V4MAPPED(&client))
		memset(client.s6_addr + 8, 0, 8);
	address_print(&client, out);
	return (struct text){ out, strlen(out) };
}

/* "name:password" in base64 (RFC 7617), into the request's pool. */
static bool
decode_basic(struct exchange *x, struct args *ret)
{
	size_t		 in_len, len;
	const char	*in = find_credentials(x->req, "basic", &in_len);
	char		*out, *colon;

	if (in == NULL || in_len > IDENTIFY_CREDENTIALS_MOST)
		return false;
	out = h2o_mem_alloc_pool(&x->req->pool, in_len + 1);
	if (sodium_base642bin((unsigned char *)out, in_len + 1, in, in_len,
	    " ", &len, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
		return false;
	colon = memchr(out, ':', len);
	if (colon == NULL)
		return false;
	args_put_text(ret, KEY_USERNAME, (struct text){ out,
	    (size_t)(colon - out) });
	args_put_text(ret, KEY_PASSWORD, (struct text){ colon + 1,
	    len - (size_t)(colon + 1 - out) });
	return true;
}

static enum flow
begin_with_password(struct exchange *x)
{
	struct args	args = { 0 };
	enum flow	flow = FLOW_NEXT;

	if (x->route->input == INPUT_LOGIN)
		flow = login_read(x, &args);
	else if (!decode_basic(x, &args))
		flow = respond_unauthorized(x);
	if (flow != FLOW_NEXT)
		return flow;
	args_put_text(&args, KEY_ADDRESS, network_of(x));
	return exchange_ask(x, OP_PASSWORD_CHECK, &args,
	    x->worker->gateway->settings->login_timeout_ms);
}

/*
 * The hash that the password was compared with goes along, so that the writer
 * sees whether it is still the same.
 */
static void
take_login(struct exchange *x, const struct answer *a)
{
	struct text	compared = args_text(&a->extra, KEY_CREDENTIAL);
	h2o_iovec_t	copy;

	if (args_has(&a->extra, KEY_CREDENTIAL)) {
		copy = h2o_strdup(&x->req->pool, compared.base, compared.len);
		args_put_text(&x->args, KEY_CREDENTIAL,
		    (struct text){ copy.base, copy.len });
	}
	/* it may have waited long for its turn */
	exchange_renew_deadline(x);
}

/* --- the stage ------------------------------------------------------------------ */

enum flow
identify_begin(struct exchange *x)
{
	return route_has_password(x->route) ? begin_with_password(x) : begin_with_token(x);
}

/*
 * The user service cannot be asked. While it does not count as down yet, a token
 * is not looked for in the cache; once it does, the cache is trusted.
 */
static bool
is_known_without(struct exchange *x, const struct answer *a)
{
	if (a->error != ERR_UNAVAILABLE || route_has_password(x->route) ||
	    !identity_is_known(x))
		return false;
	exchange_renew_deadline(x);
	return true;
}

static enum flow
take_identity(struct exchange *x, const struct answer *a)
{
	if (a->error == ERR_UNAUTHORIZED && may_be_nobody(x)) {
		x->user_id = x->rights = 0;
		return FLOW_NEXT;
	}
	if (a->error != OK)
		return respond_refusal(x, a);
	switch (identity_take(x, a)) {
	case IDENTITY_OUTDATED:
		return identity_ask(x);
	case IDENTITY_UNKNOWN:
		return respond_error(x, ERR_UNAVAILABLE, NULL);
	default:
		return x->user_id != 0 ? FLOW_NEXT :
		    respond_error(x, ERR_INTERNAL, NULL);
	}
}

enum flow
identify_done(struct exchange *x, const struct answer *a)
{
	enum flow	flow = identify_again(x, a);

	if (flow == FLOW_NEXT && route_has_password(x->route))
		take_login(x, a);
	return flow;
}

enum flow
identify_again(struct exchange *x, const struct answer *a)
{
	return is_known_without(x, a) ? FLOW_NEXT : take_identity(x, a);
}
