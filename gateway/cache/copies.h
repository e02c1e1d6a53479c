/*
 * Lists that were answered, kept to be sent again.
 *
 * Much of what is asked for is what somebody looks at all day. Who asks a
 * second time for the same list gets an answer that is kept. From then on its
 * owner is told what the gateway has, as a client tells it that has a copy of
 * its own (If-None-Match), and either says that nothing has changed, which
 * costs it little (services/op/etag_cache.h), or answers anew. So the owner is
 * asked each time, nothing is sent that does not hold, and nobody gets what
 * was answered to somebody else; but the list is not made, not sent over the
 * bus and not put together again.
 *
 * Each worker has its own copies.
 */
#ifndef CACHE_COPIES_H
#define CACHE_COPIES_H

#include "gateway/core/exchange.h"

/* What they may be of FLICKET_MEMORY_MB, all workers' together. */
#define COPIES_PART	16

struct copy {
	int64_t		 tag;		/* what its owner knows it by */
	int64_t		 total;		/* of the list, as it was answered */
	char		 etag[24];	/* the tag as If-None-Match has it */
	struct text	 body;

	/* copies.c's own */
	struct text	 question;
	struct copy	*next;		/* in its chain */
	h2o_linklist_t	 used;
};

/* At most so many bytes of them. */
struct copies	*copies_new(size_t most);
void		 copies_destroy(struct copies **);

/*
 * The copy of what an exchange asks for, which lives as long as its request;
 * NULL: there is none. Either way it is noted that this was asked for, and in
 * the exchange's `asked_before` whether it had been.
 */
const struct copy *copies_find(struct copies *, struct exchange *);

/*
 * Keep what an exchange is answered with, in the place of what was kept of it
 * before, if it was asked before (copies_find()). The body is copied, and what is
 * returned lives as long as the request; empty: it was not kept.
 */
struct text	 copies_keep(struct copies *, struct exchange *, int64_t tag,
		    int64_t total, struct text body);

/* Give all of them back; those that are being sent live until they are. */
void		 copies_clear(struct copies *);

#endif
