/*
 * Who asks. A token is looked up by its hash: in the worker's cache, else by
 * the user service. A name and password are checked by the user service.
 * Then: may they do this.
 */
#include <sodium.h>

#include "bus.h"
#include "proto/metrics.h"
#include "proto/replica.h"
#include "proxies.h"
#include "tokens.h"

#define CREDENTIALS_MOST	1024

/*
 * The value of Authorization behind its scheme, spaces before it skipped;
 * NULL if there is none of that scheme. Spaces behind a token are part of
 * it, as in Flicket: such a token is unknown.
 */
static const char *
credentials(const h2o_req_t *req, const char *scheme, size_t *ret_len)
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

static enum flow
answer_unauthorized(struct exchange *x)
{
	answer_header(x, "WWW-Authenticate",
	    op_info(x->route->op)->who == WHO_PASSWORD ?
	    "Basic realm=\"Authentication Required\"" :
	    "Bearer realm=\"Authentication Required\"");
	return answer_error(x, ERR_UNAUTHORIZED, NULL);
}

/* --- tokens ------------------------------------------------------------------- */

/* Whether what the cache holds may be trusted now (tokens.h, rule 2). */
static bool
is_trusted(const struct exchange *x)
{
	const struct worker	*w = x->worker;

	if (bus_slept(w->bus, SERVICE_USER))
		return false;
	return bus_is_up(w->bus, SERVICE_USER) ||
	    clock_ms() - bus_heard_ms(w->bus, SERVICE_USER) <
	    w->gateway->settings->token_stale_seconds * 1000;
}

static enum flow
identify_token(struct exchange *x)
{
	struct args	 args = { 0 };
	size_t		 len;
	const char	*token = credentials(x->req, "bearer", &len);
	bool		 found;

	if (token == NULL || len == 0)
		return answer_unauthorized(x);
	crypto_hash_sha256(x->token_hash, (const unsigned char *)token, len);
	args_put_text(&args, KEY_TOKEN_HASH, (struct text){
	    (const char *)x->token_hash, sizeof(x->token_hash) });
	if ((op_info(x->route->op)->needs & K(TOKEN_HASH)) != 0)
		args_put_text(&x->args, KEY_TOKEN_HASH,
		    args.value[KEY_TOKEN_HASH].text);
	found = is_trusted(x) && tokens_find(x->worker->tokens, x->token_hash,
	    &x->user_id, &x->rights);
	metric_add(METRIC_TOKENS_FOUND, found, 0, 1);
	if (found)
		return FLOW_NEXT;
	return exchange_ask(x, OP_TOKEN_CHECK, &args, 0);
}

static void
keep_token(struct exchange *x)
{
	const struct args	*extra = &x->answer->extra;
	struct tokens		*tokens = x->worker->tokens;

	tokens_keep(tokens, x->token_hash, x->user_id, x->rights,
	    args_number(extra, KEY_EXPIRES, 0));
	tokens_number(tokens, x->token_hash, args_number(extra, KEY_ID, 0));
	tokens_use(tokens, x->token_hash);
}

/* --- name and password ---------------------------------------------------------- */

/* The client's address as text; of an IPv6 address its network, a /64. */
static struct text
address_of(struct exchange *x)
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
	const char	*in = credentials(x->req, "basic", &in_len);
	char		*out, *colon;

	if (in == NULL || in_len > CREDENTIALS_MOST)
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
	args_put_text(ret, KEY_ADDRESS, address_of(x));
	return true;
}

static enum flow
identify_password(struct exchange *x)
{
	struct args	args = { 0 };

	if (!decode_basic(x, &args))
		return answer_unauthorized(x);
	return exchange_ask(x, OP_PASSWORD_CHECK, &args,
	    x->worker->gateway->settings->login_timeout_ms);
}

/* --- rooms -------------------------------------------------------------------- */

enum flow
room_identify(struct exchange *x)
{
	if (op_info(x->route->op)->who == WHO_PASSWORD)
		return identify_password(x);
	return identify_token(x);
}

/*
 * The user service could not say: in the moment before it counts as down it
 * is asked about tokens that are trusted once it does.
 */
static bool
is_known_without(struct exchange *x)
{
	if (x->answer->error != ERR_UNAVAILABLE ||
	    op_info(x->route->op)->who == WHO_PASSWORD || !is_trusted(x) ||
	    !tokens_find(x->worker->tokens, x->token_hash, &x->user_id,
	    &x->rights))
		return false;
	x->deadline_ms = clock_ms() +
	    x->worker->gateway->settings->request_timeout_ms;
	return true;
}

enum flow
room_identified(struct exchange *x)
{
	if (x->answer == NULL || is_known_without(x))
		return FLOW_NEXT;	/* the cache knew */
	if (x->answer->error == ERR_UNAUTHORIZED)
		return answer_unauthorized(x);
	if (x->answer->error != OK)
		return answer_refusal(x, x->answer);
	x->user_id = args_number(&x->answer->extra, KEY_USER_ID, 0);
	x->rights = args_number(&x->answer->extra, KEY_RIGHTS, 0);
	if (x->user_id == 0)
		return answer_error(x, ERR_INTERNAL, NULL);
	if (op_info(x->route->op)->who != WHO_PASSWORD)
		keep_token(x);
	else	/* a login may have waited long for its turn */
		x->deadline_ms = clock_ms() +
		    x->worker->gateway->settings->request_timeout_ms;
	return FLOW_NEXT;
}

/* What the rights do not tell is the owner's to decide (proto/who.tbl). */
enum flow
room_permit(struct exchange *x)
{
	enum who	who = op_info(x->route->op)->who;

	if ((x->rights & RIGHT_READ_ONLY) != 0 &&
	    x->route->method != METHOD_GET)
		return answer_error(x, ERR_FORBIDDEN,
		    "This token is for reading only.");
	if ((who == WHO_STAFF && (x->rights & RIGHT_STAFF) == 0) ||
	    (who == WHO_ADMIN && (x->rights & RIGHT_ADMIN) == 0))
		return answer_error(x, ERR_FORBIDDEN, who_info(who)->refusal);
	return FLOW_NEXT;
}
