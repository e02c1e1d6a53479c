/* CORS: which origins, and the headers for them. */
#include "gateway/reply/cors.h"

#include "gateway/http/header.h"
#include "gateway/reply/respond.h"

#define TAKEN	"Authorization, Content-Type, If-Match, If-None-Match, " \
		"Idempotency-Key, X-Request-ID, X-Server-Timing, traceparent"
#define SHOWN	"Accept-Ranges, Content-Disposition, Content-Range, ETag, " \
		"Idempotency-Replayed, Link, Location, Retry-After, " \
		"RateLimit, RateLimit-Policy, Search-Note, X-Request-ID, " \
		"Server-Timing"
#define AGE_S	"600"

/* --- origins -------------------------------------------------------------- */

static bool
is_everybody(const char *list)
{
	return strcmp(list, "*") == 0;
}

static bool
is_listed_origin(const char *origins, struct text origin)
{
	struct entries	list = entries_of(origins);
	struct text	entry;

	while (entries_next(&list, &entry))
		if (entry.len == origin.len &&
		    memcmp(entry.base, origin.base, origin.len) == 0)
			return true;
	return false;
}

/* The value of Access-Control-Allow-Origin; empty: not allowed. */
static struct text
allowed_origin(const struct gateway *g, const h2o_req_t *req)
{
	const char	*list = g->settings->cors_origins;
	struct text	 origin;

	if (list[0] == '\0')
		return (struct text){ "", 0 };
	origin = header_value(req, "origin");
	if (origin.len > 0 && is_everybody(list))
		return TEXT_OF("*");
	return is_listed_origin(list, origin) ? origin : (struct text){ "", 0 };
}

/* --- headers -------------------------------------------------------------- */

static void
put_field(h2o_req_t *req, const char *lower, const char *name,
    struct text value)
{
	h2o_iovec_t	copy = h2o_strdup(&req->pool, value.base, value.len);

	h2o_add_header_by_str(&req->pool, &req->res.headers, lower,
	    strlen(lower), 1, name, copy.base, copy.len);
}

void
cors_begin(const struct gateway *g, h2o_req_t *req)
{
	const char	*list = g->settings->cors_origins;
	struct text	 origin;

	if (list[0] == '\0')
		return;
	/* for caches: another origin, or a missing one, gets another answer */
	if (!is_everybody(list))
		put_field(req, "vary", "Vary", TEXT_OF("Origin"));
	origin = allowed_origin(g, req);
	if (origin.len == 0)
		return;
	put_field(req, "access-control-allow-origin",
	    "Access-Control-Allow-Origin", origin);
	put_field(req, "access-control-expose-headers",
	    "Access-Control-Expose-Headers", TEXT_OF(SHOWN));
}

bool
cors_is_preflight(const struct exchange *x)
{
	return h2o_memis(x->req->method.base, x->req->method.len,
	    H2O_STRLIT("OPTIONS")) &&
	    allowed_origin(x->worker->gateway, x->req).len > 0 &&
	    header_value(x->req, "access-control-request-method").len > 0;
}

void
cors_put_preflight(struct exchange *x, const char *methods)
{
	respond_header(x, "Access-Control-Allow-Methods", methods);
	respond_header(x, "Access-Control-Allow-Headers", TAKEN);
	respond_header(x, "Access-Control-Max-Age", AGE_S);
}
