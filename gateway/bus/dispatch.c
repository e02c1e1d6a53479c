/* Dispatch: the life of a request from its question to its answer. */
#include "gateway/bus/dispatch.h"

#include "base/clock.h"
#include "base/metrics.h"

#define TRIES_MOST	4	/* processes that one request is sent to */
#define LOADING_MOST_MS	5000	/* that requests wait for a process to load */

/* --- answer or refuse ---------------------------------------------------- */

/* Take a request away from its process, if it is at one. */
static void
take_back(struct dispatch *d, struct pending *p)
{
	if (p->link == NULL)
		return;
	link_remove(p);
	window_remove(&d->window, &p->demand);
}

static void
end_request(struct dispatch *d, struct pending *p)
{
	take_back(d, p);
	pending_set_state(&d->pending, p, PENDING_FREE);
}

static void
answer_request(struct dispatch *d, struct pending *p, const struct answer *a)
{
	struct exchange	*asker = p->asker;
	int		 part = p->part;

	end_request(d, p);
	if (asker != NULL)
		d->events->answered(asker, part, a);
}

/*
 * A write that a process has, or had when it was lost, may be done, now or
 * earlier. A refusal by the next process, which had no time or room for it, says
 * nothing of that.
 */
static bool
is_in_doubt(const struct pending *p)
{
	return p->kind == OP_WRITE && p->done_maybe;
}

static void
refuse_request(struct dispatch *d, struct pending *p)
{
	struct answer	a = { .error = is_in_doubt(p) ? ERR_OUTCOME_UNKNOWN :
			    p->deferred || p->state == PENDING_HELD ?
			    ERR_EXPIRED : ERR_UNAVAILABLE };

	metric_add(METRIC_BUS_REFUSED, p->service, 0, 1);
	answer_request(d, p, &a);
}

/* --- send or wait -------------------------------------------------------- */

static void
extend_deadline(struct dispatch *d, struct pending *p, int64_t until_ms)
{
	if (p->deadline_ms < until_ms)
		p->deadline_ms = until_ms;
	if (p->asker != NULL)
		d->events->extended(p->asker, until_ms);
}

/* Have a request wait, unless too much of its user does already. */
static enum pending_state
let_wait(struct dispatch *d, struct pending *p, enum pending_state state)
{
	size_t	most = (size_t)d->settings->max_pending;

	return pending_may_wait(&d->pending, p, most) ? state :
	    PENDING_REFUSED;
}

/*
 * No process can be asked: one that was there a moment ago is being started
 * again, or another one takes over.
 */
static enum pending_state
wait_for_failover(struct dispatch *d, struct pending *p)
{
	const struct upstream	*u = &d->upstreams[p->service];
	enum pending_state	 state;

	if (!upstream_fails_over(u))
		return PENDING_REFUSED;
	state = let_wait(d, p, PENDING_QUEUED);
	if (state == PENDING_QUEUED && upstream_restart_ms(u) != 0)
		extend_deadline(d, p, upstream_restart_ms(u));
	return state;
}

/* Until when the process may carry it out. */
static int64_t
last_ms(const struct pending *p)
{
	return p->expires_ms != 0 && p->expires_ms < p->deadline_ms ?
	    p->expires_ms : p->deadline_ms;
}

static enum pending_state
send_request(struct dispatch *d, struct pending *p, struct link *link)
{
	window_add(&d->window, &p->demand);
	link_add(link, p, last_ms(p));
	if (p->tries++ > 0)
		metric_add(METRIC_BUS_RETRIES, p->service, 0, 1);
	if (link->replica->out.len > OUT_MOST_BYTES)
		(void)link_flush(link);
	d->collected(link);
	return PENDING_SENT;
}

static enum pending_state
send_or_wait(struct dispatch *d, struct pending *p)
{
	struct replica	*r = upstream_choose(&d->upstreams[p->service],
			    p->kind, p->deferred);
	struct link	*link;

	if (r == NULL)
		return wait_for_failover(d, p);
	if (p->deferred && r->loading)	/* it says when it has loaded */
		return let_wait(d, p, PENDING_LOADING);
	link = r->owner;
	if (!admission_has_room(&link->admission, &p->demand,
	    pending_held_before(&d->pending, p), d->settings)) {
		if (p->asker != NULL)
			d->events->crowded(p->asker);
		return PENDING_REFUSED;
	}
	if (window_is_full(&d->window, &p->demand))
		return let_wait(d, p, PENDING_HELD);
	return send_request(d, p, link);
}

/*
 * Send a request to a process, or let it wait. Returns its state: SENT,
 * QUEUED, LOADING or HELD; REFUSED if the caller has to refuse it.
 */
static enum pending_state
place_request(struct dispatch *d, struct pending *p)
{
	pending_set_state(&d->pending, p, send_or_wait(d, p));
	return p->state;
}

/*
 * Its process will not answer it, or what it waited for has come: send it
 * elsewhere, if it may be sent again.
 */
static void
place_again(struct dispatch *d, struct pending *p)
{
	if (p->state == PENDING_LOST)
		p->done_maybe = true;
	if (p->link != NULL) {
		take_back(d, p);
		pending_set_state(&d->pending, p, PENDING_PLACING);
	}
	if (p->asker == NULL || p->tries >= TRIES_MOST ||
	    (p->done_maybe && !p->repeatable) || clock_ms() >= p->deadline_ms ||
	    place_request(d, p) == PENDING_REFUSED)
		refuse_request(d, p);
}

/* Send the requests that waited for a process, or refuse them. */
static void
place_waiting(struct dispatch *d, enum service_id id)
{
	struct pending_table	*t = &d->pending;
	int			 used = t->used;

	for (int i = 0; i < used && t->unplaced > 0; i++)
		if (pending_waits_for_process(&t->rows[i]) &&
		    t->rows[i].service == id)
			place_again(d, &t->rows[i]);
}

void
dispatch_release_held(struct dispatch *d)
{
	struct pending	*p;

	for (unsigned i = 0; i < SHARES && d->pending.held_count > 0; i++)
		while ((p = pending_first_held(&d->pending, i)) != NULL) {
			if (window_is_full(&d->window, &p->demand))
				break;
			if (p->asker == NULL) {
				end_request(d, p);
				continue;
			}
			pending_set_state(&d->pending, p, PENDING_QUEUED);
			if (place_request(d, p) == PENDING_REFUSED)
				refuse_request(d, p);
		}
}

/* --- processes lost ------------------------------------------------------ */

void
dispatch_review(struct dispatch *d, enum service_id id)
{
	upstream_review(&d->upstreams[id], &d->up[id]);
	if (d->pending.unplaced > 0)
		place_waiting(d, id);
}

/*
 * Send LOST and UNSENT requests elsewhere. An asker that is told a refusal may
 * ask again at once, and get a row: so all are marked before the first one is
 * told.
 */
static void
place_lost(struct dispatch *d)
{
	struct pending	*rows = d->pending.rows;
	int		 used = d->pending.used;

	for (int i = 0; i < used; i++)
		if (rows[i].state == PENDING_LOST ||
		    rows[i].state == PENDING_UNSENT)
			place_again(d, &rows[i]);
}

void
dispatch_lose(struct dispatch *d, const struct link *link)
{
	struct pending	*rows = d->pending.rows;

	for (int i = 0; i < d->pending.used; i++)
		if (rows[i].state == PENDING_SENT && rows[i].link == link)
			pending_set_state(&d->pending, &rows[i],
			    PENDING_LOST);
	link->replica->out.len = 0;
	place_lost(d);
}

void
dispatch_lose_unsent(struct dispatch *d, struct link *link)
{
	struct pending	*rows = d->pending.rows;

	link->replica->out.len = 0;
	replica_disconnect(link->replica);
	for (int i = 0; i < d->pending.used; i++)
		if (rows[i].state == PENDING_SENT && rows[i].link == link &&
		    rows[i].flush == link->flushes)
			pending_set_state(&d->pending, &rows[i],
			    PENDING_UNSENT);
	/* seen at once, not at the next tick, or it would be asked again */
	(void)replica_lost(link->replica, clock_ms());
	dispatch_review(d, link->replica->service);
	place_lost(d);
	dispatch_lose(d, link);
}

/* --- replies ------------------------------------------------------------- */

/*
 * UNAVAILABLE is the answer of a process that does not carry it out: it ends,
 * or it is not the writer. Its next PONG will tell; until then it is asked
 * nothing of that kind.
 */
static void
ask_elsewhere(struct dispatch *d, struct pending *p)
{
	struct replica	*r = p->link->replica;

	if (p->kind == OP_READ)
		r->refuses = true;
	else if (p->kind == OP_SLOW)
		r->leaving = true;
	else
		r->writes = false;
	/* first, as requests may wait for another process from here on */
	dispatch_review(d, r->service);
	place_again(d, p);
}

/* Whether the process answers that it is still loading what the request needs. */
static bool
says_loading(const struct pending *p, const struct answer *a)
{
	return a->error == ERR_LOADING && op_filters_tickets(op_info(p->op));
}

/*
 * Another process may have loaded; else the request waits until this one has,
 * for a time that does not count against it.
 */
static void
defer_request(struct dispatch *d, struct pending *p)
{
	if (!p->deferred)
		extend_deadline(d, p, clock_ms() + LOADING_MOST_MS);
	p->deferred = true;
	p->link->replica->loading = true;
	p->tries--;
	place_again(d, p);
}

static void
deliver_answer(struct dispatch *d, struct pending *p, const struct answer *a)
{
	static const struct answer	unknown = {
		.error = ERR_OUTCOME_UNKNOWN };
	int64_t				heard_us = clock_us();

	metric_observe(METRIC_BUS_SECONDS, p->op, heard_us - p->sent_us);
	admission_learn(&p->link->admission, p->demand.queue, heard_us, a);
	if (p->asker != NULL)
		d->events->waited(p->asker, p->sent_us, heard_us);
	answer_request(d, p, is_in_doubt(p) &&
	    err_info(a->error)->http == 503 ? &unknown : a);
}

bool
dispatch_take_reply(struct dispatch *d, struct link *link,
    const struct answer *a)
{
	struct pending	*p = pending_find(&d->pending, a->id);

	/* too late, or another process was asked */
	if (p == NULL || p->link != link)
		return false;
	if (a->error == ERR_UNAVAILABLE)
		ask_elsewhere(d, p);
	else if (says_loading(p, a))
		defer_request(d, p);
	else
		deliver_answer(d, p, a);
	return true;
}

/* --- ask ----------------------------------------------------------------- */

bool
dispatch_ask(struct dispatch *d, const struct bus_question *q,
    struct request *r, int *ret_slot)
{
	const struct op_info	*info = op_info(r->op);
	struct pending		*p = pending_take(&d->pending, r);

	if (p == NULL)
		return false;
	p->asker = q->asker;
	p->part = q->part;
	p->service = info->service;
	p->kind = info->kind;
	p->demand.queue = admission_queue(info->kind, &r->args);
	p->demand.share = shares_place(&d->shares_key, q->user_id, q->client);
	p->repeatable = info->kind == OP_READ || info->kind == OP_SLOW ||
	    args_has(&r->args, KEY_IDEMPOTENCY_KEY);
	p->deadline_ms = q->deadline_ms;
	p->expires_ms = r->expires_ms;
	if (place_request(d, p) == PENDING_REFUSED) {
		end_request(d, p);
		return false;
	}
	*ret_slot = (int)(p - d->pending.rows);
	return true;
}

void
dispatch_forget(struct dispatch *d, int slot)
{
	d->pending.rows[slot].asker = NULL;
}

void
dispatch_refuse_late(struct dispatch *d, int64_t now_ms)
{
	struct pending	*rows = d->pending.rows;

	for (int i = 0; i < d->pending.used; i++) {
		if (rows[i].state == PENDING_FREE ||
		    now_ms < rows[i].deadline_ms)
			continue;
		if (rows[i].state == PENDING_SENT)
			rows[i].done_maybe = true;
		refuse_request(d, &rows[i]);
	}
}

/* --- start and end ------------------------------------------------------- */

void
dispatch_init(struct dispatch *d, struct gateway *g,
    const struct bus_events *events, dispatch_collected *collected)
{
	size_t	most = (size_t)g->settings->max_pending;

	d->settings = g->settings;
	d->up = g->up;
	d->events = events;
	d->collected = collected;
	keyed_hash_make_key(&d->shares_key);
	pending_init(&d->pending, (int)shares_with_others(most) *
	    (SERVICE_END - 1));
	for (unsigned id = 1; id < SERVICE_END; id++)
		upstream_init(&d->upstreams[id], (enum service_id)id,
		    g->resolver);
}

void
dispatch_done(struct dispatch *d)
{
	for (unsigned id = 1; id < SERVICE_END; id++)
		upstream_done(&d->upstreams[id]);
	pending_done(&d->pending);
}
