/* Finding the few tickets that pass a filter by the orders of sorts. */
#include "services/ticket/list/few.h"

#include <stdlib.h>

#include "services/ticket/list/bits.h"

#define RANGES_MOST	256	/* for one part of a filter */
#define AHEAD		8	/* slots that are read before they are needed */

/* Ranges in orders that have all slots that pass one part of a filter. */
struct ranges {
	struct range {
		enum sort	sort;
		size_t		from;
		size_t		to;
	}	range[RANGES_MOST];
	size_t	count;
	size_t	slots;		/* in them; SIZE_MAX: not counted to the end */
	size_t	most;		/* slots that are worth counting */
};

/* Add the slots whose keys are from one up to another, both included. */
static void
add_range(struct columns *k, struct ranges *rs, enum sort sort, uint64_t from,
    uint64_t to)
{
	const struct order	*o = columns_order(k, sort);
	struct range		 r = { .sort = sort };

	if (rs->slots > rs->most || rs->count == RANGES_MOST) {
		rs->slots = SIZE_MAX;
		return;
	}
	r.from = order_lower(o, k, sort, from, 0);
	r.to = order_lower(o, k, sort, to, UINT32_MAX);
	if (r.to <= r.from)
		return;
	rs->range[rs->count++] = r;
	rs->slots += r.to - r.from;
}

static void
add_codes(struct columns *k, struct ranges *rs, enum sort sort,
    const uint8_t *wanted, enum code_kind kind)
{
	for (uint32_t code = 0; code < k->codes[kind].count; code++) {
		struct slot	like = { .status = code, .priority = code,
				    .category = code, .author = code,
				    .assigned = code };
		uint64_t	key;

		if (wanted[code] == 0)
			continue;
		key = slot_key(k, sort, &like);
		add_range(k, rs, sort, key, key);
	}
}

/* Keep the ranges with fewest slots. */
static void
keep_less(struct ranges *least, const struct ranges *rs)
{
	if (rs->slots < least->slots)
		*least = *rs;
}

static void
try_codes(struct columns *k, struct ranges *least, const uint8_t *wanted,
    enum code_kind kind, enum sort sort, enum sort other)
{
	struct ranges	rs;

	if (wanted == NULL)
		return;
	rs.count = rs.slots = 0;
	rs.most = least->most;
	add_codes(k, &rs, sort, wanted, kind);
	if (other != sort)
		add_codes(k, &rs, other, wanted, kind);
	keep_less(least, &rs);
}

static void
try_dates(struct columns *k, struct ranges *least, enum sort sort,
    int64_t since, int64_t before)
{
	struct ranges	rs;
	struct slot	one = { .added = since, .updated = since };
	struct slot	other = { .added = before, .updated = before };

	if (since == INT64_MIN && before == INT64_MAX)
		return;
	rs.count = rs.slots = 0;
	rs.most = least->most;
	add_range(k, &rs, sort, slot_key(k, sort, &one),
	    slot_key(k, sort, &other));
	keep_less(least, &rs);
}

static inline void
read_ahead(const struct columns *k, const struct order *o,
    struct order_place p)
{
	p.at += AHEAD;
	if (p.at < o->sizes[p.block])
		__builtin_prefetch(&k->slots[order_slot(o, p)]);
}

/*
 * Set the bits of the slots that pass, and take them, unless `few` is NULL. A
 * slot may be in several ranges.
 */
static void
take_ranges(struct columns *k, const struct filter *f,
    const struct ranges *rs, uint64_t *bits, uint32_t *few, size_t *ret_count)
{
	*ret_count = 0;
	for (size_t i = 0; i < rs->count; i++) {
		const struct range	*r = &rs->range[i];
		const struct order	*o = columns_order(k, r->sort);
		struct order_place	 p = order_place(o, r->from);

		for (size_t n = r->from; n < r->to; n++, order_next(o, &p)) {
			uint32_t	slot = order_slot(o, p);
			uint64_t	bit = UINT64_C(1) << slot % 64;

			read_ahead(k, o, p);
			if ((bits[slot / 64] & bit) != 0 ||
			    !filter_passes(f, k, slot))
				continue;
			bits[slot / 64] |= bit;
			if (few != NULL)
				few[*ret_count] = slot;
			++*ret_count;
		}
	}
}

/* Take the chosen slots; false if there are more than few. */
static bool
take_chosen(const struct columns *k, const struct filter *f,
    uint32_t *few, size_t *ret_count)
{
	const uint8_t	*at = f->chosen, *end = at + k->count;

	*ret_count = 0;
	while (at < end &&
	    (at = memchr(at, 1, (size_t)(end - at))) != NULL) {
		if (*ret_count == FEW_MOST)
			return false;
		few[(*ret_count)++] = (uint32_t)(at++ - f->chosen);
	}
	return true;
}

/* Keep the slots that pass. */
static void
keep_passing(const struct columns *k, const struct filter *f, uint32_t *few,
    size_t *count)
{
	size_t	kept = 0;

	for (size_t i = 0; i < *count; i++)
		if (filter_passes(f, k, few[i]))
			few[kept++] = few[i];
	*count = kept;
}

/* The ranges of the part of the filter that leaves fewest slots. */
static void
find_fewest(struct columns *k, const struct filter *f, struct ranges *least)
{
	try_codes(k, least, f->codes[CODE_STATUS], CODE_STATUS, SORT_STATUS,
	    SORT_STATUS);
	try_codes(k, least, f->codes[CODE_PRIORITY], CODE_PRIORITY,
	    SORT_PRIORITY, SORT_PRIORITY);
	try_codes(k, least, f->codes[CODE_CATEGORY], CODE_CATEGORY,
	    SORT_CATEGORY, SORT_CATEGORY);
	try_codes(k, least, f->codes[CODE_USER], CODE_USER, SORT_AUTHOR,
	    SORT_AUTHOR);
	try_codes(k, least, f->assigned, CODE_USER, SORT_ASSIGNED,
	    SORT_ASSIGNED);
	try_codes(k, least, f->either, CODE_USER, SORT_AUTHOR,
	    SORT_ASSIGNED);
	try_dates(k, least, SORT_ADDED, f->added_since, f->added_before);
	try_dates(k, least, SORT_UPDATED, f->updated_since,
	    f->updated_before);
}

bool
few_find(struct columns *k, const struct filter *f, uint32_t **ret,
    size_t *ret_count)
{
	struct ranges	 least = { .slots = SIZE_MAX, .most = FEW_MOST };
	uint64_t	*bits;

	*ret = must_alloc((FEW_MOST + 1) * sizeof((*ret)[0]));
	if (f->chosen != NULL && take_chosen(k, f, *ret, ret_count)) {
		keep_passing(k, f, *ret, ret_count);
		return true;
	}
	find_fewest(k, f, &least);
	if (least.slots <= FEW_MOST) {
		bits = must_alloc(bits_words(k->count) * sizeof(bits[0]));
		take_ranges(k, f, &least, bits, *ret, ret_count);
		free(bits);
		return true;
	}
	free(*ret);
	*ret = NULL;
	return false;
}

bool
few_set_bits(struct columns *k, const struct filter *f, uint64_t *bits)
{
	struct ranges	least = { .slots = SIZE_MAX, .most = k->count / 16 };
	size_t		count;

	find_fewest(k, f, &least);
	if (least.slots > least.most)
		return false;
	take_ranges(k, f, &least, bits, NULL, &count);
	return true;
}
