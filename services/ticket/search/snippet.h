/*
 * The part of a ticket that a search found, as HTML: its text escaped, and
 * the words that were looked for within <mark>.
 */
#ifndef SEARCH_SNIPPET_H
#define SEARCH_SNIPPET_H

#include "services/ticket/search/query.h"

/*
 * Append the part of a title or content that has most of what was looked
 * for. False if not all of it is in them.
 */
bool	snippet_put(struct buf *, struct sqlite3 *, const struct query *,
	    struct text title, struct text content);

#endif
