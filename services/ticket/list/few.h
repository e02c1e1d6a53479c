/*
 * Finding the tickets that pass a filter if one part of it alone (a status, a
 * user, a date) leaves few. How many that are, two searches in the order of a
 * sort tell.
 */
#ifndef LIST_FEW_H
#define LIST_FEW_H

#include "services/ticket/list/filter.h"

/* Slots; more are not few. */
#define FEW_MOST	16384

/*
 * Find the slots that pass, in no order, if they are few; the caller frees
 * *ret. False, with NULL in *ret, if there may be more.
 */
bool	few_find(struct columns *, const struct filter *, uint32_t **ret,
	    size_t *ret_count);

/*
 * Set the bits of the slots that pass, none of which is set before, if that is
 * faster than to look at all slots. False: nothing is set.
 */
bool	few_set_bits(struct columns *, const struct filter *, uint64_t *bits);

#endif
