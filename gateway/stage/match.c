/* Routes and pages, and what depends on which it is. */
#include "gateway/stage/match.h"

#include "gateway/bus/bus.h"
#include "gateway/http/header.h"
#include "gateway/http/url.h"
#include "gateway/reply/cors.h"
#include "gateway/reply/page.h"
#include "gateway/reply/respond.h"

/* --- bounds -------------------------------------------------------------------- */

/*
 * The largest body that goes to a service in one request. With the requests
 * before it, it fits in one message; a larger message would end the connection
 * for all.
 */
#define BODY_MOST_BYTES		(REQUESTS_MOST_BYTES - 2 * OUT_MOST_BYTES)

/* How much is too much depends on the route, if there is one. */
static enum flow
check_body(struct exchange *x)
{
	const struct settings	*s = x->worker->gateway->settings;
	size_t			 most = (size_t)s->max_body_bytes;

	if (most > BODY_MOST_BYTES)
		most = BODY_MOST_BYTES;
	if (x->route != NULL && x->route->input == INPUT_FORM)
		most = (size_t)s->upload_max_bytes + MATCH_UPLOAD_SLACK_BYTES;
	if (x->req->entity.len <= most)
		return FLOW_NEXT;
	return respond_errorf(x, ERR_BODY_TOO_LARGE, "The body has %zu bytes; %zu are "
	    "accepted.", x->req->entity.len, most);
}

/* Where there is little memory left nothing is begun that takes more. */
static enum flow
check_memory(struct exchange *x)
{
	if (memory_pressure(x->worker) != PRESSURE_ALL)
		return FLOW_NEXT;
	x->crowded = true;
	return respond_error(x, ERR_UNAVAILABLE, "The server has too much to "
	    "do.");
}

/* --- routes -------------------------------------------------------------------- */

/* The path without query, as it came. */
static struct text
request_path(const h2o_req_t *req)
{
	struct text	path = { req->input.path.base, req->input.path.len };
	const char	*query = memchr(path.base, '?', path.len);

	if (query != NULL)
		path.len = (size_t)(query - path.base);
	return path;
}

static enum flow
answer_methods(struct exchange *x, unsigned methods, bool is_options)
{
	struct buf	allow = { 0 };

	for (unsigned m = 0; m < METHOD_END; m++)
		if ((methods & (1U << m)) != 0)
			buf_printf(&allow, "%s, %s",
			    method_name((enum method)m),
			    m == METHOD_GET ? "HEAD, " : "");
	buf_printf(&allow, "OPTIONS");
	respond_header(x, "Allow", allow.base);
	if (cors_is_preflight(x))
		cors_put_preflight(x, allow.base);
	buf_done(&allow);
	if (!is_options)
		return respond_error(x, ERR_BAD_METHOD, NULL);
	return respond_body(x, 200, "text/plain", (struct text){ "", 0 });
}

/* Of the server itself (RFC 9110, 9.3.7): what it knows anywhere. */
static enum flow
answer_server_options(struct exchange *x)
{
	return answer_methods(x, (1U << METHOD_END) - 1, true);
}

/*
 * Answers are for one user, by token or cookie: no shared cache may keep them,
 * and a browser asks again. So are refusals, which caches may keep, too.
 */
static void
put_caching(struct exchange *x)
{
	static const char	policy[] = "private, no-cache";

	header_put_vary(x->req, "Cookie, Authorization");
	header_put(x->req, &H2O_TOKEN_CACHE_CONTROL->buf, "Cache-Control",
	    policy, sizeof(policy) - 1);
}

static enum flow
match_route(struct exchange *x, enum placeholder root, struct text path)
{
	struct text		name = { x->req->method.base,
				    x->req->method.len };
	struct route_match	match;
	bool			is_options = h2o_memis(name.base, name.len,
				    H2O_STRLIT("OPTIONS"));

	if (!is_options)
		put_caching(x);
	route_find(&match, root, path, x->is_head ? METHOD_GET : method_of(name));
	if (match.methods == 0)
		return respond_error(x, ERR_NOT_FOUND, NULL);
	if (match.route == NULL)
		return answer_methods(x, match.methods, is_options);
	x->route = match.route;
	x->args = match.args;
	return FLOW_NEXT;
}

/*
 * Operations are found by the path decoded once, dots and slashes left alone;
 * pages by the path as it came: a proxy that keeps one of them to itself, as
 * it should /metrics, compares the same bytes.
 */
enum flow
match_begin(struct exchange *x)
{
	struct text	 as_came = request_path(x->req), path = as_came;
	const char	*root;
	size_t		 len;
	enum flow	 flow;

	if (h2o_memis(path.base, path.len, H2O_STRLIT("*")) &&
	    h2o_memis(x->req->method.base, x->req->method.len,
	    H2O_STRLIT("OPTIONS")))
		return answer_server_options(x);
	if (memchr(path.base, '%', path.len) != NULL)
		path = url_decode(&x->req->pool, path, false);
	for (unsigned m = 1; m < PLACEHOLDER_END; m++) {
		root = placeholder_path((enum placeholder)m);
		len = strlen(root);
		if (path.len < len || memcmp(path.base, root, len) != 0 ||
		    page_find(as_came))
			continue;
		flow = match_route(x, (enum placeholder)m, (struct text){
		    path.base + len, path.len - len });
		if (flow == FLOW_NEXT)
			flow = check_memory(x);
		return flow == FLOW_NEXT ? check_body(x) : flow;
	}
	flow = check_body(x);
	return flow == FLOW_NEXT ? page_answer(x, as_came) : flow;
}
