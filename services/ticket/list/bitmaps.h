/*
 * Bitmaps: which slots pass a filter, a bit for each. The bitmaps of the last
 * few filters are kept; the journal of the columns tells which bits to set
 * again.
 */
#ifndef LIST_BITMAPS_H
#define LIST_BITMAPS_H

#include "services/ticket/list/filter.h"

#define BITMAPS_MOST	8

/* The bits of one filter, up to date with a place in the columns' journal. */
struct bitmap {
	struct filter	 filter;
	uint32_t	 codes[CODE_END];	/* how many there were */
	uint64_t	*bits;
	size_t		 room;			/* of bits */
	size_t		 count;			/* of those that are set */
	uint64_t	 generation;
	uint64_t	 journaled;
	uint64_t	 used;			/* when, by bitmaps.uses */
};

struct bitmaps {
	struct bitmap	bitmap[BITMAPS_MOST];
	uint64_t	uses;
};

void		bitmaps_done(struct bitmaps *);

/*
 * The bits of the slots that pass a filter, and how many are set. They are
 * valid until the next call. If the bitmap has to be made, it takes ownership
 * of the filter's arrays. Not for filters with `chosen`.
 */
const uint64_t	*bitmaps_find(struct bitmaps *, struct columns *,
		    struct filter *, size_t *ret_count);

#endif
