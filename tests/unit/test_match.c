/* gateway/stage/match.c */
#include "exchange.h"
#include "fakes.h"

#include "gateway/stage/match.h"

static enum flow
match(struct visit *v, const char *method, const char *url)
{
	responded_clear();
	visit_begin(v, method, url);
	v->x.route = NULL;
	v->x.is_head = strcmp(method, "HEAD") == 0;
	return match_begin(&v->x);
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
		check_number(rows[i].url, responded.error, rows[i].error);
		check_text(rows[i].url, responded_header(&v.x, "allow"),
		    text_of(rows[i].allow == NULL ? "" : rows[i].allow));
		check_number("no other field", responded.headers,
		    rows[i].allow != NULL);
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
	check_number("status", responded.status, 200);
	check_text("methods", responded_header(&v.x, "allow"),
	    TEXT_OF("GET, HEAD, POST, OPTIONS"));
	visit_end(&v);
}

static void
other_paths_are_pages(void **state)
{
	struct visit	v;

	(void)state;
	match(&v, "GET", "/healthz?x");
	check_text("page", (struct text){ responded.body, responded.body_len },
	    TEXT_OF("{\"status\":\"alive\"}\n"));
	visit_end(&v);
	match(&v, "GET", "/health%7a");
	check_number("no page as it was not decoded", responded.error,
	    ERR_NOT_FOUND);
	visit_end(&v);
	match(&v, "GET", "/flicket-api");
	check_number("no API without its slash", responded.error,
	    ERR_NOT_FOUND);
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
		    5001 + MATCH_UPLOAD_SLACK_BYTES, ERR_BODY_TOO_LARGE },
		{ "GET", "/healthz", 1001, ERR_BODY_TOO_LARGE },
	};
	struct visit	v;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		responded_clear();
		visit_begin(&v, rows[i].method, rows[i].url);
		v.settings.max_body_bytes = 1000;
		v.settings.upload_max_bytes = 5000;
		v.req.entity.len = rows[i].body;
		check_number(rows[i].url, match_begin(&v.x),
		    rows[i].want == OK ? FLOW_NEXT : FLOW_DONE);
		check_number(rows[i].url, responded.error, rows[i].want);
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
		responded_clear();
		visit_begin(&v, "GET", rows[i].url);
		v.gateway.pressure = rows[i].pressure;
		match_begin(&v.x);
		check_number(rows[i].url, responded.error, rows[i].want);
		check_number(rows[i].url, v.x.crowded, rows[i].want != OK);
		visit_end(&v);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("a request is matched by its path and method",
		    requests_are_matched),
		TEST("OPTIONS tells which methods there are",
		    options_are_told),
		TEST("paths beside the API are pages", other_paths_are_pages),
		TEST("a body has the size that its route lets it have",
		    bodies_are_bounded_by_route),
		TEST("without memory nothing is begun",
		    nothing_is_begun_without_memory),
	};

	return cmocka_run_group_tests_name("match", tests, visit_routes, NULL);
}
