/* Request ids, traces, times. */
#include "trace.h"

#include <sodium.h>

#include "proto/log.h"
#include "proto/metrics.h"
#include "proxies.h"

#define ID_MOST_BYTES	((size_t)64)
#define PARENT_BYTES	55	/* of version 00 */
#define PARENT_ID_AT	36
#define PARENT_ID_BYTES	8

static struct text
header(const h2o_req_t *req, const char *name)
{
	ssize_t		 at = h2o_find_header_by_str(&req->headers, name,
			    strlen(name), -1);
	h2o_iovec_t	 value;

	if (at == -1)
		return (struct text){ "", 0 };
	value = req->headers.entries[at].value;
	return (struct text){ value.base, value.len };
}

/* --- ids ------------------------------------------------------------------------ */

static bool
is_id(struct text t)
{
	char	c;

	for (size_t i = 0; i < t.len; i++) {
		c = t.base[i];
		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= '0' && c <= '9') && c != '.' && c != '-' && c != '_')
			return false;
	}
	return t.len > 0 && t.len <= ID_MOST_BYTES;
}

struct text
trace_take_id(struct worker *w, h2o_req_t *req)
{
	struct text	 id = header(req, "x-request-id");
	char		*own;
	int		 len;

	if (is_id(id)) {
		/* what is in the header's place may be gone at the end */
		own = h2o_strdup(&req->pool, id.base, id.len).base;
		id.base = own;
	} else {
		own = h2o_mem_alloc_pool(&req->pool, 32);
		len = snprintf(own, 32, "%08x-%llx", w->gateway->boot,
		    (unsigned long long)w->requests);
		id = (struct text){ own, (size_t)len };
	}
	h2o_add_header_by_str(&req->pool, &req->res.headers,
	    H2O_STRLIT("x-request-id"), 0, "X-Request-ID", id.base, id.len);
	return id;
}

/* --- traces ----------------------------------------------------------------------- */

static bool
is_hex(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!(p[i] >= '0' && p[i] <= '9') &&
		    !(p[i] >= 'a' && p[i] <= 'f'))
			return false;
	return true;
}

static bool
is_zero(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] != '0')
			return false;
	return true;
}

/* version "-" trace-id "-" parent-id "-" flags; later versions may add. */
static bool
is_traceparent(struct text t)
{
	const char	*p = t.base;

	if (t.len < PARENT_BYTES || !is_hex(p, 2) || p[2] != '-' ||
	    !is_hex(p + 3, 32) || p[35] != '-' ||
	    !is_hex(p + PARENT_ID_AT, 16) || p[52] != '-' || !is_hex(p + 53, 2))
		return false;
	if (memcmp(p, "ff", 2) == 0 || is_zero(p + 3, 32) ||
	    is_zero(p + PARENT_ID_AT, 16))
		return false;
	return t.len == PARENT_BYTES ||
	    (memcmp(p, "00", 2) != 0 && p[PARENT_BYTES] == '-');
}

static void
take_trace(struct exchange *x)
{
	struct text	 came = header(x->req, "traceparent");
	unsigned char	 id[PARENT_ID_BYTES];
	char		*ours;

	x->trace = (struct text){ "", 0 };
	if (!is_traceparent(came))
		return;
	ours = h2o_mem_alloc_pool(&x->req->pool, PARENT_BYTES + 1);
	memcpy(ours, came.base, PARENT_BYTES);
	memcpy(ours, "00", 2);
	randombytes_buf(id, sizeof(id));
	sodium_bin2hex(ours + PARENT_ID_AT, PARENT_ID_BYTES * 2 + 1, id,
	    sizeof(id));
	ours[PARENT_ID_AT + PARENT_ID_BYTES * 2] = '-';
	x->trace = (struct text){ ours, PARENT_BYTES };
}

void
trace_begin(struct exchange *x)
{
	x->began_us = clock_us();
	metric_add(METRIC_EXCHANGES, 0, 0, 1);
	x->request_id = trace_take_id(x->worker, x->req);
	take_trace(x);
}

/* --- times ------------------------------------------------------------------------- */

/* What is on the bus is not in a service, and what is there not here. */
void
trace_put_timing(struct exchange *x)
{
	struct text	 asked = header(x->req, "x-server-timing");
	int64_t		 all_us = clock_us() - x->began_us;
	int64_t		 bus_us = x->bus_us - x->spent_us;
	int64_t		 own_us = all_us - x->bus_us;
	char		*value;
	int		 len;

	if (asked.len != 1 || asked.base[0] != '1')
		return;
	value = h2o_mem_alloc_pool(&x->req->pool, 96);
	len = snprintf(value, 96, "gateway;dur=%.3f, bus;dur=%.3f, "
	    "store;dur=%.3f", (double)(own_us < 0 ? 0 : own_us) / 1e3,
	    (double)(bus_us < 0 ? 0 : bus_us) / 1e3,
	    (double)x->spent_us / 1e3);
	h2o_add_header_by_str(&x->req->pool, &x->req->res.headers,
	    H2O_STRLIT("server-timing"), 0, "Server-Timing", value,
	    (size_t)len);
}

/* --- the end ------------------------------------------------------------------------ */

static unsigned
index_of(const struct route *r)
{
	return r == NULL ? 0 : (unsigned)(r - routes_all()) + 1;
}

static void
put_route(struct buf *b, unsigned i)
{
	const struct route	*r;

	if (i == 0) {
		buf_put_text(b, "method=\"\",route=\"other\"");
		return;
	}
	r = &routes_all()[i - 1];
	buf_printf(b, "method=\"%s\",route=\"%s%s\"", method_name(r->method),
	    mark_path(r->root), r->path);
}

void
trace_init(void)
{
	unsigned	count = 0;

	while (routes_all()[count].path != NULL)
		count++;
	CHECK(count < ROUTES_MOST);
	metrics_name_routes(put_route);
}

static void
log_access(const struct exchange *x, int64_t us)
{
	const h2o_req_t	*req = x->req;
	bool		 on = x->worker->gateway->settings->access_log[1] == 'n';
	char		 client[ADDRESS_SIZE];

	if (!on && log_get_level() < LEVEL_DEBUG)
		return;
	log_begin(x->request_id.base, x->request_id.len, x->trace.base,
	    x->trace.len);
	address_print(&x->client, client);
	/* not the query: it may say what is nobody's business */
	log_line(on ? LEVEL_INFO : LEVEL_DEBUG, "%s %s%s status=%d "
	    "bytes=%zu us=%lld user=%lld client=%s", x->route == NULL ? "-" :
	    method_name(x->route->method), x->route == NULL ? "other" :
	    mark_path(x->route->root), x->route == NULL ? "" : x->route->path,
	    req->res.status, (size_t)req->bytes_sent, (long long)us,
	    (long long)x->user_id, client);
	log_done();
}

void
trace_end(struct exchange *x)
{
	int64_t	us = clock_us() - x->began_us;

	metric_add(METRIC_EXCHANGES, 0, 0, -1);
	metric_add(METRIC_HTTP_REQUESTS, index_of(x->route),
	    metrics_status(x->req->res.status), 1);
	metric_observe(METRIC_HTTP_SECONDS, index_of(x->route), us);
	metric_add(METRIC_HTTP_SENT, 0, 0, (int64_t)x->req->bytes_sent);
	log_access(x, us);
}
