/*
 * Who asks. A token is looked up by its hash: in the worker's cache, else by
 * the user service. A name and password are checked by the user service.
 * Then: may they do this.
 */
#include <sodium.h>

#include "base/metrics.h"
#include "gateway/bus/bus.h"
#include "gateway/cache/tokens.h"
#include "gateway/http/proxies.h"
#include "proto/peer/replica.h"

#define CREDENTIALS_MOST	1024
#define PAST_MOST		3	/* answers in a row from before news */

/*
 * What is answered sooner than this after the token was looked at needs no second
 * look, if there is no news. For the token was good by a heartbeat that is at most
 * REPLICA_DOWN_MS old, and the user service waits a second for this gateway
 * before it answers that a token has ended (services/runtime/watchers.h).
 */
#define SURE_US			((int64_t)(1000 - REPLICA_DOWN_MS) * 1000)

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

/* ... and has the token that the request came with. */
static bool
is_known(struct exchange *x)
{
	x->endings = tokens_endings(x->worker->tokens);
	return is_trusted(x) && tokens_find(x->worker->tokens, x->token_hash,
	    &x->user_id, &x->rights);
}

/* What is asked of the user service about it. */
static void
put_token(struct exchange *x, struct args *ret)
{
	x->endings = tokens_endings(x->worker->tokens);
	args_put_text(ret, KEY_TOKEN_HASH, (struct text){
	    (const char *)x->token_hash, sizeof(x->token_hash) });
}

static enum flow
ask_token(struct exchange *x)
{
	struct args	args = { 0 };

	put_token(x, &args);
	return exchange_ask(x, OP_TOKEN_CHECK, &args, 0);
}

static enum flow
identify_token(struct exchange *x)
{
	struct text	 hash = { (const char *)x->token_hash,
			    sizeof(x->token_hash) };
	size_t		 len;
	const char	*token = credentials(x->req, "bearer", &len);
	bool		 found;

	if (token == NULL || len == 0)
		return respond_unauthorized(x);
	crypto_hash_sha256(x->token_hash, (const unsigned char *)token, len);
	if (keyset_has(op_info(x->route->op)->needs, KEY_TOKEN_HASH))
		args_put_text(&x->args, KEY_TOKEN_HASH, hash);
	if (keyset_has(x->route->takes, KEY_ASKED_WITH))
		args_put_text(&x->args, KEY_ASKED_WITH, hash);
	found = is_known(x);
	metric_add(METRIC_TOKENS_FOUND, found, 0, 1);
	if (found)
		return FLOW_NEXT;
	return ask_token(x);
}

static void
keep_token(struct exchange *x, const struct answer *a)
{
	const struct args	*extra = &a->extra;
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
		return respond_unauthorized(x);
	return exchange_ask(x, OP_PASSWORD_CHECK, &args,
	    x->worker->gateway->settings->login_timeout_ms);
}

/*
 * What the password was compared with goes along, for the one who writes to
 * see that it is still that.
 */
static void
take_login(struct exchange *x)
{
	struct text	compared = args_text(&x->answer->extra,
			    KEY_CREDENTIAL);
	h2o_iovec_t	copy;

	if (args_has(&x->answer->extra, KEY_CREDENTIAL)) {
		copy = h2o_strdup(&x->req->pool, compared.base, compared.len);
		args_put_text(&x->args, KEY_CREDENTIAL,
		    (struct text){ copy.base, copy.len });
	}
	/* it may have waited long for its turn */
	x->deadline_ms = clock_ms() +
	    x->worker->gateway->settings->request_timeout_ms;
}

/* --- the stages --------------------------------------------------------------- */

enum flow
stage_identify(struct exchange *x)
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
	    op_info(x->route->op)->who == WHO_PASSWORD || !is_known(x))
		return false;
	x->deadline_ms = clock_ms() +
	    x->worker->gateway->settings->request_timeout_ms;
	return true;
}

/*
 * One process told of a revocation after another was asked, and that one answered
 * from before it: it is asked again, and not for ever. What is asked after the
 * news is answered from after it, as that was in the store by then.
 */
static bool
is_past(struct exchange *x, const struct answer *a)
{
	const struct tokens	*tokens = x->worker->tokens;

	x->past = x->endings != tokens_endings(tokens) &&
	    tokens_is_past(tokens, x->token_hash, a) ? x->past + 1 : 0;
	return x->past > 0;
}

/* What the user service says of a token counts, and the worker knows it. */
static void
take_token(struct exchange *x, const struct answer *a)
{
	x->user_id = args_number(&a->extra, KEY_USER_ID, 0);
	x->rights = args_number(&a->extra, KEY_RIGHTS, 0);
	if (x->user_id != 0 && op_info(x->route->op)->who != WHO_PASSWORD)
		keep_token(x, a);
}

/* Go on with what the user service said; FLOW_WAIT if it is asked again. */
static enum flow
take_identity(struct exchange *x)
{
	if (x->answer->error != OK)
		return respond_refusal(x, x->answer);
	if (is_past(x, x->answer)) {
		if (x->past > PAST_MOST)
			return respond_error(x, ERR_UNAVAILABLE, NULL);
		x->stage--;	/* the answer is for the stage that we are in */
		return ask_token(x);
	}
	take_token(x, x->answer);
	return x->user_id != 0 ? FLOW_NEXT :
	    respond_error(x, ERR_INTERNAL, NULL);
}

enum flow
stage_identified(struct exchange *x)
{
	enum flow	flow;

	if (x->answer == NULL || is_known_without(x))
		return FLOW_NEXT;	/* the cache knew */
	if (x->answer->error == ERR_UNAUTHORIZED)
		return respond_unauthorized(x);
	flow = take_identity(x);
	if (flow == FLOW_NEXT && op_info(x->route->op)->who == WHO_PASSWORD)
		take_login(x);
	return flow;
}

/* What the rights do not tell is the owner's to decide (proto/who.tbl). */
enum flow
stage_permit(struct exchange *x)
{
	enum who	who = op_info(x->route->op)->who;

	if ((x->rights & RIGHT_READ_ONLY) != 0 &&
	    x->route->method != METHOD_GET)
		return respond_error(x, ERR_FORBIDDEN, WHO_READS_ONLY);
	x->allowed = x->rights;
	if (!who_may(who, x->rights))
		return respond_error(x, ERR_FORBIDDEN, who_info(who)->refusal);
	return FLOW_NEXT;
}

/* --- the token again ------------------------------------------------------------ */

/* What was said of it, if it was asked about. */
static enum flow
take_word(struct exchange *x, bool was_asked)
{
	return was_asked && !is_known_without(x) ? take_identity(x) : FLOW_NEXT;
}

/* Its rights are others than those that were enough: what came of them may not
 * be allowed any more. */
static enum flow
permit_again(struct exchange *x)
{
	return x->rights == x->allowed ? FLOW_NEXT : stage_permit(x);
}

/*
 * Before a write is sent: others may have been asked meanwhile, a password
 * hashed, a file sent ahead.
 */
enum flow
stage_confirm(struct exchange *x)
{
	const struct bus	*bus = x->worker->bus;

	x->answer = NULL;
	if (op_info(x->route->op)->kind != OP_WRITE ||
	    op_info(x->route->op)->who == WHO_PASSWORD)
		return FLOW_NEXT;
	x->word_ms = clock_ms();
	if (!is_known(x))
		return ask_token(x);
	/* where the user service is not heard of, it is trusted for longer */
	if (bus_is_up(bus, SERVICE_USER))
		x->word_ms = bus_heard_ms(bus, SERVICE_USER);
	return FLOW_NEXT;
}

/* With the rights of before: what others said counts no more, but for hashes. */
static void
ask_anew(struct exchange *x)
{
	args_keep(&x->args, keyset_difference(KEYSET_ALL, x->passed));
	x->passed = K(NONE);
	x->asked = 0;
	x->asks_anew = true;
	exchange_go_to(x, STAGE_ASK);
}

enum flow
stage_confirmed(struct exchange *x)
{
	enum flow	flow = take_word(x, x->answer != NULL);
	int64_t		allowed = x->allowed;

	if (flow == FLOW_NEXT)
		flow = permit_again(x);
	if (flow == FLOW_NEXT && x->allowed != allowed)
		ask_anew(x);
	return flow;
}

/*
 * What was done is told. What was read is for nobody whose token has ended; nor
 * is why a write was refused before it was sent, or that it was done before.
 */
static bool
is_done(const struct exchange *x)
{
	const struct op_info	*info = op_info(x->route->op);

	return info->kind == OP_WRITE && (x->first_refusal == NULL ||
	    info->who == WHO_PASSWORD);
}

/* The token was looked at so short a while ago that it holds. */
static bool
is_sure(const struct exchange *x)
{
	return is_trusted(x) &&
	    x->endings == tokens_endings(x->worker->tokens) &&
	    x->heard_us - x->began_us < SURE_US;
}

/* What is included was waited for, too: it lies beside the request then. */
static const struct answer *
keep_waiting(struct exchange *x)
{
	if (x->included != NULL && x->answer->error == OK &&
	    include_failure(x) == NULL)
		return x->answer;
	return exchange_keep_large(x, x->answer);
}

enum flow
stage_still(struct exchange *x)
{
	if (is_done(x) || is_sure(x) || is_known(x))
		return FLOW_NEXT;
	x->waiting = keep_waiting(x);
	return x->waiting != NULL ? ask_token(x) :
	    respond_error(x, ERR_EXPIRED, NULL);
}

/* What was read with other rights may be for those only. */
static void
read_anew(struct exchange *x)
{
	if (x->copy != NULL)	/* of theirs; the client named none */
		args_remove(&x->args, KEY_IF_NONE_MATCH);
	x->copy = NULL;
	exchange_go_to(x, STAGE_SEND);
}

enum flow
stage_held(struct exchange *x)
{
	enum flow	flow = take_word(x, x->waiting != NULL);
	int64_t		allowed = x->allowed;

	if (flow != FLOW_NEXT)
		return flow;
	if (x->waiting != NULL)
		x->answer = x->waiting;
	x->waiting = NULL;
	if (is_done(x))
		return FLOW_NEXT;
	flow = permit_again(x);
	if (flow == FLOW_NEXT && x->allowed != allowed &&
	    op_info(x->route->op)->kind != OP_WRITE)
		read_anew(x);
	return flow;
}

static void
ask_token_beside(struct exchange *x)
{
	struct args	args = { 0 };

	put_token(x, &args);
	exchange_ask_part(x, IDENTITY_PART, OP_TOKEN_CHECK, &args,
	    x->worker->gateway->settings->request_timeout_ms);
}

void
identity_check(struct exchange *x, identity_checked *then)
{
	x->on_identity = then;
	x->past = 0;
	if (is_known(x))
		then(x, OK);
	else
		ask_token_beside(x);
}

void
identity_part(struct exchange *x, const struct answer *a)
{
	enum err	e = a->error;

	if (e == ERR_UNAVAILABLE && is_known(x))
		e = OK;
	else if (e == OK && is_past(x, a) && x->past <= PAST_MOST) {
		ask_token_beside(x);
		return;
	} else if (e == OK && x->past > 0)
		e = ERR_UNAVAILABLE;
	else if (e == OK)
		take_token(x, a);
	x->on_identity(x, e);
}
