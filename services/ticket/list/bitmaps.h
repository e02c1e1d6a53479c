/*
 * The tickets that pass a filter, a bit for each slot. Those of the last few
 * filters are kept, and follow what changes by the journal of the columns.
 */
#ifndef LIST_BITMAPS_H
#define LIST_BITMAPS_H

#include "services/ticket/list/filter.h"

#define BITMAPS_MOST	8

/* The bits of one filter, as of some point in the columns' journal. */
struct bitmap {
	struct filter	 filter;
	uint32_t	 codes[CODE_END];	/* of each kind, at the time */
	uint64_t	*bits;
	size_t		 room;			/* of bits */
	size_t		 count;			/* of those that are set */
	uint64_t	 generation;
	uint64_t	 journaled;
	uint64_t	 used;			/* when, in uses */
};

struct bitmaps {
	struct bitmap	bitmap[BITMAPS_MOST];
	uint64_t	uses;
};

void		bitmaps_done(struct bitmaps *);

/*
 * The bits of the slots that pass a filter, and how many are set. They are
 * valid until the next call. Takes ownership of the filter's arrays if its
 * bitmap is not there yet. The filter must not have `subscribed`.
 */
const uint64_t	*bitmaps_find(struct bitmaps *, const struct columns *,
		    struct filter *, size_t *ret_count);

#endif
