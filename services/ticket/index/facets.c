/* Kinds and assignees of all tickets, and counts of them. */
#include "services/ticket/index/facets.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "services/ticket/index/slots.h"

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

static uint16_t
narrow(uint32_t code)
{
	return code < FACET_WIDE ? (uint16_t)code : FACET_WIDE;
}

/* The codes of a row, of which a wide one is looked up. */
static inline uint32_t
kind_at(const struct columns *k, size_t slot)
{
	uint16_t	kind = k->facets.rows[slot].kind;

	return kind != FACET_WIDE ? kind :
	    codes_find(&k->facets.kinds, kind_id(&k->slots[slot]));
}

static inline uint32_t
assigned_at(const struct columns *k, size_t slot)
{
	uint16_t	assigned = k->facets.rows[slot].assigned;

	return assigned != FACET_WIDE ? assigned : k->slots[slot].assigned;
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
fit_counts(const struct columns *k, struct facet_counts *c)
{
	grow_counts(&c->kinds, &c->kinds_room, k->facets.kinds.count + 1);
	grow_counts(&c->assigned, &c->assigned_room,
	    k->codes[CODE_USER].count + 1);
}

void
facet_counts_done(struct facet_counts *c)
{
	free(c->kinds);
	free(c->assigned);
	*c = (struct facet_counts){ 0 };
}

static inline void
count_slot(const struct columns *k, size_t slot, struct facet_counts *c)
{
	c->kinds[kind_at(k, slot)]++;
	c->assigned[assigned_at(k, slot)]++;
}

void
facets_count_slots(const struct columns *k, const uint32_t *slots,
    size_t count, struct facet_counts *ret)
{
	*ret = (struct facet_counts){ 0 };
	fit_counts(k, ret);
	for (size_t i = 0; i < count; i++)
		count_slot(k, slots[i], ret);
}

void
facets_count_bits(const struct columns *k, const uint64_t *bits,
    struct facet_counts *ret)
{
	size_t	words = k->count / 64 + 1;

	*ret = (struct facet_counts){ 0 };
	fit_counts(k, ret);
	for (size_t i = 0; i < words; i++)
		for (uint64_t left = bits[i]; left != 0; left &= left - 1)
			count_slot(k, i * 64 + (size_t)__builtin_ctzll(left),
			    ret);
}

/* --- rows ----------------------------------------------------------------- */

static void
fill_row(struct columns *k, size_t slot)
{
	struct facets		*f = &k->facets;
	const struct slot	*s = &k->slots[slot];
	struct facet_row	*row = &f->rows[slot];

	row->kind = narrow(codes_add(&f->kinds, kind_id(s)));
	row->assigned = narrow(s->assigned);
	f->wide = f->wide || row->kind == FACET_WIDE ||
	    row->assigned == FACET_WIDE;
}

void
facets_enter(struct columns *k, size_t slot)
{
	fill_row(k, slot);
	fit_counts(k, &k->facets.all);
	count_slot(k, slot, &k->facets.all);
}

void
facets_leave(struct columns *k, size_t slot)
{
	k->facets.all.kinds[kind_at(k, slot)]--;
	k->facets.all.assigned[assigned_at(k, slot)]--;
}

void
facets_make(struct columns *k)
{
	codes_done(&k->facets.kinds);
	facet_counts_done(&k->facets.all);
	k->facets.wide = false;
	for (size_t i = 0; i < k->count; i++)
		fill_row(k, i);
	fit_counts(k, &k->facets.all);
	for (size_t i = 0; i < k->count; i++)
		count_slot(k, i, &k->facets.all);
}

void
facets_done(struct facets *f)
{
	codes_done(&f->kinds);
	facet_counts_done(&f->all);
	free(f->rows);
	*f = (struct facets){ 0 };
}
