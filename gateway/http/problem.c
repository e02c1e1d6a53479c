/* The decision by Accept, and the body. */
#include "gateway/http/problem.h"

#include "base/json.h"
#include "gateway/http/accept.h"

bool
problem_is_wanted(const h2o_req_t *req)
{
	struct accept	a = { -1, -1, -1, -1 };
	ssize_t		at = -1;
	int		json;

	while ((at = h2o_find_header(&req->headers, H2O_TOKEN_ACCEPT,
	    at)) != -1)
		accept_read(&a, (struct text){
		    req->headers.entries[at].value.base,
		    req->headers.entries[at].value.len });
	json = a.json != -1 ? a.json :
	    a.application != -1 ? a.application : a.any;
	return a.problem > 0 && a.problem >= json;
}

/* Flicket has no message for these. */
static const char *
detail_of(int status)
{
	switch (status) {
	case 401: return "No token was sent, or it is not valid (any more), or "
	    "the name or the password is wrong.";
	case 404: return "There is no such path, thing or page.";
	default: return "";
	}
}

void
problem_put(struct buf *b, int status, const char *reason,
    struct text message, struct text request_id)
{
	const char	*detail = detail_of(status);

	if (message.len == 0)
		message = (struct text){ detail, strlen(detail) };
	buf_put_byte(b, '{');
	if (message.len > 0) {
		buf_put_text(b, "\"detail\":");
		json_put_text(b, message);
		buf_put_byte(b, ',');
	}
	/* an id has only characters that a URN may have (trace.c) */
	buf_printf(b, "\"instance\":\"urn:flicketd:request:%.*s\","
	    "\"status\":%d,\"title\":", (int)request_id.len, request_id.base,
	    status);
	json_put_text(b, (struct text){ reason, strlen(reason) });
	buf_put_text(b, ",\"type\":\"about:blank\"}\n");
}
