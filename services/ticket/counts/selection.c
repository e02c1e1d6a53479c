/* Selecting the slots of a list. */
#include "services/ticket/counts/selection.h"

#include <stdlib.h>

#include "services/ticket/list/few.h"

static void
make_bits(const struct list *l, struct selection *s)
{
	s->own = must_alloc((l->columns->count / 64 + 1) * sizeof(s->own[0]));
	s->bits = s->own;
	s->count = 0;
}

/* Select a slot if it passes the filter. */
static void
select_slot(const struct list *l, size_t slot, struct selection *s)
{
	if (l->filter.any && !filter_passes(&l->filter, l->columns, slot))
		return;
	s->own[slot / 64] |= UINT64_C(1) << slot % 64;
	s->count++;
}

static void
select_found(const struct list *l, struct selection *s)
{
	const struct found	*found = l->found;
	const uint8_t		*at = found->hits, *end = at + found->count;
	const struct slot	*slot;

	make_bits(l, s);
	while (at < end &&
	    (at = memchr(at, 1, (size_t)(end - at))) != NULL) {
		slot = slot_find(l->columns, found_id(found,
		    (size_t)(at++ - found->hits)));
		if (slot != NULL)
			select_slot(l, (size_t)(slot - l->columns->slots), s);
	}
}

/* No bitmap is kept of a filter by subscribers or of unread tickets. */
static void
select_chosen(const struct list *l, struct selection *s)
{
	make_bits(l, s);
	for (size_t i = 0; i < l->columns->count; i++)
		if (l->filter.chosen[i] != 0)
			select_slot(l, i, s);
}

void
selection_make(struct list *l, struct selection *ret)
{
	*ret = (struct selection){ .count = 0 };
	if (l->found != NULL)
		select_found(l, ret);
	else if (!l->filter.any)
		ret->count = l->columns->count;
	else if (few_find(l->columns, &l->filter, &ret->few, &ret->count))
		return;
	else if (l->filter.chosen != NULL)
		select_chosen(l, ret);
	else
		ret->bits = bitmaps_find(l->bitmaps, l->columns, &l->filter,
		    &ret->count);
}

void
selection_done(struct selection *s)
{
	free(s->few);
	free(s->own);
}
