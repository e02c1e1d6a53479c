/* Header fields: found by their names, and put. */
#include "gateway/http/header.h"

#include <string.h>

bool
header_find(const h2o_req_t *req, const char *name, struct text *ret)
{
	ssize_t		 at = h2o_find_header_by_str(&req->headers, name,
			    strlen(name), -1);
	h2o_iovec_t	 value;

	*ret = (struct text){ "", 0 };
	if (at == -1)
		return false;
	value = req->headers.entries[at].value;
	*ret = (struct text){ value.base, value.len };
	return true;
}

struct text
header_value(const h2o_req_t *req, const char *name)
{
	struct text	value;

	(void)header_find(req, name, &value);
	return value;
}

unsigned
header_count(const h2o_req_t *req, const h2o_token_t *token)
{
	unsigned	count = 0;

	for (ssize_t at = h2o_find_header(&req->headers, token, -1); at != -1;
	    at = h2o_find_header(&req->headers, token, at))
		count++;
	return count;
}

/* Put the lines from the first one on into one text. */
static struct text
join_lines(h2o_req_t *req, const h2o_token_t *token, ssize_t first)
{
	const h2o_header_t	*h = req->headers.entries;
	struct text		 joined = { "", 0 };
	char			*to;
	size_t			 size = 0;

	for (ssize_t at = first; at != -1;
	    at = h2o_find_header(&req->headers, token, at))
		size += h[at].value.len + 2;
	joined.base = to = h2o_mem_alloc_pool(&req->pool, size);
	for (ssize_t at = first; at != -1;
	    at = h2o_find_header(&req->headers, token, at)) {
		memcpy(to, h[at].value.base, h[at].value.len);
		memcpy(to + h[at].value.len, ", ", 2);
		to += h[at].value.len + 2;
	}
	joined.len = size - 2;
	return joined;
}

bool
header_list(h2o_req_t *req, const h2o_token_t *token, struct text *ret)
{
	ssize_t		 at = h2o_find_header(&req->headers, token, -1);
	h2o_iovec_t	 value;

	*ret = (struct text){ "", 0 };
	if (at == -1)
		return false;
	value = req->headers.entries[at].value;
	*ret = (struct text){ value.base, value.len };
	if (h2o_find_header(&req->headers, token, at) != -1)
		*ret = join_lines(req, token, at);
	return true;
}

bool
header_is_printable(struct text value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.base[i] < ' ' || value.base[i] > '~')
			return false;
	return true;
}

/* h2o_add_header() copies the name. */
void
header_put(h2o_req_t *req, const h2o_iovec_t *lower, const char *name,
    const char *value, size_t len)
{
	h2o_headers_t	*headers = &req->res.headers;

	h2o_vector_reserve(&req->pool, headers, headers->size + 1);
	headers->entries[headers->size++] = (h2o_header_t){
		.name = (h2o_iovec_t *)(uintptr_t)lower,
		.orig_name = name,
		.value = { (char *)(uintptr_t)value, len },
	};
}

/* libh2o keeps a connection of HTTP/1.0 open all the same. */
void
header_omit_length(h2o_req_t *req)
{
	req->res.content_length = SIZE_MAX;
	if (req->version < 0x101)
		req->http1_is_persistent = 0;
}

/* One field with a list, as some caches read the first field only. */
void
header_put_vary(h2o_req_t *req, const char *name)
{
	h2o_headers_t	*headers = &req->res.headers;
	h2o_iovec_t	 value = h2o_iovec_init(name, strlen(name)), *had;
	ssize_t		 at = h2o_find_header(headers, H2O_TOKEN_VARY, -1);

	if (at == -1) {
		header_put(req, &H2O_TOKEN_VARY->buf, "Vary", value.base,
		    value.len);
		return;
	}
	had = &headers->entries[at].value;
	*had = h2o_concat(&req->pool, *had, h2o_iovec_init(H2O_STRLIT(", ")),
	    value);
}
