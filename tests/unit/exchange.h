/* A request as a stage of the gateway sees it, without a connection. */
#ifndef UNIT_EXCHANGE_H
#define UNIT_EXCHANGE_H

#include "base/metrics.h"
#include "gateway/core/exchange.h"
#include "gateway/pipeline.h"
#include "unit.h"

struct visit {
	struct exchange	x;
	h2o_req_t	req;
	int64_t		counted[6];	/* answers, before: by class */
	struct gateway	gateway;
	struct settings	settings;
	struct worker	worker;
};

/* A header field of the answer, "" if it has none of that name. */
static inline struct text
visit_response_header(const h2o_req_t *req, const char *name)
{
	const h2o_headers_t	*h = &req->res.headers;

	for (size_t i = 0; i < h->size; i++)
		if (h2o_memis(h->entries[i].name->base,
		    h->entries[i].name->len, name, strlen(name)))
			return (struct text){ h->entries[i].value.base,
			    h->entries[i].value.len };
	return TEXT_OF("");
}

/* For groups of tests whose requests have routes: their setup. */
static inline int
visit_routes(void **state)
{
	(void)state;
	routes_init();
	return 0;
}

/* Begin with a method and a URL; the route is found for it, if there is one. */
static inline void
visit_begin(struct visit *v, const char *method, const char *url)
{
	const char	*query = strchr(url, '?');
	const char	*root = placeholder_path(PLACEHOLDER_API);
	struct route_match match = { 0 };

	memset(v, 0, sizeof(*v));
	h2o_mem_init_pool(&v->req.pool);
	v->req.method = h2o_strdup(&v->req.pool, method, SIZE_MAX);
	v->req.path = h2o_strdup(&v->req.pool, url, SIZE_MAX);
	v->req.input.method = v->req.method;
	v->req.input.path = v->req.path;
	v->req.query_at = query == NULL ? SIZE_MAX : (size_t)(query - url);
	for (unsigned i = 0; i < 6; i++)
		v->counted[i] = metric_get(METRIC_HTTP_RESPONSES, i);
	v->gateway.settings = &v->settings;
	v->gateway.url_prefixes[PLACEHOLDER_API] =
	    TEXT_OF("http://desk/flicket-api/");
	v->gateway.url_prefixes[PLACEHOLDER_AVATARS] =
	    TEXT_OF("http://desk/avatars/");
	v->gateway.url_prefixes[PLACEHOLDER_UPLOADS] =
	    TEXT_OF("http://desk/uploads/");
	v->worker.gateway = &v->gateway;
	v->settings.gateway_threads = 1;
	v->settings.cors_origins = "";
	v->settings.compression = "off";
	v->x.req = &v->req;
	v->x.worker = &v->worker;
	v->x.stages = pipeline_stages();
	v->x.slot = -1;
	for (unsigned i = 0; i < PARTS_MOST; i++)
		v->x.part_slots[i] = -1;
	if (strncmp(url, root, strlen(root)) != 0)
		return;
	url += strlen(root);
	route_find(&match, PLACEHOLDER_API,
	    (struct text){ url, strcspn(url, "?") }, method_of(text_of(method)));
	v->x.route = match.route;
	if (match.route != NULL)
		v->x.args = match.args;
}

/* Begin a request that has a route, and a body. */
static inline void
visit_begin_body(struct visit *v, const char *method, const char *url,
    const char *body)
{
	visit_begin(v, method, url);
	assert_non_null(v->x.route);
	v->req.entity = h2o_iovec_init(body, strlen(body));
}

static inline void
visit_end(struct visit *v)
{
	h2o_mem_clear_pool(&v->req.pool);
	buf_done(&v->worker.body);
}

static inline void
visit_header(struct visit *v, const h2o_token_t *name, const char *value)
{
	h2o_add_header(&v->req.pool, &v->req.headers, name, NULL, value,
	    strlen(value));
}

#endif
