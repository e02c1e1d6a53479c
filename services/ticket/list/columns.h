/*
 * Columns of tickets, loaded from the store once and then kept up to date from
 * table `changes`, within the read transaction of the call that asks, so that
 * they are what that transaction sees.
 */
#ifndef LIST_COLUMNS_H
#define LIST_COLUMNS_H

#include "services/ticket/list/slots.h"

/* The first and the last change that are in the store; 0: there is none. */
enum err	columns_bounds(struct call *, int64_t *ret_first,
		    int64_t *ret_last);

/* All of them, which are what the change `last` has made of them. */
enum err	columns_load(struct call *, struct columns *, int64_t last);

/* The changes up to `last`. */
enum err	columns_apply(struct call *, struct columns *, int64_t last);

/*
 * The order of a sort, made if it is not there; NULL for SORT_ID, which the
 * slots are in. Ranks and labels that it goes by must be up to date.
 */
const struct order	*columns_order(struct columns *, enum sort);

/* Whether a slot is in the order of a sort: without a label it cannot be. */
bool		columns_is_ordered(const struct columns *, enum sort,
		    const struct slot *);

#endif
