/* h2o's answer is known by its type, and gets our body and header fields. */
#include "gateway/cutoff.h"

#include <stdbool.h>

#include "gateway/core/trace.h"
#include "gateway/http/connection/linger.h"
#include "gateway/http/header.h"
#include "gateway/http/problem.h"
#include "gateway/reply/cors.h"
#include "gateway/worker.h"
#include "proto/tables.h"

static const struct cutoff {
	int		 status;	/* 0: any other */
	const char	*reason;
	const char	*message;
	enum fault_code	 code;
} cutoffs[] = {
	{ 413, "Request Entity Too Large", "The body is larger than this "
	    "server accepts.", FAULT_TOO_LARGE },
	{ 417, "Expectation Failed", "The only expectation known here is "
	    "100-continue.", FAULT_BAD_EXPECTATION },
	{ 503, "Service Unavailable", "The server has no room for large "
	    "bodies now.", FAULT_UNAVAILABLE },
	{ 0, "Bad Request", "The request cannot be understood.",
	    FAULT_BAD_REQUEST },
};

static const struct cutoff *
find_cutoff(int status)
{
	const struct cutoff	*c = cutoffs;

	while (c->status != status && c->status != 0)
		c++;
	return c;
}

/* The body in the place of h2o's text; lives as long as the request. */
static struct text
own_body(h2o_req_t *req, struct text id, bool is_problem)
{
	const struct cutoff	*c = find_cutoff(req->res.status);
	struct fault		 fault = { fault_info(c->code)->word,
				    TEXT_OF(""), text_of(c->message) };
	struct buf		 b = { 0 };
	h2o_iovec_t		 copy;

	if (is_problem)
		problem_put(&b, req->res.status, c->reason, &fault, 1, id);
	else
		problem_put_flicket(&b, c->reason, &fault, 1, true);
	copy = h2o_strdup(&req->pool, b.base, b.len);
	buf_done(&b);
	return (struct text){ copy.base, copy.len };
}

/* The gateway never answers with this type. */
static bool
is_of_h2o(const h2o_req_t *req, ssize_t *ret_type_at)
{
	const h2o_header_t	*type;

	*ret_type_at = h2o_find_header(&req->res.headers,
	    H2O_TOKEN_CONTENT_TYPE, -1);
	if (req->res.status < 400 || *ret_type_at == -1)
		return false;
	type = &req->res.headers.entries[*ret_type_at];
	return h2o_memis(type->value.base, type->value.len,
	    H2O_STRLIT("text/plain; charset=utf-8"));
}

/* The body was refused for want of memory, which is not the client's fault. */
static void
say_unavailable(h2o_req_t *req)
{
	req->res.status = 503;
	req->res.reason = find_cutoff(503)->reason;
	h2o_add_header_by_str(&req->pool, &req->res.headers,
	    H2O_STRLIT("retry-after"), 1, "Retry-After", H2O_STRLIT("1"));
}

/* The header fields of an answer that no exchange gives. Returns its body. */
static struct text
take_over_answer(h2o_req_t *req, ssize_t type_at)
{
	bool		 is_problem = problem_is_wanted(req);
	const char	*type = is_problem ? PROBLEM_TYPE : "application/json";
	struct worker	*w = worker_of(req);
	struct text	 id, body;

	if (req->res.status == 413 && memory_pressure(w) != PRESSURE_NONE)
		say_unavailable(req);
	w->requests++;
	id = trace_take_id(w, req);
	cors_begin(w->gateway, req);
	req->res.headers.entries[type_at].value = h2o_iovec_init(type,
	    strlen(type));
	if (is_problem)
		header_put_vary(req, "Accept");
	body = own_body(req, id, is_problem);
	req->res.content_length = body.len;
	return body;
}

static void
on_setup_answer(h2o_filter_t *self, h2o_req_t *req, h2o_ostream_t **slot)
{
	ssize_t	type_at;

	(void)self;
	if (is_of_h2o(req, &type_at))
		slot = linger_add(req, slot, take_over_answer(req, type_at));
	h2o_setup_next_ostream(req, slot);
}

void
cutoff_register(h2o_pathconf_t *path)
{
	h2o_create_filter(path, sizeof(h2o_filter_t))->on_setup_ostream =
	    on_setup_answer;
}
