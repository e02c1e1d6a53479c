/* Comparing titles and names. */
#include "services/ticket/index/titles.h"

#include "base/hash.h"

uint64_t
title_hash(struct text title)
{
	return hash_bytes(HASH_START, title.base, title.len);
}

bool
title_is_again(struct buf *last, struct text t)
{
	bool	same = text_same(buf_text(last), t);

	last->len = 0;
	buf_put(last, t.base, t.len);
	return same;
}
