/*
 * Queries: what a client searches for. Words, "phrases" and prefixes*, all of
 * which must be in one text; of those with OR between them one is enough. A
 * ticket with a -word in any of its texts is not found.
 */
#ifndef SEARCH_QUERY_H
#define SEARCH_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define WORDS_MOST	32

/* A word in the form that the index has. */
struct word {
	size_t		at;		/* in query.tokens */
	size_t		len;
	bool		prefix;		/* it stands for all words with it */
	bool		follows;	/* the word before it, in a phrase */
	bool		pair;		/* two characters of a run
					 * (base/words.h) */
	unsigned	group;		/* the same of alternatives, from 0 on */
};

/* What of a query has no effect: bits of query.notes. */
enum {
	NOTE_CUT = 1,		/* words after the first WORDS_MOST */
	NOTE_LEFT_OUT = 2,	/* parts without a letter or digit */
	NOTE_PARENTHESES = 4	/* ... around alternatives */
};

/*
 * As FTS5 takes it: each word or phrase in quotes, so that nothing in them is an
 * operator. As the client wrote it, and in the form that the index has.
 */
struct expression {
	struct buf	written;
	struct buf	form;
};

struct query {
	struct buf		content;	/* as signs_put() writes it */
	struct expression	match;
	struct expression	excluded;	/* any of it; empty: nothing is */

	/* those that are looked for; 0: all tickets, less the excluded */
	struct buf	tokens;
	struct word	words[WORDS_MOST];
	size_t		count;
	bool		has_phrase;
	bool		has_or;
	int64_t		ticket;		/* query_ticket() */
	unsigned	notes;
};

/*
 * Parse what a client wrote into *q, which may be used before. Returns NULL, or
 * a message for the client.
 */
const char	*query_parse(struct text content, struct query *q);
void		 query_done(struct query *);

/* What the notes say, for the client; NULL: nothing. */
const char	*query_notes(const struct query *);

/* The ticket whose number is all that the client wrote, as in "#296"; 0: none. */
int64_t		 query_ticket(struct text content);

#endif
