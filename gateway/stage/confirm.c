/* The token again, before a write and before an answer. */
#include "gateway/stage/confirm.h"

#include "base/clock.h"
#include "gateway/bus/bus.h"
#include "gateway/cache/tokens.h"
#include "gateway/core/identity.h"
#include "gateway/reply/respond.h"
#include "gateway/stage/ask.h"
#include "gateway/stage/identify.h"
#include "gateway/stage/include.h"
#include "gateway/stage/permit.h"

/* --- before a write -------------------------------------------------------------- */

/* With other rights other owners are asked again. */
static enum flow
permit_write(struct exchange *x)
{
	int64_t		permitted = x->identity.permitted;
	enum flow	flow = permit_again(x);

	if (flow == FLOW_NEXT && x->identity.permitted != permitted) {
		ask_forget(x);
		exchange_go_to(x, STAGE_ASK);
	}
	return flow;
}

enum flow
confirm_begin(struct exchange *x)
{
	const struct bus	*bus = x->worker->bus;

	if (op_info(x->route->op)->kind != OP_WRITE ||
	    route_has_password(x->route))
		return FLOW_NEXT;
	x->identity.confirmed_ms = clock_ms();
	if (!identity_is_known(x))
		return identity_ask(x);
	/* while the user service is not heard of, the cache is trusted longer */
	if (bus_is_up(bus, SERVICE_USER))
		x->identity.confirmed_ms = bus_heard_ms(bus, SERVICE_USER);
	return permit_write(x);
}

enum flow
confirm_done(struct exchange *x, const struct answer *a)
{
	enum flow	flow = identify_again(x, a);

	return flow == FLOW_NEXT ? permit_write(x) : flow;
}

/* --- before an answer ------------------------------------------------------------ */

/*
 * The result of a write is told in any case. With a token that has ended, a
 * client gets no data, and learns neither why a write was refused before it was
 * sent nor that it had been done before.
 */
static bool
is_told_anyway(const struct exchange *x)
{
	return op_info(x->route->op)->kind == OP_WRITE &&
	    (x->asked.refusal == NULL || route_has_password(x->route));
}

/* The token was looked up so short a while ago that it holds. */
static bool
is_sure(const struct exchange *x)
{
	return identity_is_trusted(x) &&
	    x->identity.endings == tokens_endings(x->worker->tokens) &&
	    x->timing.heard_us - x->timing.began_us < CONFIRM_SURE_US;
}

/* An answer with things to include was kept while they were waited for. */
static const struct answer *
keep_for_recheck(struct exchange *x)
{
	if (x->included != NULL && x->answer->error == OK &&
	    include_failure(x) == NULL)
		return x->answer;
	return exchange_keep_large(x, x->answer);
}

/* Read again with the new rights: the answer may be for the old ones only. */
static void
read_again(struct exchange *x)
{
	if (x->cached != NULL)	/* of theirs; the client named none */
		args_remove(&x->args, KEY_IF_NONE_MATCH);
	x->cached = NULL;
	exchange_go_to(x, STAGE_SEND);
}

static enum flow
permit_answer(struct exchange *x)
{
	int64_t		permitted = x->identity.permitted;
	enum flow	flow = permit_again(x);

	if (flow == FLOW_NEXT && x->identity.permitted != permitted &&
	    op_info(x->route->op)->kind != OP_WRITE)
		read_again(x);
	return flow;
}

enum flow
recheck_begin(struct exchange *x)
{
	const struct answer	*kept;

	if (is_told_anyway(x) || x->user_id == 0)
		return FLOW_NEXT;
	if (is_sure(x) || identity_is_known(x))
		return permit_answer(x);
	kept = keep_for_recheck(x);
	if (kept == NULL)
		return respond_error(x, ERR_BUSY, NULL);
	x->answer = kept;
	return identity_ask(x);
}

enum flow
recheck_done(struct exchange *x, const struct answer *a)
{
	enum flow	flow = identify_again(x, a);

	return flow == FLOW_NEXT ? permit_answer(x) : flow;
}
