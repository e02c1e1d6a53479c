/* Collecting the slots of a list. */
#include "services/ticket/list/collect.h"

#include "services/ticket/list/few.h"

/* Count a slot that passes; add it if it is after the position. */
static inline void
add_slot(const struct list *l, size_t slot, struct matches *ret)
{
	uint64_t	key = list_order_key(l, slot);

	ret->total++;
	if (position_is_before(&l->position, key, l->columns->slots[slot].id))
		ret->match[ret->count++] = (struct match){ key, slot };
}

static inline bool
is_found(const struct list *l, size_t slot)
{
	return l->found == NULL ||
	    l->found->hits[found_place(l->found,
	    l->columns->slots[slot].id)] != 0;
}

static inline bool
passes_filter(const struct list *l, size_t slot)
{
	return !l->filter.any || filter_passes(&l->filter, l->columns, slot);
}

void
collect_all(const struct list *l, struct matches *ret)
{
	matches_reserve(ret, l->columns->count);
	for (size_t i = 0; i < l->columns->count; i++)
		if (is_found(l, i) && passes_filter(l, i))
			add_slot(l, i, ret);
}

void
collect_slots(const struct list *l, const uint32_t *slots, size_t count,
    struct matches *ret)
{
	matches_reserve(ret, count);
	for (size_t i = 0; i < count; i++)
		if (is_found(l, slots[i]))
			add_slot(l, slots[i], ret);
}

void
collect_bits(const struct list *l, const uint64_t *bits, size_t count,
    struct matches *ret)
{
	size_t	words = l->columns->count / 64 + 1;

	matches_reserve(ret, count);
	for (size_t i = 0; i < words; i++)
		for (uint64_t left = bits[i]; left != 0; left &= left - 1)
			add_slot(l, i * 64 + (size_t)__builtin_ctzll(left),
			    ret);
}

bool
collect_found(const struct list *l, struct matches *ret)
{
	const struct columns	*k = l->columns;
	const struct found	*found = l->found;
	const uint8_t		*at = found->hits, *end = at + found->count;
	const struct slot	*slot;
	size_t			 place, looked = 0;

	matches_reserve(ret, FEW_MOST);
	while (at < end &&
	    (at = memchr(at, 1, (size_t)(end - at))) != NULL) {
		place = (size_t)(at++ - found->hits);
		if (looked++ == FEW_MOST) {
			matches_done(ret);
			return false;
		}
		slot = slot_find(k, found_id(found, place));
		if (slot == NULL)
			continue;
		place = (size_t)(slot - k->slots);
		if (passes_filter(l, place))
			add_slot(l, place, ret);
	}
	return true;
}
