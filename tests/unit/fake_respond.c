/* Answers, kept instead of sent (fakes.h). */
#include "exchange.h"
#include "fakes.h"

#include <stdarg.h>
#include <stdio.h>

#include "gateway/reply/respond.h"

struct responded	responded;

void
responded_clear(void)
{
	responded = (struct responded){ .error = OK };
}

struct text
responded_header(const struct exchange *x, const char *name)
{
	return visit_response_header(x->req, name);
}

enum flow
respond_error(struct exchange *x, enum err e, const char *message)
{
	(void)x;
	responded.error = e;
	snprintf(responded.message, sizeof(responded.message), "%s",
	    message == NULL ? "" : message);
	return FLOW_DONE;
}

enum flow
respond_errorf(struct exchange *x, enum err e, const char *format, ...)
{
	va_list	ap;

	(void)x;
	responded.error = e;
	va_start(ap, format);
	vsnprintf(responded.message, sizeof(responded.message), format, ap);
	va_end(ap);
	return FLOW_DONE;
}

enum flow
respond_code(struct exchange *x, enum err e, enum fault_code code,
    const char *message)
{
	responded.code = fault_info(code)->word;
	return respond_error(x, e, message);
}

enum flow
respond_faults(struct exchange *x, enum err e, const struct fault *faults,
    unsigned count)
{
	responded.code = faults[0].code;
	responded.faults = count;
	snprintf(responded.field, sizeof(responded.field), "%.*s",
	    (int)faults[0].field.len, faults[0].field.base);
	return respond_error(x, e, faults[0].message.base);
}

enum flow
respond_unauthorized(struct exchange *x)
{
	return respond_error(x, ERR_UNAUTHORIZED, NULL);
}

enum flow
respond_refusal(struct exchange *x, const struct answer *a)
{
	responded.retry_after = args_number(&a->extra, KEY_RETRY_AFTER, 0);
	return respond_error(x, a->error, NULL);
}

enum flow
respond_body(struct exchange *x, int status, const char *type,
    struct text body)
{
	(void)x;
	responded.status = status;
	snprintf(responded.type, sizeof(responded.type), "%s",
	    type == NULL ? "" : type);
	responded.body_len = body.len;
	if (body.len > 0)
		memcpy(responded.body, body.base, body.len <
		    sizeof(responded.body) ? body.len : sizeof(responded.body));
	return FLOW_DONE;
}

enum flow
respond_coded(struct exchange *x, int status, const char *type,
    struct text body, bool is_gzip)
{
	(void)is_gzip;
	return respond_body(x, status, type, body);
}

enum flow
respond_status(struct exchange *x, int status)
{
	return respond_body(x, status, NULL, TEXT_OF(""));
}

struct buf *
respond_buffer(struct exchange *x)
{
	x->worker->body.len = 0;
	return &x->worker->body;
}

enum flow
respond_buffered(struct exchange *x, int status, const char *type)
{
	const struct buf	*b = &x->worker->body;

	return respond_body(x, status, type, (struct text){ b->base, b->len });
}

void
respond_header(struct exchange *x, const char *name, const char *value)
{
	h2o_iovec_t	lower = h2o_strdup(&x->req->pool, name, SIZE_MAX);
	h2o_iovec_t	copy = h2o_strdup(&x->req->pool, value, SIZE_MAX);

	responded.headers++;
	h2o_strtolower(lower.base, lower.len);
	h2o_add_header_by_str(&x->req->pool, &x->req->res.headers, lower.base,
	    lower.len, 1, name, copy.base, copy.len);
}

h2o_iovec_t
respond_type(struct exchange *x, struct text type)
{
	return h2o_strdup(&x->req->pool, type.base, type.len);
}

void
respond_begin(struct exchange *x, int status)
{
	(void)x;
	responded.status = status;
}
