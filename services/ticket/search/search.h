/*
 * Searches: which tickets have a text that matches a query, and how well.
 *
 * A search may take long, so it runs on a thread beside the loop (op.aside). It
 * sees the store as of its beginning, which is later than the request. So its
 * result is used even if the columns are of a later state by then.
 */
#ifndef SEARCH_SEARCH_H
#define SEARCH_SEARCH_H

#include "services/ticket/search/query.h"
#include "services/ticket/search/results.h"

/* What the loop keeps of searches. */
struct searches {
	struct results	results;
	struct query	query;		/* the last one */
	struct buf	snippet;	/* the last one */
};

void		searches_done(struct searches *);

/*
 * Take over the results that were made beside the loop for a call, if there are
 * any. To be called first in each call.
 */
void		search_take(struct searches *, struct call *);

/* Whether the tickets that are found are sorted by how well they match. */
bool		search_is_scored(const struct args *);

/*
 * Hooks of operations (struct op): search beside the loop; free the results. The
 * result of a search comes before those that were made for the call before it.
 */
op_run		search_aside;
void		search_unmake(void *made);

/*
 * Look for the request's `content`. The result is valid until the next search.
 * EXPIRED if it has to be made beside the loop first. What of it has no effect
 * is a NOTE of the answer.
 */
enum err	search_run(struct searches *, struct call *,
		    const struct columns *, bool scored,
		    struct found **ret);

/*
 * Make the snippet of a ticket, by the query of the last search; its base is
 * NULL if the ticket's own texts do not match. Valid until the next one.
 */
enum err	search_show(struct searches *, struct call *,
		    int64_t ticket_id, struct text *ret);

#endif
