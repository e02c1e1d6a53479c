/*
 * Cursors: where in a list a walk is, as a text that clients hand back. It
 * says what the last row was sorted by, so that rows that come and go do
 * not shift what follows.
 */
#ifndef LIST_CURSOR_H
#define LIST_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* Longer texts are cut off. */
#define CURSOR_TEXT_MOST	512

struct cursor {
	uint8_t		sort;		/* which sort, and in which direction */
	int64_t		id;		/* of the row */
	uint64_t	number;		/* what it is sorted by ... */
	struct text	texts[2];	/* ... or the names that it is */
};

/* Append a cursor as text. */
void	cursor_put(struct buf *, const struct cursor *);

/* Read one; its texts then live in *bytes. False if it is none. */
bool	cursor_read(struct text, struct buf *bytes, struct cursor *ret);

#endif
