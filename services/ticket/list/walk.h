/*
 * Walking through a list in the order that its sort has, for lists of which
 * many tickets pass: an order is kept, so that nothing has to be sorted.
 */
#ifndef LIST_WALK_H
#define LIST_WALK_H

#include "services/ticket/list/list.h"

/*
 * Take up to `most` slots from an offset on, after the list's position; `bits`
 * has those that pass its filter, NULL: all do. Not for lists by relevance.
 * Returns how many there are in ret[].
 */
size_t	walk_take(const struct list *, const uint64_t *bits, size_t offset,
	    uint32_t ret[], size_t most);

#endif
