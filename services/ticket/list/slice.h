/*
 * A slice of a list: the part of it that a page or a piece of an export has.
 * Its rows are counted and picked in memory, by keys of 64 bits; only what is
 * shown is read from the store.
 */
#ifndef LIST_SLICE_H
#define LIST_SLICE_H

#include "services/ticket/list/list.h"

struct slice {
	struct list	 list;
	int64_t		*ids;		/* in the list's order */
	size_t		 count;
	int64_t		 total;		/* of the whole list */
	bool		 contiguous;	/* no ticket is between these */
	bool		 more;		/* others follow */
	uint64_t	 last_key;	/* what the last one is sorted by */
};

/*
 * Pick from the list that a request's filters and sort make: `limit` tickets
 * from `offset` on, of those after the argument CURSOR if there is one.
 * slice_done() in any case.
 */
enum err	slice_pick(struct call *, int64_t offset, int64_t limit,
		    struct slice *ret);
void		slice_done(struct slice *);

/* Put the cursor of the slice's end into the answer, if others follow. */
enum err	slice_put_cursor(struct call *, const struct slice *);

/* Append the row that a run of a statement stands at to the fragment. */
typedef enum err slice_put(struct call *, const struct stmt *);

/*
 * Put the row of each ticket, by a statement whose parameters are its id as ID
 * and, if `fields` asks for one, its snippet as DATA. The slice ends with the
 * row that makes the fragment as large as `most` bytes.
 */
enum err	slice_put_rows(struct call *, struct slice *, int sql,
		    size_t most, slice_put *);

#endif
