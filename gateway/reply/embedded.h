/*
 * Files that the build makes part of the program (cmake/Embed.cmake,
 * cmake/console.sh), and answers with them.
 */
#ifndef REPLY_EMBEDDED_H
#define REPLY_EMBEDDED_H

#include "gateway/core/exchange.h"

/* As the build lays it out. */
struct embedded {
	const char	*etag;		/* a hash of the bytes, in quotes */
	struct text	 bytes;
	struct text	 gzip;		/* the same, compressed */
};

/* Answer with a file; caching: the value of Cache-Control. */
enum flow	embedded_answer(struct exchange *, const struct embedded *,
		    const char *type, const char *caching);

#endif
