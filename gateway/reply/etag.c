/* Tags of both forms of an answer. */
#include "gateway/reply/etag.h"

#include "gateway/http/accept.h"
#include "gateway/http/header.h"

#define SUFFIX	".gzip\""

/* The suffix has the quotation mark of the end. */
h2o_iovec_t
etag_of_gzip(h2o_mem_pool_t *pool, h2o_iovec_t etag)
{
	return h2o_concat(pool, h2o_iovec_init(etag.base, etag.len - 1),
	    h2o_iovec_init(H2O_STRLIT(SUFFIX)));
}

static bool
is_in(struct text tags, h2o_iovec_t etag)
{
	return h2o_strstr(tags.base, tags.len, etag.base, etag.len) != SIZE_MAX;
}

bool
etag_client_has(struct exchange *x, h2o_iovec_t *etag)
{
	struct text	tags;
	h2o_iovec_t	gzip;

	if (!header_list(x->req, H2O_TOKEN_IF_NONE_MATCH, &tags))
		return false;
	if (accept_coding(x->req) != ACCEPT_IDENTITY) {
		gzip = etag_of_gzip(&x->req->pool, *etag);
		if (is_in(tags, gzip)) {
			*etag = gzip;
			return true;
		}
	}
	return is_in(tags, *etag) ||
	    h2o_memis(tags.base, tags.len, H2O_STRLIT("*"));
}

bool
etag_names_refused(struct exchange *x, struct text tags)
{
	return is_in(tags, h2o_iovec_init(H2O_STRLIT(SUFFIX))) &&
	    accept_coding(x->req) == ACCEPT_IDENTITY;
}
