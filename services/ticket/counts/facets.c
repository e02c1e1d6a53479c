/* Kinds and assignees of all tickets, and counts of them. */
#include "services/ticket/counts/facets.h"

#include <stdlib.h>

/*
 * A kind's id has three codes, of 21 bits each: a desk has far fewer than two
 * million statuses, priorities or categories.
 */
#define CODE_BITS	21
#define CODE_MASK	((1u << CODE_BITS) - 1)

static int64_t
kind_id(const struct slot *s)
{
	return (int64_t)((uint64_t)(s->status & CODE_MASK) << 2 * CODE_BITS |
	    (uint64_t)(s->priority & CODE_MASK) << CODE_BITS |
	    (s->category & CODE_MASK));
}

struct facet_kind
facet_kind_of(const struct facets *f, uint32_t kind)
{
	uint64_t	id = (uint64_t)f->kinds.ids[kind];

	return (struct facet_kind){
		.status = (uint32_t)(id >> 2 * CODE_BITS) & CODE_MASK,
		.priority = (uint32_t)(id >> CODE_BITS) & CODE_MASK,
		.category = (uint32_t)id & CODE_MASK,
	};
}

/* --- counts --------------------------------------------------------------- */

static void
grow_counts(uint32_t **counts, size_t *room, size_t want)
{
	if (want <= *room)
		return;
	want += want / 2 + 64;
	*counts = must_resize(*counts, want * sizeof((*counts)[0]));
	memset(*counts + *room, 0, (want - *room) * sizeof((*counts)[0]));
	*room = want;
}

/* Have a count for each code that there is. */
static void
fit_counts(const struct facets *f, const struct columns *k,
    struct facet_counts *c)
{
	grow_counts(&c->kinds, &c->kinds_room, f->kinds.count + 1);
	grow_counts(&c->assigned, &c->assigned_room,
	    k->codes[CODE_USER].count + 1);
}

static void
clear_counts(struct facet_counts *c)
{
	memset(c->kinds, 0, c->kinds_room * sizeof(c->kinds[0]));
	memset(c->assigned, 0, c->assigned_room * sizeof(c->assigned[0]));
}

static inline void
add_row(struct facet_counts *c, const struct facet_row *row)
{
	c->kinds[row->kind]++;
	c->assigned[row->assigned]++;
}

/* --- rows ----------------------------------------------------------------- */

/* Take over a slot that is new or has changed. */
static void
take_slot(struct facets *f, const struct columns *k, size_t slot)
{
	const struct slot	*s = &k->slots[slot];
	struct facet_row	 row = {
		.kind = codes_add(&f->kinds, kind_id(s)),
		.assigned = s->assigned,
	};

	if (slot < f->count) {
		f->all.kinds[f->rows[slot].kind]--;
		f->all.assigned[f->rows[slot].assigned]--;
	} else
		f->count = slot + 1;
	f->rows[slot] = row;
	fit_counts(f, k, &f->all);
	add_row(&f->all, &row);
}

static void
reserve_rows(struct facets *f, const struct columns *k)
{
	if (k->count <= f->room && f->rows != NULL)
		return;
	f->room = k->room + 1;
	f->rows = must_resize(f->rows, f->room * sizeof(f->rows[0]));
}

/* Slots that are new are in the journal, too, in their order. */
static bool
can_follow(const struct facets *f, const struct columns *k)
{
	return f->rows != NULL && f->generation == k->generation &&
	    k->journaled - f->journaled <= JOURNAL_SIZE;
}

static void
make_rows(struct facets *f, const struct columns *k)
{
	codes_done(&f->kinds);
	f->count = 0;
	fit_counts(f, k, &f->all);
	clear_counts(&f->all);
	for (size_t i = 0; i < k->count; i++)
		take_slot(f, k, i);
	f->generation = k->generation;
	f->journaled = k->journaled;
}

void
facets_follow(struct facets *f, const struct columns *k)
{
	bool	follows = can_follow(f, k);

	reserve_rows(f, k);
	if (!follows)
		make_rows(f, k);
	for (; f->journaled != k->journaled; f->journaled++)
		take_slot(f, k, k->journal[f->journaled % JOURNAL_SIZE]);
	fit_counts(f, k, &f->all);
}

void
facets_done(struct facets *f)
{
	codes_done(&f->kinds);
	free(f->rows);
	free(f->all.kinds);
	free(f->all.assigned);
	free(f->some.kinds);
	free(f->some.assigned);
	*f = (struct facets){ 0 };
}

/* --- selections ----------------------------------------------------------- */

static void
add_bits(const struct facets *f, const uint64_t *bits, struct facet_counts *c)
{
	size_t	words = f->count / 64 + 1;

	for (size_t i = 0; i < words; i++)
		for (uint64_t left = bits[i]; left != 0; left &= left - 1)
			add_row(c, &f->rows[i * 64 +
			    (size_t)__builtin_ctzll(left)]);
}

const struct facet_counts *
facets_count(struct facets *f, const struct columns *k,
    const uint32_t *slots, size_t count, const uint64_t *bits)
{
	if (slots == NULL && bits == NULL)
		return &f->all;
	fit_counts(f, k, &f->some);
	clear_counts(&f->some);
	if (slots == NULL)
		add_bits(f, bits, &f->some);
	for (size_t i = 0; slots != NULL && i < count; i++)
		add_row(&f->some, &f->rows[slots[i]]);
	return &f->some;
}
