/* The slots of a list, of which only a part is put in order. */
#ifndef LIST_MATCHES_H
#define LIST_MATCHES_H

#include <stddef.h>
#include <stdint.h>

/* Small keys come first; equal ones are in the order of the slots. */
struct match {
	uint64_t	key;
	size_t		slot;
};

struct matches {
	struct match	*match;		/* matches_done() */
	size_t		 count;
	int64_t		 total;		/* with those before the position */
};

/* Make room, where there is none yet. */
void	matches_reserve(struct matches *, size_t);
void	matches_done(struct matches *);

/*
 * Arrange for `many` matches from `from` on to be those of the sorted list, in
 * order; the others are before and after them in any order. from + many must
 * not be more than their count.
 */
void	matches_arrange(struct matches *, size_t from, size_t many);

#endif
