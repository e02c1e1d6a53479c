/*
 * The response cache of a worker: bodies of lists and of counts, kept to be sent
 * again.
 *
 * A list that is asked for a second time is kept. From then on the gateway
 * tells its owner which version it has, as a client does that has a copy of
 * its own (If-None-Match). The owner either says that nothing has changed,
 * which costs it little (services/op/etag_cache.h), or answers anew. So nothing
 * outdated is sent, and still the list is not made, not sent over the bus and
 * not put together again.
 *
 * A response depends on its key and on what its owner has stored, whose version
 * is the tag; on nothing else. So no user gets the response to another one, or
 * to rights that they had before.
 */
#ifndef CACHE_RESPONSES_H
#define CACHE_RESPONSES_H

#include <h2o.h>
#include <stdbool.h>

#include "base/buf.h"

/* The part of FLICKET_MEMORY_MB that the caches of all workers have. */
#define RESPONSES_PART	16

struct response_key {
	int64_t		user_id;
	int64_t		rights;
	struct text	path;		/* and query, as the client wrote them:
					 * they are in the links of a list */
};

struct cached_response {
	int64_t		 tag;		/* of what its owner has stored */
	int64_t		 total;		/* of the list */
	char		 etag[24];	/* the tag as in If-None-Match */
	struct text	 body;
	struct text	 gzip;		/* compressed; empty: not yet */

	/* responses.c's own */
	struct text			 key;
	struct cached_response		*next;		/* in its chain */
	h2o_linklist_t			 used;
};

struct response_cache;

/* `most` bounds the bytes of all responses. */
struct response_cache	*responses_new(size_t most);
void			 responses_destroy(struct response_cache **);

/*
 * Find the response for a key; NULL: none is kept. It lives as long as the
 * memory pool. *ret_asked_before: this key was looked for before, so that a
 * response to it is worth keeping.
 */
const struct cached_response	*responses_find(struct response_cache *,
				    const struct response_key *,
				    h2o_mem_pool_t *, bool *ret_asked_before);

/*
 * Keep a copy of a response, in the place of the one that was kept for its key.
 * Returns the copy, which lives as long as the memory pool; NULL if the response
 * is too large to be kept.
 */
const struct cached_response	*responses_keep(struct response_cache *,
				    const struct response_key *,
				    h2o_mem_pool_t *, int64_t tag,
				    int64_t total, struct text body);

/*
 * Keep a copy of the compressed body of a response that was found or kept; of an
 * empty one nothing is kept.
 */
void	 responses_keep_gzip(struct response_cache *,
	    const struct cached_response *, struct text gzip);

/* Drop all of them; those that are being sent live until they are sent. */
void		 responses_clear(struct response_cache *);

#endif
