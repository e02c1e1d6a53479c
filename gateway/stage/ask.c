/* Questions to other owners, and the answer to a request that is sent again. */
#include "gateway/stage/ask.h"

/*
 * Another owner is not asked unless an argument was given that it is asked
 * about. The owner of the operation itself is: it may need one of them.
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

	for (; x->asked.count < ASKS_MOST; x->asked.count++) {
		op = x->route->asks[x->asked.count];
		if (op == OP_NONE || !(asks_nothing(x, op) ||
		    (x->asked.anew && exchange_is_slow(op))))
			return op;
	}
	return OP_NONE;
}

enum flow
ask_begin(struct exchange *x)
{
	enum op_code	op = next_question(x);

	if (op == OP_NONE)
		return FLOW_NEXT;
	return exchange_ask(x, op, &x->args, exchange_timeout(x, op));
}

void
ask_forget(struct exchange *x)
{
	args_keep(&x->args, keyset_difference(KEYSET_ALL, x->asked.passed));
	x->asked.passed = K(NONE);
	x->asked.count = 0;
	x->asked.anew = true;
}

/* Answers are arguments of the questions that follow. */
static void
merge_answer(struct exchange *x, const struct answer *a)
{
	const struct answer	*kept = exchange_keep(x, a);
	keyset			 new = keyset_difference(keyset_intersection(
				    args_keys(&kept->extra), x->route->passes),
				    args_keys(&x->args));

	for (enum key k = keyset_next(new, 0); k != KEY_END;
	    k = keyset_next(new, k + 1))
		args_put(&x->args, k, *args_value(&kept->extra, k));
	if (!exchange_is_slow(x->route->asks[x->asked.count]))
		x->asked.passed = keyset_union(x->asked.passed, new);
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

/* Answer without sending the request; but only if the token is still good. */
static enum flow
answer_unsent(struct exchange *x, const struct answer *a)
{
	x->answer = a;
	exchange_go_to(x, STAGE_RECHECK);
	return FLOW_NEXT;
}

/*
 * A request that is sent again may be refused because it was carried out the
 * first time: a reply that closed its ticket. So the answer that was kept for it
 * comes before the refusal.
 */
static enum flow
refuse_or_recall(struct exchange *x, const struct answer *a)
{
	struct args	args = x->args;

	x->asked.refusal = exchange_keep(x, a);
	if (!args_has(&args, KEY_IDEMPOTENCY_KEY) ||
	    a->error == ERR_UNAVAILABLE)
		return answer_unsent(x, x->asked.refusal);
	args_put_number(&args, KEY_OPERATION, x->route->op);
	/* where older services look for it */
	args_put_number(&args, KEY_HANDLE, x->route->op);
	return exchange_ask(x, recall_of(x->route->op), &args, 0);
}

/*
 * Only NOT_FOUND says that the request was not carried out. After any other
 * error that is not known, and a client that was told the refusal would give up
 * what may have been done.
 */
static enum flow
answer_recalled(struct exchange *x, const struct answer *a)
{
	return answer_unsent(x, a->error == ERR_NOT_FOUND ?
	    x->asked.refusal : a);
}

enum flow
ask_done(struct exchange *x, const struct answer *a)
{
	static const struct answer	unavailable = {
		.error = ERR_UNAVAILABLE };

	if (x->asked.refusal != NULL)
		return answer_recalled(x, a);
	/* what came before the request is in doubt, the request is not */
	if (a->error == ERR_OUTCOME_UNKNOWN)
		a = &unavailable;
	if (a->error != OK)
		return refuse_or_recall(x, a);
	merge_answer(x, a);
	/* slow ones must not use up the time of those behind them */
	exchange_renew_deadline(x);
	x->asked.count++;
	return ask_begin(x);
}
