/* Texts of rows, as they are compared. */
#include "services/ticket/index/titles.h"

#include <sqlite3.h>
#include <string.h>

#include "base/hash.h"

uint64_t
title_hash(sqlite3_stmt *st, int column)
{
	const void	*text = sqlite3_column_text(st, column);

	return hash_bytes(HASH_START, text,
	    (size_t)sqlite3_column_bytes(st, column));
}


/* Whether a text is the one before; it is kept for the next. */
bool
title_is_again(struct buf *kept, struct text t)
{
	bool	same = kept->len == t.len &&
		    (t.len == 0 || memcmp(kept->base, t.base, t.len) == 0);

	kept->len = 0;
	buf_put(kept, t.base, t.len);
	return same;
}
