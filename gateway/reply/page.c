/* Pages: a row each. */
#include "gateway/reply/page.h"

#include "base/disk.h"
#include "base/metrics.h"
#include "gateway/http/problem.h"
#include "gateway/reply/compress.h"
#include "gateway/reply/console.h"
#include "gateway/reply/cors.h"
#include "gateway/reply/etag.h"
#include "gateway/reply/respond.h"

extern const unsigned char	default_avatar_bytes[];
extern const size_t		default_avatar_size;

/* Files that the build embeds, as they are and compressed (cmake/Embed.cmake). */
#define EMBEDDED(name) \
	extern const char name##_bytes[]; \
	extern const size_t name##_size; \
	extern const char name##_gzip_bytes[]; \
	extern const size_t name##_gzip_size;

struct file {
	struct text	bytes;
	struct text	gzip;
};

#define FILE_OF(name)	((struct file){ { name##_bytes, name##_size }, \
			    { name##_gzip_bytes, name##_gzip_size } })

EMBEDDED(openapi)
EMBEDDED(docs_page)
EMBEDDED(docs_icon)
EMBEDDED(docs_init)
EMBEDDED(docs_script)
EMBEDDED(docs_style)

typedef enum flow page_run(struct exchange *);

static page_run	page_healthz, page_readyz, page_metrics, page_avatar,
		page_openapi, page_docs, page_docs_icon, page_docs_init,
		page_docs_script, page_docs_style;

static const struct {
	const char	*path;
	page_run	*run;
} pages[] = {
	{ "/healthz", page_healthz },
	{ "/readyz", page_readyz },
	{ "/metrics", page_metrics },
	{ "/openapi.json", page_openapi },
	{ "/docs", page_docs },
	{ "/docs/icon.svg", page_docs_icon },
	{ "/docs/init.js", page_docs_init },
	{ "/docs/swagger-ui-bundle.js", page_docs_script },
	{ "/docs/swagger-ui.css", page_docs_style },
	{ "/flicket/static/flicket_avatars/__default_profile.png",
	    page_avatar },
};

static page_run *
find_run(struct text path)
{
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		if (strlen(pages[i].path) == path.len &&
		    memcmp(pages[i].path, path.base, path.len) == 0)
			return pages[i].run;
	return NULL;
}

bool
page_find(struct text path)
{
	return find_run(path) != NULL;
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

enum flow
page_answer(struct exchange *x, struct text path)
{
	page_run	*run = find_run(path);

	if (run == NULL && !console_find(path))
		return respond_error(x, ERR_NOT_FOUND, NULL);
	if (!x->is_head && !h2o_memis(x->req->method.base,
	    x->req->method.len, H2O_STRLIT("GET")))
		return refuse_method(x);
	return run != NULL ? run(x) : console_answer(x, path);
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

/*
 * A file that is part of the program. It changes with the program, so its tag
 * is that of its bytes, and clients ask again.
 */
static enum flow
answer_file(struct exchange *x, const char *type, struct file file)
{
	h2o_iovec_t	etag = etag_of_bytes(&x->req->pool, file.bytes);
	bool		is_gzip, has = etag_client_has(x, &etag);

	respond_header(x, "ETag", etag.base);
	respond_header(x, "Cache-Control", "no-cache");
	respond_header(x, "X-Content-Type-Options", "nosniff");
	if (has)
		return respond_status(x, 304);
	is_gzip = compress_is_wanted(x, type, file.bytes.len);
	return respond_coded(x, 200, type, is_gzip ? file.gzip : file.bytes,
	    is_gzip);
}

static enum flow
page_openapi(struct exchange *x)
{
	/* an origin that is listed has its own; two fields are not valid */
	if (h2o_find_header(&x->req->res.headers,
	    H2O_TOKEN_ACCESS_CONTROL_ALLOW_ORIGIN, -1) == -1)
		respond_header(x, "Access-Control-Allow-Origin", "*");
	return answer_file(x, "application/json", FILE_OF(openapi));
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
	return answer_file(x, "text/html; charset=utf-8", FILE_OF(docs_page));
}

static enum flow
page_docs_icon(struct exchange *x)
{
	return answer_file(x, "image/svg+xml", FILE_OF(docs_icon));
}

static enum flow
page_docs_init(struct exchange *x)
{
	return answer_file(x, "text/javascript; charset=utf-8",
	    FILE_OF(docs_init));
}

static enum flow
page_docs_script(struct exchange *x)
{
	return answer_file(x, "text/javascript; charset=utf-8",
	    FILE_OF(docs_script));
}

static enum flow
page_docs_style(struct exchange *x)
{
	return answer_file(x, "text/css; charset=utf-8", FILE_OF(docs_style));
}
