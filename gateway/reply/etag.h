/*
 * Tags of answers (RFC 9110, 8.8.3). A compressed answer has the tag of the
 * answer itself with a suffix behind a dot. For a write, services compare tags as
 * far as the dot (services/op/etag.c), so it is done with either tag. For a read
 * they compare whole tags (services/op/etag_cache.c).
 */
#ifndef REPLY_ETAG_H
#define REPLY_ETAG_H

#include "gateway/core/exchange.h"

#define ETAG_SIZE	35	/* bytes of etag_print(), with the NUL */

/* Write the tag of an answer that is just these bytes, with its quotes. */
void		etag_print(struct text, char *ret);

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
 * Whether a read is wanted by If-Match, if the request has that: it names the
 * tag of the answer, or that of its compressed form (strong comparison).
 */
bool		etag_client_wants(struct exchange *, h2o_iovec_t etag);

/*
 * The tags of If-None-Match as services know them: without the suffix, if the
 * client accepts compressed answers. So a service need not make what the client
 * has compressed. The result lives as long as the request.
 */
struct text	etag_for_service(struct exchange *, struct text tags);

#endif
