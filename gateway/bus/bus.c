/* The bus: where requests go, and what becomes of them when a process is lost. */
#include "gateway/bus/bus.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "gateway/bus/link.h"
#include "gateway/bus/pending.h"
#include "gateway/bus/upstream.h"
#include "gateway/bus/window.h"
#include "gateway/cache/tokens.h"
#include "gateway/state.h"

#define TRIES_MOST	4	/* processes that one request is sent to */
#define PONG_PING_MS	20	/* between PINGs that answer unsolicited PONGs */
#define LOADING_MOST_MS	5000	/* that requests wait for a process to load */

struct bus {
	struct worker			*worker;
	const struct bus_events		*events;
	struct upstream			 upstreams[SERVICE_END];
	struct pending_table		 pending;
	struct window			 window;
	struct shares_key		 shares_key;
	struct frame_reader		*frames;
	h2o_timeout_entry_t		 flush;
	h2o_timeout_t			 pause;		/* LINK_PAUSE_MS */
	h2o_timeout_entry_t		 drain;		/* ... and on with it */
	int64_t				 ticked_ms;
	int64_t				 slept_ms;	/* when a tick came far
							 * too late */
};

/* --- answer or refuse ------------------------------------------------------- */

/* The process that has a request, if there is one, has it no more. */
static void
take_back(struct bus *b, struct pending *p)
{
	if (p->link == NULL)
		return;
	link_remove(p);
	window_remove(&b->window, &p->demand);
}

static void
end_request(struct bus *b, struct pending *p)
{
	take_back(b, p);
	pending_set_state(&b->pending, p, PENDING_FREE);
}

static void
answer_request(struct bus *b, struct pending *p, const struct answer *a)
{
	struct exchange	*asker = p->asker;
	int		 part = p->part;

	end_request(b, p);
	if (asker != NULL)
		b->events->answered(asker, part, a);
}

static void
refuse_request(struct bus *b, struct pending *p)
{
	struct answer	a = { .error = p->deferred ||
			    p->state == PENDING_HELD ? ERR_EXPIRED :
			    ERR_UNAVAILABLE };

	metric_add(METRIC_BUS_REFUSED, p->service, 0, 1);
	answer_request(b, p, &a);
}

/* --- send or wait ----------------------------------------------------------- */

/* Links are drained after every flush; see link.h. */
static void
flush_soon(struct bus *b)
{
	if (!h2o_timeout_is_linked(&b->flush))
		h2o_timeout_link(b->worker->ctx.loop,
		    &b->worker->ctx.zero_timeout, &b->flush);
}

static void
extend_deadline(struct bus *b, struct pending *p, int64_t until_ms)
{
	if (p->deadline_ms < until_ms)
		p->deadline_ms = until_ms;
	if (p->asker != NULL)
		b->events->extended(p->asker, until_ms);
}

/* Have a request wait, unless too much of its user does already. */
static enum pending_state
let_wait(struct bus *b, struct pending *p, enum pending_state state)
{
	size_t	most = (size_t)b->worker->gateway->settings->max_pending;

	return pending_may_wait(&b->pending, p, most) ? state :
	    PENDING_REFUSED;
}

/*
 * No process can be asked: one that was there a moment ago is being started
 * again, or another one takes over.
 */
static enum pending_state
wait_for_failover(struct bus *b, struct pending *p)
{
	const struct upstream	*u = &b->upstreams[p->service];
	enum pending_state	 state;

	if (!upstream_fails_over(u))
		return PENDING_REFUSED;
	state = let_wait(b, p, PENDING_QUEUED);
	if (state == PENDING_QUEUED && upstream_restart_ms(u) != 0)
		extend_deadline(b, p, upstream_restart_ms(u));
	return state;
}

/* When it is to be carried out at the latest. */
static int64_t
last_ms(const struct pending *p)
{
	return p->expires_ms != 0 && p->expires_ms < p->deadline_ms ?
	    p->expires_ms : p->deadline_ms;
}

static enum pending_state
send_request(struct bus *b, struct pending *p, struct link *link)
{
	window_add(&b->window, &p->demand);
	link_add(link, p, last_ms(p));
	if (p->tries++ > 0)
		metric_add(METRIC_BUS_RETRIES, p->service, 0, 1);
	if (link->replica->out.len > OUT_MOST_BYTES)
		(void)link_flush(link);
	flush_soon(b);
	return PENDING_SENT;
}

static enum pending_state
send_or_wait(struct bus *b, struct pending *p)
{
	struct replica	*r = upstream_choose(&b->upstreams[p->service],
			    p->kind, p->deferred);
	struct link	*link;

	if (r == NULL)
		return wait_for_failover(b, p);
	if (p->deferred && r->loading)	/* it says when it has loaded */
		return let_wait(b, p, PENDING_LOADING);
	link = r->owner;
	if (!admission_has_room(&link->admission, &p->demand,
	    pending_held_before(&b->pending, p), b->worker->gateway->settings)) {
		if (p->asker != NULL)
			b->events->crowded(p->asker);
		return PENDING_REFUSED;
	}
	if (window_is_full(&b->window, &p->demand))
		return let_wait(b, p, PENDING_HELD);
	return send_request(b, p, link);
}

/*
 * Send a request to a process, or let it wait. Returns its state: SENT,
 * QUEUED, LOADING or HELD; REFUSED if the caller has to refuse it.
 */
static enum pending_state
place(struct bus *b, struct pending *p)
{
	pending_set_state(&b->pending, p, send_or_wait(b, p));
	return p->state;
}

/*
 * Its process will not answer it, or what it waited for has come: send it
 * elsewhere, if it may be sent again.
 */
static void
place_again(struct bus *b, struct pending *p)
{
	bool	done_maybe = p->state == PENDING_LOST;

	if (p->link != NULL) {
		take_back(b, p);
		pending_set_state(&b->pending, p, PENDING_PLACING);
	}
	if (p->asker == NULL || p->tries >= TRIES_MOST ||
	    (done_maybe && !p->repeatable) || clock_ms() >= p->deadline_ms ||
	    place(b, p) == PENDING_REFUSED)
		refuse_request(b, p);
}

/* Those that waited for a process: there is one, or they wait no longer. */
static void
place_waiting(struct bus *b, enum service_id id)
{
	struct pending_table	*t = &b->pending;
	int			 used = t->used;

	for (int i = 0; i < used && t->unplaced > 0; i++)
		if (pending_waits_for_process(&t->rows[i]) &&
		    t->rows[i].service == id)
			place_again(b, &t->rows[i]);
}

/* Those that were held back, and whose turn it is. */
static void
release_held(struct bus *b)
{
	struct pending	*p;

	for (unsigned i = 0; i < SHARES && b->pending.held_count > 0; i++)
		while ((p = pending_first_held(&b->pending, i)) != NULL) {
			if (window_is_full(&b->window, &p->demand))
				break;
			if (p->asker == NULL) {
				end_request(b, p);
				continue;
			}
			pending_set_state(&b->pending, p, PENDING_QUEUED);
			if (place(b, p) == PENDING_REFUSED)
				refuse_request(b, p);
		}
}

/* --- processes lost --------------------------------------------------------- */

/*
 * Look at a service again, after one of its processes came, went or said
 * something new.
 */
static void
review(struct bus *b, enum service_id id)
{
	upstream_review(&b->upstreams[id], &b->worker->gateway->up[id]);
	if (b->pending.unplaced > 0)
		place_waiting(b, id);
}

/*
 * Send LOST and UNSENT requests elsewhere. Who hears a refusal may ask again
 * at once, and get a row: so all are marked before the first one is told.
 */
static void
place_lost(struct bus *b)
{
	struct pending	*rows = b->pending.rows;
	int		 used = b->pending.used;

	for (int i = 0; i < used; i++)
		if (rows[i].state == PENDING_LOST ||
		    rows[i].state == PENDING_UNSENT)
			place_again(b, &rows[i]);
}

/* The process behind a link will not answer what it was sent. */
static void
lose_requests(struct bus *b, const struct link *link)
{
	struct pending	*rows = b->pending.rows;

	for (int i = 0; i < b->pending.used; i++)
		if (rows[i].state == PENDING_SENT && rows[i].link == link)
			pending_set_state(&b->pending, &rows[i],
			    PENDING_LOST);
	link->replica->out.len = 0;
	place_lost(b);
}

/* What could not be sent is sent elsewhere or refused, at once. */
static void
lose_unsent(struct bus *b, struct link *link)
{
	struct pending	*rows = b->pending.rows;

	link->replica->out.len = 0;
	link->replica->deaf = true;
	for (int i = 0; i < b->pending.used; i++)
		if (rows[i].state == PENDING_SENT && rows[i].link == link &&
		    rows[i].flush == link->flushes)
			pending_set_state(&b->pending, &rows[i],
			    PENDING_UNSENT);
	/* seen at once, not at the next tick, or it would be asked again */
	(void)replica_lost(link->replica, clock_ms());
	review(b, link->replica->service);
	place_lost(b);
	lose_requests(b, link);
}

/* --- heartbeats ------------------------------------------------------------- */

static void
ping(struct link *link, int64_t now_ms, bool at_once)
{
	struct args	extra = { 0 };

	if (link->replica->service == SERVICE_USER)
		tokens_tell(link->bus->worker->tokens, &extra);
	if (at_once)
		link->replica->pinged_ms = 0;
	replica_ping(link->replica, now_ms, &extra);
}

static void
take_pong(struct link *link, const struct answer *a, int64_t now_ms)
{
	struct bus	*b = link->bus;
	struct replica	*r = link->replica;

	if (r->service == SERVICE_USER)
		tokens_hear(b->worker->tokens, a, now_ms);
	if (r->reborn) {
		r->reborn = false;
		b->events->restarted(b->worker);
		log_info("%s service at %s was started again",
		    service_name(r->service), r->endpoint);
		lose_requests(b, link);
	}
	review(b, r->service);
}

/* The process waits until its unsolicited PONG was heard: a PING says so. */
static void
answer_unsolicited(struct link *link, int64_t now_ms)
{
	struct bus	*b = link->bus;
	struct replica	*r = link->replica;

	link->restates = false;
	review(b, r->service);
	if (now_ms - r->pinged_ms >= PONG_PING_MS) {
		ping(link, now_ms, true);
		flush_soon(b);
	} else	/* with the next tick */
		r->pinged_ms = 0;
}

/* --- answers ---------------------------------------------------------------- */

/*
 * UNAVAILABLE is the answer of a process that does not carry it out: it ends,
 * or it is not the writer. Its next PONG will tell; until then it is asked
 * nothing of that kind.
 */
static void
ask_elsewhere(struct bus *b, struct pending *p)
{
	struct replica	*r = p->link->replica;

	if (p->kind == OP_READ)
		r->refuses = true;
	else if (p->kind == OP_SLOW)
		r->leaving = true;
	else
		r->writes = false;
	/* first, as requests may wait for another process from here on */
	review(b, r->service);
	place_again(b, p);
}

/*
 * Whether the process answers that it is still loading. Lists that can be
 * sorted wait for that, and nothing else has to be loaded.
 */
static bool
is_loading(const struct pending *p, const struct answer *a)
{
	return a->error == ERR_EXPIRED &&
	    args_number(&a->extra, KEY_LOADING, 0) != 0 &&
	    keyset_has(op_info(p->op)->may, KEY_SORT);
}

/*
 * Another process may have loaded; else the request waits until this one has,
 * for a time that does not count against it.
 */
static void
defer_request(struct bus *b, struct pending *p)
{
	if (!p->deferred)
		extend_deadline(b, p, clock_ms() + LOADING_MOST_MS);
	p->deferred = true;
	p->link->replica->loading = true;
	p->tries--;
	place_again(b, p);
}

static void
take_answer(struct bus *b, struct pending *p, const struct answer *a)
{
	int64_t	heard_us = clock_us();

	metric_observe(METRIC_BUS_SECONDS, p->op, heard_us - p->sent_us);
	admission_learn(&p->link->admission, p->demand.queue, heard_us, a);
	if (p->asker != NULL)
		b->events->waited(p->asker, p->sent_us, heard_us);
	answer_request(b, p, a);
}

/* Whether the answer is to a request that waits. */
static bool
take_reply(struct link *link, const struct answer *a)
{
	struct bus	*b = link->bus;
	struct pending	*p = pending_find(&b->pending, a->id);

	/* too late, or another process was asked */
	if (p == NULL || p->link != link)
		return false;
	if (a->error == ERR_UNAVAILABLE)
		ask_elsewhere(b, p);
	else if (is_loading(p, a))
		defer_request(b, p);
	else
		take_answer(b, p, a);
	return true;
}

static bool
take_frame(struct link *link, const struct answer *a, int64_t now_ms)
{
	switch (replica_take_pong(link->replica, a, now_ms)) {
	case PONG_HEARD:
		take_pong(link, a, now_ms);
		return true;
	case PONG_NEWS:
		if (link->replica->service == SERVICE_USER)
			tokens_hear(link->bus->worker->tokens, a, now_ms);
		/* answered once, however many came */
		link->restates = true;
		return false;
	case PONG_VOID:
		return false;
	default:
		return take_reply(link, a);
	}
}

/* --- links ------------------------------------------------------------------ */

static void
drain(struct link *link)
{
	struct bus	*b = link->bus;
	int64_t		 now_ms = clock_ms();

	if (link_drain(link, b->frames, take_frame, now_ms) &&
	    !h2o_timeout_is_linked(&b->drain))
		h2o_timeout_link(b->worker->ctx.loop, &b->pause, &b->drain);
	if (link->restates)
		answer_unsolicited(link, now_ms);
	release_held(b);
}

static void
drain_all(struct bus *b)
{
	struct pool	*pool;

	for (unsigned id = 1; id < SERVICE_END; id++) {
		pool = &b->upstreams[id].pool;
		for (unsigned i = 0; i < pool->count; i++)
			drain(pool->rows[i]->owner);
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
		pool = &b->upstreams[id].pool;
		for (unsigned i = 0; i < pool->count; i++)
			if (!link_flush(pool->rows[i]->owner))
				lose_unsent(b, pool->rows[i]->owner);
	}
	drain_all(b);
}

/* Open and close links to the processes that the service's names lead to. */
static void
follow_names(struct bus *b, enum service_id id)
{
	struct pool	*pool = &b->upstreams[id].pool;
	struct replica	*gone;

	pool_refresh(pool);
	for (unsigned i = 0; i < pool->count; i++)
		if (pool->rows[i]->owner == NULL)
			link_open(b, pool->rows[i], b->worker->ctx.loop,
			    drain);
	while ((gone = pool_take_gone(pool)) != NULL) {
		link_close(gone->owner);
		replica_destroy(&gone);
	}
}

/* --- ask -------------------------------------------------------------------- */

bool
bus_ask(struct bus *b, const struct question *q, struct request *r,
    int *ret_slot)
{
	const struct op_info	*info = op_info(r->op);
	struct pending		*p = pending_take(&b->pending, r);

	if (p == NULL)
		return false;
	p->asker = q->asker;
	p->part = q->part;
	p->service = info->service;
	p->kind = info->kind;
	p->demand.queue = admission_queue(info->kind, &r->args);
	p->demand.share = shares_place(&b->shares_key, q->user_id, q->client);
	p->repeatable = info->kind == OP_READ || info->kind == OP_SLOW ||
	    args_has(&r->args, KEY_IDEMPOTENCY_KEY);
	p->deadline_ms = q->deadline_ms;
	p->expires_ms = r->expires_ms;
	if (place(b, p) == PENDING_REFUSED) {
		end_request(b, p);
		return false;
	}
	*ret_slot = (int)(p - b->pending.rows);
	return true;
}

void
bus_forget(struct bus *b, int slot)
{
	b->pending.rows[slot].asker = NULL;
}

/* --- ticks ------------------------------------------------------------------ */

static void
refuse_late(struct bus *b, int64_t now_ms)
{
	struct pending	*rows = b->pending.rows;

	for (int i = 0; i < b->pending.used; i++)
		if (rows[i].state != PENDING_FREE &&
		    now_ms >= rows[i].deadline_ms)
			refuse_request(b, &rows[i]);
}

/* Tokens that were used. The answer is not waited for: no row has this id. */
static void
tell_used_tokens(struct bus *b, int64_t now_ms)
{
	struct replica	*r = pool_writer(&b->upstreams[SERVICE_USER].pool);
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
	ping(link, now_ms, false);
	drain(link);
	if (!replica_lost(link->replica, now_ms))
		return;
	review(b, link->replica->service);
	lose_requests(b, link);
}

void
bus_tick(struct bus *b, int64_t now_ms)
{
	struct pool	*pool;

	if (b->ticked_ms != 0 && now_ms - b->ticked_ms >= REPLICA_DOWN_MS)
		b->slept_ms = now_ms;
	b->ticked_ms = now_ms;
	for (unsigned id = 1; id < SERVICE_END; id++) {
		pool = &b->upstreams[id].pool;
		follow_names(b, (enum service_id)id);
		for (unsigned i = 0; i < pool->count; i++)
			tick_link(b, pool->rows[i]->owner, now_ms);
		review(b, (enum service_id)id);
	}
	refuse_late(b, now_ms);
	tell_used_tokens(b, now_ms);
}

/* --- what is known of services ---------------------------------------------- */

bool
bus_is_up(const struct bus *b, enum service_id id)
{
	return pool_is_up(&b->upstreams[id].pool);
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
	return pool_heard_ms(&b->upstreams[id].pool);
}

/* --- start and end ---------------------------------------------------------- */

struct bus *
bus_new(struct worker *w, const struct bus_events *events)
{
	const struct settings	*settings = w->gateway->settings;
	struct bus		*b = must_alloc(sizeof(*b));

	b->worker = w;
	b->events = events;
	shares_key_make(&b->shares_key);
	b->flush.cb = on_flush;
	b->drain.cb = on_drain;
	h2o_timeout_init(w->ctx.loop, &b->pause, LINK_PAUSE_MS);
	pending_init(&b->pending,
	    (int)shares_with_others((size_t)settings->max_pending) *
	    (SERVICE_END - 1));
	b->frames = frame_reader_new();
	for (unsigned id = 1; id < SERVICE_END; id++)
		upstream_init(&b->upstreams[id], (enum service_id)id,
		    w->gateway->resolver);
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
		pool = &b->upstreams[id].pool;
		for (unsigned i = 0; i < pool->count; i++)
			link_close(pool->rows[i]->owner);
		upstream_done(&b->upstreams[id]);
	}
	if (h2o_timeout_is_linked(&b->flush))
		h2o_timeout_unlink(&b->flush);
	if (h2o_timeout_is_linked(&b->drain))
		h2o_timeout_unlink(&b->drain);
	h2o_timeout_dispose(b->worker->ctx.loop, &b->pause);
	frame_reader_destroy(&b->frames);
	pending_done(&b->pending);
	free(b);
	*self_p = NULL;
}
