/*
 * A request's way through the gateway: one array of rooms, one loop.
 *
 * A room that asks a service returns FLOW_WAIT; the loop goes on with the
 * room behind it when the answer comes. Where a service cannot be asked the
 * same room finds the refusal at once, so that there is one way, not two.
 */
#include "bus.h"
#include "proto/log.h"
#include "proto/replica.h"

static const struct {
	const char	*name;
	enum flow	(*enter)(struct exchange *);
} rooms[] = {
	{ "admit", room_admit },
	{ "match", room_match },
	{ "identify", room_identify },
	{ "identified", room_identified },
	{ "permit", room_permit },
	{ "decode", room_decode },
	{ "ask", room_ask },
	{ "asked", room_asked },
	{ "send", room_send },
	{ "answer", room_answer },
};

#define ROOMS	(sizeof(rooms) / sizeof(rooms[0]))

static void
run(struct exchange *x)
{
	enum flow	flow = FLOW_NEXT;

	while (flow == FLOW_NEXT) {
		CHECK(x->room < ROOMS);
		log_debug("%s request=%.*s", rooms[x->room].name,
		    (int)x->request_id_len, x->request_id);
		flow = rooms[x->room++].enter(x);
	}
}

/* h2o frees the request: its client left, or it was answered. */
static void
on_gone(void *data)
{
	struct exchange	*x = data;

	if (x->slot != -1)
		bus_forget(x->worker->bus, x->slot);
	x->worker->exchanges--;
}

void
exchange_start(struct worker *w, h2o_req_t *req)
{
	struct exchange	*x = h2o_mem_alloc_shared(&req->pool, sizeof(*x),
			    on_gone);
	int		 len;

	memset(x, 0, sizeof(*x));
	x->req = req;
	x->worker = w;
	x->slot = -1;
	x->deadline_ms = clock_ms() + w->gateway->settings->request_timeout_ms;
	len = snprintf(x->request_id, sizeof(x->request_id), "%08x-%llx",
	    w->gateway->boot, (unsigned long long)++w->requests);
	x->request_id_len = (size_t)len;
	w->exchanges++;
	run(x);
}

void
exchange_resume(struct exchange *x, const struct answer *a)
{
	x->answer = a;
	run(x);
}

enum flow
exchange_ask(struct exchange *x, enum op_code op, const struct args *args,
    int64_t timeout_ms)
{
	struct request	r = {
		.op = op,
		.actor = x->user_id,
		.rights = x->rights,
		.request_id = { x->request_id, x->request_id_len },
	};
	int64_t		deadline_ms = x->deadline_ms;

	if (timeout_ms != 0)
		deadline_ms = clock_ms() + timeout_ms;
	r.args = *args;
	r.args.present &= op_info(op)->needs | op_info(op)->may;
	if (bus_ask(x->worker->bus, x, &r, deadline_ms))
		return FLOW_WAIT;
	x->refusal = (struct answer){ .error = ERR_UNAVAILABLE };
	x->answer = &x->refusal;
	return FLOW_NEXT;
}

/* --- the rooms between decode and answer ------------------------------------ */

enum flow
room_ask(struct exchange *x)
{
	x->answer = NULL;
	if (x->route->ask == OP_NONE)
		return FLOW_NEXT;
	return exchange_ask(x, x->route->ask, &x->args, 0);
}

enum flow
room_asked(struct exchange *x)
{
	if (x->route->ask != OP_NONE && x->answer->error != OK)
		return answer_refusal(x, x->answer);
	return FLOW_NEXT;
}

enum flow
room_send(struct exchange *x)
{
	return exchange_ask(x, x->route->op, &x->args, 0);
}
