/*
 * Columns of tickets, loaded from the store once and then kept up to date from
 * table `changes`. That happens in the read transaction of the call that needs
 * them, so that they are of the same snapshot as the rows that it reads.
 */
#ifndef INDEX_COLUMNS_H
#define INDEX_COLUMNS_H

#include "services/ticket/index/slots.h"

/* The numbers of the first and the last change in the store; 0 without any. */
struct change_bounds {
	int64_t	first;
	int64_t	last;
};

enum err	columns_bounds(struct call *, struct change_bounds *ret);

/* Load all tickets as they are after the change `last`. */
enum err	columns_load(struct call *, struct columns *, int64_t last);

/*
 * Bring the columns up to date with the call's transaction, which sees the
 * changes within these bounds: apply those that are new, or load all tickets.
 */
enum err	columns_follow(struct call *, struct columns *,
		    const struct change_bounds *);

/* Free everything; the columns are empty then. */
void		columns_done(struct columns *);

/*
 * The order of a sort, built if it is not there yet. Ranks and labels that it
 * goes by must be up to date. NULL for SORT_ID, the order of the slots.
 */
const struct order	*columns_order(struct columns *, enum sort);

/*
 * Whether the order of a sort is built and has this slot: that of titles has
 * only those with a label.
 */
bool		columns_is_ordered(const struct columns *, enum sort,
		    const struct slot *);

#endif
