/*
 * The coding gzip (RFC 1952): of whole bodies, and of those that go out in
 * pieces.
 */
#ifndef HTTP_GZIP_H
#define HTTP_GZIP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* What compressing takes, about 1 MB; each thread has its own. */
struct gzip;

/*
 * A body that is compressed piece by piece. Each piece is compressed by itself,
 * so this is all that is kept between two pieces: a slow client holds no
 * compressor. Zero before the first piece.
 */
struct gzip_stream {
	uint32_t	crc;
	uint32_t	size;		/* of the pieces so far, modulo 2^32 */
	bool		is_begun;
};

struct gzip	*gzip_new(void);
void		 gzip_destroy(struct gzip **);

/*
 * Compress a whole body. The result is valid until the next call; it may be
 * longer than the body.
 */
struct text	 gzip_body(struct gzip *, struct text body);

/*
 * Append a piece, compressed, so that the client can read all of it at once.
 * Without the last piece the end is missing, which every client notices.
 */
void		 gzip_put_piece(struct gzip *, struct gzip_stream *,
		    struct buf *, struct text piece, bool is_last);

#endif
