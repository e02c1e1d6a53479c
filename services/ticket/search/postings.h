/*
 * The lists of texts that have a word, read from an FTS5 index as they are
 * stored (sqlite.org/src, ext/fts5/fts5_index.c says how). To step through
 * them as rows of a virtual table takes several times as long, too long for
 * a word that nearly every text has.
 */
#ifndef SEARCH_POSTINGS_H
#define SEARCH_POSTINGS_H

#include "services/op/op.h"

/* Where an index is kept: statements for its tables NAME_data, NAME_idx. */
struct postings_of {
	int	block;		/* block of `id` */
	int	page;		/* page of segment `id` that has term `match` */
};

/*
 * Called with each text that has the word, those of one term in the order of
 * the rowids: how often it is in the first column, and in the others. With a
 * prefix, a text comes once for each word that begins so.
 */
typedef void posting(void *, int64_t row, unsigned first, unsigned others);

/*
 * Read the lists of a word, or of all that begin so. Words are as the
 * tokenizer gives them. To count takes longer; without, both counts are 0.
 * INTERNAL if the index is not as expected.
 */
enum err	postings_read(struct call *, const struct postings_of *,
		    struct text word, bool prefix, bool count, posting *,
		    void *arg);

#endif
