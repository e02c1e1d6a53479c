/* URLs that answers carry: pages of lists, and where a new thing is. */
#ifndef REPLY_LINKS_H
#define REPLY_LINKS_H

#include "gateway/core/exchange.h"

/*
 * Append the URL of a path below /flicket-api/, from its pieces; 0 stands for a
 * number that the arguments do not have.
 */
void	links_put_path(struct buf *, const struct exchange *,
	    const struct piece *, const struct args *, int64_t page);

/* Put the links of a list into the header field Link (RFC 8288). */
void	links_put_header(struct exchange *, int64_t total);

/* Append the same links as "_links", and "_meta", up to the list's items. */
void	links_put_list_head(struct buf *, const struct exchange *,
	    int64_t total);

#endif
