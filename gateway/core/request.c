/*
 * A request's way through the gateway: one array of rooms, one loop.
 *
 * A room that asks a service returns FLOW_WAIT; the loop goes on with the
 * room behind it when the answer comes. Where a service cannot be asked the
 * same room finds the refusal at once, so that there is one way, not two.
 */
#include "base/clock.h"
#include "base/log.h"
#include "gateway/bus/bus.h"
#include "gateway/cache/copies.h"
#include "gateway/core/trace.h"
#include "gateway/http/connection.h"
#include "gateway/http/proxies.h"
#include "gateway/reply/cors.h"

#define LARGE_BYTES	((size_t)1 << 20)	/* of an answer */

static const struct {
	const char	*name;
	enum flow	(*enter)(struct exchange *);
} rooms[] = {
	{ "admit", room_admit },
	{ "match", room_match },
	{ "identify", room_identify },
	{ "identified", room_identified },
	{ "limit", room_limit },
	{ "permit", room_permit },
	{ "decode", room_decode },
	{ "ask", room_ask },
	{ "asked", room_asked },
	{ "recalled", room_recalled },
	{ "upload", room_upload },
	{ "confirm", room_confirm },
	{ "confirmed", room_confirmed },
	{ "send", room_send },
	{ "sent", room_sent },
	{ "include", room_include },
	{ "included", room_included },
	{ "still", room_still },
	{ "held", room_held },
	{ "answer", room_answer },
};

#define ROOMS	(sizeof(rooms) / sizeof(rooms[0]))

static void
run(struct exchange *x)
{
	enum flow	flow = FLOW_NEXT;

	trace_log_begin(x);
	while (flow == FLOW_NEXT) {
		CHECK(x->room < ROOMS);
		log_debug("%s", rooms[x->room].name);
		flow = rooms[x->room++].enter(x);
	}
	log_done();
}

/* The room that follows, where the way is not straight. */
void
exchange_go_to(struct exchange *x, enum flow (*enter)(struct exchange *))
{
	for (x->room = 0; rooms[x->room].enter != enter; x->room++)
		CHECK(x->room < ROOMS - 1);
}

/* h2o frees the request: its client left, or it was answered. */
static void
on_gone(void *data)
{
	struct exchange	*x = data;

	if (x->slot != -1)
		bus_forget(x->worker->bus, x->slot);
	for (unsigned i = 0; i < PARTS_MOST; i++)
		if (x->part_slots[i] != -1)
			bus_forget(x->worker->bus, x->part_slots[i]);
	upload_end(x);
	trace_end(x);
	x->kept = 0;
	exchange_hold(x, 0);
	connection_end(x->connection, x->answered, x->crowded);
	x->worker->exchanges--;
}

void
exchange_start(struct worker *w, h2o_req_t *req)
{
	struct exchange	*x = h2o_mem_alloc_shared(&req->pool, sizeof(*x),
			    on_gone);

	memset(x, 0, sizeof(*x));
	x->req = req;
	x->worker = w;
	x->slot = -1;
	for (unsigned i = 0; i < PARTS_MOST; i++)
		x->part_slots[i] = -1;
	x->deadline_ms = clock_ms() + w->gateway->settings->request_timeout_ms;
	w->requests++;
	w->exchanges++;
	trace_begin(x);
	x->connection = connection_begin(req);
	cors_begin(w->gateway, req);
	x->client = proxies_client(w->gateway->proxies, req);
	run(x);
}

void
exchange_resume(struct exchange *x, int part, const struct answer *a)
{
	x->spent_us += a->spent_us;
	if (part != -1) {
		x->part_slots[part] = -1;
		trace_log_begin(x);
		x->on_part(x, (unsigned)part, a);
		log_done();
		return;
	}
	x->slot = -1;
	x->answer = a;
	run(x);
}

void
exchange_continue(struct exchange *x)
{
	run(x);
}

static size_t
large(size_t bytes)
{
	return bytes > LARGE_BYTES ? bytes : 0;
}

void
exchange_hold(struct exchange *x, size_t bytes)
{
	bytes += x->kept;
	x->worker->large_bytes += large(bytes) - large(x->held);
	connection_hold(x->connection, x->held, bytes);
	x->held = bytes;
}

/*
 * Large answers have half of the worker's memory, so that they leave room for
 * all others. What they are put together from is there twice for a while.
 */
bool
exchange_may_keep(const struct exchange *x, size_t bytes)
{
	const struct worker	*w = x->worker;
	const struct settings	*s = w->gateway->settings;
	size_t			 most = (size_t)(s->memory_mb << 19) /
				    (size_t)s->gateway_threads;

	return large(x->kept + bytes) == 0 || w->large_bytes -
	    large(x->held) + 2 * (x->kept + bytes) <= most;
}

static bool
ask(struct exchange *x, int part, enum op_code op, const struct args *args,
    int64_t timeout_ms, int *ret_slot)
{
	struct request	r = {
		.op = op,
		.actor = x->user_id,
		.rights = x->rights,
		.request_id = x->request_id,
		.trace = x->trace,
	};
	int64_t		deadline_ms = x->deadline_ms;

	if (timeout_ms != 0)
		deadline_ms = clock_ms() + timeout_ms;
	if (op_info(op)->kind == OP_WRITE && x->word_ms != 0)
		r.expires_ms = x->word_ms + WORD_MOST_MS;
	r.args = *args;
	r.args.present &= op_info(op)->needs | op_info(op)->may;
	return bus_ask(x->worker->bus, x, part, &r, deadline_ms, ret_slot);
}

enum flow
exchange_ask(struct exchange *x, enum op_code op, const struct args *args,
    int64_t timeout_ms)
{
	if (ask(x, -1, op, args, timeout_ms, &x->slot))
		return FLOW_WAIT;
	x->refusal = (struct answer){ .error = ERR_UNAVAILABLE };
	x->answer = &x->refusal;
	return FLOW_NEXT;
}

void
exchange_ask_part(struct exchange *x, unsigned part, enum op_code op,
    const struct args *args, int64_t timeout_ms)
{
	struct answer	refusal = { .error = ERR_UNAVAILABLE };

	CHECK(part < PARTS_MOST && x->part_slots[part] == -1);
	if (!ask(x, (int)part, op, args, timeout_ms, &x->part_slots[part]))
		x->on_part(x, part, &refusal);
}

void
exchange_tell(struct exchange *x, enum op_code op, const struct args *args,
    int64_t timeout_ms)
{
	int	slot;

	if (ask(x, -1, op, args, timeout_ms, &slot))
		bus_forget(x->worker->bus, slot);
}

struct answer *
exchange_keep(struct exchange *x, const struct answer *a)
{
	struct answer	*copy = h2o_mem_alloc_pool(&x->req->pool,
			    sizeof(*copy));
	h2o_iovec_t	 text;

	*copy = *a;
	text = h2o_strdup(&x->req->pool, a->fragment.base, a->fragment.len);
	copy->fragment = (struct text){ text.base, text.len };
	for (unsigned k = 0; k < KEY_END; k++) {
		if (!args_has(&a->extra, (enum key)k) ||
		    key_info(k)->type == KEY_INT)
			continue;
		text = h2o_strdup(&x->req->pool, a->extra.value[k].text.base,
		    a->extra.value[k].text.len);
		copy->extra.value[k].text = (struct text){ text.base, text.len };
	}
	return copy;
}

struct answer *
exchange_keep_large(struct exchange *x, const struct answer *a)
{
	if (!exchange_may_keep(x, a->fragment.len))
		return NULL;
	x->kept += a->fragment.len;
	exchange_hold(x, 0);
	return exchange_keep(x, a);
}

/* --- the rooms between decode and answer ------------------------------------ */

/* What hashes a password: it takes long, and says nothing that depends on rights. */
static bool
is_slow(enum op_code op)
{
	return op_info(op)->kind == OP_SLOW || op_info(op)->kind == OP_LEAD;
}

/* What hashes passwords has a queue of its own; a search may take longer. */
int64_t
exchange_timeout(const struct exchange *x, enum op_code op)
{
	const struct settings	*s = x->worker->gateway->settings;

	if (is_slow(op))
		return s->login_timeout_ms;
	if (args_has(&x->args, KEY_CONTENT) &&
	    (op_info(op)->may & K(SORT)) != 0)
		return s->request_timeout_ms + s->search_ms;
	return 0;
}

/*
 * Another owner is not asked about arguments none of which was given. The
 * one of the operation itself is: it may want one of them.
 */
static bool
asks_nothing(const struct exchange *x, enum op_code op)
{
	const struct op_info	*info = op_info(op);

	return info->service != op_info(x->route->op)->service &&
	    info->needs == 0 && (x->args.present & info->may) == 0;
}

/* The next question of the route; OP_NONE: there is none. */
static enum op_code
next_question(struct exchange *x)
{
	enum op_code	op;

	for (; x->asked < ASKS_MOST; x->asked++) {
		op = x->route->asks[x->asked];
		if (op == OP_NONE || !(asks_nothing(x, op) ||
		    (x->asks_anew && is_slow(op))))
			return op;
	}
	return OP_NONE;
}

enum flow
room_ask(struct exchange *x)
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
	keyset			 new = kept->extra.present & x->route->passes &
				    ~x->args.present;

	for (unsigned k = 0; k < KEY_END; k++)
		if ((new & KEY_BIT(k)) != 0)
			x->args.value[k] = kept->extra.value[k];
	x->args.present |= new;
	if (!is_slow(x->route->asks[x->asked]))
		x->passed |= new;
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
	exchange_go_to(x, room_still);
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
room_asked(struct exchange *x)
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
	exchange_go_to(x, room_ask);
	return FLOW_NEXT;
}

/*
 * Only NOT_FOUND says that the request was not carried out. After any other
 * error that is not known, and a client that heard the first refusal would
 * give up what may have been done.
 */
enum flow
room_recalled(struct exchange *x)
{
	if (x->first_refusal == NULL)
		return FLOW_NEXT;
	return answer_unsent(x, x->answer->error == ERR_NOT_FOUND ?
	    x->first_refusal : x->answer);
}

enum flow
room_upload(struct exchange *x)
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
room_send(struct exchange *x)
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
room_sent(struct exchange *x)
{
	int64_t	now_ms = clock_ms();

	if (x->answer->error == ERR_EXPIRED && x->word_ms != 0 &&
	    now_ms >= x->word_ms + WORD_MOST_MS && now_ms < x->deadline_ms)
		exchange_go_to(x, room_confirm);
	return FLOW_NEXT;
}
