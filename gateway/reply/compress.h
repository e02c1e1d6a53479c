/*
 * Compression with gzip: of answers of types that become smaller, from 1 KB on,
 * for clients that accept it (RFC 9110, 12.5.3), unless FLICKET_COMPRESSION is
 * off. An answer with a secret is not compressed, as its size would tell
 * something of the secret (docs/security.md).
 *
 * libh2o has a filter for this; docs/architecture.md says why it is not used.
 */
#ifndef REPLY_COMPRESS_H
#define REPLY_COMPRESS_H

#include "gateway/core/exchange.h"
#include "gateway/http/gzip.h"

/*
 * A longer body is compressed in slices. Either takes the worker's loop less
 * than a millisecond.
 */
#define COMPRESS_WHOLE_MOST	((size_t)192 << 10)
#define COMPRESS_SLICE		((size_t)64 << 10)

#define COMPRESS_UNKNOWN	SIZE_MAX	/* the length is not known yet */

/* Say that the answer depends on Accept-Encoding: a 304, as its 200 does. */
void		 compress_put_vary(struct exchange *);

/*
 * Whether to compress an answer of a type and a length. If that depends on
 * Accept-Encoding, the answer says so from here on.
 */
bool		 compress_is_wanted(struct exchange *, const char *type,
		    size_t len);

/* A body, compressed, as long as the request is. Empty: that is no shorter. */
struct text	 compress_body(struct exchange *, struct text body);

/* The answer is compressed: before it begins, and after its tag was put. */
void		 compress_mark(struct exchange *);

/*
 * A body that goes out in pieces, compressed in slices if `is_on`, else as it
 * is. Zero before the first piece; compress_end() frees it.
 */
struct compress_pieces {
	bool			 is_on;
	struct gzip_stream	 stream;
	struct text		 left;		/* of the piece */
	struct buf		 out;		/* what h2o is sending */
};

/*
 * The next bytes to send of p->left, which are taken off it; they are valid
 * until the next call. is_last: no piece follows this one.
 */
h2o_iovec_t	 compress_next(struct exchange *, struct compress_pieces *,
		    bool is_last);
void		 compress_end(struct compress_pieces *);

/*
 * Send a body of any length compressed, in slices, with the status that was set.
 * The body must live as long as the request.
 */
enum flow	 compress_send(struct exchange *, struct text body);

#endif
