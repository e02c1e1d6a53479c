/* Texts of rows: titles and names. */
#ifndef INDEX_TITLES_H
#define INDEX_TITLES_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* The hash of a title: whether it is the one that was labelled. */
uint64_t	title_hash(sqlite3_stmt *, int column);

/* Whether a text is the one before; it is kept for the next. */
bool		title_is_again(struct buf *kept, struct text);

#endif
