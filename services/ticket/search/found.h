/* What a search found: which tickets, and how well they match. */
#ifndef SEARCH_FOUND_H
#define SEARCH_FOUND_H

#include "services/op/op.h"

/*
 * Arrays with a place for each ticket. If the ids are close together, the place
 * is the distance from the first id; else it is looked up in `ids`. The last
 * place, `count`, is for ids that are not there.
 */
struct found {
	uint8_t		*hits;		/* by place: 1 if it was found */
	uint32_t	*scores;	/* how well; NULL: not wanted */
	size_t		 count;
	int64_t		 first;
	int64_t		*ids;		/* by place, ascending, or NULL */
	size_t		 near;		/* the place that was looked up last */
	bool		 passing;	/* texts are indexed anew: a later search
					 * may find more, with no change between */
};

/*
 * Make places for the tickets that the call's transaction sees. found_done()
 * in any case.
 */
enum err	found_make(struct call *, bool scored, struct found *ret);
void		found_done(struct found *);

/*
 * Have a place for a ticket, which may be newer than the others; not with
 * scores. False if places cannot be added.
 */
bool		found_reach(struct found *, int64_t id);

/* The place of an id in `ids`, or `count`. */
size_t		found_look_up(struct found *, int64_t id);

static inline size_t
found_place(struct found *f, int64_t id)
{
	uint64_t	place = (uint64_t)id - (uint64_t)f->first;

	if (f->ids != NULL)
		return found_look_up(f, id);
	return place < f->count ? (size_t)place : f->count;
}

static inline int64_t
found_id(const struct found *f, size_t place)
{
	return f->ids != NULL ? f->ids[place] : f->first + (int64_t)place;
}

/* Add a ticket. If it is there already, the higher score counts. */
static inline void
found_add(struct found *f, size_t place, uint32_t score)
{
	f->hits[place] = 1;
	if (f->scores != NULL && f->scores[place] < score)
		f->scores[place] = score;
}

#endif
