/*
 * What a client wants to find: words, "several words in a row", beginnings*.
 * All of them must be in one text.
 */
#ifndef SEARCH_QUERY_H
#define SEARCH_QUERY_H

#include <sqlite3.h>
#include <stdbool.h>

#include "base/buf.h"

#define WORDS_MOST	32

/* A word as the index has it. */
struct word {
	size_t	at;		/* in query.tokens */
	size_t	len;
	bool	prefix;		/* any word that begins so */
	bool	follows;	/* in a phrase, the word before */
};

struct query {
	/*
	 * As FTS5 takes it: each word or phrase in quotes, so that nothing in
	 * them is an operator.
	 */
	struct buf	match;

	struct buf	tokens;
	struct word	words[WORDS_MOST];
	size_t		count;
	bool		has_phrase;
};

/*
 * Read what a client wrote; *q may have been used before. Returns NULL, or
 * what is wrong, for the client. The database knows how texts are cut into
 * words.
 */
const char	*query_parse(sqlite3 *, struct text content,
		    struct query *q);
void		 query_done(struct query *);

/* The tokenizer's way through a text; `take` as sqlite.org/fts5.html has it. */
void		 query_cut(sqlite3 *, struct text, void *arg,
		    int (*take)(void *arg, int flags, const char *token,
		    int len, int from, int to));

#endif
