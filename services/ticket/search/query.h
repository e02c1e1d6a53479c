/*
 * Queries: what a client searches for. Words, "phrases" and prefixes*, all of
 * which must be in one text.
 */
#ifndef SEARCH_QUERY_H
#define SEARCH_QUERY_H

#include <stdbool.h>

#include "base/buf.h"

#define WORDS_MOST	32

/* A word in the form that the index has. */
struct word {
	size_t	at;		/* in query.tokens */
	size_t	len;
	bool	prefix;		/* it stands for all words with it */
	bool	follows;	/* the word before it, in a phrase */
	bool	pair;		/* two characters of a run (base/words.h) */
};

struct query {
	/*
	 * As FTS5 takes it: each word or phrase in quotes, so that nothing in
	 * them is an operator. As the client wrote it, and in the form that the
	 * index has.
	 */
	struct buf	match;
	struct buf	form;

	struct buf	tokens;
	struct word	words[WORDS_MOST];
	size_t		count;
	bool		has_phrase;
};

/*
 * Parse what a client wrote into *q, which may be used before. Returns NULL, or
 * a message for the client.
 */
const char	*query_parse(struct text content, struct query *q);
void		 query_done(struct query *);

#endif
