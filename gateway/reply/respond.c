/* Bodies, errors and refusals, handed to libh2o. */
#include "gateway/reply/respond.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/json.h"
#include "base/metrics.h"
#include "gateway/core/trace.h"
#include "gateway/http/connection/connection.h"
#include "gateway/http/connection/parting.h"
#include "gateway/http/header.h"
#include "gateway/reply/compress.h"

#define ERROR_BYTES	512	/* of a message that is made */

static h2o_generator_t	generator = { NULL, NULL };

void
respond_header(struct exchange *x, const char *name, const char *value)
{
	h2o_mem_pool_t	*pool = &x->req->pool;
	h2o_iovec_t	 copy = h2o_strdup(pool, value, SIZE_MAX);
	h2o_iovec_t	 orig = h2o_strdup(pool, name, SIZE_MAX);
	h2o_iovec_t	 lower = h2o_strdup(pool, name, SIZE_MAX);

	h2o_strtolower(lower.base, lower.len);
	h2o_add_header_by_str(pool, &x->req->res.headers, lower.base,
	    lower.len, 1, orig.base, copy.base, copy.len);
}

h2o_iovec_t
respond_type(struct exchange *x, struct text type)
{
	if (type.len == 0 || !header_is_printable(type))
		return h2o_iovec_init(H2O_STRLIT("application/octet-stream"));
	return h2o_strdup(&x->req->pool, type.base, type.len);
}

static const char *
status_reason(int status)
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

static void
begin_answer(struct exchange *x, int status, const char *reason)
{
	x->req->res.status = status;
	x->req->res.reason = reason;
	if (!x->answered)
		connection_answer(x->connection);
	exchange_end(x);
	x->answered = true;
	metric_add(METRIC_HTTP_RESPONSES, (unsigned)status / 100 % 6, 0, 1);
	trace_put_timing(x);
	parting_answer(x->connection, x->req);
}

void
respond_begin(struct exchange *x, int status)
{
	begin_answer(x, status, status_reason(status));
}

static enum flow
send_body(struct exchange *x, int status, const char *reason,
    const char *type, struct text body)
{
	h2o_req_t	*req = x->req;
	h2o_iovec_t	 bytes = { (char *)(uintptr_t)body.base, body.len };

	req->res.content_length = body.len;
	if (type != NULL)
		header_put(req, &H2O_TOKEN_CONTENT_TYPE->buf, "Content-Type",
		    type, strlen(type));
	begin_answer(x, status, reason);
	h2o_start_response(req, &generator);
	/* h2o_send() would send a body to HEAD as well */
	h2o_send(req, &bytes, x->is_head || body.len == 0 ? 0 : 1,
	    H2O_SEND_STATE_FINAL);
	return FLOW_DONE;
}

enum flow
respond_status(struct exchange *x, int status)
{
	x->req->res.content_length = SIZE_MAX;
	if (status == 304)
		compress_put_vary(x);
	respond_begin(x, status);
	h2o_start_response(x->req, &generator);
	h2o_send(x->req, NULL, 0, H2O_SEND_STATE_FINAL);
	return FLOW_DONE;
}

struct buf *
respond_buffer(struct exchange *x)
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
take_buffer(struct exchange *x)
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
keep_buffer(struct exchange *x)
{
	const struct buf	*b = &x->worker->body;
	h2o_iovec_t		 copy;

	if (b->len > RESPOND_COPIED_MOST)
		return take_buffer(x);
	copy = h2o_strdup(&x->req->pool, b->base, b->len);
	exchange_hold(x, copy.len);
	return (struct text){ copy.base, copy.len };
}

/* --- codings ----------------------------------------------------------------- */

enum flow
respond_coded(struct exchange *x, int status, const char *type,
    struct text body, bool is_gzip)
{
	if (is_gzip)
		compress_mark(x);
	return send_body(x, status, status_reason(status), type, body);
}

/*
 * Compressed in slices, so that the loop goes on in between. (With another
 * status than 200 libh2o would end the connection to mark the body's end.)
 */
static enum flow
send_long(struct exchange *x, const char *type, struct text body)
{
	header_put(x->req, &H2O_TOKEN_CONTENT_TYPE->buf, "Content-Type", type,
	    strlen(type));
	compress_mark(x);
	respond_begin(x, 200);
	return compress_send(x, body);
}

/* Send a body, compressed if the client wants it so; is_buffered: the worker's. */
static enum flow
send_any(struct exchange *x, int status, const char *reason, const char *type,
    struct text body, bool is_buffered)
{
	bool		is_wanted = type != NULL &&
			    compress_is_wanted(x, type, body.len);
	bool		is_long = body.len > COMPRESS_WHOLE_MOST && status == 200;
	struct text	gzip = { "", 0 };

	if (is_wanted && !is_long)
		gzip = compress_body(x, body);
	if (gzip.len > 0) {
		compress_mark(x);
		return send_body(x, status, reason, type, gzip);
	}
	if (is_buffered)
		body = keep_buffer(x);
	if (is_wanted && is_long)
		return send_long(x, type, body);
	return send_body(x, status, reason, type, body);
}

enum flow
respond_body(struct exchange *x, int status, const char *type,
    struct text body)
{
	return send_any(x, status, status_reason(status), type, body, false);
}

enum flow
respond_buffered(struct exchange *x, int status, const char *type)
{
	return send_any(x, status, status_reason(status), type,
	    buf_text(&x->worker->body), true);
}

/* --- errors ------------------------------------------------------------------ */

/*
 * Flicket answers these faults itself, without members for programs. Clients of
 * Flicket's API may compare whole bodies.
 */
static bool
is_flickets_own(const struct exchange *x, const char *code)
{
	static const enum fault_code	own[] = { FAULT_REQUIRED, FAULT_WRONG_TYPE,
				    FAULT_NOT_FOUND, FAULT_TAKEN,
				    FAULT_INVALID_JSON };

	if (x->route == NULL || !route_is_flickets(x->route))
		return false;
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (strcmp(code, fault_info(own[i])->word) == 0)
			return true;
	return false;
}

static enum flow
send_error(struct exchange *x, enum err e, const struct fault *faults,
    unsigned count, int64_t retry_after)
{
	const struct err_info	*info = err_info(e);
	const char		*type = "application/json";
	struct buf		*body = respond_buffer(x);
	char			 seconds[24];

	if (problem_is_wanted(x->req)) {
		type = PROBLEM_TYPE;
		header_put_vary(x->req, "Accept");
		problem_put(body, info->http, info->reason, faults, count,
		    x->request_id);
	} else
		problem_put_flicket(body, info->reason, faults, count,
		    faults[0].message.len > 0 &&
		    !is_flickets_own(x, faults[0].code));
	if (retry_after == 0 && (info->http == 503 || info->http == 429))
		retry_after = 1;
	if (retry_after != 0) {
		snprintf(seconds, sizeof(seconds), "%lld",
		    (long long)retry_after);
		respond_header(x, "Retry-After", seconds);
	}
	return send_any(x, info->http, info->reason, type,
	    buf_text(&x->worker->body), true);
}

enum flow
respond_faults(struct exchange *x, enum err e, const struct fault *faults,
    unsigned count)
{
	return send_error(x, e, faults, count, 0);
}

enum flow
respond_error(struct exchange *x, enum err e, const char *message)
{
	const struct err_info	*info = err_info(e);

	return respond_code(x, e, info->code,
	    message == NULL ? info->message : message);
}

enum flow
respond_code(struct exchange *x, enum err e, enum fault_code code,
    const char *message)
{
	struct fault	fault = { .code = fault_info(code)->word,
			    .message = { message, strlen(message) } };

	return send_error(x, e, &fault, 1, 0);
}

enum flow
respond_errorf(struct exchange *x, enum err e, const char *format, ...)
{
	char	*message = h2o_mem_alloc_pool(&x->req->pool, ERROR_BYTES);
	va_list	 ap;

	va_start(ap, format);
	vsnprintf(message, ERROR_BYTES, format, ap);
	va_end(ap);
	return respond_error(x, e, message);
}

/* The desk had no time or no room for it. */
static bool
is_overload(enum err e)
{
	return e == ERR_EXPIRED || e == ERR_BUSY || e == ERR_LOADING;
}

enum flow
respond_unauthorized(struct exchange *x)
{
	/* a browser answers Basic with a dialog of its own */
	respond_header(x, "WWW-Authenticate",
	    route_has_password(x->route) && x->route->input != INPUT_LOGIN ?
	    "Basic realm=\"Authentication Required\", charset=\"UTF-8\"" :
	    "Bearer realm=\"Authentication Required\"");
	return respond_error(x, ERR_UNAUTHORIZED, NULL);
}

/* What a service says of its refusal, or what the error says by itself. */
static struct fault
fault_of(const struct answer *a)
{
	const struct err_info	*info = err_info(a->error);
	int64_t			 code = args_number(&a->extra, KEY_CODE, 0);
	struct fault		 fault = {
		.code = fault_info((uint64_t)code)->word,
		.field = args_text(&a->extra, KEY_FIELD),
		.message = args_text(&a->extra, KEY_MESSAGE),
		.post_ids = args_text(&a->extra, KEY_POST_IDS),
		.count = args_number(&a->extra, KEY_COUNT, 0)
	};

	if (fault.code[0] == '\0')
		fault.code = fault_info(info->code)->word;
	if (fault.message.len == 0)
		fault.message = (struct text){ info->message,
		    strlen(info->message) };
	return fault;
}

enum flow
respond_refusal(struct exchange *x, const struct answer *a)
{
	struct fault	fault = fault_of(a);

	if (a->error == ERR_UNAUTHORIZED)
		return respond_unauthorized(x);
	/* as if the gateway had refused it: too many waited at the service */
	x->crowded = x->crowded || is_overload(a->error);
	return send_error(x, a->error, &fault, 1,
	    args_number(&a->extra, KEY_RETRY_AFTER, 0));
}
