/* The operation goes to its owner. */
#include "gateway/stage/send.h"

#include "base/clock.h"
#include "gateway/cache/copies.h"

/* A copy that the gateway has is compared as one that the client has. */
static void
look_for_copy(struct exchange *x)
{
	if (args_has(&x->args, KEY_IF_NONE_MATCH))
		return;		/* the client has one of its own */
	x->copy = copies_find(x->worker->copies, x);
	if (x->copy != NULL)
		args_put_text(&x->args, KEY_IF_NONE_MATCH, (struct text){
		    x->copy->etag, strlen(x->copy->etag) });
}

enum flow
send_begin(struct exchange *x)
{
	look_for_copy(x);
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
