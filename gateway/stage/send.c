/* The operation goes to its owner. */
#include "gateway/stage/send.h"

#include "base/clock.h"
#include "gateway/cache/responses.h"

/*
 * Whether the response depends on nothing but its key and what its owner has
 * stored (responses.h), and is worth keeping: a list, or counts of lists. Included
 * things belong to other owners. A list with a cursor has a link whose cursor only
 * its owner knows (links.c).
 */
static bool
is_cacheable(const struct exchange *x)
{
	const struct route	*r = x->route;

	return r->method == METHOD_GET &&
	    (route_is_list(r) || r->input == INPUT_STRICT) &&
	    r->reply == REPLY_JSON && x->included == NULL &&
	    keyset_has(r->takes, KEY_IF_NONE_MATCH) &&
	    !args_has(&x->args, KEY_CURSOR);
}

static void
find_cached(struct exchange *x)
{
	h2o_mem_pool_t		*pool = &x->req->pool;
	struct response_key	 key = { x->user_id, x->rights, {
				    x->req->path.base, x->req->path.len } };
	bool			 asked_before;

	x->cached = responses_find(x->worker->responses, &key, pool,
	    &asked_before);
	if (!asked_before)
		return;
	x->response_key = h2o_mem_alloc_pool(pool, sizeof(key));
	*x->response_key = key;
}

/* The owner compares a cached response as one that the client has. */
static void
name_cached(struct exchange *x)
{
	x->cached = NULL;
	x->response_key = NULL;
	/* the client may name one that it has itself */
	if (!is_cacheable(x) || args_has(&x->args, KEY_IF_NONE_MATCH))
		return;
	find_cached(x);
	if (x->cached != NULL)
		args_put_text(&x->args, KEY_IF_NONE_MATCH, (struct text){
		    x->cached->etag, strlen(x->cached->etag) });
}

enum flow
send_begin(struct exchange *x)
{
	name_cached(x);
	return exchange_ask(x, x->route->op, &x->args,
	    exchange_timeout(x, x->route->op));
}

/*
 * Not done, because what the user service said of the token grew too old while
 * the write waited.
 */
static bool
is_to_be_confirmed_again(const struct exchange *x)
{
	int64_t	confirmed_ms = x->identity.confirmed_ms, now_ms = clock_ms();

	return x->answer->error == ERR_EXPIRED && confirmed_ms != 0 &&
	    now_ms >= confirmed_ms + IDENTITY_CONFIRMED_MOST_MS &&
	    now_ms < x->deadline_ms;
}

enum flow
send_done(struct exchange *x, const struct answer *a)
{
	x->answer = a;
	if (is_to_be_confirmed_again(x))
		exchange_go_to(x, STAGE_CONFIRM);
	return FLOW_NEXT;
}
