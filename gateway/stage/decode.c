/* Which part of a request an operation takes its arguments from. */
#include "gateway/stage/decode.h"

#include "gateway/http/header.h"
#include "gateway/reply/etag.h"
#include "gateway/reply/fault.h"
#include "gateway/reply/picture.h"
#include "gateway/reply/respond.h"
#include "gateway/stage/decode/digest.h"
#include "gateway/stage/decode/json_body.h"
#include "gateway/stage/decode/members.h"
#include "gateway/stage/decode/query.h"
#include "gateway/stage/include.h"
#include "gateway/stage/upload.h"

#define NONE_MATCH_MOST		1024	/* bytes; more is for the gateway alone */
#define EXPORT_ROWS		200	/* in one piece of an export */

/* --- reads ----------------------------------------------------------------------- */

static enum flow
decode_page(struct exchange *x)
{
	if (!args_has(&x->args, KEY_PAGE))
		args_put_number(&x->args, KEY_PAGE, 1);
	if (!args_has(&x->args, KEY_PER_PAGE))
		args_put_number(&x->args, KEY_PER_PAGE, PER_PAGE_DEFAULT);
	if (args_number(&x->args, KEY_PER_PAGE, 0) > PER_PAGE_MOST)
		args_put_number(&x->args, KEY_PER_PAGE, PER_PAGE_MOST);
	/* links_put_list_head() divides by it */
	if (args_number(&x->args, KEY_PAGE, 0) < 1 ||
	    args_number(&x->args, KEY_PER_PAGE, 0) < 1)
		return respond_error(x, ERR_NOT_FOUND, NULL);
	return FLOW_NEXT;
}

/*
 * A service can tell that the client has its answer, but not whether it has the
 * included things.
 */
static void
decode_none_match(struct exchange *x)
{
	struct text	tags;

	if (!header_list(x->req, H2O_TOKEN_IF_NONE_MATCH, &tags) ||
	    x->included != NULL ||
	    !keyset_has(x->route->takes, KEY_IF_NONE_MATCH))
		return;
	if (tags.len <= NONE_MATCH_MOST)
		args_put_text(&x->args, KEY_IF_NONE_MATCH,
		    etag_for_service(x, tags));
}

static enum flow
decode_read(struct exchange *x)
{
	enum flow	flow = x->req->query_at == SIZE_MAX ? FLOW_NEXT :
			    query_decode(x);

	if (x->route->reply == REPLY_CSV || x->route->reply == REPLY_NDJSON) {
		args_put_number(&x->args, KEY_FORMAT,
		    x->route->reply == REPLY_CSV ? 1 : 2);
		args_put_number(&x->args, KEY_LIMIT, EXPORT_ROWS);
		if (!args_has(&x->args, KEY_CURSOR))
			args_put_text(&x->args, KEY_CURSOR, TEXT_OF(""));
	}
	if (flow == FLOW_NEXT && route_is_list(x->route))
		flow = decode_page(x);
	if (flow == FLOW_NEXT && args_has(&x->args, KEY_INCLUDE))
		flow = include_decode(x);
	if (flow == FLOW_NEXT)
		decode_none_match(x);
	return flow;
}

/* --- writes ---------------------------------------------------------------------- */

/* A retry that goes another way may come with the other one alone. */
static bool
has_two_keys(const h2o_req_t *req)
{
	ssize_t	at = h2o_find_header_by_str(&req->headers,
		    H2O_STRLIT("idempotency-key"), -1);

	return h2o_find_header_by_str(&req->headers,
	    H2O_STRLIT("idempotency-key"), at) != -1;
}

static enum flow
decode_headers(struct exchange *x)
{
	struct text	tags, key;

	if (header_list(x->req, H2O_TOKEN_IF_MATCH, &tags) &&
	    keyset_has(x->route->takes, KEY_IF_MATCH))
		args_put_text(&x->args, KEY_IF_MATCH, tags);
	if (header_list(x->req, H2O_TOKEN_IF_NONE_MATCH, &tags) &&
	    keyset_has(x->route->takes, KEY_IF_NONE_MATCH))
		args_put_text(&x->args, KEY_IF_NONE_MATCH, tags);
	if (!header_find(x->req, "idempotency-key", &key) ||
	    !keyset_has(x->route->takes, KEY_IDEMPOTENCY_KEY))
		return FLOW_NEXT;
	if (has_two_keys(x->req))
		return fault_refuse(x, FAULT_REPEATED, TEXT_OF("Idempotency-Key"),
		    "Idempotency-Key is given twice.");
	args_put_text(&x->args, KEY_IDEMPOTENCY_KEY, key);
	if (!args_in_bounds(KEY_IDEMPOTENCY_KEY,
	    args_value(&x->args, KEY_IDEMPOTENCY_KEY)))
		return fault_refuse(x, FAULT_INVALID, TEXT_OF("Idempotency-Key"),
		    "Idempotency-Key must be 1 to 255 characters long, in "
		    "UTF-8.");
	if (!args_has(&x->args, KEY_DIGEST))
		digest_put_request(x);
	return FLOW_NEXT;
}

/* A login may send any body, as in Flicket; only JSON is read. */
static bool
has_json_body(const struct exchange *x)
{
	ssize_t	at = h2o_find_header(&x->req->headers,
		    H2O_TOKEN_CONTENT_TYPE, -1);

	return !route_has_password(x->route) ||
	    (at != -1 && x->req->entity.len > 0 && json_body_is_typed(x->req));
}

static bool
reads_body(const struct exchange *x)
{
	if (x->route->input == INPUT_LOGIN)
		return false;	/* login.c has read it */
	return x->route->input == INPUT_FORM ||
	    x->route->input == INPUT_IMAGE || (has_json_body(x) &&
	    x->route->method != METHOD_DELETE &&
	    (!keyset_is_empty(x->route->given) || x->req->entity.len > 0));
}

static enum flow
decode_input(struct exchange *x)
{
	switch (x->route->input) {
	case INPUT_FORM:
		return upload_decode(x);
	case INPUT_IMAGE:
		return picture_decode(x);
	default:
		return members_decode(x);
	}
}

static enum flow
decode_write(struct exchange *x)
{
	enum flow	flow = FLOW_NEXT;

	if (reads_body(x)) {
		if (x->req->entity.len > 0)
			flow = json_body_check_coding(x);
		if (flow == FLOW_NEXT)
			flow = decode_input(x);
	}
	return flow == FLOW_NEXT ? decode_headers(x) : flow;
}

enum flow
decode_begin(struct exchange *x)
{
	/* "me" */
	if (keyset_has(x->route->needs, KEY_ID) && !args_has(&x->args, KEY_ID))
		args_put_number(&x->args, KEY_ID, x->user_id);
	if (x->route->method == METHOD_GET)
		return decode_read(x);
	return decode_write(x);
}
