/* Answers: a service's fragment, or an error, as HTTP. */
#include "gateway/core/exchange.h"

#include "base/json.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/scan.h"
#include "gateway/cache/copies.h"
#include "gateway/cache/tokens.h"
#include "gateway/core/trace.h"
#include "gateway/http/connection.h"
#include "gateway/http/problem.h"

/* Larger bodies are not copied to their requests: those get the buffer. */
#define COPIED_MOST	16384

static h2o_generator_t	generator = { NULL, NULL };

void
answer_header(struct exchange *x, const char *name, const char *value)
{
	h2o_mem_pool_t	*pool = &x->req->pool;
	h2o_iovec_t	 copy = h2o_strdup(pool, value, SIZE_MAX);
	h2o_iovec_t	 orig = h2o_strdup(pool, name, SIZE_MAX);
	h2o_iovec_t	 lower = h2o_strdup(pool, name, SIZE_MAX);

	h2o_strtolower(lower.base, lower.len);
	h2o_add_header_by_str(pool, &x->req->res.headers, lower.base,
	    lower.len, 1, orig.base, copy.base, copy.len);
}

/* Whatever has a control character in it would be a header of its own. */
h2o_iovec_t
answer_type(struct exchange *x, struct text told)
{
	bool	printable = told.len > 0;

	for (size_t i = 0; i < told.len; i++)
		printable = printable && told.base[i] >= ' ' &&
		    told.base[i] <= '~';
	if (!printable)
		return h2o_iovec_init(H2O_STRLIT("application/octet-stream"));
	return h2o_strdup(&x->req->pool, told.base, told.len);
}

static const char *
reason_of(int status)
{
	static const struct { int status; const char *reason; } rows[] = {
		{ 200, "OK" }, { 201, "Created" }, { 204, "No Content" },
		{ 206, "Partial Content" }, { 304, "Not Modified" },
		{ 416, "Range Not Satisfiable" },
		{ 503, "Service Unavailable" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].status == status)
			return rows[i].reason;
	return "";
}

void
answer_count(struct exchange *x, int status)
{
	if (!x->answered)
		connection_answer(x->connection);
	upload_end(x);
	x->answered = true;
	metric_add(METRIC_HTTP_RESPONSES, (unsigned)status / 100 % 6, 0, 1);
	trace_put_timing(x);
	connection_part(x->connection, x->req);
}

static enum flow
send_body(struct exchange *x, int status, const char *reason,
    const char *type, struct text body)
{
	h2o_req_t	*req = x->req;
	h2o_iovec_t	 bytes = { (char *)(uintptr_t)body.base, body.len };

	req->res.status = status;
	req->res.reason = reason;
	req->res.content_length = body.len;
	if (type != NULL)
		h2o_add_header(&req->pool, &req->res.headers,
		    H2O_TOKEN_CONTENT_TYPE, "Content-Type", type, strlen(type));
	answer_count(x, status);
	h2o_start_response(req, &generator);
	/* h2o_send() would send a body to HEAD as well */
	h2o_send(req, &bytes, x->is_head || body.len == 0 ? 0 : 1,
	    H2O_SEND_STATE_FINAL);
	return FLOW_DONE;
}

enum flow
answer_body(struct exchange *x, int status, const char *type,
    struct text body)
{
	return send_body(x, status, reason_of(status), type, body);
}

struct buf *
answer_buffer(struct exchange *x)
{
	x->worker->body.len = 0;
	return &x->worker->body;
}

static void
on_taken_gone(void *taken)
{
	buf_done(taken);
}

/* Memory of just the body's size: clients may take their time. */
static struct text
take_body(struct exchange *x)
{
	struct buf	*body = &x->worker->body, *taken;
	char		*less = realloc(body->base, body->len);

	if (less != NULL)
		*body = (struct buf){ less, body->len, body->len };
	taken = h2o_mem_alloc_shared(&x->req->pool, sizeof(*taken),
	    on_taken_gone);
	*taken = *body;
	*body = (struct buf){ 0 };
	exchange_hold(x, taken->size);
	return (struct text){ taken->base, taken->len };
}

static struct text
keep_body(struct exchange *x)
{
	const struct buf	*b = &x->worker->body;
	h2o_iovec_t		 copy;

	if (b->len > COPIED_MOST)
		return take_body(x);
	copy = h2o_strdup(&x->req->pool, b->base, b->len);
	exchange_hold(x, copy.len);
	return (struct text){ copy.base, copy.len };
}

enum flow
answer_buffered(struct exchange *x, int status, const char *type)
{
	return answer_body(x, status, type, keep_body(x));
}

static void
put_error(struct buf *b, const struct err_info *info, struct text message)
{
	buf_put_text(b, "{\"error\":");
	json_put_text(b, (struct text){ info->reason, strlen(info->reason) });
	if (message.len > 0) {
		buf_put_text(b, ",\"message\":");
		json_put_text(b, message);
	}
	buf_put_text(b, "}\n");
}

static enum flow
send_error(struct exchange *x, enum err e, struct text message,
    int64_t retry_after)
{
	const struct err_info	*info = err_info(e);
	const char		*type = "application/json";
	char			 seconds[24];

	if (problem_is_wanted(x->req)) {
		type = PROBLEM_TYPE;
		answer_header(x, "Vary", "Accept");
		problem_put(answer_buffer(x), info->http, info->reason,
		    message, x->request_id);
	} else
		put_error(answer_buffer(x), info, message);
	if (retry_after == 0 && (info->http == 503 || info->http == 429))
		retry_after = 1;
	if (retry_after != 0) {
		snprintf(seconds, sizeof(seconds), "%lld",
		    (long long)retry_after);
		answer_header(x, "Retry-After", seconds);
	}
	return send_body(x, info->http, info->reason, type, keep_body(x));
}

enum flow
answer_error(struct exchange *x, enum err e, const char *message)
{
	if (message == NULL)
		message = err_info(e)->message;
	return send_error(x, e, (struct text){ message, strlen(message) }, 0);
}

enum flow
answer_refusal(struct exchange *x, const struct answer *a)
{
	struct text	message = args_text(&a->extra, KEY_MESSAGE);
	const char	*dflt = err_info(a->error)->message;

	if (a->error == ERR_UNAUTHORIZED)
		return answer_unauthorized(x);
	/* as if the gateway had known: a service refuses those, too */
	x->crowded = x->crowded || a->error == ERR_EXPIRED;
	if (message.len == 0)
		message = (struct text){ dflt, strlen(dflt) };
	return send_error(x, a->error, message,
	    args_number(&a->extra, KEY_RETRY_AFTER, 0));
}

/* --- fragments ------------------------------------------------------------------ */

/* Roots are short: a call would take longer than copying them. */
static inline void
copy_root(char *to, const struct text *root)
{
	size_t	at = 0;

	if (root->len < 16) {
		memcpy(to, root->base, root->len);
		return;
	}
	for (; at + 16 < root->len; at += 16)
		memcpy(to + at, root->base + at, 16);
	at = root->len - 16;
	memcpy(to + at, root->base + at, 16);
}

void
answer_put_fragment(struct buf *b, const struct exchange *x, struct text fragment)
{
	const struct text	*roots = x->worker->gateway->roots, *root;
	const char		*p = fragment.base;
	size_t			 left = fragment.len, run;

	if (left == 0)
		return;
	/* roots make it longer, by an eighth at most as a rule */
	buf_reserve(b, left + left / 8);
	for (;; p += run + 1) {
		run = scan_copy_to_below(b->base + b->len, p, left, MARK_END);
		b->len += run;
		if (run == left)
			return;
		root = &roots[(unsigned char)p[run]];
		left -= run + 1;
		buf_reserve(b, root->len + left);
		copy_root(b->base + b->len, root);
		b->len += root->len;
	}
}

static void
put_location(struct exchange *x)
{
	struct buf	b = { 0 };

	links_put_path(&b, x, x->route->location, &x->answer->extra, 0);
	buf_put_byte(&b, '\0');
	answer_header(x, "Location", b.base);
	buf_done(&b);
}

/* What an answer says about a token that this worker may keep. */
static void
learn_token(struct exchange *x)
{
	const struct args	*extra = &x->answer->extra;
	struct text		 hash = args_text(extra, KEY_TOKEN_HASH);

	if (x->route->op == OP_TOKEN_DELETE)
		tokens_forget(x->worker->tokens, x->token_hash);
	if (x->route->op != OP_TOKEN_CREATE || hash.len != TOKEN_HASH_BYTES ||
	    tokens_is_past(x->worker->tokens,
	    (const unsigned char *)hash.base, x->answer))
		return;
	tokens_keep(x->worker->tokens, (const unsigned char *)hash.base,
	    x->user_id, args_number(extra, KEY_RIGHTS, x->rights),
	    args_number(extra, KEY_EXPIRES, 0));
	tokens_number(x->worker->tokens, (const unsigned char *)hash.base,
	    args_number(extra, KEY_ID, 0));
}

/* --- tags -------------------------------------------------------------------- */

#define ETAG_MOST	(2 * 16 + 3)

/* A number's 16 digits. */
static char *
put_hex(char *p, uint64_t n)
{
	for (int shift = 60; shift >= 0; shift -= 4)
		*p++ = "0123456789abcdef"[n >> shift & 15];
	return p;
}

/*
 * The tag of an answer: what it is of, and after a dot what was included.
 * Services know the first part only (services/op/etag.c, If-Match).
 */
static h2o_iovec_t
make_etag(struct exchange *x)
{
	uint64_t	included = include_tag(x);
	char		*etag = h2o_mem_alloc_pool(&x->req->pool,
			    ETAG_MOST), *p = etag;

	*p++ = '"';
	p = put_hex(p, (uint64_t)x->answer->tag);
	if (included != 0) {
		*p++ = '.';
		p = put_hex(p, included);
	}
	*p++ = '"';
	return h2o_iovec_init(etag, (size_t)(p - etag));
}

/* Whether the client has what it asks for (RFC 9110, 13.1.2: weakly). */
static bool
has_it(const struct exchange *x, h2o_iovec_t etag)
{
	ssize_t		 at = h2o_find_header(&x->req->headers,
			    H2O_TOKEN_IF_NONE_MATCH, -1);
	h2o_iovec_t	 v;

	if (at == -1 || x->route->method != METHOD_GET)
		return false;
	v = x->req->headers.entries[at].value;
	return h2o_memis(v.base, v.len, H2O_STRLIT("*")) ||
	    h2o_strstr(v.base, v.len, etag.base, etag.len) != SIZE_MAX;
}

static enum flow
answer_not_modified(struct exchange *x)
{
	x->req->res.status = 304;
	x->req->res.reason = reason_of(304);
	x->req->res.content_length = SIZE_MAX;
	answer_count(x, 304);
	h2o_start_response(x->req, &generator);
	h2o_send(x->req, NULL, 0, H2O_SEND_STATE_FINAL);
	return FLOW_DONE;
}

/* --- the room ------------------------------------------------------------------ */

/* A list behind its links, a thing as it is, and what comes with them. */
static void
put_answer(struct buf *b, const struct exchange *x, bool is_list)
{
	if (is_list)
		links_put_list_head(b, x, x->answer->total);
	answer_put_fragment(b, x, x->answer->fragment);
	if (is_list)
		include_put(b, x);
	else if (x->included != NULL && b->len > 0) {
		b->len--;	/* the brace at the end */
		include_put(b, x);
		buf_put_byte(b, '}');
	}
	buf_put_text(b, is_list ? "}\n" : "\n");
}

static enum flow
answer_kept(struct exchange *x, struct text body)
{
	exchange_hold(x, body.len);
	return answer_body(x, x->route->status, "application/json", body);
}

/* The owner said that what we have of it still holds. */
static enum flow
answer_copy(struct exchange *x)
{
	metric_add(METRIC_COPIES, 1, 0, 1);
	links_put_header(x, x->copy->total);
	return answer_kept(x, x->copy->body);
}

/* What was put together, which may be asked for again. */
static enum flow
answer_list(struct exchange *x)
{
	const struct buf	*b = &x->worker->body;
	struct text		 body = { "", 0 };

	metric_add(METRIC_COPIES, 0, 0, 1);
	if (x->answer->tag != 0)
		body = copies_keep(x->worker->copies, x, x->answer->tag,
		    x->answer->total, (struct text){ b->base, b->len });
	return body.len > 0 ? answer_kept(x, body) :
	    answer_buffered(x, x->route->status, "application/json");
}

static enum flow
answer_json(struct exchange *x)
{
	bool		is_list = x->route->page[0] != '\0';
	h2o_iovec_t	etag;

	if (x->answer->tag != 0) {
		etag = make_etag(x);
		h2o_add_header(&x->req->pool, &x->req->res.headers,
		    H2O_TOKEN_ETAG, "ETag", etag.base, etag.len);
		if (has_it(x, etag))
			return answer_not_modified(x);
		if (x->copy != NULL && x->answer->fragment.len == 0 &&
		    x->answer->tag == x->copy->tag)
			return answer_copy(x);
	}
	if (args_has(&x->args, KEY_IF_NONE_MATCH) &&
	    x->answer->fragment.len == 0) {
		log_error("%s: who asks does not have what it is said to",
		    op_info(x->route->op)->name);
		return answer_error(x, ERR_INTERNAL, NULL);
	}
	if (x->route->location[0] != '\0')
		put_location(x);
	if (is_list)
		links_put_header(x, x->answer->total);
	put_answer(answer_buffer(x), x, is_list);
	if (is_list)
		return answer_list(x);
	return answer_buffered(x, x->route->status, "application/json");
}

enum flow
room_answer(struct exchange *x)
{
	if (x->answer->error != OK)
		return answer_refusal(x, x->answer);
	if (include_failure(x) != NULL)
		return answer_refusal(x, include_failure(x));
	learn_token(x);
	if (x->route->status == 204)
		return send_body(x, 204, reason_of(204), NULL,
		    (struct text){ "", 0 });
	switch (x->route->way) {
	case WAY_FILE:
		return file_answer(x);
	case WAY_CSV:
	case WAY_NDJSON:
		return export_answer(x);
	case WAY_PICTURE:
		if (x->route->method == METHOD_GET)
			return picture_answer(x);
		/* fallthrough */
	default:
		return answer_json(x);
	}
}
