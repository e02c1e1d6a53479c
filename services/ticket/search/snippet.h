/*
 * Snippets: the part of a ticket that matches a query best, as HTML: its text
 * escaped, and the words of the query within <mark>.
 */
#ifndef SEARCH_SNIPPET_H
#define SEARCH_SNIPPET_H

#include "services/ticket/search/query.h"

/*
 * Append the part of a title or content that has most of the query. False,
 * without a snippet, if the two together do not have all of it.
 */
bool	snippet_put(struct buf *, const struct query *, struct text title,
	    struct text content);

#endif
