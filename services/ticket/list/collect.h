/*
 * Collecting the slots of a list that are after its position. Each function
 * makes room in *ret and fills it; the caller calls matches_done().
 */
#ifndef LIST_COLLECT_H
#define LIST_COLLECT_H

#include "services/ticket/list/list.h"
#include "services/ticket/list/matches.h"

/* From all slots: those that pass the filters and that the search found. */
void	collect_all(const struct list *, struct matches *ret);

/* From slots that pass the filters. */
void	collect_slots(const struct list *, const uint32_t *slots, size_t count,
	    struct matches *ret);

/* From a bitmap of those that pass, of which `count` bits are set. */
void	collect_bits(const struct list *, const uint64_t *bits, size_t count,
	    struct matches *ret);

/*
 * From the tickets that the search found: those that pass the filters. False,
 * with nothing in *ret, if it found more than FEW_MOST.
 */
bool	collect_found(const struct list *, struct matches *ret);

#endif
