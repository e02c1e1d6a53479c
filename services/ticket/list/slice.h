/*
 * A slice of a list: the part that a page, or a chunk of an export, shows. The
 * tickets of a list are counted and those of the slice picked in memory; only
 * the rows of the slice are read from the store.
 */
#ifndef LIST_SLICE_H
#define LIST_SLICE_H

#include "services/ticket/list/list.h"

struct slice {
	struct list	 list;
	int64_t		*ids;		/* in the list's order */
	size_t		 count;
	int64_t		 total;		/* of the whole list */
	bool		 contiguous;	/* no other ticket has an id between */
	bool		 more;		/* others follow */
	uint64_t	 last_key;	/* the last one's */
};

/*
 * Pick `limit` tickets from `offset` on of the list that a request asks for, or
 * of the part of it after its cursor. slice_done() in any case.
 */
enum err	slice_pick(struct call *, int64_t offset, int64_t limit,
		    struct slice *ret);
void		slice_done(struct slice *);

/* Put the cursor of the slice's end into the answer, if others follow. */
enum err	slice_put_cursor(struct call *, const struct slice *);

/* Append the row of a run to the call's fragment. */
typedef enum err slice_put(struct call *, const struct stmt *);

/*
 * Run a statement for each ticket and have its row put. Its parameters are the
 * id, as ID, and the snippet, as DATA, if `fields` names it. The slice ends
 * with the row that makes the fragment `most` bytes or larger.
 */
enum err	slice_put_rows(struct call *, struct slice *, int sql,
		    size_t most, slice_put *);

#endif
