/* Pending requests: rows, ids, states, and counts by state. */
#include "gateway/bus/pending.h"

#include <stdlib.h>

#include "base/log.h"
#include "proto/peer/replica.h"

#define ROW_BITS	24	/* an id is a generation above, a row below */
#define FRAME_KEPT_BYTES 4096	/* larger ones are freed with their row */

#define BIT(NAME)	(1u << PENDING_##NAME)
#define AT_PROCESS	(BIT(SENT) | BIT(LOST) | BIT(UNSENT))
#define WAITING		(BIT(QUEUED) | BIT(LOADING) | BIT(HELD))
#define QUICK		(BIT(FREE) | BIT(PLACING) | BIT(SENT))

/* The states that may follow each. */
static const unsigned next_states[PENDING_STATES] = {
	[PENDING_FREE] = BIT(PLACING),
	[PENDING_PLACING] = BIT(QUEUED) | BIT(LOADING) | BIT(HELD) | BIT(SENT) |
	    BIT(REFUSED) | BIT(FREE),
	[PENDING_QUEUED] = BIT(QUEUED) | BIT(LOADING) | BIT(HELD) | BIT(SENT) |
	    BIT(REFUSED) | BIT(FREE),
	[PENDING_LOADING] = BIT(QUEUED) | BIT(LOADING) | BIT(HELD) |
	    BIT(SENT) | BIT(REFUSED) | BIT(FREE),
	[PENDING_HELD] = BIT(QUEUED) | BIT(FREE),
	[PENDING_SENT] = BIT(LOST) | BIT(UNSENT) | BIT(PLACING) | BIT(FREE),
	[PENDING_LOST] = BIT(PLACING) | BIT(FREE),
	[PENDING_UNSENT] = BIT(PLACING) | BIT(FREE),
	[PENDING_REFUSED] = BIT(FREE),
};

static const char *const state_names[PENDING_STATES] = {
	"free", "placing", "queued", "loading", "held", "sent", "lost",
	"unsent", "refused",
};

void
pending_init(struct pending_table *t, int size)
{
	t->size = size;
	t->free = -1;
	t->rows = must_alloc((size_t)size * sizeof(t->rows[0]));
}

void
pending_done(struct pending_table *t)
{
	for (int i = 0; i < t->used; i++)
		buf_done(&t->rows[i].frame);
	free(t->rows);
}

/* --- those held back, first in, first out -------------------------------- */

static void
append_held(struct pending_table *t, struct pending *p)
{
	struct held	*h = &t->held[p->demand.share];
	int		 number = (int)(p - t->rows) + 1;

	p->next_held = 0;
	p->previous_held = h->last;
	if (h->last != 0)
		t->rows[h->last - 1].next_held = number;
	else
		h->first = number;
	h->last = number;
	h->count++;
	t->held_count++;
}

static void
remove_held(struct pending_table *t, struct pending *p)
{
	struct held	*h = &t->held[p->demand.share];

	if (p->previous_held != 0)
		t->rows[p->previous_held - 1].next_held = p->next_held;
	else
		h->first = p->next_held;
	if (p->next_held != 0)
		t->rows[p->next_held - 1].previous_held = p->previous_held;
	else
		h->last = p->previous_held;
	h->count--;
	t->held_count--;
	p->released = true;
}

struct pending *
pending_first_held(struct pending_table *t, unsigned share)
{
	int	first = t->held[share].first;

	return first == 0 ? NULL : &t->rows[first - 1];
}

size_t
pending_held_before(const struct pending_table *t, const struct pending *p)
{
	return p->released ? 0 : t->held[p->demand.share].count;
}

/* --- states -------------------------------------------------------------- */

/* Count rows that are in use and at no process. */
static void
count_unplaced(struct pending_table *t, const struct pending *p, bool unplaced)
{
	if (unplaced) {
		t->unplaced++;
		t->unplaced_bytes += p->demand.bytes;
	} else {
		t->unplaced--;
		t->unplaced_bytes -= p->demand.bytes;
	}
}

static void
count_waiting(struct pending_table *t, const struct pending *p, bool waits)
{
	if (waits)
		shares_begin(&t->waiting, p->demand.share, p->demand.bytes);
	else
		shares_end(&t->waiting, p->demand.share, p->demand.bytes);
}

static void
give_back(struct pending_table *t, struct pending *p)
{
	if (p->frame.size > FRAME_KEPT_BYTES)
		buf_done(&p->frame);
	p->asker = NULL;
	p->id = 0;
	p->next_free = t->free;
	t->free = (int)(p - t->rows);
}

/* Log a change, unless it is one of a request that is sent and answered. */
static void
log_state(const struct pending *p, enum pending_state to)
{
	if (p->state != to && ((1u << p->state | 1u << to) & ~QUICK) != 0)
		log_debug("%s is %s, was %s", op_info(p->op)->name,
		    state_names[to], state_names[p->state]);
}

void
pending_set_state(struct pending_table *t, struct pending *p,
    enum pending_state to)
{
	unsigned	from = 1u << p->state, into = 1u << to;
	bool		had = (from & (AT_PROCESS | BIT(FREE))) == 0;
	bool		has = (into & (AT_PROCESS | BIT(FREE))) == 0;

	CHECK((next_states[p->state] & into) != 0);
	log_state(p, to);
	if (had != has)
		count_unplaced(t, p, has);
	if (((from & WAITING) != 0) != ((into & WAITING) != 0))
		count_waiting(t, p, (into & WAITING) != 0);
	if (p->state == PENDING_HELD)
		remove_held(t, p);
	p->state = to;
	if (to == PENDING_HELD)
		append_held(t, p);
	else if (to == PENDING_FREE)
		give_back(t, p);
}

bool
pending_may_wait(const struct pending_table *t, const struct pending *p,
    size_t most)
{
	const struct share	*own = &t->waiting.of[p->demand.share];

	if (((1u << p->state) & WAITING) != 0)
		return true;
	/* this one is among the unplaced */
	return shares_leave_some(own->waiting, t->unplaced - 1, most) &&
	    shares_leave_some(own->bytes, t->unplaced_bytes - p->demand.bytes,
	    WAITING_MOST_BYTES);
}

/* --- rows ---------------------------------------------------------------- */

static struct pending *
pop_free_row(struct pending_table *t)
{
	struct pending	*p;

	if (t->free == -1)
		return t->used < t->size ? &t->rows[t->used++] : NULL;
	p = &t->rows[t->free];
	t->free = p->next_free;
	return p;
}

struct pending *
pending_take(struct pending_table *t, struct request *r)
{
	struct pending	*p = pop_free_row(t);

	if (p == NULL)
		return NULL;
	p->id = r->id = REPLICA_FIRST_ID | (t->generation++ << ROW_BITS &
	    (REPLICA_FIRST_ID - 1)) | (uint64_t)(p - t->rows);
	p->op = (enum op_code)r->op;
	p->link = NULL;
	p->deferred = p->released = p->done_maybe = false;
	p->tries = 0;
	p->frame.len = 0;
	frame_put_request(&p->frame, r);
	p->demand.bytes = p->frame.len;
	pending_set_state(t, p, PENDING_PLACING);
	return p;
}

struct pending *
pending_find(struct pending_table *t, uint64_t id)
{
	uint64_t	row = id & ((UINT64_C(1) << ROW_BITS) - 1);

	/* the id of a free row is 0, which no request has */
	if (row >= (uint64_t)t->used || t->rows[row].id != id || id == 0)
		return NULL;
	return &t->rows[row];
}
