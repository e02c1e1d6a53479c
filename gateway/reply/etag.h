/*
 * Tags of answers (RFC 9110, 8.8.3). A compressed answer has the tag of the
 * answer itself with a suffix behind a dot. Services compare tags as far as the
 * dot (services/op/etag.c), so a write with If-Match is done with either tag.
 */
#ifndef REPLY_ETAG_H
#define REPLY_ETAG_H

#include "gateway/core/exchange.h"

/* The tag of the compressed form of the answer that has this tag. */
h2o_iovec_t	etag_of_gzip(h2o_mem_pool_t *, h2o_iovec_t etag);

/*
 * Whether If-None-Match names the tag of an answer (weak comparison), or the tag
 * of its compressed form if the client accepts that: then *etag becomes that
 * tag. A cache may have added tags of answers to other clients; after a 304 it
 * sends the answer that the 304 names.
 */
bool		etag_client_has(struct exchange *, h2o_iovec_t *etag);

/*
 * Whether tags are of compressed answers, and the client does not accept those:
 * services, which do not know the suffix, must not compare them.
 */
bool		etag_names_refused(struct exchange *, struct text tags);

#endif
