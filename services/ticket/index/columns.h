/*
 * Columns of tickets, loaded from the store once and then kept up to date from
 * table `changes`, within the read transaction of the call that asks, so that
 * they are what that transaction sees.
 */
#ifndef INDEX_COLUMNS_H
#define INDEX_COLUMNS_H

#include "services/ticket/index/slots.h"

/* The first and the last change that are in the store; 0: there is none. */
struct change_bounds {
	int64_t	first;
	int64_t	last;
};

enum err	columns_bounds(struct call *, struct change_bounds *ret);

/* Load all tickets as they are after the change `last`. */
enum err	columns_load(struct call *, struct columns *, int64_t last);

/*
 * Bring the columns to what the call's transaction sees, whose changes are
 * these: by the changes since, or by loading all tickets.
 */
enum err	columns_follow(struct call *, struct columns *,
		    const struct change_bounds *);

/* Free all that they have; they are empty then. */
void		columns_done(struct columns *);

/*
 * The order of a sort, made if it is not there; NULL for SORT_ID, which the
 * slots are in. Ranks and labels that it goes by must be up to date.
 */
const struct order	*columns_order(struct columns *, enum sort);

/* Whether a slot is in the order of a sort: without a label it cannot be. */
bool		columns_is_ordered(const struct columns *, enum sort,
		    const struct slot *);

#endif
