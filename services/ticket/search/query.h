/*
 * Queries: what a client searches for. Words, "phrases" and prefixes*, all of
 * which must be in one text.
 */
#ifndef SEARCH_QUERY_H
#define SEARCH_QUERY_H

#include <stdbool.h>

#include "base/buf.h"

#define WORDS_MOST	32

struct sqlite3;

/* A word in the form that the index has. */
struct word {
	size_t	at;		/* in query.tokens */
	size_t	len;
	bool	prefix;		/* it stands for all words with it */
	bool	follows;	/* the word before it, in a phrase */
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
 * Parse what a client wrote into *q, which may be used before. Returns NULL, or
 * a message for the client. The tokenizer, FTS5's, is the connection's.
 */
const char	*query_parse(struct sqlite3 *, struct text content,
		    struct query *q);
void		 query_done(struct query *);

/*
 * Called with a word, in the form that the index has, and its place in the
 * text: from byte `from` to before byte `to`. False: no more words.
 */
typedef bool query_token(void *arg, struct text token, size_t from, size_t to);

/* Cut a text into words, as the index does. */
void		 query_cut(struct sqlite3 *, struct text, query_token *,
		    void *arg);

#endif
