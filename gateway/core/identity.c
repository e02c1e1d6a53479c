/* A token's hash is looked up in the worker's cache, else asked for. */
#include "gateway/core/identity.h"

#include "base/clock.h"
#include "gateway/bus/bus.h"
#include "gateway/cache/tokens.h"

bool
identity_is_trusted(const struct exchange *x)
{
	const struct worker	*w = x->worker;

	if (bus_slept(w->bus, SERVICE_USER))
		return false;
	return bus_is_up(w->bus, SERVICE_USER) ||
	    clock_ms() - bus_heard_ms(w->bus, SERVICE_USER) <
	    w->gateway->settings->token_stale_seconds * 1000;
}

bool
identity_is_known(struct exchange *x)
{
	x->identity.endings = tokens_endings(x->worker->tokens);
	return identity_is_trusted(x) && tokens_find(x->worker->tokens,
	    x->identity.token_hash, &x->user_id, &x->rights);
}

/* --- the user service's answer ------------------------------------------------- */

static void
put_token_hash(struct exchange *x, struct args *ret)
{
	x->identity.endings = tokens_endings(x->worker->tokens);
	args_put_text(ret, KEY_TOKEN_HASH, (struct text){
	    (const char *)x->identity.token_hash,
	    sizeof(x->identity.token_hash) });
}

enum flow
identity_ask(struct exchange *x)
{
	struct args	args = { 0 };

	put_token_hash(x, &args);
	return exchange_ask(x, OP_TOKEN_CHECK, &args, 0);
}

/*
 * One process may tell of a revocation after another was asked, whose answer is
 * from before it. What is asked after the news is answered from after it, as the
 * revocation was in the store by then: so asking again helps, but not for ever.
 */
static bool
is_outdated(struct exchange *x, const struct answer *a)
{
	const struct tokens	*tokens = x->worker->tokens;
	struct identity		*id = &x->identity;

	id->outdated = id->endings != tokens_endings(tokens) &&
	    tokens_is_past(tokens, id->token_hash, a) ? id->outdated + 1 : 0;
	return id->outdated > 0;
}

static void
keep_token(struct exchange *x, const struct answer *a)
{
	const struct args	*extra = &a->extra;
	const unsigned char	*hash = x->identity.token_hash;
	struct tokens		*tokens = x->worker->tokens;

	tokens_keep(tokens, hash, x->user_id, x->rights,
	    args_number(extra, KEY_EXPIRES, 0));
	tokens_number(tokens, hash, args_number(extra, KEY_ID, 0));
	tokens_use(tokens, hash);
}

enum identity_verdict
identity_take(struct exchange *x, const struct answer *a)
{
	if (is_outdated(x, a))
		return x->identity.outdated > IDENTITY_OUTDATED_MOST ?
		    IDENTITY_UNKNOWN : IDENTITY_OUTDATED;
	x->user_id = args_number(&a->extra, KEY_USER_ID, 0);
	x->rights = args_number(&a->extra, KEY_RIGHTS, 0);
	if (x->user_id != 0 && !route_has_password(x->route))
		keep_token(x, a);
	return IDENTITY_TAKEN;
}

/* --- between the pieces of an answer -------------------------------------------- */

static void
ask_as_part(struct exchange *x)
{
	struct args	args = { 0 };

	put_token_hash(x, &args);
	exchange_ask_part(x, IDENTITY_PART, OP_TOKEN_CHECK, &args,
	    x->worker->gateway->settings->request_timeout_ms);
}

void
identity_check(struct exchange *x, identity_checked *on_checked)
{
	x->identity.on_checked = on_checked;
	x->identity.outdated = 0;
	if (identity_is_known(x))
		on_checked(x, OK);
	else
		ask_as_part(x);
}

void
identity_part(struct exchange *x, const struct answer *a)
{
	enum err	e = a->error;

	if (e == ERR_UNAVAILABLE && identity_is_known(x))
		e = OK;
	else if (e == OK)
		switch (identity_take(x, a)) {
		case IDENTITY_TAKEN:
			break;
		case IDENTITY_OUTDATED:
			ask_as_part(x);
			return;
		case IDENTITY_UNKNOWN:
			e = ERR_UNAVAILABLE;
		}
	x->identity.on_checked(x, e);
}
