/*
 * Postings: the list of texts that have a word, read from the tables of an FTS5
 * index (their form: ext/fts5/fts5_index.c of SQLite). Queries of the virtual
 * table take several times as long, which is too long for a word that nearly
 * every text has.
 */
#ifndef SEARCH_POSTINGS_H
#define SEARCH_POSTINGS_H

#include "services/op/op.h"

/* An index: statements on its tables NAME_data and NAME_idx. */
struct postings_of {
	int	block;		/* finds the block of `id` */
	int	page;		/* finds the page of segment `id` where the
				 * term `match` is */
};

/*
 * Called with the rowid of each text that has the word, and how often it is in
 * the first column and in the others. For one term the rowids ascend. For a
 * prefix, a text comes once for each term with it.
 */
typedef void posting(void *, int64_t row, unsigned first, unsigned others);

/*
 * Read the list of a word in the tokenizer's form, or of all words with this
 * prefix. Without `count`, which takes longer, both counts are 0. INTERNAL if
 * the index has an unknown form.
 */
enum err	postings_read(struct call *, const struct postings_of *,
		    struct text word, bool prefix, bool count, posting *,
		    void *arg);

#endif
