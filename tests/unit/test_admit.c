/* gateway/stage/admit.c, included for its statics. Answers are kept. */
#include "exchange.h"

#include "gateway/stage/admit.c"

static struct {
	enum err	error;
	int		status;
	char		allow[64];
	char		page[64];
} answered;

enum flow
respond_error(struct exchange *x, enum err e, const char *message)
{
	(void)x, (void)message;
	answered.error = e;
	return FLOW_DONE;
}

enum flow
respond_body(struct exchange *x, int status, const char *type,
    struct text body)
{
	(void)x, (void)type, (void)body;
	answered.status = status;
	return FLOW_DONE;
}

void
respond_header(struct exchange *x, const char *name, const char *value)
{
	(void)x;
	check_string("header", name, "Allow");
	snprintf(answered.allow, sizeof(answered.allow), "%s", value);
}

enum flow
page_answer(struct exchange *x, struct text path)
{
	(void)x;
	snprintf(answered.page, sizeof(answered.page), "%.*s", (int)path.len,
	    path.base);
	return FLOW_DONE;
}

static int
start(void **state)
{
	(void)state;
	routes_init();
	return 0;
}

static void
urls_are_decoded_once(void **state)
{
	static const struct { const char *in; bool plus; struct text want; }
	rows[] = {
		{ "", true, TEXT_OF("") },
		{ "abc", true, TEXT_OF("abc") },
		{ "a+b", true, TEXT_OF("a b") },
		{ "a+b", false, TEXT_OF("a+b") },
		{ "%41", false, TEXT_OF("A") },
		{ "%4a%4A", false, TEXT_OF("JJ") },
		{ "%2B+", true, TEXT_OF("+ ") },
		{ "%2541", true, TEXT_OF("%41") },
		{ "%00", true, TEXT_OF("\0") },
		{ "%ff", true, TEXT_OF("\xff") },
		{ "%", true, TEXT_OF("%") },
		{ "%4", true, TEXT_OF("%4") },
		{ "%%41", true, TEXT_OF("%A") },
		{ "%g1%1g", true, TEXT_OF("%g1%1g") },
		{ "% 1", true, TEXT_OF("% 1") },
		{ "%+1", true, TEXT_OF("% 1") },
		{ "a%", true, TEXT_OF("a%") },
	};
	h2o_mem_pool_t	pool;
	char		*copy;

	(void)state;
	h2o_mem_init_pool(&pool);
	for (size_t i = 0; i < LEN(rows); i++) {
		/* of just that size, so that reading beyond it is seen */
		copy = must_alloc(strlen(rows[i].in) + (rows[i].in[0] == '\0'));
		memcpy(copy, rows[i].in, strlen(rows[i].in));
		check_text(rows[i].in, url_decode(&pool, (struct text){ copy,
		    strlen(rows[i].in) }, rows[i].plus), rows[i].want);
		free(copy);
	}
	check_text("what is behind it", url_decode(&pool,
	    (struct text){ "%41", 2 }, true), TEXT_OF("%4"));
	h2o_mem_clear_pool(&pool);
}

static enum flow
match(struct visit *v, const char *method, const char *url)
{
	memset(&answered, 0, sizeof(answered));
	visit_begin(v, method, url);
	v->x.route = NULL;
	v->x.is_head = strcmp(method, "HEAD") == 0;
	return stage_match(&v->x);
}

static void
requests_are_matched(void **state)
{
	static const struct { const char *method, *url; enum op_code op;
	    enum err error; const char *allow; } rows[] = {
		{ "GET", "/flicket-api/ticket/5", OP_TICKET_GET },
		{ "GET", "/flicket-api/ticket/5?x=/y", OP_TICKET_GET },
		{ "HEAD", "/flicket-api/ticket/5", OP_TICKET_GET },
		{ "GET", "/flicket-api/%74icket/%35", OP_TICKET_GET },
		{ "GET", "/flicket%2dapi/ticket/5", OP_TICKET_GET },
		{ "GET", "/flicket-api/ticket%2f5", OP_TICKET_GET },
		{ "GET", "/flicket-api/ticket/%2535", OP_NONE, ERR_NOT_FOUND },
		{ "GET", "/flicket-api/ticket/5%3fx", OP_NONE, ERR_NOT_FOUND },
		{ "GET", "/flicket-api/../flicket-api/ticket/5", OP_NONE,
		    ERR_NOT_FOUND },
		{ "GET", "/flicket-api/", OP_NONE, ERR_NOT_FOUND },
		{ "GET", "/flicket-api/tick", OP_NONE, ERR_NOT_FOUND },
		{ "DELETE", "/flicket-api/ticket/5", OP_TICKET_DELETE, OK },
		{ "PUT", "/flicket-api/ticket/5", OP_NONE, ERR_BAD_METHOD,
		    "GET, HEAD, PATCH, DELETE, OPTIONS" },
		{ "PUT", "/flicket-api/tickets/", OP_NONE, ERR_BAD_METHOD,
		    "GET, HEAD, POST, OPTIONS" },
		{ "BREW", "/flicket-api/tokens", OP_NONE, ERR_BAD_METHOD,
		    "GET, HEAD, POST, DELETE, OPTIONS" },
		{ "get", "/flicket-api/tickets/", OP_NONE, ERR_BAD_METHOD,
		    "GET, HEAD, POST, OPTIONS" },
		{ "HEAD", "/flicket-api/token/1", OP_NONE, ERR_BAD_METHOD,
		    "DELETE, OPTIONS" },
	};
	struct visit	v;
	enum flow	flow;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		flow = match(&v, rows[i].method, rows[i].url);
		check_number(rows[i].url, flow, rows[i].op != OP_NONE ?
		    FLOW_NEXT : FLOW_DONE);
		check_number(rows[i].url, v.x.route == NULL ? OP_NONE :
		    v.x.route->op, rows[i].op);
		check_number(rows[i].url, answered.error, rows[i].error);
		check_string(rows[i].url, answered.allow,
		    rows[i].allow == NULL ? "" : rows[i].allow);
		visit_end(&v);
	}
}

static void
options_are_told(void **state)
{
	struct visit	v;

	(void)state;
	check_number("done", match(&v, "OPTIONS", "/flicket-api/tickets/"),
	    FLOW_DONE);
	check_number("status", answered.status, 200);
	check_string("methods", answered.allow, "GET, HEAD, POST, OPTIONS");
	visit_end(&v);
}

static void
other_paths_are_pages(void **state)
{
	struct visit	v;

	(void)state;
	match(&v, "GET", "/healthz?x");
	check_string("page", answered.page, "/healthz");
	visit_end(&v);
	match(&v, "GET", "/health%7a");
	check_string("no page as it was not decoded", answered.page,
	    "/health%7a");
	visit_end(&v);
	match(&v, "GET", "/flicket-api");
	check_string("no API without its slash", answered.page,
	    "/flicket-api");
	visit_end(&v);
}

/* How much a body may have depends on where it goes. */
static void
bodies_are_bounded_by_route(void **state)
{
	static const struct { const char *method, *url; size_t body;
	    enum err want; } rows[] = {
		{ "POST", "/flicket-api/tickets/", 1000, OK },
		{ "POST", "/flicket-api/tickets/", 1001, ERR_BODY_TOO_LARGE },
		{ "POST", "/flicket-api/uploads/", 5000, OK },
		{ "POST", "/flicket-api/uploads/",
		    5001 + UPLOAD_SLACK_BYTES, ERR_BODY_TOO_LARGE },
		{ "GET", "/healthz", 1001, ERR_BODY_TOO_LARGE },
	};
	struct visit	v;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		memset(&answered, 0, sizeof(answered));
		visit_begin(&v, rows[i].method, rows[i].url);
		v.settings.max_body_bytes = 1000;
		v.settings.upload_max_bytes = 5000;
		v.req.entity.len = rows[i].body;
		check_number(rows[i].url, stage_match(&v.x),
		    rows[i].want == OK ? FLOW_NEXT : FLOW_DONE);
		check_number(rows[i].url, answered.error, rows[i].want);
		visit_end(&v);
	}
}

static void
sizes_are_bounded(void **state)
{
	static char	long_url[8192 + 2], big[16384 + 1];
	static const struct { const char *name; size_t url, headers, header,
	    body; enum err want; } rows[] = {
		{ "small", 10, 1, 10, 0, OK },
		{ "longest URL", 8192, 0, 0, 0, OK },
		{ "URL too long", 8193, 0, 0, 0,
		    ERR_URL_TOO_LONG },
		{ "most headers", 10, 64, 1, 0, OK },
		{ "too many headers", 10, 65, 1, 0,
		    ERR_HEADERS_TOO_BIG },
		/* "accept", the value, and 4 between and behind them */
		{ "largest header", 10, 1, 16384 - 10, 0, OK },
		{ "header too large", 10, 1, 16384 - 9, 0,
		    ERR_HEADERS_TOO_BIG },
	};
	struct visit	v;

	(void)state;
	memset(long_url, '/', sizeof(long_url) - 1);
	memset(big, 'x', sizeof(big) - 1);
	for (size_t i = 0; i < LEN(rows); i++) {
		memset(&answered, 0, sizeof(answered));
		visit_begin(&v, "GET", long_url);
		v.settings.max_body_bytes = 1000;
		v.req.version = 0x200;
		v.req.input.path.len = rows[i].url;
		v.req.entity.len = rows[i].body;
		for (size_t j = 0; j < rows[i].headers; j++)
			h2o_add_header(&v.req.pool, &v.req.headers,
			    H2O_TOKEN_ACCEPT, NULL, big, rows[i].header);
		check_number(rows[i].name, stage_admit(&v.x),
		    rows[i].want == OK ? FLOW_NEXT : FLOW_DONE);
		check_number(rows[i].name, answered.error, rows[i].want);
		visit_end(&v);
	}
}

/* Nothing that goes to a service is begun; pages are answered. */
static void
nothing_is_begun_without_memory(void **state)
{
	static const struct { const char *url; enum pressure pressure;
	    enum err want; } rows[] = {
		{ "/flicket-api/ticket/5", PRESSURE_NONE, OK },
		{ "/flicket-api/ticket/5", PRESSURE_BODIES, OK },
		{ "/flicket-api/ticket/5", PRESSURE_ALL, ERR_UNAVAILABLE },
		{ "/healthz", PRESSURE_ALL, OK },
	};
	struct visit	v;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		memset(&answered, 0, sizeof(answered));
		visit_begin(&v, "GET", rows[i].url);
		v.gateway.pressure = rows[i].pressure;
		stage_match(&v.x);
		check_number(rows[i].url, answered.error, rows[i].want);
		check_number(rows[i].url, v.x.crowded, rows[i].want != OK);
		visit_end(&v);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("a URL is decoded once, what is no encoding stays",
		    urls_are_decoded_once),
		TEST("a request is matched by its path and method",
		    requests_are_matched),
		TEST("OPTIONS tells which methods there are",
		    options_are_told),
		TEST("paths beside the API are pages", other_paths_are_pages),
		TEST("a body has the size that its route lets it have",
		    bodies_are_bounded_by_route),
		TEST("sizes are bounded, each with its own error",
		    sizes_are_bounded),
		TEST("without memory nothing is begun",
		    nothing_is_begun_without_memory),
	};

	return cmocka_run_group_tests_name("admit", tests, start, NULL);
}
