/*
 * A bound for the header fields of HTTP/2 that libh2o 2.2.5 lacks, and
 * trailers kept apart from them.
 *
 * In HPACK a field may be one byte, that names an earlier one, and libh2o
 * makes 40 of it, or more: a client can have a gigabyte filled by sending a
 * few megabytes, and all of it before a handler is called. So the gateway takes
 * the place of the library's h2o_hpack_parse_headers(), which it calls through
 * the dynamic linker: what has too many fields is an error of the connection,
 * everything else goes to the library's own.
 */
#ifndef HTTP_HPACK_H
#define HTTP_HPACK_H

#include <stddef.h>
#include <stdint.h>

/* More than admit.c answers 431 to, so that mistakes get an answer. */
#define HPACK_FIELDS_MOST	256

/* Find the library's own; before the first connection. */
void	hpack_init(void);

/* Fields in a header block, no more than `most`; where it is broken, before. */
size_t	hpack_count(const uint8_t *block, size_t len, size_t most);

#endif
