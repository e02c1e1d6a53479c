/* Finding the tickets whose texts, or whose replies, match a query. */
#ifndef SEARCH_FIND_H
#define SEARCH_FIND_H

#include "services/ticket/search/found.h"
#include "services/ticket/search/query.h"

/*
 * Make *ret, and note in it the tickets one of whose texts has all words and
 * phrases of a query: title and content are one text, each reply is another.
 * Stops early when the call's time is over (op_is_over()). found_done() in any
 * case.
 */
enum err	find_tickets(struct call *, const struct query *, bool scored,
		    struct found *ret);

#endif
