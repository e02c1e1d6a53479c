/*
 * What a client wants to find: words, "several words in a row", beginnings*.
 * All of them must be in one text.
 */
#ifndef SEARCH_QUERY_H
#define SEARCH_QUERY_H

#include <stdbool.h>

#include "base/buf.h"

#define WORDS_MOST	32

struct sqlite3;

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
 * what is wrong, for the client. Texts are cut into words by the tokenizer of
 * SQLite's FTS5, which a connection has.
 */
const char	*query_parse(struct sqlite3 *, struct text content,
		    struct query *q);
void		 query_done(struct query *);

/*
 * Called with each word of a text, in the form that the index has, and with
 * where it is in the text. False ends the text.
 */
typedef bool query_token(void *arg, struct text token, size_t from, size_t to);

void		 query_cut(struct sqlite3 *, struct text, query_token *,
		    void *arg);

#endif
