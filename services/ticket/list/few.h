/*
 * The tickets that pass a filter, where one of its parts alone leaves few: a
 * status, a user, a date. The order of a sort tells how many that are by two
 * searches.
 */
#ifndef LIST_FEW_H
#define LIST_FEW_H

#include "services/ticket/list/filter.h"

/* More are not few. */
#define FEW_MOST	16384

/*
 * Find the slots that pass, in no order, if they are few; the caller frees
 * *ret. False, with NULL in *ret, if there may be more.
 */
bool	few_find(struct columns *, const struct filter *, uint32_t **ret,
	    size_t *ret_count);

#endif
