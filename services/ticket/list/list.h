/*
 * Lists of tickets: which of them, in which order, and a part of that. What
 * `tickets/` and the exports have in common.
 */
#ifndef LIST_LIST_H
#define LIST_LIST_H

#include "services/ticket/index/columns.h"
#include "services/ticket/search/search.h"

/* A part of a list. */
struct part {
	int64_t		*ids;		/* in the list's order; part_done() */
	size_t		 count;
	int64_t		 total;		/* of the whole list */
	bool		 neighbours;	/* no ticket is between these */
	bool		 more;		/* there are others behind these */
	uint64_t	 last_key;	/* what the last one is sorted by */

	/* what the others' keys are found by; valid while the call runs */
	struct columns		*columns;
	const struct found	*found;
};

/*
 * Pick a part of what a request's filters and sort make: `limit` from
 * `offset` on, of those behind the argument CURSOR if there is one.
 */
enum err	part_pick(struct call *, int64_t offset, int64_t limit,
		    struct part *ret);
void		part_done(struct part *);

/* Put the cursor of a part's end into the answer, if others follow. */
enum err	part_put_cursor(struct call *, const struct part *);

/*
 * Run a statement for each ticket of a part, as the argument ID, and have
 * its row put. The part ends with the row that makes the fragment as large as
 * `most` bytes.
 */
enum err	part_put(struct call *, struct part *, int sql, size_t most,
		    enum err (*put)(struct call *, sqlite3_stmt *));

op_run		ticket_list;

#endif
