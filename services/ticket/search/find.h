/* Finding the tickets whose texts, or whose replies, match a query. */
#ifndef SEARCH_FIND_H
#define SEARCH_FIND_H

#include "services/ticket/search/found.h"
#include "services/ticket/search/query.h"

/*
 * Make *ret and add the tickets that match: those that have all words and
 * phrases of the query in title and content together, or in one reply, and none
 * of those that are excluded in any of these; and the one whose number the query
 * is, with the highest score. Stops early when the call's time is over
 * (op_is_over()). found_done() in any case.
 */
enum err	find_tickets(struct call *, const struct query *, bool scored,
		    struct found *ret);

/* Whether one ticket matches, as find_tickets() would find it. */
enum err	find_in_ticket(struct call *, const struct query *, int64_t id,
		    bool *ret);

#endif
