/* Sockets, slots, deadlines. */
#include "gateway/bus/bus.h"

#include <czmq.h>
#include <unistd.h>

#include "base/log.h"
#include "base/metrics.h"
#include "gateway/bus/shares.h"
#include "gateway/cache/copies.h"
#include "gateway/cache/tokens.h"
#include "gateway/core/trace.h"
#include "proto/peer/pool.h"

#define SLOT_BITS	24	/* an id is a generation above, a slot below */
#define FRAME_KEPT_BYTES 4096	/* larger ones are freed with their slot */
#define TRIES_MOST	4	/* processes that one question is put to */
#define HOPE_MS		1000	/* after a loss: how long another may come */
#define NEWS_PING_MS	20	/* between PINGs that answer news */
#define HOPE_LEFT_MS	3000	/* ... after one that said that it leaves */
#define LOADING_MOST_MS	5000	/* that one that loads is waited for */

/*
 * What nobody waits for is read, too, but not at the cost of others: so much
 * of it, then all else gets a turn.
 */
#define NOISE_MOST	4096	/* answers */
#define NOISE_BAD	64	/* what is none counts as so many */
#define NOISE_PAUSE_MS	1

/*
 * What waits for a process is answered one after the other, so a question
 * that finds too many before it would be answered too late, after it has cost
 * as much as any other. It is refused instead, at once. Whoever asks has a
 * share of what may wait, and services have users take turns: so what one of
 * them asks for is not before the others'. Where more than one asks, what each
 * has under way is a window, and the rest is held back: the gateway itself
 * then has little of one to do before another's.
 */
#define WAIT_PART	2	/* of the time for a request */
#define LEAST_WAITING	64	/* never refused for that */
#define WINDOW		8	/* of a user, under way where others ask, too */
#define CROWD_MS	1000	/* ... or have asked not longer ago */
#define WAITING_BYTES	(32 << 20) /* of questions to a process, together;
				    * and of the answers expected of it */
#define SMOOTH		16	/* an average is of about so many, at least */
#define SMOOTH_MOST	256	/* ... and of as many as wait, up to this */
#define SPAN_US		20000	/* ... and of such a time */
#define LONG_SPAN_US	500000	/* ... or of as many as come in this one */

/* Those that a process takes up in their order. */
enum queue_id { QUEUE_READS, QUEUE_SEARCHES, QUEUE_WRITES, QUEUE_SLOW,
    QUEUE_END };

struct queue {
	int64_t	waiting;
	int64_t	each_ns;	/* what one adds to the time of those behind */
	int64_t	since_us;	/* busy_us counts up to here */
	int64_t	busy_us;	/* for so long some have waited ... */
	int64_t	answered;	/* ... of whom so many were answered */
	int64_t	answer_bytes;	/* of one, on average */
};

/* What is held back of one that asks, as slots: their numbers, from 1 on. */
struct held {
	int	first, last;	/* 0: there is none */
	size_t	count;
};

/* A replica with its place in h2o's loop. */
struct line {
	struct bus	*bus;
	struct replica	*replica;
	h2o_socket_t	*watch;
	struct queue	 queues[QUEUE_END];
	struct shares	 shares;
	size_t		 bytes;		/* of all questions that wait */
	bool		 news;		/* it said something new of itself */
	uint64_t	 flushes;	/* messages sent, ever */
};

/* What is known of a service's processes together. */
struct domain {
	struct pool	 pool;
	bool		 counted;	/* in the gateway's `up` */
	bool		 has_writer;
	bool		 has_reader;	/* one that leaves counts */
	unsigned	 ups;		/* in the metric */
	int64_t		 hope_until_ms;	/* questions wait for one until then;
					 * later while one is heard leaving */
	bool		 restarts;	/* as the last one said that it leaves */
};

/* A question that is not answered yet. */
struct slot {
	bool		 taken;
	struct exchange	*exchange;	/* NULL: forgotten */
	int		 part;		/* of the exchange, -1: none */
	struct line	*line;		/* who was asked; NULL: waits for one */
	enum service_id	 service;
	enum op_code	 op;
	enum op_kind	 kind;
	enum queue_id	 queue;
	unsigned	 share;		/* whose it is */
	int64_t		 sent_us;
	bool		 repeatable;	/* doing it twice is as once */
	bool		 struck;	/* its replica will not answer it */
	bool		 unsent;	/* ... and was never sent it */
	bool		 put_off;	/* it needs one that has loaded */
	bool		 parks;		/* it waits for a process */
	bool		 held;		/* ... or for others of its user */
	bool		 let_go;	/* ... as it did */
	int		 next_held, previous_held;
	unsigned	 tries;
	int64_t		 deadline_ms;
	int64_t		 expires_ms;	/* not to be done later; 0: no matter */
	uint64_t	 id;
	int		 next_free;
	uint64_t	 flush;		/* goes out with this one */
	struct buf	 frame;		/* the request, to send it elsewhere */
};

struct bus {
	struct worker		*worker;
	bus_answered		*answered;
	struct domain		 domains[SERVICE_END];
	struct slot		*slots;
	int			 slot_count;
	int			 used;			/* high-water mark */
	int			 free;			/* -1: none */
	unsigned		 parked;		/* slots without a line */
	uint64_t		 generation;
	struct frame_reader	*frames;
	h2o_timeout_entry_t	 flush;
	h2o_timeout_t		 pause;		/* of those who make noise */
	h2o_timeout_entry_t	 go_on;
	size_t			 parked_bytes;	/* ... of their frames */
	struct shares_key	 shares_key;
	struct shares		 parkers;
	struct shares		 askers;	/* of all lines, but for logins */
	struct held		 held[SHARES];
	size_t			 held_count;
	int64_t			 crowd_until_ms;
	int64_t			 ticked_ms;
	int64_t			 slept_ms;	/* when a tick came far too late */
};

/* --- slots ---------------------------------------------------------------- */

static struct slot *
slot_take(struct bus *b)
{
	struct slot	*s;

	if (b->free != -1) {
		s = &b->slots[b->free];
		b->free = s->next_free;
	} else if (b->used < b->slot_count)
		s = &b->slots[b->used++];
	else
		return NULL;
	s->taken = true;
	s->line = NULL;
	s->struck = s->unsent = s->put_off = s->parks = false;
	s->held = s->let_go = false;
	s->tries = 0;
	s->frame.len = 0;
	s->id = REPLICA_FIRST_ID | (b->generation++ << SLOT_BITS &
	    (REPLICA_FIRST_ID - 1)) | (uint64_t)(s - b->slots);
	b->parked++;
	return s;
}

static enum queue_id
queue_of(enum op_kind kind, const struct args *args)
{
	switch (kind) {
	case OP_READ: return args_has(args, KEY_CONTENT) ? QUEUE_SEARCHES :
	    QUEUE_READS;
	case OP_SLOW: case OP_LEAD: return QUEUE_SLOW;
	default: return QUEUE_WRITES;
	}
}

static void
share_begin(struct shares *s, const struct slot *slot)
{
	shares_begin(s, slot->share, slot->frame.len);
}

static void
share_end(struct shares *s, const struct slot *slot)
{
	shares_end(s, slot->share, slot->frame.len);
}

/* Whoever begins or ends to be asked for; logins take their time elsewhere. */
static void
asker_begin(struct bus *b, const struct slot *s)
{
	if (s->queue == QUEUE_SLOW)
		return;
	share_begin(&b->askers, s);
	if (b->askers.users > 1)
		b->crowd_until_ms = clock_ms() + CROWD_MS;
}

static void
asker_end(struct bus *b, const struct slot *s)
{
	if (s->queue != QUEUE_SLOW)
		share_end(&b->askers, s);
}

static bool
is_crowded(const struct bus *b)
{
	return clock_ms() < b->crowd_until_ms;
}

/* Nobody is asked any more. */
static void
slot_detach(struct bus *b, struct slot *s)
{
	if (s->line == NULL)
		return;
	metric_add(METRIC_BUS_WAITING, s->service, 0, -1);
	s->line->replica->waiting--;
	s->line->queues[s->queue].waiting--;
	share_end(&s->line->shares, s);
	asker_end(b, s);
	s->line->bytes -= s->frame.len;
	s->line = NULL;
	b->parked++;
	b->parked_bytes += s->frame.len;
}

static void
slot_unpark(struct bus *b, struct slot *s)
{
	if (s->parks)
		share_end(&b->parkers, s);
	s->parks = false;
}

/* It is not held back any more. */
static void
slot_let_go(struct bus *b, struct slot *s)
{
	struct held	*h = &b->held[s->share];

	if (!s->held)
		return;
	if (s->previous_held != 0)
		b->slots[s->previous_held - 1].next_held = s->next_held;
	else
		h->first = s->next_held;
	if (s->next_held != 0)
		b->slots[s->next_held - 1].previous_held = s->previous_held;
	else
		h->last = s->previous_held;
	h->count--;
	b->held_count--;
	s->held = false;
	s->let_go = true;
}

static void
slot_give(struct bus *b, struct slot *s)
{
	slot_detach(b, s);
	slot_let_go(b, s);
	slot_unpark(b, s);
	b->parked--;
	b->parked_bytes -= s->frame.len;
	if (s->frame.size > FRAME_KEPT_BYTES)
		buf_done(&s->frame);
	s->taken = false;
	s->exchange = NULL;
	s->id = 0;
	s->next_free = b->free;
	b->free = (int)(s - b->slots);
}

static void
slot_resume(struct bus *b, struct slot *s, const struct answer *a)
{
	struct exchange	*x = s->exchange;
	int		 part = s->part;

	slot_give(b, s);
	if (x != NULL)
		b->answered(x, part, a);
}

static void
slot_refuse(struct bus *b, struct slot *s)
{
	struct answer	a = { .error = s->put_off || s->held ? ERR_EXPIRED :
			    ERR_UNAVAILABLE };

	metric_add(METRIC_BUS_REFUSED, s->service, 0, 1);
	slot_resume(b, s, &a);
}

/* --- who is asked ----------------------------------------------------------- */

static bool	flush_line(struct line *);

/* Whatever is sent behind drain()'s back has to be followed by it: ZeroMQ's
 * descriptor does not tell of what came while something was sent. */
static void
flush_soon(struct bus *b)
{
	if (!h2o_timeout_is_linked(&b->flush))
		h2o_timeout_link(b->worker->ctx.loop,
		    &b->worker->ctx.zero_timeout, &b->flush);
}

/* What reads may be asked of any process, the rest of the one that writes. */
static struct replica *
choose(struct domain *d, const struct slot *s)
{
	if (s->kind == OP_READ || s->kind == OP_SLOW)
		return pool_reader(&d->pool, s->kind == OP_READ, s->put_off);
	return pool_writer(&d->pool);
}

/*
 * How long each takes of those that wait, by how many were answered in a time
 * in which some did. How long one of them waited does not tell: writes are
 * answered many at once, after a time that many share; so that as many are to
 * be seen as may be in one go.
 */
static void
look_back(struct queue *q)
{
	int64_t	enough = q->waiting < SMOOTH ? SMOOTH :
		    q->waiting < SMOOTH_MOST ? q->waiting : SMOOTH_MOST;

	if (q->busy_us < SPAN_US || q->answered == 0 ||
	    (q->answered < enough && q->busy_us < LONG_SPAN_US))
		return;
	q->each_ns = (q->each_ns + q->busy_us * 1000 / q->answered) / 2;
	q->busy_us = q->answered = 0;
}

/*
 * How many are answered before one more of its user's: as many of each of the
 * others' as of its own, if there are so many.
 */
static int64_t
count_before(const struct bus *b, const struct line *line,
    const struct slot *s)
{
	size_t	held = s->let_go ? 0 : b->held[s->share].count;
	size_t	own = line->shares.of[s->share].waiting;
	int64_t	all = line->queues[s->queue].waiting + (int64_t)held;
	int64_t	before = (int64_t)((own + held + 1) * (line->shares.users +
		    (own == 0)));

	return before < all ? before : all;
}

/* Logins have a queue of their own, which their service bounds. */
static bool
has_room(const struct bus *b, struct line *line, const struct slot *slot)
{
	const struct settings	*s = b->worker->gateway->settings;
	struct queue		*q = &line->queues[slot->queue];
	const struct share	*own = &line->shares.of[slot->share];
	int64_t			 before, timeout_ms = s->request_timeout_ms;

	look_back(q);
	if (!shares_leave_some(own->waiting, line->replica->waiting,
	    (size_t)s->max_pending) ||
	    !shares_leave_some(own->bytes, line->bytes, WAITING_BYTES))
		return false;
	if (slot->queue == QUEUE_SLOW)
		return true;
	if (slot->queue == QUEUE_SEARCHES)
		timeout_ms += s->search_ms;
	before = count_before(b, line, slot);
	if (before * q->answer_bytes > WAITING_BYTES)
		return false;
	return before < LEAST_WAITING || before * q->each_ns <
	    timeout_ms * 1000000 / WAIT_PART;
}

/* One that waited is answered. */
static void
learn(const struct slot *s, int64_t heard_us, const struct answer *a)
{
	struct queue	*q = &s->line->queues[s->queue];
	int64_t		 bytes = (int64_t)a->fragment.len +
			    (int64_t)args_text(&a->extra, KEY_BODY).len;

	q->busy_us += heard_us - q->since_us;
	q->since_us = heard_us;
	q->answered++;
	q->answer_bytes += (bytes - q->answer_bytes) / SMOOTH;
}

/* Have a question wait for a process, where its user has not too many there. */
static bool
may_park(struct bus *b, struct slot *s)
{
	const struct share	*own = &b->parkers.of[s->share];
	size_t			 most = (size_t)b->worker->gateway->settings->
				    max_pending;

	if (s->parks)
		return true;
	/* the slot itself is among those that are counted */
	if (!shares_leave_some(own->waiting, b->parked - 1, most) ||
	    !shares_leave_some(own->bytes, b->parked_bytes - s->frame.len,
	    WAITING_BYTES))
		return false;
	s->parks = true;
	share_begin(&b->parkers, s);
	return true;
}

/* Whether a question has to wait for others of its user; they come first. */
static bool
is_too_much(const struct bus *b, const struct slot *s)
{
	return s->queue != QUEUE_SLOW &&
	    b->askers.of[s->share].waiting >= WINDOW && is_crowded(b);
}

static bool
hold_back(struct bus *b, struct slot *s)
{
	struct held	*h = &b->held[s->share];
	int		 number = (int)(s - b->slots) + 1;

	if (!may_park(b, s))
		return false;
	s->held = true;
	s->next_held = 0;
	s->previous_held = h->last;
	if (h->last != 0)
		b->slots[h->last - 1].next_held = number;
	else
		h->first = number;
	h->last = number;
	h->count++;
	b->held_count++;
	return true;
}

static void
extend_deadline(struct slot *s, int64_t until_ms)
{
	if (s->deadline_ms < until_ms)
		s->deadline_ms = until_ms;
	if (s->exchange != NULL && s->exchange->deadline_ms < until_ms)
		s->exchange->deadline_ms = until_ms;
}

/*
 * Have a question wait for a process, if there is hope for one. Of a restart
 * the time that it takes is not the question's.
 */
static bool
park(struct bus *b, struct slot *s)
{
	const struct domain	*d = &b->domains[s->service];

	if (clock_ms() >= d->hope_until_ms || !may_park(b, s))
		return false;
	if (d->restarts)
		extend_deadline(s, d->hope_until_ms + HOPE_MS);
	return true;
}

/* When it is to be done at the latest. */
static int64_t
last_ms(const struct slot *s)
{
	return s->expires_ms != 0 && s->expires_ms < s->deadline_ms ?
	    s->expires_ms : s->deadline_ms;
}

/*
 * Put a question to a process, or leave it waiting while there is hope for
 * one: a service that was there a moment ago is being started again, or
 * another of its processes takes over. False: it cannot be asked.
 */
static bool
place(struct bus *b, struct slot *s)
{
	struct domain	*d = &b->domains[s->service];
	struct replica	*r = choose(d, s);
	struct line	*line;
	struct queue	*q;

	if (r == NULL)
		return park(b, s);
	if (s->put_off && r->loading)
		return may_park(b, s);	/* it says when it has loaded */
	line = r->owner;
	if (!has_room(b, line, s)) {
		if (s->exchange != NULL)
			s->exchange->crowded = true;
		return false;
	}
	if (is_too_much(b, s))
		return hold_back(b, s);
	s->sent_us = clock_us();
	q = &line->queues[s->queue];
	share_begin(&line->shares, s);
	asker_begin(b, s);
	if (q->waiting++ == 0)
		q->since_us = s->sent_us;
	s->line = line;
	line->bytes += s->frame.len;
	s->flush = line->flushes;
	if (s->tries++ > 0)
		metric_add(METRIC_BUS_RETRIES, s->service, 0, 1);
	metric_add(METRIC_BUS_WAITING, s->service, 0, 1);
	slot_unpark(b, s);
	b->parked--;
	b->parked_bytes -= s->frame.len;
	r->waiting++;
	frame_readdress(&s->frame, s->id, replica_clock(r, last_ms(s)));
	buf_put(&r->out, s->frame.base, s->frame.len);
	if (r->out.len > OUT_MOST_BYTES)
		(void)flush_line(line);
	flush_soon(b);
	return true;
}

/* Its replica will not answer: ask another, if it may be asked again. */
static void
place_again(struct bus *b, struct slot *s, bool done_maybe)
{
	slot_detach(b, s);
	if (s->exchange == NULL || s->tries >= TRIES_MOST ||
	    (done_maybe && !s->repeatable) || clock_ms() >= s->deadline_ms ||
	    !place(b, s))
		slot_refuse(b, s);
}

/*
 * Whoever hears a refusal may ask again at once, and gets a slot. So they are
 * all marked before the first one is told.
 */
static void
settle_struck(struct bus *b)
{
	int	used = b->used;

	for (int i = 0; i < used; i++)
		if (b->slots[i].taken && b->slots[i].struck) {
			b->slots[i].struck = false;
			place_again(b, &b->slots[i], !b->slots[i].unsent);
		}
}

static void
strike_waiting(struct bus *b, const struct line *line)
{
	for (int i = 0; i < b->used; i++)
		if (b->slots[i].taken && b->slots[i].line == line) {
			b->slots[i].struck = true;
			b->slots[i].unsent = false;
		}
	line->replica->out.len = 0;
	settle_struck(b);
}

/* Those that waited for a process: there is one now, or no more hope. */
static void
place_parked(struct bus *b, enum service_id id)
{
	int	used = b->used;

	for (int i = 0; i < used && b->parked > 0; i++)
		if (b->slots[i].taken && b->slots[i].line == NULL &&
		    !b->slots[i].held && b->slots[i].service == id)
			place_again(b, &b->slots[i], false);
}

/* Those that were held back, and whose turn it is. */
static void
let_go(struct bus *b)
{
	struct slot	*s;

	for (unsigned i = 0; i < SHARES && b->held_count > 0; i++)
		while (b->held[i].first != 0) {
			s = &b->slots[b->held[i].first - 1];
			if (is_too_much(b, s))
				break;
			slot_let_go(b, s);
			if (s->exchange == NULL)
				slot_give(b, s);
			else if (!place(b, s))
				slot_refuse(b, s);
		}
}

/* --- heartbeats --------------------------------------------------------------- */

static void
ping(struct line *line, int64_t now_ms, bool at_once)
{
	struct args	extra = { 0 };

	if (line->replica->service == SERVICE_USER)
		tokens_tell(line->bus->worker->tokens, &extra);
	if (at_once)
		line->replica->pinged_ms = 0;
	replica_ping(line->replica, now_ms, &extra);
}

/*
 * See what a service is now, after one of its processes came, went or said
 * something new. Keeps count of the workers that a service answers.
 */
static void
review(struct bus *b, enum service_id id)
{
	struct domain	*d = &b->domains[id];
	bool		 up = pool_is_up(&d->pool);
	bool		 has_writer = pool_writer(&d->pool) != NULL;
	bool		 has_reader = pool_has_reader(&d->pool);
	int64_t		 now_ms = clock_ms();
	int64_t		 left_ms = pool_left_ms(&d->pool);

	if (up != d->counted)
		atomic_fetch_add(&b->worker->gateway->up[id], up ? 1 : -1);
	/* one that came just now may be the first of several; one that is
	 * leaving answers reads until it is gone */
	if (d->counted != up || (d->has_writer && !has_writer) ||
	    (d->has_reader && !has_reader)) {
		d->restarts = left_ms >= now_ms - HOPE_LEFT_MS;
		d->hope_until_ms = now_ms + (d->restarts ? HOPE_LEFT_MS :
		    HOPE_MS);
	}
	/* it may have much to finish before another one can begin */
	if (d->restarts && left_ms + HOPE_LEFT_MS > d->hope_until_ms)
		d->hope_until_ms = left_ms + HOPE_LEFT_MS;
	metric_add(METRIC_REPLICAS_UP, id, 0, (int64_t)pool_ups(&d->pool) -
	    d->ups);
	d->ups = pool_ups(&d->pool);
	d->counted = up;
	d->has_writer = has_writer;
	d->has_reader = has_reader;
	if (b->parked > 0)
		place_parked(b, id);
}

/* --- hearing ---------------------------------------------------------------- */

static void
take_pong(struct line *line, const struct answer *a, int64_t now_ms)
{
	struct bus	*b = line->bus;
	struct replica	*r = line->replica;

	if (r->service == SERVICE_USER)
		tokens_hear(b->worker->tokens, a, now_ms);
	if (r->reborn) {
		r->reborn = false;
		/* a later version may answer the same in another form */
		copies_clear(b->worker->copies);
		log_info("%s service at %s was started again",
		    service_name(r->service), r->endpoint);
		strike_waiting(b, line);
	}
	review(b, r->service);
}

/* What came unasked is waited for: say that it was heard. */
static void
answer_news(struct line *line, int64_t now_ms)
{
	struct bus	*b = line->bus;
	struct replica	*r = line->replica;

	line->news = false;
	review(b, r->service);
	if (now_ms - r->pinged_ms >= NEWS_PING_MS) {
		ping(line, now_ms, true);
		flush_soon(b);
	} else	/* with the next tick */
		r->pinged_ms = 0;
}

/*
 * UNAVAILABLE is the answer of a process that does not do it: it ends, or it
 * is not the one that writes. Its next PING will tell; until then nothing
 * like it is asked of it.
 */
static void
ask_elsewhere(struct bus *b, struct slot *s)
{
	struct replica	*r = s->line->replica;

	if (s->kind == OP_READ)
		r->refuses = true;
	else if (s->kind == OP_SLOW)
		r->leaving = true;
	else
		r->writes = false;
	/* first, as it may give hope for another */
	review(b, r->service);
	place_again(b, s, false);
}

/*
 * Whether a process has not done it, but will before long: lists that can be
 * sorted are waited for, and nothing else has to be loaded.
 */
static bool
is_not_yet(const struct slot *s, const struct answer *a)
{
	return a->error == ERR_EXPIRED &&
	    args_number(&a->extra, KEY_LOADING, 0) != 0 &&
	    keyset_has(op_info(s->op)->may, KEY_SORT);
}

/*
 * Another process may do it now; else the question waits until this one has
 * loaded, for a time that is not its own.
 */
static void
put_off(struct bus *b, struct slot *s)
{
	if (!s->put_off)
		extend_deadline(s, clock_ms() + LOADING_MOST_MS);
	s->put_off = true;
	s->line->replica->loading = true;
	s->tries--;
	place_again(b, s, false);
}

/* Whether anybody waited for it. */
static bool
take_reply(struct line *line, const struct answer *a)
{
	struct bus	*b = line->bus;
	uint64_t	 at = a->id & ((UINT64_C(1) << SLOT_BITS) - 1);
	struct slot	*s;
	int64_t		 heard_us;

	if (at >= (uint64_t)b->used)
		return false;
	s = &b->slots[at];
	/* too late, or not this replica's to answer */
	if (!s->taken || s->line != line || s->id != a->id)
		return false;
	if (a->error == ERR_UNAVAILABLE)
		ask_elsewhere(b, s);
	else if (is_not_yet(s, a))
		put_off(b, s);
	else {
		heard_us = clock_us();
		metric_observe(METRIC_BUS_SECONDS, s->op,
		    heard_us - s->sent_us);
		learn(s, heard_us, a);
		if (s->exchange != NULL)
			trace_waited(s->exchange, s->sent_us, heard_us);
		slot_resume(b, s, a);
	}
	return true;
}

static bool
take_answer(struct line *line, const struct answer *a, int64_t now_ms)
{
	switch (replica_take_pong(line->replica, a, now_ms)) {
	case PONG_HEARD:
		take_pong(line, a, now_ms);
		return true;
	case PONG_NEWS:
		if (line->replica->service == SERVICE_USER)
			tokens_hear(line->bus->worker->tokens, a, now_ms);
		line->news = true;	/* however often it says so */
		return false;
	case PONG_VOID:
		return false;
	default:
		return take_reply(line, a);
	}
}

/*
 * Take the answers in a message; those behind too much noise are not read.
 * Returns how much of it was noise.
 */
static unsigned
take_message(struct line *line, zmq_msg_t *message, int64_t now_ms)
{
	struct frame_reader	*frames = line->bus->frames;
	struct answer		 a;
	enum frame_result	 result = FRAME_ONE;
	unsigned		 noise = 0, wanted = 0;

	frame_reader_start(frames, zmq_msg_data(message),
	    zmq_msg_size(message));
	while (noise < NOISE_MOST &&
	    (result = frame_next_answer(frames, &a)) == FRAME_ONE) {
		if (take_answer(line, &a, now_ms))
			wanted++;
		else
			noise++;
	}
	if (result == FRAME_BAD) {
		replica_warn(line->replica, now_ms);
		noise += NOISE_BAD;
	}
	/* an empty one is not for nothing either */
	return noise + (wanted == 0);
}

static void
drain(struct line *line)
{
	struct bus	*b = line->bus;
	zmq_msg_t	 message;
	int64_t		 now_ms = clock_ms();
	unsigned	 noise = 0;

	zmq_msg_init(&message);
	while (noise < NOISE_MOST && replica_receive(line->replica, &message))
		noise += take_message(line, &message, now_ms);
	zmq_msg_close(&message);
	if (noise >= NOISE_MOST && !h2o_timeout_is_linked(&b->go_on))
		h2o_timeout_link(b->worker->ctx.loop, &b->pause, &b->go_on);
	if (line->news)
		answer_news(line, now_ms);
	let_go(b);
}

static void
on_readable(h2o_socket_t *watch, const char *err)
{
	if (err != NULL)
		log_fatal("ZeroMQ's descriptor: %s", err);
	drain(watch->data);
}

/* --- lines -------------------------------------------------------------------- */

static void
open_line(struct bus *b, struct replica *r)
{
	struct line	*line = must_alloc(sizeof(*line));
	int		 fd;

	line->bus = b;
	line->replica = r;
	r->owner = line;
	/* h2o closes what it is given: a copy of the descriptor */
	fd = dup((int)zsock_fd(r->sock));
	CHECK(fd != -1);
	line->watch = h2o_evloop_socket_create(b->worker->ctx.loop, fd,
	    H2O_SOCKET_FLAG_DONT_READ);
	line->watch->data = line;
	h2o_socket_read_start(line->watch, on_readable);
}

static void
close_line(struct line *line)
{
	h2o_socket_close(line->watch);
	free(line);
}

/* Follow what the service's names lead to. */
static void
follow(struct bus *b, enum service_id id)
{
	struct pool	*p = &b->domains[id].pool;
	struct replica	*gone;

	pool_refresh(p);
	for (unsigned i = 0; i < p->count; i++)
		if (p->rows[i]->owner == NULL)
			open_line(b, p->rows[i]);
	while ((gone = pool_take_gone(p)) != NULL) {
		close_line(gone->owner);
		replica_destroy(&gone);
	}
}

/* --- sending ---------------------------------------------------------------- */

/* Send what was collected for a replica; one message, however much it is. */
static bool
flush_line(struct line *line)
{
	struct replica	*r = line->replica;

	if (r->out.len == 0)
		return true;
	if (!replica_flush(r))
		return false;
	line->flushes++;
	metric_add(METRIC_BUS_MESSAGES, r->service, 0, 1);
	return true;
}

/* What could not be sent is asked elsewhere or refused, at once. */
static void
strike_unsent(struct bus *b, struct line *line)
{
	line->replica->out.len = 0;
	line->replica->deaf = true;
	for (int i = 0; i < b->used; i++)
		if (b->slots[i].taken && b->slots[i].line == line &&
		    b->slots[i].flush == line->flushes)
			b->slots[i].struck = b->slots[i].unsent = true;
	/* seen now, not at the next tick, or it would be asked again */
	(void)replica_lost(line->replica, clock_ms());
	review(b, line->replica->service);
	settle_struck(b);
	strike_waiting(b, line);
}

static void
drain_all(struct bus *b)
{
	struct pool	*p;

	for (unsigned id = 1; id < SERVICE_END; id++) {
		p = &b->domains[id].pool;
		for (unsigned i = 0; i < p->count; i++)
			drain(p->rows[i]->owner);
	}
}

static void
on_go_on(h2o_timeout_entry_t *entry)
{
	drain_all(H2O_STRUCT_FROM_MEMBER(struct bus, go_on, entry));
}

static void
on_flush(h2o_timeout_entry_t *entry)
{
	struct bus	*b = H2O_STRUCT_FROM_MEMBER(struct bus, flush, entry);
	struct pool	*p;

	for (unsigned id = 1; id < SERVICE_END; id++) {
		p = &b->domains[id].pool;
		for (unsigned i = 0; i < p->count; i++)
			if (!flush_line(p->rows[i]->owner))
				strike_unsent(b, p->rows[i]->owner);
	}
	drain_all(b);
}

bool
bus_ask(struct bus *b, struct exchange *x, int part, struct request *r,
    int64_t deadline_ms, int *ret_slot)
{
	const struct op_info	*info = op_info(r->op);
	struct slot		*s = slot_take(b);

	if (s == NULL)
		return false;
	s->exchange = x;
	s->part = part;
	s->service = info->service;
	s->op = (enum op_code)r->op;
	s->kind = info->kind;
	s->queue = queue_of(s->kind, &r->args);
	s->share = shares_place(&b->shares_key, x->user_id, &x->client);
	s->repeatable = info->kind == OP_READ || info->kind == OP_SLOW ||
	    args_has(&r->args, KEY_IDEMPOTENCY_KEY);
	s->deadline_ms = deadline_ms;
	s->expires_ms = r->expires_ms;
	r->id = s->id;
	frame_put_request(&s->frame, r);
	b->parked_bytes += s->frame.len;
	if (!place(b, s)) {
		slot_give(b, s);
		return false;
	}
	*ret_slot = (int)(s - b->slots);
	return true;
}

void
bus_forget(struct bus *b, int slot)
{
	b->slots[slot].exchange = NULL;
}

/* --- losses and deadlines ------------------------------------------------ */

static void
refuse_late(struct bus *b, int64_t now_ms)
{
	for (int i = 0; i < b->used; i++)
		if (b->slots[i].taken && now_ms >= b->slots[i].deadline_ms)
			slot_refuse(b, &b->slots[i]);
}

/* Tokens that were used. Nobody waits for the answer: its id is no slot's. */
static void
tell_used(struct bus *b, int64_t now_ms)
{
	struct replica	*r = pool_writer(&b->domains[SERVICE_USER].pool);
	struct request	 told = { .op = OP_TOKENS_USED, .id = UINT64_MAX,
			    .request_id = TEXT_OF("") };
	struct text	 ids;

	if (r == NULL || !tokens_take_used(b->worker->tokens, now_ms, &ids))
		return;
	args_put_text(&told.args, KEY_IDS, ids);
	frame_put_request(&r->out, &told);
	(void)flush_line(r->owner);
	flush_soon(b);
}

static void
attend(struct bus *b, struct line *line, int64_t now_ms)
{
	ping(line, now_ms, false);
	drain(line);
	if (!replica_lost(line->replica, now_ms))
		return;
	review(b, line->replica->service);
	strike_waiting(b, line);
}

void
bus_tick(struct bus *b, int64_t now_ms)
{
	struct pool	*p;

	if (b->ticked_ms != 0 && now_ms - b->ticked_ms >= REPLICA_DOWN_MS)
		b->slept_ms = now_ms;
	b->ticked_ms = now_ms;
	for (unsigned id = 1; id < SERVICE_END; id++) {
		p = &b->domains[id].pool;
		follow(b, (enum service_id)id);
		for (unsigned i = 0; i < p->count; i++)
			attend(b, p->rows[i]->owner, now_ms);
		review(b, (enum service_id)id);
	}
	refuse_late(b, now_ms);
	tell_used(b, now_ms);
}

bool
bus_is_up(const struct bus *b, enum service_id id)
{
	return pool_is_up(&b->domains[id].pool);
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
	return pool_heard_ms(&b->domains[id].pool);
}

/* --- start and end ------------------------------------------------------------ */

struct bus *
bus_new(struct worker *w, bus_answered *answered)
{
	const struct settings	*settings = w->gateway->settings;
	struct bus		*b = must_alloc(sizeof(*b));

	b->worker = w;
	b->answered = answered;
	shares_key_make(&b->shares_key);
	b->free = -1;
	b->flush.cb = on_flush;
	b->go_on.cb = on_go_on;
	h2o_timeout_init(w->ctx.loop, &b->pause, NOISE_PAUSE_MS);
	b->slot_count = (int)shares_with_others((size_t)settings->max_pending) *
	    (SERVICE_END - 1);
	b->slots = must_alloc((size_t)b->slot_count * sizeof(b->slots[0]));
	b->frames = frame_reader_new();
	for (unsigned id = 1; id < SERVICE_END; id++) {
		pool_init(&b->domains[id].pool, (enum service_id)id,
		    w->gateway->resolver);
		/* clients may have waited for this gateway, which knows
		 * nobody yet */
		b->domains[id].hope_until_ms = clock_ms() + HOPE_MS;
	}
	return b;
}

void
bus_destroy(struct bus **self_p)
{
	struct bus	*b = *self_p;
	struct pool	*p;

	if (b == NULL)
		return;
	for (unsigned id = 1; id < SERVICE_END; id++) {
		p = &b->domains[id].pool;
		for (unsigned i = 0; i < p->count; i++)
			close_line(p->rows[i]->owner);
		pool_done(p);
	}
	if (h2o_timeout_is_linked(&b->flush))
		h2o_timeout_unlink(&b->flush);
	if (h2o_timeout_is_linked(&b->go_on))
		h2o_timeout_unlink(&b->go_on);
	h2o_timeout_dispose(b->worker->ctx.loop, &b->pause);
	frame_reader_destroy(&b->frames);
	for (int i = 0; i < b->used; i++)
		buf_done(&b->slots[i].frame);
	free(b->slots);
	free(b);
	*self_p = NULL;
}
