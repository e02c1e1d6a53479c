/* The engine: one loop that enters the stages, and what they ask services. */
#include "gateway/core/exchange.h"

#include "base/clock.h"
#include "base/log.h"
#include "gateway/bus/bus.h"
#include "gateway/core/trace.h"
#include "gateway/http/connection/connection.h"
#include "gateway/http/proxies.h"

#define LARGE_BYTES	((size_t)1 << 20)	/* of an answer */

/* --- stages ------------------------------------------------------------------ */

/* Go on from a stage that returned `flow`. */
static void
run_stages(struct exchange *x, enum flow flow)
{
	while (flow == FLOW_NEXT) {
		CHECK(x->next < STAGE_END);
		x->stage = x->next;
		x->next = x->stage + 1;
		log_debug("%s", x->stages[x->stage].name);
		flow = x->stages[x->stage].begin(x);
	}
}

/* The stage that waited has its answer; NULL: it came in parts. */
static enum flow
end_wait(struct exchange *x, const struct answer *a)
{
	const struct stage	*s = &x->stages[x->stage];

	return s->done == NULL ? FLOW_NEXT : s->done(x, a);
}

void
exchange_go_to(struct exchange *x, enum stage_id stage)
{
	CHECK((x->stages[x->stage].leads_to & 1U << stage) != 0);
	x->next = stage;
}

void
exchange_end(struct exchange *x)
{
	if (x->on_end != NULL)
		x->on_end(x);
}

/* h2o frees the request: its client left, or it was answered. */
static void
on_request_gone(void *data)
{
	struct exchange	*x = data;

	if (x->slot != -1)
		bus_forget(x->worker->bus, x->slot);
	for (unsigned i = 0; i < PARTS_MOST; i++)
		if (x->part_slots[i] != -1)
			bus_forget(x->worker->bus, x->part_slots[i]);
	exchange_end(x);
	trace_end(x);
	x->kept = 0;
	exchange_hold(x, 0);
	connection_end(x->connection, x->answered, x->crowded);
	x->worker->exchanges--;
}

void
exchange_start(struct worker *w, h2o_req_t *req,
    const struct stage *stages)
{
	struct exchange	*x = h2o_mem_alloc_shared(&req->pool, sizeof(*x),
			    on_request_gone);

	memset(x, 0, sizeof(*x));
	x->req = req;
	x->worker = w;
	x->stages = stages;
	x->slot = -1;
	for (unsigned i = 0; i < PARTS_MOST; i++)
		x->part_slots[i] = -1;
	exchange_renew_deadline(x);
	w->requests++;
	w->exchanges++;
	trace_begin(x);
	x->connection = connection_begin(req);
	x->client = proxies_client(w->gateway->proxies, req);
	trace_log_begin(x);
	run_stages(x, FLOW_NEXT);
	log_done();
}

void
exchange_resume(struct exchange *x, int part, const struct answer *a)
{
	x->timing.spent_us += a->spent_us;
	trace_log_begin(x);
	if (part != -1) {
		x->part_slots[part] = -1;
		x->on_part(x, (unsigned)part, a);
	} else {
		x->slot = -1;
		run_stages(x, end_wait(x, a));
	}
	log_done();
}

void
exchange_crowd(struct exchange *x)
{
	x->crowded = true;
}

void
exchange_extend(struct exchange *x, int64_t deadline_ms)
{
	if (x->deadline_ms < deadline_ms)
		x->deadline_ms = deadline_ms;
}

void
exchange_continue(struct exchange *x)
{
	run_stages(x, end_wait(x, NULL));
}

/* --- memory ------------------------------------------------------------------ */

static size_t
count_if_large(size_t bytes)
{
	return bytes > LARGE_BYTES ? bytes : 0;
}

void
exchange_hold(struct exchange *x, size_t bytes)
{
	bytes += x->kept;
	x->worker->large_bytes += count_if_large(bytes) -
	    count_if_large(x->held);
	connection_hold(x->connection, x->held, bytes);
	x->held = bytes;
}

/*
 * Large answers have half of the worker's memory, so that the rest is left for
 * all others. What they are put together from is there twice for a while.
 */
static bool
may_keep(const struct exchange *x, size_t bytes)
{
	const struct worker	*w = x->worker;
	const struct settings	*s = w->gateway->settings;
	size_t			 most = (size_t)(s->memory_mb << 19) /
				    (size_t)s->gateway_threads;

	return count_if_large(x->kept + bytes) == 0 || w->large_bytes -
	    count_if_large(x->held) + 2 * (x->kept + bytes) <= most;
}

struct answer *
exchange_keep(struct exchange *x, const struct answer *a)
{
	struct answer	*copy = h2o_mem_alloc_pool(&x->req->pool,
			    sizeof(*copy));
	keyset		 extras = args_keys(&a->extra);
	h2o_iovec_t	 text;

	*copy = *a;
	text = h2o_strdup(&x->req->pool, a->fragment.base, a->fragment.len);
	copy->fragment = (struct text){ text.base, text.len };
	for (enum key k = keyset_next(extras, 0); k != KEY_END;
	    k = keyset_next(extras, k + 1)) {
		if (key_info(k)->type == KEY_INT)
			continue;
		text = h2o_strdup(&x->req->pool, args_text(&a->extra, k).base,
		    args_text(&a->extra, k).len);
		args_put_text(&copy->extra, k,
		    (struct text){ text.base, text.len });
	}
	return copy;
}

struct answer *
exchange_keep_large(struct exchange *x, const struct answer *a)
{
	if (!may_keep(x, a->fragment.len))
		return NULL;
	x->kept += a->fragment.len;
	exchange_hold(x, 0);
	return exchange_keep(x, a);
}

/* --- questions --------------------------------------------------------------- */

/* Hashes take long, and do not depend on rights. */
bool
exchange_is_slow(enum op_code op)
{
	return op_info(op)->kind == OP_SLOW || op_info(op)->kind == OP_LEAD;
}

/* Password hashes have a queue of their own; a search may take longer. */
int64_t
exchange_timeout(const struct exchange *x, enum op_code op)
{
	const struct settings	*s = x->worker->gateway->settings;

	if (exchange_is_slow(op))
		return s->login_timeout_ms;
	if (args_has_any(&x->args, K(CONTENT, VIEWS)) &&
	    op_filters_tickets(op_info(op)))
		return s->request_timeout_ms + s->search_ms;
	return 0;
}

void
exchange_renew_deadline(struct exchange *x)
{
	x->deadline_ms = clock_ms() +
	    x->worker->gateway->settings->request_timeout_ms;
}

/* False: no process can be asked. */
static bool
ask_bus(struct exchange *x, int part, enum op_code op, const struct args *args,
    int64_t timeout_ms, int *ret_slot)
{
	struct request	r = {
		.op = op,
		.actor = x->user_id,
		.rights = x->rights,
		.request_id = x->request_id,
		.trace = x->trace,
	};
	struct bus_question	q = {
		.asker = x,
		.part = part,
		.user_id = x->user_id,
		.client = &x->client,
		.deadline_ms = x->deadline_ms,
	};

	if (timeout_ms != 0)
		q.deadline_ms = clock_ms() + timeout_ms;
	if (op_info(op)->kind == OP_WRITE && x->identity.confirmed_ms != 0)
		r.expires_ms = x->identity.confirmed_ms +
		    IDENTITY_CONFIRMED_MOST_MS;
	r.args = *args;
	args_keep(&r.args, keyset_union(op_info(op)->needs, op_info(op)->may));
	return bus_ask(x->worker->bus, &q, &r, ret_slot);
}

static const struct answer	unavailable = { .error = ERR_UNAVAILABLE };

enum flow
exchange_ask(struct exchange *x, enum op_code op, const struct args *args,
    int64_t timeout_ms)
{
	if (ask_bus(x, -1, op, args, timeout_ms, &x->slot))
		return FLOW_WAIT;
	return end_wait(x, &unavailable);
}

void
exchange_ask_part(struct exchange *x, unsigned part, enum op_code op,
    const struct args *args, int64_t timeout_ms)
{
	CHECK(part < PARTS_MOST && x->part_slots[part] == -1);
	if (!ask_bus(x, (int)part, op, args, timeout_ms, &x->part_slots[part]))
		x->on_part(x, part, &unavailable);
}

void
exchange_tell(struct exchange *x, enum op_code op, const struct args *args,
    int64_t timeout_ms)
{
	int	slot;

	if (ask_bus(x, -1, op, args, timeout_ms, &slot))
		bus_forget(x->worker->bus, slot);
}
