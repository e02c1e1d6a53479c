/* Request ids, traces, times. */
#include "gateway/core/trace.h"

#include <sodium.h>

#include "base/log.h"
#include "base/metrics.h"
#include "gateway/http/header.h"
#include "gateway/http/proxies.h"

#define ID_MOST_BYTES	((size_t)64)
#define OWN_ID_BYTES	32	/* room for one of ours */
#define PARENT_BYTES	55	/* of version 00 */
#define PARENT_ID_AT	36
#define PARENT_ID_BYTES	8
#define FLAGS_AT	53

/* Whether two fields of a name came: it is not known which one counts. */
static bool
is_repeated(const h2o_req_t *req, const char *name)
{
	ssize_t	first = h2o_find_header_by_str(&req->headers, name,
		    strlen(name), -1);

	return first != -1 && h2o_find_header_by_str(&req->headers, name,
	    strlen(name), first) != -1;
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

/* A number's hexadecimal digits, so many at least. Returns their end. */
static char *
put_hex_number(char *p, uint64_t n, int least)
{
	int	count = n == 0 ? 1 : 16 - __builtin_clzll(n) / 4;

	for (count = count < least ? least : count; count > 0; count--)
		*p++ = "0123456789abcdef"[n >> 4 * (count - 1) & 15];
	return p;
}

struct text
trace_take_id(struct worker *w, h2o_req_t *req)
{
	static char			 lower[] = "x-request-id";
	static const h2o_iovec_t	 name = { lower, sizeof(lower) - 1 };
	struct text			 id = header_value(req, "x-request-id");
	char				*own, *end;

	if (is_id(id)) {
		/* the field may be overwritten before the end */
		own = h2o_strdup(&req->pool, id.base, id.len).base;
		id.base = own;
	} else {
		own = h2o_mem_alloc_pool(&req->pool, OWN_ID_BYTES);
		end = put_hex_number(own, w->gateway->boot, 8);
		*end++ = '-';
		end = put_hex_number(end, w->requests, 1);
		id = (struct text){ own, (size_t)(end - own) };
	}
	header_put(req, &name, "X-Request-ID", id.base, id.len);
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

static bool
is_sampled(const char *parent)
{
	char	last = parent[FLAGS_AT + 1];

	return ((last <= '9' ? last - '0' : last - 'a' + 10) & 1) != 0;
}

static void
take_trace(struct exchange *x)
{
	struct text	 came = header_value(x->req, "traceparent");
	unsigned char	 id[PARENT_ID_BYTES];
	char		*ours;

	x->trace = (struct text){ "", 0 };
	if (!is_traceparent(came) || is_repeated(x->req, "traceparent"))
		return;
	ours = h2o_mem_alloc_pool(&x->req->pool, PARENT_BYTES + 1);
	memcpy(ours, came.base, PARENT_BYTES);
	memcpy(ours, "00", 2);
	/* of the flags all versions have, we know "sampled" */
	memcpy(ours + FLAGS_AT, is_sampled(came.base) ? "01" : "00", 2);
	randombytes_buf(id, sizeof(id));
	sodium_bin2hex(ours + PARENT_ID_AT, PARENT_ID_BYTES * 2 + 1, id,
	    sizeof(id));
	ours[PARENT_ID_AT + PARENT_ID_BYTES * 2] = '-';
	x->trace = (struct text){ ours, PARENT_BYTES };
}

void
trace_begin(struct exchange *x)
{
	x->timing.began_us = clock_us();
	metric_add(METRIC_EXCHANGES, 0, 0, 1);
	x->request_id = trace_take_id(x->worker, x->req);
	take_trace(x);
}

/* --- times ------------------------------------------------------------------------- */

/* Answers come in the order of time: what ends before the last is in it. */
void
trace_waited(struct exchange *x, int64_t sent_us, int64_t heard_us)
{
	struct timing	*t = &x->timing;

	t->bus_us += heard_us - (sent_us > t->heard_us ? sent_us : t->heard_us);
	t->heard_us = heard_us;
}

/*
 * The time on the bus is without that in services, and ours without both.
 * Several services that are asked at once work longer than they are waited for.
 */
void
trace_put_timing(struct exchange *x)
{
	const struct timing	*t = &x->timing;
	struct text		 asked = header_value(x->req,
				    "x-server-timing");
	int64_t			 own_us = clock_us() - t->began_us - t->bus_us;
	int64_t			 spent_us = t->spent_us < t->bus_us ?
				    t->spent_us : t->bus_us;
	char			*value;
	int			 len;

	if (asked.len != 1 || asked.base[0] != '1')
		return;
	value = h2o_mem_alloc_pool(&x->req->pool, 96);
	len = snprintf(value, 96, "gateway;dur=%.3f, bus;dur=%.3f, "
	    "store;dur=%.3f", (double)(own_us < 0 ? 0 : own_us) / 1e3,
	    (double)(t->bus_us - spent_us) / 1e3, (double)spent_us / 1e3);
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
put_route_labels(struct buf *b, unsigned i)
{
	const struct route	*r;

	if (i == 0) {
		buf_put_text(b, "method=\"\",route=\"other\"");
		return;
	}
	r = &routes_all()[i - 1];
	buf_printf(b, "method=\"%s\",route=\"%s%s\"", method_name(r->method),
	    placeholder_path(r->root), r->path);
}

void
trace_init(void)
{
	unsigned	count = 0;

	while (routes_all()[count].path != NULL)
		count++;
	CHECK(count < ROUTES_MOST);
	metrics_name(LABEL_ROUTE, put_route_labels);
}

void
trace_log_begin(const struct exchange *x)
{
	log_begin(x->request_id.base, x->request_id.len, x->trace.base,
	    x->trace.len);
}

static void
log_access(const struct exchange *x, int64_t us)
{
	const h2o_req_t		*req = x->req;
	bool			 on = settings_is_on(x->worker->gateway->
				    settings->access_log);
	char			 method[16], route[128];
	char			 client[ADDRESS_SIZE];
	const struct log_fact	 facts[] = {
		{ "method", method, 0 },
		{ "route", route, 0 },
		{ "status", NULL, req->res.status },
		{ "bytes", NULL, (int64_t)req->bytes_sent },
		{ "duration_us", NULL, us },
		{ "user", NULL, x->user_id },
		{ "client", client, 0 },
	};

	if (!on && log_get_level() < LEVEL_DEBUG)
		return;
	trace_log_begin(x);
	address_print(&x->client, client);
	snprintf(method, sizeof(method), "%.*s", (int)(req->method.len < 15 ?
	    req->method.len : 15), req->method.base);
	/* not the path or the query: they may have secrets */
	snprintf(route, sizeof(route), "%s%s", x->route == NULL ? "other" :
	    placeholder_path(x->route->root), x->route == NULL ? "" :
	    x->route->path);
	log_facts(on ? LEVEL_INFO : LEVEL_DEBUG, "answered", facts,
	    sizeof(facts) / sizeof(facts[0]));
	log_done();
}

void
trace_end(struct exchange *x)
{
	int64_t	us = clock_us() - x->timing.began_us;

	metric_add(METRIC_EXCHANGES, 0, 0, -1);
	metric_add(METRIC_HTTP_REQUESTS, index_of(x->route),
	    metrics_status(x->req->res.status), 1);
	metric_observe(METRIC_HTTP_SECONDS, index_of(x->route), us);
	metric_add(METRIC_HTTP_RECEIVED, 0, 0, (int64_t)x->req->entity.len);
	metric_add(METRIC_HTTP_SENT, 0, 0, (int64_t)x->req->bytes_sent);
	log_access(x, us);
}
