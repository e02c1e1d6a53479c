/* The bus: when links are read and written, and heartbeats. */
#include "gateway/bus/bus.h"

#include "base/clock.h"
#include "base/log.h"
#include "gateway/bus/dispatch.h"
#include "gateway/cache/tokens.h"
#include "gateway/worker.h"

#define PONG_PING_MS	20	/* between answers to unsolicited PONGs */

struct bus {
	struct worker		*worker;
	struct dispatch		 dispatch;
	struct frame_reader	*frames;
	h2o_timeout_entry_t	 flush;		/* at the end of the turn */
	h2o_timeout_t		 pause;		/* LINK_PAUSE_MS */
	h2o_timeout_entry_t	 drain;		/* ... after that */
	int64_t			 ticked_ms;
	int64_t			 slept_ms;	/* when a tick came much too late */
};

static struct pool *
pool_of(struct bus *b, enum service_id id)
{
	return &b->dispatch.upstreams[id].pool;
}

/* Links are drained after every flush; see link.h. */
static void
flush_soon(struct bus *b)
{
	if (!h2o_timeout_is_linked(&b->flush))
		h2o_timeout_link(b->worker->ctx.loop,
		    &b->worker->ctx.zero_timeout, &b->flush);
}

static void
on_collected(struct link *link)
{
	flush_soon(link->bus);
}

/* --- heartbeats ---------------------------------------------------------- */

static void
ping_replica(struct link *link, int64_t now_ms, bool at_once)
{
	struct args	extra = { 0 };

	if (link->replica->service == SERVICE_USER)
		tokens_tell(link->bus->worker->tokens, &extra);
	if (at_once)
		link->replica->pinged_ms = 0;
	replica_ping(link->replica, now_ms, &extra);
}

static void
handle_pong(struct link *link, const struct answer *a, int64_t now_ms)
{
	struct bus	*b = link->bus;
	struct replica	*r = link->replica;

	if (r->service == SERVICE_USER)
		tokens_hear(b->worker->tokens, a, now_ms);
	if (r->restarted) {
		r->restarted = false;
		b->dispatch.events->restarted(b->worker);
		log_info("%s service at %s was started again",
		    service_name(r->service), r->endpoint);
		dispatch_lose(&b->dispatch, link);
	}
	dispatch_review(&b->dispatch, r->service);
}

/* The process waits until its unsolicited PONG was heard: a PING says so. */
static void
answer_unsolicited(struct link *link, int64_t now_ms)
{
	struct bus	*b = link->bus;
	struct replica	*r = link->replica;

	link->restates = false;
	dispatch_review(&b->dispatch, r->service);
	if (now_ms - r->pinged_ms >= PONG_PING_MS) {
		ping_replica(link, now_ms, true);
		flush_soon(b);
	} else	/* with the next tick */
		r->pinged_ms = 0;
}

static bool
handle_frame(struct link *link, const struct answer *a, int64_t now_ms)
{
	switch (replica_take_pong(link->replica, a, now_ms)) {
	case PONG_HEARD:
		handle_pong(link, a, now_ms);
		return true;
	case PONG_UNSOLICITED:
		if (link->replica->service == SERVICE_USER)
			tokens_hear(link->bus->worker->tokens, a, now_ms);
		/* answered once, however many came */
		link->restates = true;
		return false;
	case PONG_VOID:
		return false;
	default:
		return dispatch_take_reply(&link->bus->dispatch, link, a);
	}
}

/* --- links --------------------------------------------------------------- */

static void
drain_link(struct link *link)
{
	struct bus	*b = link->bus;
	int64_t		 now_ms = clock_ms();

	if (link_drain(link, b->frames, handle_frame, now_ms) &&
	    !h2o_timeout_is_linked(&b->drain))
		h2o_timeout_link(b->worker->ctx.loop, &b->pause, &b->drain);
	if (link->restates)
		answer_unsolicited(link, now_ms);
	dispatch_release_held(&b->dispatch);
}

static void
drain_all(struct bus *b)
{
	struct pool	*pool;

	for (unsigned id = 1; id < SERVICE_END; id++) {
		pool = pool_of(b, (enum service_id)id);
		for (unsigned i = 0; i < pool->count; i++)
			drain_link(pool->rows[i]->owner);
	}
}

static void
on_drain(h2o_timeout_entry_t *entry)
{
	drain_all(H2O_STRUCT_FROM_MEMBER(struct bus, drain, entry));
}

static void
on_flush(h2o_timeout_entry_t *entry)
{
	struct bus	*b = H2O_STRUCT_FROM_MEMBER(struct bus, flush, entry);
	struct pool	*pool;

	for (unsigned id = 1; id < SERVICE_END; id++) {
		pool = pool_of(b, (enum service_id)id);
		for (unsigned i = 0; i < pool->count; i++)
			if (!link_flush(pool->rows[i]->owner))
				dispatch_lose_unsent(&b->dispatch,
				    pool->rows[i]->owner);
	}
	drain_all(b);
}

/* Open and close links to the processes that the service's names lead to. */
static void
follow_names(struct bus *b, enum service_id id)
{
	struct pool	*pool = pool_of(b, id);
	struct replica	*gone;

	pool_refresh(pool);
	for (unsigned i = 0; i < pool->count; i++)
		if (pool->rows[i]->owner == NULL)
			link_open(b, pool->rows[i], b->worker->ctx.loop,
			    drain_link);
	while ((gone = pool_take_gone(pool)) != NULL) {
		link_close(gone->owner);
		replica_destroy(&gone);
	}
}

/* --- ask ----------------------------------------------------------------- */

bool
bus_ask(struct bus *b, const struct bus_question *q, struct request *r,
    int *ret_slot)
{
	return dispatch_ask(&b->dispatch, q, r, ret_slot);
}

void
bus_forget(struct bus *b, int slot)
{
	dispatch_forget(&b->dispatch, slot);
}

/* --- ticks --------------------------------------------------------------- */

/* Tokens that were used. The answer is not waited for: no row has this id. */
static void
tell_used_tokens(struct bus *b, int64_t now_ms)
{
	struct replica	*r = pool_writer(pool_of(b, SERVICE_USER));
	struct request	 told = { .op = OP_TOKENS_USED, .id = UINT64_MAX,
			    .request_id = TEXT_OF("") };
	struct text	 ids;

	if (r == NULL || !tokens_take_used(b->worker->tokens, now_ms, &ids))
		return;
	args_put_text(&told.args, KEY_IDS, ids);
	frame_put_request(&r->out, &told);
	(void)link_flush(r->owner);
	flush_soon(b);
}

static void
tick_link(struct bus *b, struct link *link, int64_t now_ms)
{
	ping_replica(link, now_ms, false);
	drain_link(link);
	if (!replica_lost(link->replica, now_ms))
		return;
	dispatch_review(&b->dispatch, link->replica->service);
	dispatch_lose(&b->dispatch, link);
}

void
bus_tick(struct bus *b, int64_t now_ms)
{
	struct pool	*pool;

	if (b->ticked_ms != 0 && now_ms - b->ticked_ms >= REPLICA_DOWN_MS)
		b->slept_ms = now_ms;
	b->ticked_ms = now_ms;
	for (unsigned id = 1; id < SERVICE_END; id++) {
		pool = pool_of(b, (enum service_id)id);
		follow_names(b, (enum service_id)id);
		for (unsigned i = 0; i < pool->count; i++)
			tick_link(b, pool->rows[i]->owner, now_ms);
		dispatch_review(&b->dispatch, (enum service_id)id);
	}
	dispatch_refuse_late(&b->dispatch, now_ms);
	tell_used_tokens(b, now_ms);
}

/* --- state of services --------------------------------------------------- */

bool
bus_is_up(const struct bus *b, enum service_id id)
{
	return pool_is_up(&b->dispatch.upstreams[id].pool);
}

bool
bus_slept(const struct bus *b, enum service_id id)
{
	int64_t	heard_ms = bus_heard_ms(b, id);

	return heard_ms <= b->slept_ms || (bus_is_up(b, id) &&
	    clock_ms() - heard_ms >= REPLICA_DOWN_MS);
}

int64_t
bus_heard_ms(const struct bus *b, enum service_id id)
{
	return pool_heard_ms(&b->dispatch.upstreams[id].pool);
}

/* --- start and end ------------------------------------------------------- */

struct bus *
bus_new(struct worker *w, const struct bus_events *events)
{
	struct bus	*b = must_alloc(sizeof(*b));

	b->worker = w;
	b->flush.cb = on_flush;
	b->drain.cb = on_drain;
	h2o_timeout_init(w->ctx.loop, &b->pause, LINK_PAUSE_MS);
	b->frames = frame_reader_new();
	dispatch_init(&b->dispatch, w->gateway, events, on_collected);
	return b;
}

void
bus_destroy(struct bus **self_p)
{
	struct bus	*b = *self_p;
	struct pool	*pool;

	if (b == NULL)
		return;
	for (unsigned id = 1; id < SERVICE_END; id++) {
		pool = pool_of(b, (enum service_id)id);
		for (unsigned i = 0; i < pool->count; i++)
			link_close(pool->rows[i]->owner);
	}
	if (h2o_timeout_is_linked(&b->flush))
		h2o_timeout_unlink(&b->flush);
	if (h2o_timeout_is_linked(&b->drain))
		h2o_timeout_unlink(&b->drain);
	h2o_timeout_dispose(b->worker->ctx.loop, &b->pause);
	frame_reader_destroy(&b->frames);
	dispatch_done(&b->dispatch);
	free(b);
	*self_p = NULL;
}
