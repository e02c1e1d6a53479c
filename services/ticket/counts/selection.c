/* Selecting the slots of a list. */
#include "services/ticket/counts/selection.h"

#include <stdlib.h>

#include "services/ticket/list/bits.h"
#include "services/ticket/list/few.h"

/* --- few ------------------------------------------------------------------ */

static bool
is_found(const struct list *l, size_t slot)
{
	return l->found->hits[found_place(l->found,
	    l->columns->slots[slot].id)] != 0;
}

/* Of the slots that pass the filter, keep those that were found. */
static void
keep_found(const struct list *l, struct selection *s)
{
	size_t	kept = 0;

	for (size_t i = 0; i < s->count; i++)
		if (is_found(l, s->few[i]))
			s->few[kept++] = s->few[i];
	s->count = kept;
}

/* Put the places that were found; false if they are more than few. */
static bool
put_places(const struct found *found, uint32_t *places, size_t *ret_count)
{
	const uint8_t	*at = found->hits, *end = at + found->count;

	*ret_count = 0;
	while (at < end &&
	    (at = memchr(at, 1, (size_t)(end - at))) != NULL) {
		if (*ret_count == FEW_MOST)
			return false;
		places[(*ret_count)++] = (uint32_t)(at++ - found->hits);
	}
	return true;
}

/* Of the places that were found, keep the slots that pass the filter. */
static void
keep_passing(const struct list *l, struct selection *s)
{
	const struct columns	*k = l->columns;
	const struct slot	*slot;
	size_t			 kept = 0, at;

	for (size_t i = 0; i < s->count; i++) {
		slot = slot_find(k, found_id(l->found, s->few[i]));
		if (slot == NULL)
			continue;
		at = (size_t)(slot - k->slots);
		if (!l->filter.any || filter_passes(&l->filter, k, at))
			s->few[kept++] = (uint32_t)at;
	}
	s->count = kept;
}

static bool
select_few_found(const struct list *l, struct selection *s)
{
	s->few = must_alloc((FEW_MOST + 1) * sizeof(s->few[0]));
	if (put_places(l->found, s->few, &s->count)) {
		keep_passing(l, s);
		return true;
	}
	free(s->few);
	s->few = NULL;
	return false;
}

static bool
select_few_passing(struct list *l, struct selection *s)
{
	if (!few_find(l->columns, &l->filter, &s->few, &s->count))
		return false;
	if (l->found != NULL)
		keep_found(l, s);
	return true;
}

/* --- many ----------------------------------------------------------------- */

/*
 * The hits of the slots between two, one after the other, if no id is missing
 * among them. False: each slot has to be looked up.
 */
static bool
find_hits(const struct list *l, size_t from, size_t to, const uint8_t **ret)
{
	const struct slot	*slots = l->columns->slots;
	const struct found	*found = l->found;
	uint64_t		 place = (uint64_t)slots[from].id -
				    (uint64_t)found->first;
	uint64_t		 far = (uint64_t)slots[to - 1].id -
				    (uint64_t)slots[from].id;

	if (found->ids != NULL || far != to - from - 1 ||
	    place >= found->count || far >= found->count - place)
		return false;
	*ret = found->hits + place;
	return true;
}

/*
 * Keep the bits of the slots between two that were found. `from` is a multiple
 * of 64. Between tickets that were deleted, slots are looked at in one piece.
 */
static void
keep_bits_found(const struct list *l, size_t from, size_t to, uint64_t *bits)
{
	uint8_t		 looked[64];
	const uint8_t	*hits = looked;
	size_t		 middle = from + ((to - from) / 2 + 63) / 64 * 64;
	bool		 in_row;

	if (from == to)
		return;
	in_row = find_hits(l, from, to, &hits);
	if (!in_row && to - from > 64) {
		keep_bits_found(l, from, middle, bits);
		keep_bits_found(l, middle, to, bits);
		return;
	}
	for (size_t i = from; !in_row && i < to; i++)
		looked[i - from] = is_found(l, i);
	bits_keep_bytes(bits + from / 64, hits, to - from);
}

/* Keep the bits that pass the filter, whose arrays may be moved. */
static void
keep_bits_passing(struct list *l, uint64_t *bits)
{
	struct filter	*f = &l->filter;
	uint8_t		*chosen = f->chosen;
	size_t		 count;

	if (chosen != NULL)
		bits_keep_bytes(bits, chosen, l->columns->count);
	/* a bitmap is kept of what can be asked again */
	f->chosen = NULL;
	if (filter_has_values(f))
		bits_keep(bits, bitmaps_find(l->bitmaps, l->columns, f,
		    &count), l->columns->count);
	f->chosen = chosen;
}

static void
select_many(struct list *l, struct selection *s)
{
	size_t	count = l->columns->count;

	if (l->found == NULL && l->filter.chosen == NULL) {
		s->bits = bitmaps_find(l->bitmaps, l->columns, &l->filter,
		    &s->count);
		return;
	}
	s->own = bits_make(count);
	if (l->found != NULL)
		keep_bits_found(l, 0, count, s->own);
	keep_bits_passing(l, s->own);
	s->bits = s->own;
	s->count = bits_count(s->own, count);
}

/* --- either --------------------------------------------------------------- */

void
selection_make(struct list *l, struct selection *ret)
{
	*ret = (struct selection){ .count = 0 };
	if (l->found == NULL && !l->filter.any)
		ret->count = l->columns->count;
	else if ((l->found == NULL || !select_few_found(l, ret)) &&
	    (!l->filter.any || !select_few_passing(l, ret)))
		select_many(l, ret);
}

void
selection_count(const struct selection *s, const struct columns *k,
    struct facet_counts *ret)
{
	if (s->bits != NULL)
		facets_count_bits(k, s->bits, ret);
	else
		facets_count_slots(k, s->few, s->count, ret);
}

void
selection_done(struct selection *s)
{
	free(s->few);
	free(s->own);
}
