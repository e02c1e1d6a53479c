/*
 * Walking through a list in the order of its sort, which is kept: for lists
 * with many tickets, which would take long to sort.
 */
#ifndef LIST_WALK_H
#define LIST_WALK_H

#include "services/ticket/list/list.h"

/*
 * Put up to `most` slots into ret[], from an offset on after the list's
 * position, and return their count. `bits` are those of the slots that pass
 * the filter; NULL: all do. Not for lists by relevance.
 */
size_t	walk_take(const struct list *, const uint64_t *bits, size_t offset,
	    uint32_t ret[], size_t most);

#endif
