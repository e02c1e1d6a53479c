/* gateway/http/problem.c */
#include "exchange.h"

#include "gateway/http/problem.h"

static void
who_wants_them_is_told_by_accept(void **state)
{
	static const struct { const char *accept, *more; bool want; } rows[] = {
		{ NULL, NULL, false },
		{ "", NULL, false },
		{ "*/*", NULL, false },
		{ "application/*", NULL, false },
		{ "application/json", NULL, false },
		{ "application/problem+json", NULL, true },
		{ "APPLICATION/Problem+JSON", NULL, true },
		{ "application/problem+json;charset=utf-8", NULL, true },
		{ "application/problem+jsonx", NULL, false },
		{ "xapplication/problem+json", NULL, false },
		{ "application/problem+xml", NULL, false },
		{ "application/json, application/problem+json", NULL, true },
		{ " application/json\t,\tapplication/problem+json ,", NULL,
		    true },
		{ "application/json", "application/problem+json", true },
		{ "application/problem+json", "text/html", true },
		/* qualities */
		{ "application/problem+json;q=0", NULL, false },
		{ "application/problem+json;q=0.000", NULL, false },
		{ "application/problem+json; Q=0.001", NULL, true },
		{ "application/problem+json ; q=1.000", NULL, true },
		{ "application/problem+json;a=b;q=0;c=d", NULL, false },
		{ "application/json;q=0.5,application/problem+json;q=0.5",
		    NULL, true },
		{ "application/json;q=0.51,application/problem+json;q=0.5",
		    NULL, false },
		{ "application/json, application/problem+json;q=0.9", NULL,
		    false },
		{ "application/*, application/problem+json;q=0.9", NULL,
		    false },
		{ "*/*, application/problem+json;q=0.9", NULL, false },
		{ "*/*;q=0.1, application/problem+json;q=0.9", NULL, true },
		{ "*/*, application/*;q=0.2, application/problem+json;q=0.3",
		    NULL, true },
		{ "*/*, application/json;q=0, application/problem+json;q=0.1",
		    NULL, true },
		/* what cannot be read is not there */
		{ "application/problem+json;q=", NULL, false },
		{ "application/problem+json;q = 1", NULL, false },
		{ "application/problem+json;q=2", NULL, false },
		{ "application/problem+json;q=1.001", NULL, false },
		{ "application/problem+json;q=0.1234", NULL, false },
		{ "application/problem+json;q=-1", NULL, false },
		{ "application/problem+json;q=0,5", NULL, false },
		{ "application/problem+json;q=.5", NULL, false },
		{ "application/problem+json;q=1x", NULL, false },
		{ ",,;;,=,application/problem+json", NULL, true },
		/* quotes */
		{ "text/html;a=\", application/problem+json\"", NULL, false },
		{ "text/html;a=\"\\\", application/problem+json\"", NULL,
		    false },
		{ "application/problem+json;a=\";q=0\"", NULL, true },
		{ "text/html;a=\"application/problem+json", NULL, false },
		{ "text/html;a=\"\\", NULL, false },
	};
	struct visit	v;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		visit_begin(&v, "GET", "/");
		if (rows[i].accept != NULL)
			visit_header(&v, H2O_TOKEN_ACCEPT, rows[i].accept);
		if (rows[i].more != NULL)
			visit_header(&v, H2O_TOKEN_ACCEPT, rows[i].more);
		check_number(rows[i].accept == NULL ? "none" : rows[i].accept,
		    problem_is_wanted(&v.req), rows[i].want);
		visit_end(&v);
	}
}

#define INSTANCE	"\"instance\":\"urn:flicketd:request:a-1\","
#define ONE(code, field, message) \
	{ { code, TEXT_OF(field), TEXT_OF(message) } }, 1

static const struct body {
	int		 status;
	const char	*reason;
	struct fault	 faults[3];
	unsigned	 count;
	const char	*problem, *flicket, *bare;
} bodies[] = {
	{ 400, "Bad Request", ONE("invalid", "", "say \"no\""),
	    "{\"code\":\"invalid\",\"detail\":\"say \\\"no\\\"\"," INSTANCE
	    "\"status\":400,\"title\":\"Bad Request\",\"type\":"
	    "\"about:blank\"}\n",
	    "{\"code\":\"invalid\",\"error\":\"Bad Request\",\"message\":"
	    "\"say \\\"no\\\"\"}\n",
	    "{\"error\":\"Bad Request\",\"message\":\"say \\\"no\\\"\"}\n" },
	{ 404, "Not Found", ONE("not_found", "", ""),
	    "{\"code\":\"not_found\",\"detail\":\"There is no such path, thing "
	    "or page.\"," INSTANCE "\"status\":404,\"title\":\"Not Found\","
	    "\"type\":\"about:blank\"}\n",
	    "{\"code\":\"not_found\",\"error\":\"Not Found\"}\n",
	    "{\"error\":\"Not Found\"}\n" },
	{ 503, "Service Unavailable", ONE("", "", ""),
	    "{" INSTANCE "\"status\":503,\"title\":\"Service Unavailable\","
	    "\"type\":\"about:blank\"}\n",
	    "{\"error\":\"Service Unavailable\"}\n",
	    "{\"error\":\"Service Unavailable\"}\n" },
	{ 409, "Conflict", ONE("taken", "e\"mail", "no"),
	    "{\"code\":\"taken\",\"detail\":\"no\",\"field\":\"e\\\"mail\","
	    INSTANCE "\"status\":409,\"title\":\"Conflict\",\"type\":"
	    "\"about:blank\"}\n",
	    "{\"code\":\"taken\",\"error\":\"Conflict\",\"field\":"
	    "\"e\\\"mail\",\"message\":\"no\"}\n",
	    "{\"error\":\"Conflict\",\"message\":\"no\"}\n" },
	{ 409, "Conflict", { { "newer_replies", TEXT_OF("seen_post_id"),
	    TEXT_OF("two"), TEXT_OF("[5,6]"), 2 } }, 1,
	    "{\"code\":\"newer_replies\",\"count\":2,\"detail\":\"two\","
	    "\"field\":\"seen_post_id\"," INSTANCE "\"post_ids\":[5,6],"
	    "\"status\":409,\"title\":\"Conflict\",\"type\":"
	    "\"about:blank\"}\n",
	    "{\"code\":\"newer_replies\",\"count\":2,\"error\":"
	    "\"Conflict\",\"field\":\"seen_post_id\",\"message\":\"two\","
	    "\"post_ids\":[5,6]}\n",
	    "{\"error\":\"Conflict\",\"message\":\"two\"}\n" },
	{ 400, "Bad Request", { { "too_long", TEXT_OF("a"), TEXT_OF("A") },
	    { "required", TEXT_OF("b"), TEXT_OF("B") },
	    { "invalid", TEXT_OF(""), TEXT_OF("\xff") } }, 3,
	    "{\"code\":\"too_long\",\"detail\":\"A\",\"errors\":[{\"code\":"
	    "\"too_long\",\"field\":\"a\",\"message\":\"A\"},{\"code\":"
	    "\"required\",\"field\":\"b\",\"message\":\"B\"},{\"code\":"
	    "\"invalid\",\"message\":\"\xef\xbf\xbd\"}],\"field\":\"a\","
	    INSTANCE "\"status\":400,\"title\":\"Bad Request\",\"type\":"
	    "\"about:blank\"}\n",
	    "{\"code\":\"too_long\",\"error\":\"Bad Request\",\"errors\":[{"
	    "\"code\":\"too_long\",\"field\":\"a\",\"message\":\"A\"},{"
	    "\"code\":\"required\",\"field\":\"b\",\"message\":\"B\"},{"
	    "\"code\":\"invalid\",\"message\":\"\xef\xbf\xbd\"}],"
	    "\"field\":\"a\",\"message\":\"A\"}\n",
	    "{\"error\":\"Bad Request\",\"message\":\"A\"}\n" },
};

static void
bodies_say_what_there_is_to_say(void **state)
{
	struct buf	b = { 0 };

	(void)state;
	for (const struct body *r = bodies; r < bodies + LEN(bodies); r++) {
		b.len = 0;
		problem_put(&b, r->status, r->reason, r->faults, r->count,
		    TEXT_OF("a-1"));
		check_text(r->reason, buf_text(&b), text_of(r->problem));
		b.len = 0;
		problem_put_flicket(&b, r->reason, r->faults, r->count, true);
		check_text(r->reason, buf_text(&b), text_of(r->flicket));
		b.len = 0;
		problem_put_flicket(&b, r->reason, r->faults, r->count, false);
		check_text(r->reason, buf_text(&b), text_of(r->bare));
	}
	buf_done(&b);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("who wants problem details is told by Accept",
		    who_wants_them_is_told_by_accept),
		TEST("a body says what there is to say",
		    bodies_say_what_there_is_to_say),
	};

	return cmocka_run_group_tests_name("problem", tests, NULL, NULL);
}
