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

/* A member with a text, if there is a text, and the comma behind it. */
static void
put_member(struct buf *b, const char *name, struct text value)
{
	if (value.len == 0)
		return;
	buf_printf(b, "\"%s\":", name);
	json_put_text(b, value);
	buf_put_byte(b, ',');
}

static void
put_code(struct buf *b, const char *code)
{
	put_member(b, "code", (struct text){ code, strlen(code) });
}

/* The members "count" and "post_ids" of a fault that is about replies. */
static void
put_count(struct buf *b, const struct fault *fault)
{
	if (fault->post_ids.len > 0)
		buf_printf(b, "\"count\":%lld,", (long long)fault->count);
}

static void
put_post_ids(struct buf *b, const struct fault *fault)
{
	if (fault->post_ids.len > 0)
		buf_printf(b, "\"post_ids\":%.*s,", (int)fault->post_ids.len,
		    fault->post_ids.base);
}

/* A list of all faults, if there are several. */
static void
put_errors(struct buf *b, const struct fault *faults, unsigned count)
{
	if (count < 2)
		return;
	buf_put_text(b, "\"errors\":[");
	for (unsigned i = 0; i < count; i++) {
		buf_put_byte(b, '{');
		put_code(b, faults[i].code);
		put_member(b, "field", faults[i].field);
		buf_put_text(b, "\"message\":");
		json_put_text(b, faults[i].message);
		buf_put_text(b, i + 1 < count ? "}," : "}");
	}
	buf_put_text(b, "],");
}

void
problem_put(struct buf *b, int status, const char *reason,
    const struct fault *faults, unsigned count, struct text request_id)
{
	const char	*detail = detail_of(status);
	struct text	 message = faults[0].message;

	if (message.len == 0)
		message = (struct text){ detail, strlen(detail) };
	buf_put_byte(b, '{');
	put_code(b, faults[0].code);
	put_count(b, faults);
	put_member(b, "detail", message);
	put_errors(b, faults, count);
	put_member(b, "field", faults[0].field);
	/* an id has only characters that a URN may have (trace.c) */
	buf_printf(b, "\"instance\":\"urn:flicketd:request:%.*s\",",
	    (int)request_id.len, request_id.base);
	put_post_ids(b, faults);
	buf_printf(b, "\"status\":%d,\"title\":", status);
	json_put_text(b, (struct text){ reason, strlen(reason) });
	buf_put_text(b, ",\"type\":\"about:blank\"}\n");
}

void
problem_put_flicket(struct buf *b, const char *reason,
    const struct fault *faults, unsigned count, bool for_programs)
{
	buf_put_byte(b, '{');
	if (for_programs) {
		put_code(b, faults[0].code);
		put_count(b, faults);
	}
	put_member(b, "error", (struct text){ reason, strlen(reason) });
	if (for_programs) {
		put_errors(b, faults, count);
		put_member(b, "field", faults[0].field);
	}
	put_member(b, "message", faults[0].message);
	if (for_programs)
		put_post_ids(b, faults);
	b->len--;	/* the comma at the end */
	buf_put_text(b, "}\n");
}
