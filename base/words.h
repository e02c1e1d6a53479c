/*
 * Words: the form in which texts are indexed and searched for. Texts that a
 * reader takes for the same have the same words: composed or decomposed, wide
 * or narrow, in capitals, with or without accents, points and invisible
 * characters.
 *
 * Chinese, Japanese, Thai, Lao, Khmer and Burmese have no blanks between words.
 * A run of these scripts is cut into pairs of neighbouring characters.
 *
 * Search indexes hold words of this form, and are made anew when it changes: it
 * has a name, which changes with it.
 */
#ifndef BASE_WORDS_H
#define BASE_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum word_kind {
	WORD_WHOLE,	/* all letters between two separators */
	WORD_PAIR,	/* two characters of a run */
	WORD_LAST,	/* the last character of a run, after its pairs */
	WORD_LONE	/* the only character of a run */
};

/*
 * A word in that form, and its place in the text: from byte `from` to before
 * byte `to`. Of a pair it is the place of the first character.
 */
struct word_cut {
	struct text	form;
	size_t		from, to;
	enum word_kind	kind;
};

/* Called with each word, which is valid until the return. False: no more. */
typedef bool word_take(void *arg, const struct word_cut *);

/* Cut a text (UTF-8; other bytes are separators) into words, in order. */
void	words_cut(struct text, word_take *, void *arg);

/* Append all words of a text, with blanks between them. */
void	words_put(struct buf *, struct text);

/* The name of the form: another one for another form. */
const char	*words_form(void);

#endif
