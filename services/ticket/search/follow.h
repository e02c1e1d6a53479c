/*
 * Bringing the result of a search up to date, by looking only at the tickets
 * that have changed since. A change of a text, or of a reply's, is a change of
 * its ticket.
 */
#ifndef SEARCH_FOLLOW_H
#define SEARCH_FOLLOW_H

#include "services/ticket/search/query.h"
#include "services/ticket/search/results.h"

/*
 * Bring the result of a query to the state of the columns. *ret is false, and
 * the result as it was, if that would take long or is not possible.
 */
enum err	follow_changes(struct call *, const struct query *,
		    const struct columns *, struct result *, bool *ret);

#endif
