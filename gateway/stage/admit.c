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
