/*
 * Searches: which tickets have a text that matches, and how well. The last
 * few are kept, as those who turn pages ask the same again and again.
 */
#ifndef TICKET_SEARCH_H
#define TICKET_SEARCH_H

#include "columns.h"

/*
 * By ticket; which place is whose, found_place() knows. Where ids have few
 * gaps it is the distance from the first one, for slots need not be looked
 * at then; else it is that of the slot.
 */
struct found {
	uint8_t		*hits;		/* 1 if it was found */
	uint32_t	*scores;	/* how well; NULL: not asked */
	size_t		 count;
	int64_t		 first;
	bool		 by_id;
};

/* The place of a slot of these columns. */
static inline size_t
found_place(const struct found *found, const struct columns *k, size_t slot)
{
	return !found->by_id ? slot :
	    (size_t)(k->slots[slot].id - found->first);
}

/* Look for the request's `content`; valid until the next search. */
enum err	search_run(struct call *, const struct columns *, bool scored,
		    const struct found **ret);

/*
 * What the last search found in a ticket's own texts, as the argument DATA;
 * none if it was not there.
 */
enum err	search_show(struct call *, int64_t ticket_id);

#endif
