/*
 * Searches: which tickets have a text that matches, and how well. The last
 * few are kept, as those who turn pages ask the same again and again.
 *
 * A search may take long, so the loop puts it aside (struct op). It is then of
 * the store as it was when that began, after it was asked for; what has changed
 * since in the columns is no reason to search again.
 */
#ifndef SEARCH_SEARCH_H
#define SEARCH_SEARCH_H

#include "services/ticket/index/columns.h"
#include "services/ticket/search/query.h"

/*
 * By ticket; which place is whose, found_place() knows. Where ids are not far
 * apart it is the distance from the first one, for nothing need be looked up
 * then. There is a place more, of tickets that are not known.
 */
struct found {
	uint8_t		*hits;		/* 1 if it was found */
	uint32_t	*scores;	/* how well; NULL: not asked */
	size_t		 count;
	int64_t		 first;
	int64_t		*ids;		/* by place, ascending; NULL: by id */
};

struct search_result;

#define RESULTS_MOST	4

/* The last searches and what they found. */
struct searches {
	struct search_result	*results[RESULTS_MOST];
	struct search_result	*taken;		/* made for the call that runs,
						 * or NULL */
	uint64_t		 uses;
	struct query		 query;		/* of the last search */
	struct buf		 snippet;	/* that was shown last */
};

void		searches_done(struct searches *);

/* The place of an id where ids are far apart. */
size_t		found_place_of(const struct found *, int64_t id);

/* The place of a slot of these columns. */
static inline size_t
found_place(const struct found *found, const struct columns *k, size_t slot)
{
	int64_t		id = k->slots[slot].id;
	uint64_t	place = (uint64_t)id - (uint64_t)found->first;

	if (found->ids != NULL)
		return found_place_of(found, id);
	return place < found->count ? (size_t)place : found->count;
}

/* The id of a place. */
static inline int64_t
found_id(const struct found *found, size_t place)
{
	return found->ids != NULL ? found->ids[place] :
	    found->first + (int64_t)place;
}

/* Of a call that may have been put aside, before all else: take what it has. */
void		search_take(struct searches *, struct call *);

op_run		search_aside;
void		search_unmake(void *made);

/*
 * Look for the request's `content`; valid until the next search. Its call may
 * have to be put aside.
 */
enum err	search_run(struct searches *, struct call *,
		    const struct columns *, bool scored,
		    struct found **ret);

/*
 * What the last search found in a ticket's own texts, as the argument DATA;
 * none if it was not there.
 */
enum err	search_show(struct searches *, struct call *,
		    int64_t ticket_id);

#endif
