/* Fragments: the JSON of services, with bytes that stand for URL prefixes. */
#ifndef REPLY_FRAGMENT_H
#define REPLY_FRAGMENT_H

#include "gateway/core/exchange.h"

/* Append a fragment, with URL prefixes in the place of its placeholders. */
void	fragment_put(struct buf *, const struct exchange *,
	    struct text fragment);

#endif
