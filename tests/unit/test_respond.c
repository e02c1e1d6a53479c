/* gateway/reply/respond.c */
#include "sent.h"

#include "gateway/reply/respond.h"

/* A body of so many bytes is made and sent; what is sent is where. */
static h2o_iovec_t
send_bytes(struct visit *v, size_t len, char byte)
{
	struct buf	*b = respond_buffer(&v->x);

	check_number("begins empty", b->len, 0);
	for (size_t i = 0; i < len; i++)
		buf_put_byte(b, byte);
	check_number("sent", respond_buffered(&v->x, 200, "text/plain"),
	    FLOW_DONE);
	check_number("in one piece", sent.count, 1);
	return sent.last;
}

static void
large_bodies_are_not_copied(void **state)
{
	static const struct { const char *row; size_t len; bool copied; }
	rows[] = {
		{ "small", 10, true },
		{ "most", RESPOND_COPIED_MOST, true },
		{ "large", RESPOND_COPIED_MOST + 1, false },
		{ "larger", 300000, false },
	};
	struct visit	v;
	struct buf	before;
	h2o_iovec_t	out;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		visit_begin(&v, "GET", "/");
		out = send_bytes(&v, rows[i].len, 'a');
		before = v.worker.body;
		check_number(rows[i].row, v.worker.body.base == NULL,
		    !rows[i].copied);
		check_number("held", v.x.held, rows[i].len);
		/* what is made next changes nothing of it */
		send_bytes(&v, rows[i].len, 'b');
		check_number("sent", out.len, rows[i].len);
		for (size_t j = 0; j < out.len; j++)
			assert_int_equal(out.base[j], 'a');
		check_true("the buffer stays for small ones", !rows[i].copied ||
		    v.worker.body.base == before.base);
		visit_end(&v);
	}
}

static void
errors_are_json(void **state)
{
	static const struct { const char *name; enum err error;
	    const char *message; int status; const char *body, *retry; }
	rows[] = {
		{ "its own message", ERR_BAD_MEDIA_TYPE, NULL, 415,
		    "{\"code\":\"unsupported_media_type\",\"error\":"
		    "\"Unsupported Media Type\",\"message\":\"Send "
		    "the body as JSON, with Content-Type: application/json.\"}"
		    "\n", "" },
		{ "none", ERR_NOT_FOUND, NULL, 404,
		    "{\"error\":\"Not Found\"}\n", "" },
		{ "another", ERR_BAD_REQUEST, "say \"no\"\n", 400,
		    "{\"code\":\"bad_request\",\"error\":\"Bad Request\","
		    "\"message\":\"say \\\"no\\\"\\n\"}\n", "" },
		{ "no text", ERR_BAD_REQUEST, "\xff", 400,
		    "{\"code\":\"bad_request\",\"error\":\"Bad Request\","
		    "\"message\":\"\xef\xbf\xbd\"}\n", "" },
		{ "to be tried again", ERR_UNAVAILABLE, "", 503,
		    "{\"error\":\"Service Unavailable\"}\n", "1" },
	};
	struct visit	v;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		visit_begin(&v, "GET", "/");
		check_number(rows[i].name, respond_error(&v.x, rows[i].error,
		    rows[i].message), FLOW_DONE);
		check_answer(rows[i].name, &v, rows[i].status,
		    text_of(rows[i].body));
		check_string(rows[i].name, v.req.res.reason,
		    err_info(rows[i].error)->reason);
		check_text(rows[i].name, header_of(&v, "retry-after"),
		    text_of(rows[i].retry));
		visit_end(&v);
	}
}

static void
refusals_of_services_are_passed_on(void **state)
{
	struct answer	a = { .error = ERR_TOO_MANY };
	struct visit	v;

	(void)state;
	args_put_number(&a.extra, KEY_RETRY_AFTER, 42);
	visit_begin(&v, "GET", "/");
	respond_refusal(&v.x, &a);
	check_answer("with its own message", &v, 429, TEXT_OF(
	    "{\"code\":\"too_many_logins\",\"error\":\"Too Many Requests\","
	    "\"message\":\"Too many failed "
	    "logins. Try again later.\"}\n"));
	check_text("when", header_of(&v, "retry-after"), TEXT_OF("42"));
	visit_end(&v);
	a = (struct answer){ .error = ERR_BAD_REQUEST };
	args_put_text(&a.extra, KEY_MESSAGE, TEXT_OF("no"));
	visit_begin(&v, "GET", "/");
	respond_refusal(&v.x, &a);
	check_answer("with the service's", &v, 400, TEXT_OF(
	    "{\"code\":\"bad_request\",\"error\":\"Bad Request\",\"message\":"
	    "\"no\"}\n"));
	visit_end(&v);
	args_put_number(&a.extra, KEY_CODE, FAULT_TAKEN);
	args_put_text(&a.extra, KEY_FIELD, TEXT_OF("email"));
	visit_begin(&v, "GET", "/");
	respond_refusal(&v.x, &a);
	check_answer("with its code and field", &v, 400, TEXT_OF(
	    "{\"code\":\"taken\",\"error\":\"Bad Request\",\"field\":"
	    "\"email\",\"message\":\"no\"}\n"));
	visit_end(&v);
	args_put_number(&a.extra, KEY_CODE, 60000);
	visit_begin(&v, "GET", "/");
	respond_refusal(&v.x, &a);
	check_answer("a code that only newer gateways know", &v, 400, TEXT_OF(
	    "{\"code\":\"bad_request\",\"error\":\"Bad Request\",\"field\":"
	    "\"email\",\"message\":\"no\"}\n"));
	visit_end(&v);
}

/* Flicket answers some faults of its own operations; they have its members. */
static void
faults_of_flicket_have_its_members(void **state)
{
	static const struct { const char *url; enum fault_code code;
	    const char *want; } rows[] = {
#define OURS(word) "{\"code\":\"" word "\",\"error\":\"Bad Request\"," \
	    "\"message\":\"no\"}\n"
#define FLICKETS "{\"error\":\"Bad Request\",\"message\":\"no\"}\n"
		{ "/flicket-api/tickets", FAULT_REQUIRED, FLICKETS },
		{ "/flicket-api/tickets", FAULT_WRONG_TYPE, FLICKETS },
		{ "/flicket-api/tickets", FAULT_NOT_FOUND, FLICKETS },
		{ "/flicket-api/tickets", FAULT_INVALID_JSON, FLICKETS },
		{ "/flicket-api/departments", FAULT_TAKEN, FLICKETS },
		{ "/flicket-api/tickets", FAULT_TOO_SHORT, OURS("too_short") },
		{ "/flicket-api/posts", FAULT_REQUIRED, OURS("required") },
		{ "/flicket-api/users", FAULT_TAKEN, OURS("taken") },
	};
	struct visit	v;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		visit_begin(&v, "POST", rows[i].url);
		respond_code(&v.x, ERR_BAD_REQUEST, rows[i].code, "no");
		check_answer(rows[i].url, &v, 400, text_of(rows[i].want));
		visit_end(&v);
	}
}

/* Who is to come with a password is told so, all others of tokens. */
static void
a_challenge_names_what_to_come_with(void **state)
{
	static const struct { const char *method, *url, *want; } rows[] = {
		{ "POST", "/flicket-api/tokens",
		    "Basic realm=\"Authentication Required\", "
		    "charset=\"UTF-8\"" },
		{ "GET", "/flicket-api/ticket/1",
		    "Bearer realm=\"Authentication Required\"" },
	};
	struct visit	v;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		visit_begin(&v, rows[i].method, rows[i].url);
		check_number(rows[i].url, respond_unauthorized(&v.x), FLOW_DONE);
		check_number(rows[i].url, v.req.res.status, 401);
		check_text(rows[i].url, header_of(&v, "www-authenticate"),
		    text_of(rows[i].want));
		visit_end(&v);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("large bodies are given to their requests, not copied",
		    large_bodies_are_not_copied),
		TEST("errors are JSON, with what there is to say",
		    errors_are_json),
		TEST("what a service refuses is passed on, and when to return",
		    refusals_of_services_are_passed_on),
		TEST("faults that Flicket answers have its members",
		    faults_of_flicket_have_its_members),
		TEST("a challenge names what to come with",
		    a_challenge_names_what_to_come_with),
	};

	metrics_start(PART_GATEWAY);
	return cmocka_run_group_tests_name("respond", tests, visit_routes, sent_stop);
}
