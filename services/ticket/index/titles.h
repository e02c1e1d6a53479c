/* Comparing titles and names. */
#ifndef INDEX_TITLES_H
#define INDEX_TITLES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* The hash of a title, to tell whether it is the one that was labelled. */
uint64_t	title_hash(struct text);

/* Whether a text is the same as the last one, which is in *last. */
bool		title_is_again(struct buf *last, struct text);

#endif
