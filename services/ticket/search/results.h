/*
 * Results: what the last few searches found. Clients that turn pages search for
 * the same each time.
 */
#ifndef SEARCH_RESULTS_H
#define SEARCH_RESULTS_H

#include "services/ticket/index/columns.h"
#include "services/ticket/search/found.h"

#define RESULTS_MOST	4

/* What a search found, and for which query in which state of the store. */
struct result {
	struct found	found;
	struct buf	content;	/* the query, as the client wrote it */
	int64_t		stream;
	int64_t		seq;		/* of the last change in that state */
	uint64_t	used;		/* when, by results.uses */
	struct result	*next;		/* made for the same call, or NULL */
};

struct results {
	struct result	*list[RESULTS_MOST];
	struct result	*own;		/* those that were made for the call
					 * that runs, or NULL */
	uint64_t	 uses;
};

/* NULL is ignored. */
void		result_free(struct result *);

/* Free a result and those that were made for the same call. */
void		results_free(struct result *);

/* The result of a query among those that were made for the same call, or NULL. */
struct result	*results_among(struct result *, const struct buf *content,
		    bool scored);

/* Whether a result is of the state of the store that the columns have. */
bool		result_is_current(const struct result *,
		    const struct columns *);

/* The kept result of a query without scores, of whichever state, or NULL. */
struct result	*results_kept(struct results *, const struct buf *content);

/*
 * The result of a query (query.content), with scores if `scored`: a current one,
 * or the call's own, which may be of an earlier state. NULL: neither is there.
 */
struct result	*results_find(struct results *, const struct columns *,
		    const struct buf *content, bool scored);

/* Keep a result, in the place of the least recently used one. */
void		results_keep(struct results *, struct result *);

/*
 * Take over the results that were made for the call that begins; NULL: none. Of
 * those of the call before, the last few are kept.
 */
void		results_take(struct results *, struct result *own);
void		results_done(struct results *);

#endif
