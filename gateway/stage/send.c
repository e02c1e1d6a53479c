/* The operation goes to its owner. */
#include "base/clock.h"
#include "gateway/cache/copies.h"
#include "gateway/core/exchange.h"

enum flow
stage_upload(struct exchange *x)
{
	/* with its name it is there already */
	return x->route->way == WAY_UPLOAD && !args_has(&x->args,
	    KEY_FILENAME) ? upload_start(x) : FLOW_NEXT;
}

/* What we have a copy of is asked for as by a client that has one. */
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
stage_send(struct exchange *x)
{
	look_for_copy(x);
	return exchange_ask(x, x->route->op, &x->args,
	    exchange_timeout(x, x->route->op));
}

/*
 * Not done, as the word on the token grew too old while it waited: it is asked
 * for again, and then so is the write.
 */
enum flow
stage_sent(struct exchange *x)
{
	int64_t	now_ms = clock_ms();

	if (x->answer->error == ERR_EXPIRED && x->word_ms != 0 &&
	    now_ms >= x->word_ms + WORD_MOST_MS && now_ms < x->deadline_ms)
		exchange_go_to(x, STAGE_CONFIRM);
	return FLOW_NEXT;
}
