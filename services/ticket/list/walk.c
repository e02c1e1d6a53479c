/* Walking through orders. */
#include "services/ticket/list/walk.h"

#define SIGN	(UINT64_C(1) << 63)	/* flipped, numbers sort as unsigned */

struct walk {
	const struct list	*list;
	const struct order	*order;		/* NULL: that of the slots */
	const uint64_t		*bits;		/* of slots that pass */
	uint32_t		*taken;
	size_t			 count;
	size_t			 most;
};

/* --- an iterator over an order -------------------------------------------- */

/* Its next and previous place may be outside of the order. */
struct iterator {
	const struct order	*order;
	struct order_place	 place;
	size_t			 index;
};

static struct iterator
iterator_at(const struct walk *w, size_t index)
{
	struct iterator	i = { .order = w->order, .index = index };

	if (i.order != NULL)
		i.place = order_place(i.order, index);
	return i;
}

static inline size_t
iterator_slot(const struct iterator *i)
{
	return i->order == NULL ? i->index : order_slot(i->order, i->place);
}

static inline void
iterator_next(struct iterator *i)
{
	i->index++;
	if (i->order != NULL)
		order_next(i->order, &i->place);
}

static inline void
iterator_previous(struct iterator *i)
{
	i->index--;
	if (i->order != NULL)
		order_previous(i->order, &i->place);
}

static inline bool
bit_is_set(const struct walk *w, const struct iterator *i)
{
	size_t	slot;

	if (w->bits == NULL)
		return true;
	slot = iterator_slot(i);
	return (w->bits[slot / 64] >> slot % 64 & 1) != 0;
}

/* --- parts of a walk ------------------------------------------------------ */

/* How many slots have a smaller key, or this key and a lower number. */
static size_t
lower_index(const struct walk *w, uint64_t key, size_t slot)
{
	const struct columns	*k = w->list->columns;
	size_t			 at;

	if (w->order != NULL)
		return order_lower(w->order, k, w->list->sorting.by, key,
		    slot > UINT32_MAX ? UINT32_MAX : (uint32_t)slot);
	at = slot_lower(k, (int64_t)(key ^ SIGN));
	return at + (at < k->count && at < slot &&
	    k->slots[at].id == (int64_t)(key ^ SIGN));
}

/*
 * The index of a slot that passes, after `many` others that pass from `from`
 * on; `to` if that would not be before it.
 */
static size_t
skip_forward(const struct walk *w, size_t from, size_t to, size_t many)
{
	struct iterator	i;

	if (w->bits == NULL)
		return many < to - from ? from + many : to;
	if (from == to)
		return to;
	for (i = iterator_at(w, from); i.index < to; iterator_next(&i))
		if (bit_is_set(w, &i) && many-- == 0)
			break;
	return i.index;
}

/* The same backwards from the last slot. False if there are not as many. */
static bool
skip_backward(const struct walk *w, size_t many, size_t *ret)
{
	size_t		count = w->list->columns->count;
	struct iterator	i;

	if (w->bits == NULL) {
		*ret = count - 1 - many;
		return many < count;
	}
	if (count == 0)
		return false;
	for (i = iterator_at(w, count - 1); !bit_is_set(w, &i) || many-- > 0;
	    iterator_previous(&i))
		if (i.index == 0)
			return false;
	*ret = i.index;
	return true;
}

static size_t
count_passing(const struct walk *w, size_t from, size_t to)
{
	struct iterator	i;
	size_t		count = 0;

	if (w->bits == NULL || from >= to)
		return from < to ? to - from : 0;
	for (i = iterator_at(w, from); i.index < to; iterator_next(&i))
		count += bit_is_set(w, &i);
	return count;
}

static void
take_between(struct walk *w, size_t from, size_t to)
{
	struct iterator	i;

	if (from >= to)
		return;
	for (i = iterator_at(w, from); i.index < to && w->count < w->most;
	    iterator_next(&i))
		if (bit_is_set(w, &i))
			w->taken[w->count++] = (uint32_t)iterator_slot(&i);
}

/* The first slot with a higher id. */
static size_t
slot_after(const struct columns *k, int64_t id)
{
	return id == INT64_MAX ? k->count : slot_lower(k, id + 1);
}

/* --- up and down ---------------------------------------------------------- */

static void
walk_up(struct walk *w, size_t offset)
{
	const struct position	*p = &w->list->position;
	const struct columns	*k = w->list->columns;
	size_t			 from = 0;

	if (p->begun)
		from = lower_index(w, p->after_key, slot_after(k, p->after_id));
	take_between(w, skip_forward(w, from, k->count, offset), k->count);
}

/*
 * The group of slots with the same key as the one at an index. In a descending
 * list the groups descend, but the ids within a group ascend.
 */
static void
find_group(const struct walk *w, size_t index, size_t *ret_from,
    size_t *ret_to)
{
	const struct columns	*k = w->list->columns;
	struct iterator		 i = iterator_at(w, index);
	uint64_t		 key = slot_key(k, w->list->sorting.by,
				    &k->slots[iterator_slot(&i)]);

	*ret_from = lower_index(w, key, 0);
	*ret_to = lower_index(w, key, SIZE_MAX);
}

/* Take the rest of a group, then the groups before index `group`. */
static void
take_groups(struct walk *w, size_t from, size_t to, size_t group)
{
	for (;;) {
		take_between(w, from, to);
		if (group == 0 || w->count == w->most)
			return;
		find_group(w, group - 1, &from, &to);
		group = from;
	}
}

static void
go_on_down(struct walk *w)
{
	const struct position	*p = &w->list->position;
	uint64_t		 key = ~p->after_key;

	take_groups(w, lower_index(w, key, slot_after(w->list->columns,
	    p->after_id)), lower_index(w, key, SIZE_MAX),
	    lower_index(w, key, 0));
}

/*
 * The offset is counted backwards from the last slot. If it ends within a
 * group, as many slots of the group are skipped from its beginning instead.
 */
static void
walk_down(struct walk *w, size_t offset)
{
	size_t	index, from, to, many;

	if (!skip_backward(w, offset, &index))
		return;
	find_group(w, index, &from, &to);
	many = count_passing(w, index + 1, to);
	take_groups(w, skip_forward(w, from, to, many), to, from);
}

size_t
walk_take(const struct list *l, const uint64_t *bits, size_t offset,
    uint32_t ret[], size_t most)
{
	struct walk	w = { .list = l, .bits = bits, .taken = ret,
			    .most = most };

	w.order = columns_order(l->columns, l->sorting.by);
	if (!l->sorting.descending)
		walk_up(&w, offset);
	else if (l->position.begun)
		go_on_down(&w);
	else
		walk_down(&w, offset);
	return w.count;
}
