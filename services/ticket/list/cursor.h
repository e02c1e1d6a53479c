/*
 * Cursors: how far a client has read a list, as a text that it hands back. A
 * cursor says by what the last row was sorted, so that rows that are added and
 * deleted do not shift those that follow.
 */
#ifndef LIST_CURSOR_H
#define LIST_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* Longer texts are cut. */
#define CURSOR_TEXT_MOST	512

struct cursor {
	uint8_t		sort;		/* which sort, and in which direction */
	int64_t		id;		/* of the row */
	uint64_t	number;		/* by which it is sorted ... */
	struct text	texts[2];	/* ... or the names by which it is */
};

/* Append a cursor as text. */
void	cursor_put(struct buf *, const struct cursor *);

/*
 * Read a cursor; its texts live in *bytes. False if it is not a cursor that
 * cursor_put() made.
 */
bool	cursor_read(struct text, struct buf *bytes, struct cursor *ret);

#endif
