/* Sizes, and what framing.c found. */
#include "gateway/stage/admit.h"

#include "gateway/http/connection/linger.h"
#include "gateway/http/framing.h"
#include "gateway/reply/respond.h"

#define URL_MOST_BYTES		((size_t)8192)
#define HEAD_MOST_BYTES		((size_t)16384)
#define HEADERS_MOST		((size_t)64)

static size_t
head_bytes(const h2o_req_t *req)
{
	size_t	bytes = 0;

	for (size_t i = 0; i < req->headers.size; i++)
		bytes += req->headers.entries[i].name->len +
		    req->headers.entries[i].value.len + 4;
	return bytes;
}

/*
 * Of two values one reader takes the first and another the last (RFC 9110,
 * 5.3): a proxy may have looked at the other one.
 */
static const char *
repeated_field(const h2o_req_t *req)
{
	bool	has_credentials = false, has_type = false;

	for (size_t i = 0; i < req->headers.size; i++) {
		const h2o_iovec_t	*name = req->headers.entries[i].name;

		if (name == &H2O_TOKEN_AUTHORIZATION->buf) {
			if (has_credentials)
				return "Authorization";
			has_credentials = true;
		} else if (name == &H2O_TOKEN_CONTENT_TYPE->buf) {
			if (has_type)
				return "Content-Type";
			has_type = true;
		}
	}
	return NULL;
}

enum flow
admit_begin(struct exchange *x)
{
	h2o_req_t	*req = x->req;
	const char	*fault = req->version < 0x200 ? framing_fault() : NULL;

	x->is_head = h2o_memis(req->method.base, req->method.len,
	    H2O_STRLIT("HEAD"));
	if (fault != NULL) {
		req->http1_is_persistent = 0;
		if (framing_has_body())
			linger_begin(req);
		return respond_error(x, ERR_BAD_REQUEST, fault);
	}
	if (repeated_field(req) != NULL)
		return respond_errorf(x, ERR_BAD_REQUEST, "The header %s is "
		    "there more than once.", repeated_field(req));
	if (req->input.path.len > URL_MOST_BYTES)
		return respond_errorf(x, ERR_URL_TOO_LONG, "The URL has %zu bytes; "
		    "%zu are accepted.", req->input.path.len, URL_MOST_BYTES);
	if (req->headers.size > HEADERS_MOST)
		return respond_errorf(x, ERR_HEADERS_TOO_BIG, "There are %zu header "
		    "fields; %zu are accepted.", req->headers.size,
		    HEADERS_MOST);
	if (head_bytes(req) > HEAD_MOST_BYTES)
		return respond_errorf(x, ERR_HEADERS_TOO_BIG, "The header fields have "
		    "%zu bytes; %zu are accepted.", head_bytes(req),
		    HEAD_MOST_BYTES);
	return FLOW_NEXT;
}
