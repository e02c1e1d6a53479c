/* Texts of rows, as they are compared. */
#include "services/ticket/index/titles.h"

#include <string.h>

/* FNV-1a: whether a title is the one that was labelled. */
uint64_t
title_hash(sqlite3_stmt *st, int column)
{
	const char	*p = (const char *)sqlite3_column_text(st, column);
	uint64_t	 hash = UINT64_C(14695981039346656037);

	for (int i = sqlite3_column_bytes(st, column); i > 0; i--)
		hash = (hash ^ (unsigned char)*p++) *
		    UINT64_C(1099511628211);
	return hash;
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
