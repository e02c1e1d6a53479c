/* Slots of tickets: finding, filling, and the keys that they are sorted by. */
#include "services/ticket/index/slots.h"

#include "base/buf.h"

#define SIGN	(UINT64_C(1) << 63)	/* flipped, numbers sort as unsigned */

/* The first slot from low on whose id is not below; high: all are below. */
static inline size_t
lower_between(const struct columns *k, size_t low, size_t high, int64_t id)
{
	size_t	middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (k->slots[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * A slot is not farther from the first and the last one than its id is from
 * theirs. So there is little to search if few tickets were deleted.
 */
struct slot *
slot_find(const struct columns *k, int64_t id)
{
	size_t		low = 0, high = k->count;
	uint64_t	far;

	if (high == 0 || id < k->slots[0].id || id > k->slots[high - 1].id)
		return NULL;
	far = (uint64_t)k->slots[high - 1].id - (uint64_t)id;
	if (far < high)
		low = high - 1 - (size_t)far;
	far = (uint64_t)id - (uint64_t)k->slots[0].id;
	/* without gaps, low is the slot, which need not be looked at */
	if (far == low)
		return &k->slots[low];
	if (far < high)
		high = (size_t)far + 1;
	low = lower_between(k, low, high, id);
	return low < k->count && k->slots[low].id == id ? &k->slots[low] :
	    NULL;
}

size_t
slot_lower(const struct columns *k, int64_t id)
{
	return lower_between(k, 0, k->count, id);
}

struct slot *
slot_append(struct columns *k)
{
	if (k->count == k->room) {
		k->room += k->room / 16 + 1024;
		k->slots = must_resize(k->slots,
		    k->room * sizeof(k->slots[0]));
		k->titles = must_resize(k->titles,
		    k->room * sizeof(k->titles[0]));
		k->newest = must_resize(k->newest,
		    k->room * sizeof(k->newest[0]));
		k->facets.rows = must_resize(k->facets.rows,
		    k->room * sizeof(k->facets.rows[0]));
	}
	k->titles[k->count] = 0;
	k->newest[k->count] = 0;
	return &k->slots[k->count++];
}

static uint32_t
code_of(struct columns *k, enum code_kind kind, const struct stmt *st,
    int column)
{
	uint32_t	code;

	if (stmt_is_null(st, column))
		return 0;
	code = codes_add(&k->codes[kind], stmt_number(st, column));
	k->codes[kind].used[code] = 1;
	return code;
}

static int64_t
time_of(const struct stmt *st, int column)
{
	return stmt_is_null(st, column) ? INT64_MIN : stmt_number(st, column);
}

void
slot_fill(struct columns *k, struct slot *slot, const struct stmt *st)
{
	int64_t	replies = stmt_number(st, 9);

	*slot = (struct slot){
		.id = stmt_number(st, 0),
		.status = code_of(k, CODE_STATUS, st, 1),
		.priority = code_of(k, CODE_PRIORITY, st, 2),
		.category = code_of(k, CODE_CATEGORY, st, 3),
		.author = code_of(k, CODE_USER, st, 4),
		.assigned = code_of(k, CODE_USER, st, 5),
		.added = time_of(st, 6),
		.updated = time_of(st, 7),
		.hours = stmt_number(st, 8),
		.replies = replies < 0 ? 0 : replies >= GONE ? GONE - 1 :
		    (uint32_t)replies,
		.title = LABEL_NONE,
	};
}

static uint64_t
id_order(const struct codes *codes, uint32_t code)
{
	return code == 0 ? 0 : (uint64_t)codes->ids[code] ^ SIGN;
}

uint64_t
slot_key(const struct columns *k, enum sort sort, const struct slot *s)
{
	switch (sort) {
	case SORT_PRIORITY:
		return id_order(&k->codes[CODE_PRIORITY], s->priority);
	case SORT_TITLE:
		return s->title;
	case SORT_AUTHOR:
		return codes_rank(&k->codes[CODE_USER], s->author);
	case SORT_ADDED:
		return (uint64_t)s->added ^ SIGN;
	case SORT_UPDATED:
		return (uint64_t)s->updated ^ SIGN;
	case SORT_REPLIES:
		return s->replies;
	case SORT_CATEGORY:
		return codes_rank(&k->codes[CODE_CATEGORY], s->category);
	case SORT_STATUS:
		return id_order(&k->codes[CODE_STATUS], s->status);
	case SORT_ASSIGNED:
		return codes_rank(&k->codes[CODE_USER], s->assigned);
	case SORT_HOURS:
		return (uint64_t)s->hours ^ SIGN;
	default:
		return (uint64_t)s->id ^ SIGN;
	}
}
