/* Embedded files, in the form that the client can read. */
#include "gateway/reply/embedded.h"

#include "gateway/reply/compress.h"
#include "gateway/reply/etag.h"
#include "gateway/reply/respond.h"

enum flow
embedded_answer(struct exchange *x, const struct embedded *file,
    const char *type, const char *caching)
{
	h2o_iovec_t	etag = h2o_iovec_init(file->etag, strlen(file->etag));
	bool		is_gzip, is_had = etag_client_has(x, &etag);

	respond_header(x, "ETag", etag.base);
	respond_header(x, "Cache-Control", caching);
	respond_header(x, "X-Content-Type-Options", "nosniff");
	if (is_had)
		return respond_status(x, 304);
	is_gzip = compress_is_wanted(x, type, file->bytes.len);
	return respond_coded(x, 200, type, is_gzip ? file->gzip : file->bytes,
	    is_gzip);
}
