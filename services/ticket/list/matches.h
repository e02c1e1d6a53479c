/* Slots of a list, of which a part is to be put in order. */
#ifndef LIST_MATCHES_H
#define LIST_MATCHES_H

#include <stddef.h>
#include <stdint.h>

/* A slot; those with small keys come first, then those with low numbers. */
struct match {
	uint64_t	key;
	size_t		slot;
};

struct matches {
	struct match	*match;		/* matches_done() */
	size_t		 count;
	int64_t		 total;		/* those before the position as well */
};

/* Make room for as many. They must have none yet. */
void	matches_reserve(struct matches *, size_t);
void	matches_done(struct matches *);

/*
 * Put `many` from `from` on in order where they belong; `from + many` is at
 * most their count. The others are before and behind them in no order.
 */
void	matches_arrange(struct matches *, size_t from, size_t many);

#endif
