/* A list as a request asks for it: which tickets, and in which order. */
#ifndef LIST_LIST_H
#define LIST_LIST_H

#include "base/log.h"
#include "services/ticket/list/filter.h"
#include "services/ticket/list/position.h"
#include "services/ticket/ticket_index.h"

struct list {
	struct columns	*columns;	/* valid while the call runs */
	struct bitmaps	*bitmaps;
	struct found	*found;		/* NULL: no search */
	struct sorting	 sorting;
	struct filter	 filter;
	struct position	 position;
};

/*
 * Read a request, in the order sort, filter, content, cursor: the first that is
 * wrong is what the client is told. list_done() in any case.
 */
enum err	list_read(struct call *, struct list *ret);
void		list_done(struct list *);

/* The key of a slot; slots with small keys come first in ascending lists. */
static inline uint64_t
list_key(const struct list *l, size_t slot)
{
	const struct columns	*k = l->columns;

	if (l->sorting.by == SORT_RELEVANCE) {
		CHECK(l->found != NULL);	/* sorting_read() */
		return UINT32_MAX -
		    l->found->scores[found_place(l->found, k->slots[slot].id)];
	}
	return slot_key(k, l->sorting.by, &k->slots[slot]);
}

/* The key with the direction in it: slots with small ones come first. */
static inline uint64_t
list_order_key(const struct list *l, size_t slot)
{
	return l->sorting.descending ? ~list_key(l, slot) : list_key(l, slot);
}

#endif
