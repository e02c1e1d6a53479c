/* Pages: a row each. */
#include "gateway/reply/page.h"

#include "base/disk.h"
#include "base/metrics.h"
#include "gateway/http/problem.h"
#include "gateway/reply/console.h"
#include "gateway/reply/cors.h"
#include "gateway/reply/embedded.h"
#include "gateway/reply/respond.h"

extern const unsigned char	default_avatar_bytes[];
extern const size_t		default_avatar_size;

/* Of the build (CMakeLists.txt). */
extern const struct embedded	openapi, docs_page, docs_icon, docs_init,
				docs_script, docs_style;

typedef enum flow page_run(struct exchange *);

static page_run	page_healthz, page_readyz, page_metrics, page_avatar,
		page_openapi, page_docs;

/* A page with a function, or a file as it is. */
static const struct page {
	const char		*path;
	page_run		*run;
	const struct embedded	*file;
	const char		*type;
} pages[] = {
	{ "/healthz", page_healthz },
	{ "/readyz", page_readyz },
	{ "/metrics", page_metrics },
	{ "/openapi.json", page_openapi },
	{ "/docs", page_docs },
	{ "/docs/icon.svg", NULL, &docs_icon, "image/svg+xml" },
	{ "/docs/init.js", NULL, &docs_init, "text/javascript; charset=utf-8" },
	{ "/docs/swagger-ui-bundle.js", NULL, &docs_script,
	    "text/javascript; charset=utf-8" },
	{ "/docs/swagger-ui.css", NULL, &docs_style, "text/css; charset=utf-8" },
	{ "/flicket/static/flicket_avatars/__default_profile.png",
	    page_avatar },
};

static const struct page *
find_page(struct text path)
{
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		if (strlen(pages[i].path) == path.len &&
		    memcmp(pages[i].path, path.base, path.len) == 0)
			return &pages[i];
	return NULL;
}

bool
page_find(struct text path)
{
	return find_page(path) != NULL;
}

static enum flow
refuse_method(struct exchange *x)
{
	respond_header(x, "Allow", "GET, HEAD");
	if (cors_is_preflight(x)) {
		cors_put_preflight(x, "GET, HEAD");
		return respond_body(x, 200, "text/plain", TEXT_OF(""));
	}
	return respond_error(x, ERR_BAD_METHOD, NULL);
}

/* Clients ask again: the file changes with the program. */
static enum flow
answer_file(struct exchange *x, const struct embedded *file, const char *type)
{
	return embedded_answer(x, file, type, "no-cache");
}

enum flow
page_answer(struct exchange *x, struct text path)
{
	const struct page	*page = find_page(path);

	if (page == NULL && !console_find(path))
		return respond_error(x, ERR_NOT_FOUND, NULL);
	if (!x->is_head && !h2o_memis(x->req->method.base,
	    x->req->method.len, H2O_STRLIT("GET")))
		return refuse_method(x);
	if (page == NULL)
		return console_answer(x, path);
	return page->run != NULL ? page->run(x) :
	    answer_file(x, page->file, page->type);
}

static enum flow
page_healthz(struct exchange *x)
{
	return respond_body(x, 200, "application/json",
	    TEXT_OF("{\"status\":\"alive\"}\n"));
}

/* Ready is what all workers can use: the next request may be any one's. */
static bool
is_up(const struct exchange *x, enum service_id id)
{
	const struct gateway	*g = x->worker->gateway;

	return atomic_load(&g->up[id]) == g->settings->gateway_threads;
}

/* As problem details, which have no members for services: in their detail. */
static enum flow
refuse_unready(struct exchange *x)
{
	struct buf	b = { 0 };
	h2o_iovec_t	copy;

	for (unsigned id = 1; id < SERVICE_END; id++)
		if (!is_up(x, (enum service_id)id))
			buf_printf(&b, "%s%s", b.len == 0 ?
			    "Services that do not answer: " : ", ",
			    service_name((enum service_id)id));
	buf_put_byte(&b, '.');
	copy = h2o_strdup(&x->req->pool, b.base, b.len);
	buf_done(&b);
	return respond_error(x, ERR_UNAVAILABLE, copy.base);
}

static enum flow
page_readyz(struct exchange *x)
{
	struct buf	*b = respond_buffer(x);
	bool		 up, all = true;

	buf_put_text(b, "{\"services\":{");
	for (unsigned id = 1; id < SERVICE_END; id++) {
		up = is_up(x, (enum service_id)id);
		all = all && up;
		buf_printf(b, "%s\"%s\":\"%s\"", id > 1 ? "," : "",
		    service_name((enum service_id)id), up ? "up" : "down");
	}
	buf_printf(b, "},\"disk\":\"%s\",\"status\":\"%s\"}\n",
	    disk_state_name(disk_watched().state), all ? "ready" : "not ready");
	if (!all && problem_is_wanted(x->req))
		return refuse_unready(x);
	if (!all)
		respond_header(x, "Retry-After", "1");
	return respond_buffered(x, all ? 200 : 503, "application/json");
}

static enum flow
page_metrics(struct exchange *x)
{
	for (unsigned id = 1; id < SERVICE_END; id++)
		metric_set(METRIC_SERVICE_UP, id,
		    is_up(x, (enum service_id)id));
	metrics_put(respond_buffer(x));
	return respond_buffered(x, 200, "text/plain; version=0.0.4");
}

static enum flow
page_avatar(struct exchange *x)
{
	respond_header(x, "Cache-Control", "public, max-age=86400");
	return respond_body(x, 200, "image/png", (struct text){
	    (const char *)default_avatar_bytes, default_avatar_size });
}

/* --- the description of the API --------------------------------------------- */

static enum flow
page_openapi(struct exchange *x)
{
	/* an origin that is listed has its own; two fields are not valid */
	if (h2o_find_header(&x->req->res.headers,
	    H2O_TOKEN_ACCESS_CONTROL_ALLOW_ORIGIN, -1) == -1)
		respond_header(x, "Access-Control-Allow-Origin", "*");
	return answer_file(x, &openapi, "application/json");
}

/* The page may run what comes from here and ask this gateway, no more. */
static enum flow
page_docs(struct exchange *x)
{
	respond_header(x, "Content-Security-Policy", "default-src 'none'; "
	    "script-src 'self'; style-src 'self' 'unsafe-inline'; "
	    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; "
	    "form-action 'none'; frame-ancestors 'none'");
	respond_header(x, "Referrer-Policy", "no-referrer");
	return answer_file(x, &docs_page, "text/html; charset=utf-8");
}
