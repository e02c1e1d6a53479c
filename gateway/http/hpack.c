/* HPACK (RFC 7541): fields are counted, not decoded. */
#include "gateway/http/hpack.h"

#include <h2o.h>
#include <h2o/cache_digests.h>
#include <stdbool.h>

#include "gateway/http/library.h"

#define NUMBER_BYTES	5	/* of an integer at most, behind its first */

typedef int parse_headers(h2o_req_t *, void *table, const uint8_t *src,
    size_t len, int *pseudo_header_exists_map, size_t *content_length,
    h2o_cache_digests_t **, const char **err_desc);

/* The library's name and arguments; the table is opaque here. */
parse_headers	h2o_hpack_parse_headers;

static parse_headers	*library;

void
hpack_init(void)
{
	library_find("h2o_hpack_parse_headers", &library);
}

/* --- counting ------------------------------------------------------------ */

/* An integer with a prefix of so many bits (5.1). False: it is broken. */
static bool
take_hpack_integer(const uint8_t **at, const uint8_t *end, unsigned bits,
    uint64_t *ret)
{
	uint64_t	most = (1U << bits) - 1;
	unsigned	shift = 0;

	if (*at == end)
		return false;
	*ret = *(*at)++ & most;
	if (*ret < most)
		return true;
	for (; *at < end && shift < 7 * NUMBER_BYTES; shift += 7) {
		*ret += (uint64_t)(**at & 0x7f) << shift;
		if ((*(*at)++ & 0x80) == 0)
			return true;
	}
	return false;
}

static bool
skip_string(const uint8_t **at, const uint8_t *end)
{
	uint64_t	len;

	if (!take_hpack_integer(at, end, 7, &len) || len > (uint64_t)(end - *at))
		return false;
	*at += len;
	return true;
}

/* One representation (6); whether it is a field. False: it is broken. */
static bool
skip_one(const uint8_t **at, const uint8_t *end, bool *ret_is_field)
{
	uint8_t		first = **at;
	uint64_t	n;

	*ret_is_field = (first & 0xe0) != 0x20;
	if ((first & 0x80) != 0)
		return take_hpack_integer(at, end, 7, &n);
	if (!*ret_is_field)
		return take_hpack_integer(at, end, 5, &n);
	if (!take_hpack_integer(at, end, (first & 0x40) != 0 ? 6 : 4, &n))
		return false;
	return (n != 0 || skip_string(at, end)) && skip_string(at, end);
}

size_t
hpack_count(const uint8_t *block, size_t len, size_t most)
{
	const uint8_t	*at = block, *end = block + len;
	size_t		 count = 0;
	bool		 is_field;

	while (at < end && count < most && skip_one(&at, end, &is_field))
		count += is_field;
	return count;
}

/* --- in the library's place ------------------------------------------------ */

/*
 * The library puts trailers behind the header fields, where they could not be
 * told apart. They are dropped: a field that follows the body is not a field of
 * the head (RFC 9110, 6.5.1).
 */
int
h2o_hpack_parse_headers(h2o_req_t *req, void *table, const uint8_t *src,
    size_t len, int *pseudo_header_exists_map, size_t *content_length,
    h2o_cache_digests_t **digests, const char **err_desc)
{
	bool	is_trailer = pseudo_header_exists_map == NULL;
	size_t	fields = req->headers.size;
	int	ret;

	if (hpack_count(src, len, HPACK_FIELDS_MOST + 1) > HPACK_FIELDS_MOST) {
		*err_desc = "too many header fields";
		return H2O_HTTP2_ERROR_ENHANCE_YOUR_CALM;
	}
	ret = library(req, table, src, len, pseudo_header_exists_map,
	    content_length, digests, err_desc);
	if (is_trailer)
		req->headers.size = fields;
	return ret;
}
