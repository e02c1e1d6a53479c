/* Other owners are asked for their word before the operation is. */
#include "base/clock.h"
#include "gateway/core/exchange.h"

/*
 * Another owner is not asked about arguments none of which was given. The
 * one of the operation itself is: it may want one of them.
 */
static bool
asks_nothing(const struct exchange *x, enum op_code op)
{
	const struct op_info	*info = op_info(op);

	return info->service != op_info(x->route->op)->service &&
	    keyset_is_empty(info->needs) && !args_has_any(&x->args, info->may);
}

/* The next question of the route; OP_NONE after the last one. */
static enum op_code
next_question(struct exchange *x)
{
	enum op_code	op;

	for (; x->asked < ASKS_MOST; x->asked++) {
		op = x->route->asks[x->asked];
		if (op == OP_NONE || !(asks_nothing(x, op) ||
		    (x->asks_anew && exchange_is_slow(op))))
			return op;
	}
	return OP_NONE;
}

enum flow
stage_ask(struct exchange *x)
{
	enum op_code	op = next_question(x);

	x->answer = NULL;
	if (op == OP_NONE)
		return FLOW_NEXT;
	return exchange_ask(x, op, &x->args, exchange_timeout(x, op));
}

/* What was answered is an argument of what comes after. */
static void
merge_answer(struct exchange *x)
{
	const struct answer	*kept = exchange_keep(x, x->answer);
	keyset			 new = keyset_difference(keyset_intersection(
				    args_keys(&kept->extra), x->route->passes),
				    args_keys(&x->args));

	for (enum key k = keyset_next(new, 0); k != KEY_END;
	    k = keyset_next(new, k + 1))
		args_put(&x->args, k, *args_value(&kept->extra, k));
	if (!exchange_is_slow(x->route->asks[x->asked]))
		x->passed = keyset_union(x->passed, new);
}

static enum op_code
recall_of(enum op_code op)
{
	switch (op_info(op)->service) {
	case SERVICE_USER: return OP_USER_RECALL;
	case SERVICE_TICKET: return OP_TICKET_RECALL;
	case SERVICE_POST: return OP_POST_RECALL;
	default: return OP_LOOKUP_RECALL;
	}
}

/* It is not sent on. What is said instead is for whom the token is still good. */
static enum flow
answer_unsent(struct exchange *x, const struct answer *a)
{
	x->answer = a;
	exchange_go_to(x, STAGE_STILL);
	return FLOW_NEXT;
}

/*
 * A request that is sent again may be refused now because it was carried out
 * before: a reply that closed its ticket. So the answer that was kept for it
 * comes before the refusal.
 */
static enum flow
refuse_or_recall(struct exchange *x)
{
	struct args	args = x->args;

	x->first_refusal = exchange_keep(x, x->answer);
	if (!args_has(&args, KEY_IDEMPOTENCY_KEY) ||
	    x->answer->error == ERR_UNAVAILABLE)
		return answer_unsent(x, x->first_refusal);
	args_put_number(&args, KEY_HANDLE, x->route->op);
	return exchange_ask(x, recall_of(x->route->op), &args, 0);
}

enum flow
stage_asked(struct exchange *x)
{
	if (x->answer == NULL)
		return FLOW_NEXT;
	if (x->answer->error != OK)
		return refuse_or_recall(x);
	merge_answer(x);
	/* slow ones must not use up the time of those behind them */
	x->deadline_ms = clock_ms() +
	    x->worker->gateway->settings->request_timeout_ms;
	x->asked++;
	exchange_go_to(x, STAGE_ASK);
	return FLOW_NEXT;
}

/*
 * Only NOT_FOUND says that the request was not carried out. After any other
 * error that is not known, and a client that heard the first refusal would
 * give up what may have been done.
 */
enum flow
stage_recalled(struct exchange *x)
{
	if (x->first_refusal == NULL)
		return FLOW_NEXT;
	return answer_unsent(x, x->answer->error == ERR_NOT_FOUND ?
	    x->first_refusal : x->answer);
}
