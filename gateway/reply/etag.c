/* Tags of both forms of an answer. */
#include "gateway/reply/etag.h"

#include <sodium.h>
#include <stdio.h>

#include "gateway/http/accept.h"
#include "gateway/http/header.h"

#define SUFFIX	".gzip\""

void
etag_print(struct text bytes, char *ret)
{
	unsigned char	hash[16];
	char		digits[2 * sizeof(hash) + 1];

	crypto_generichash(hash, sizeof(hash),
	    (const unsigned char *)bytes.base, bytes.len, NULL, 0);
	sodium_bin2hex(digits, sizeof(digits), hash, sizeof(hash));
	snprintf(ret, ETAG_SIZE, "\"%s\"", digits);
}

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

/* Whether a tag is among others and not marked as weak there. */
static bool
is_strong_in(struct text tags, h2o_iovec_t etag)
{
	size_t	at = 0, found;

	for (; at < tags.len; at += found + etag.len) {
		found = h2o_strstr(tags.base + at, tags.len - at, etag.base,
		    etag.len);
		if (found == SIZE_MAX)
			return false;
		if (at + found < 2 || memcmp(tags.base + at + found - 2, "W/",
		    2) != 0)
			return true;
	}
	return false;
}

bool
etag_client_wants(struct exchange *x, h2o_iovec_t etag)
{
	struct text	tags;

	return !header_list(x->req, H2O_TOKEN_IF_MATCH, &tags) ||
	    h2o_memis(tags.base, tags.len, H2O_STRLIT("*")) ||
	    is_strong_in(tags, etag) ||
	    is_strong_in(tags, etag_of_gzip(&x->req->pool, etag));
}

static size_t
find_suffix(struct text t)
{
	return h2o_strstr(t.base, t.len, H2O_STRLIT(SUFFIX));
}

/* The quotation mark at the end of the suffix stays. */
struct text
etag_for_service(struct exchange *x, struct text tags)
{
	const size_t	cut = sizeof(SUFFIX) - 2;
	size_t		at = find_suffix(tags);
	char		*made, *to;

	if (at == SIZE_MAX || accept_coding(x->req) == ACCEPT_IDENTITY)
		return tags;
	made = to = h2o_mem_alloc_pool(&x->req->pool, tags.len);
	for (; at != SIZE_MAX; at = find_suffix(tags)) {
		memcpy(to, tags.base, at);
		to += at;
		tags.base += at + cut;
		tags.len -= at + cut;
	}
	memcpy(to, tags.base, tags.len);
	return (struct text){ made, (size_t)(to - made) + tags.len };
}
