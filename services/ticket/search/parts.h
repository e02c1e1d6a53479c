/*
 * Parts of a query: a word or a phrase, with what stands before it (a minus) and
 * after it (a star). What it looks for is a number of words.
 */
#ifndef SEARCH_PARTS_H
#define SEARCH_PARTS_H

#include "base/words.h"
#include "services/ticket/search/query.h"

struct part {
	struct text	text;
	size_t		first;		/* its words, in query.words */
	size_t		count;
	bool		prefix;
	bool		excluded;
	bool		alternative;	/* to the part before it */
};

struct parts {
	struct query	*query;		/* gets words, tokens and notes */
	struct text	 left;		/* to be read */
	struct part	 list[WORDS_MOST];
	size_t		 count;
	bool		 parentheses;	/* a part begins with one */

	/* parts.c's own */
	enum word_kind	 last;		/* the kind of the last word */
	bool		 glued;		/* to the part before, without a blank */
	bool		 or_read;	/* the next part is an alternative */
};

/* Read all that is left. Returns NULL, or a message for the client. */
const char	*parts_read(struct parts *);

/* Whether a byte separates parts. */
static inline bool
part_is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || c == '\0';
}

#endif
