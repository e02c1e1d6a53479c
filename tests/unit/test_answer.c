/*
 * gateway/reply/respond.c and gateway/stage/answer.c, included for their statics: h2o's part in sending is taken
 * by functions here that keep what is sent.
 */
#include "exchange.h"
#include "base/metrics.h"

#include <stdlib.h>

static struct {
	struct buf	body;
	unsigned	count;		/* of pieces */
	h2o_iovec_t	last;		/* of them, where it is */
} sent;

static void
keep_start(h2o_req_t *req, h2o_generator_t *g)
{
	(void)req, (void)g;
}

static void
keep_send(h2o_req_t *req, h2o_iovec_t *pieces, size_t count,
    h2o_send_state_t state)
{
	(void)req;
	assert_true(state == H2O_SEND_STATE_FINAL);
	sent.body.len = 0;
	sent.count = (unsigned)count;
	sent.last = count > 0 ? pieces[count - 1] : (h2o_iovec_t){ NULL, 0 };
	for (size_t i = 0; i < count; i++)
		buf_put(&sent.body, pieces[i].base, pieces[i].len);
}

#define h2o_start_response	keep_start
#define h2o_send		keep_send
#include "gateway/reply/respond.c"
#include "gateway/stage/answer.c"

/* No gateway stops here. */
void
connection_part(const struct connection *c, h2o_req_t *req)
{
	(void)c;
	(void)req;
}
#undef h2o_start_response
#undef h2o_send

/* Of what is included: as a test says. */
static uint64_t	tag_included;

uint64_t
include_tag(const struct exchange *x)
{
	(void)x;
	return tag_included;
}

static int
start(void **state)
{
	(void)state;
	routes_init();
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	buf_done(&sent.body);
	return 0;
}

/* A header of the answer, "" if it has none. */
static struct text
header_of(const struct visit *v, const char *name)
{
	const h2o_headers_t	*h = &v->req.res.headers;

	for (size_t i = 0; i < h->size; i++)
		if (h2o_memis(h->entries[i].name->base,
		    h->entries[i].name->len, name, strlen(name)))
			return (struct text){ h->entries[i].value.base,
			    h->entries[i].value.len };
	return TEXT_OF("");
}

static void
check_answer(const char *row, const struct visit *v, int status,
    struct text body)
{
	check_number(row, v->req.res.status, status);
	check_text(row, text_in(&sent.body), body);
	check_number(row, (int64_t)v->req.res.content_length,
	    (int64_t)body.len);
	check_text(row, header_of(v, "content-type"), body.len == 0 ?
	    TEXT_OF("") : TEXT_OF("application/json"));
	check_number(row, metric_get(METRIC_HTTP_RESPONSES, (unsigned)
	    status / 100) - v->counted[status / 100], 1);
}

static void
marks_become_urls(void **state)
{
#define API	"http://desk/flicket-api/"
	static const struct { struct text in, want; } rows[] = {
		{ TEXT_OF(""), TEXT_OF("") },
		{ TEXT_OF("{}"), TEXT_OF("{}") },
		{ TEXT_OF("\x01"), TEXT_OF(API) },
		{ TEXT_OF("\x01\x01"), TEXT_OF(API API) },
		{ TEXT_OF("\"\x01ticket/1\""),
		    TEXT_OF("\"" API "ticket/1\"") },
		{ TEXT_OF("\x02" "a\x03" "b\x01"), TEXT_OF(
		    "http://desk/avatars/ahttp://desk/uploads/b" API) },
		{ TEXT_OF("a\0b"), TEXT_OF("ab") },	/* no mark */
		{ TEXT_OF("\x04\x1f\x7f\x80\xff"),
		    TEXT_OF("\x04\x1f\x7f\x80\xff") },
	};
	struct visit	v;
	struct buf	b = { 0 };

	(void)state;
	visit_begin(&v, "GET", "/");
	v.gateway.roots[0] = TEXT_OF("");
	for (size_t i = 0; i < LEN(rows); i++) {
		b.len = 0;
		fragment_put(&b, &v.x, rows[i].in);
		check_text("fragment", text_in(&b), rows[i].want);
	}
	buf_done(&b);
	visit_end(&v);
}

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
		{ "most", COPIED_MOST, true },
		{ "large", COPIED_MOST + 1, false },
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

/* What fragment_put() is to do, byte by byte. */
static void
put_plainly(struct buf *b, const struct visit *v, struct text in)
{
	unsigned char	c;

	for (size_t i = 0; i < in.len; i++) {
		c = (unsigned char)in.base[i];
		if (c < MARK_END)
			buf_put(b, v->gateway.roots[c].base,
			    v->gateway.roots[c].len);
		else
			buf_put_byte(b, in.base[i]);
	}
}

static void
marks_are_found_wherever_they_are(void **state)
{
	static const char	alphabet[] = "\x01\x02\x03\x04\x05\x1f ab\x7f"
				    "\x80\x81\x84\xff{}\"";
	uint64_t		seed = 31337;
	struct visit		v;
	struct buf		have, want = { 0 };
	struct text		in = { NULL, 0 };
	char			*copy;
	uint64_t		n;

	(void)state;
	visit_begin(&v, "GET", "/");
	for (int i = 0; i < 50000; i++) {
		in.len = unit_random(&seed) % (i % 10 == 0 ? 900 : 40);
		/* of just that size, so that reading beyond it is seen */
		in.base = copy = must_alloc(in.len + (in.len == 0));
		for (size_t j = 0; j < in.len; j++) {
			n = unit_random(&seed);
			copy[j] = n % 4 != 0 ? 'x' :
			    alphabet[n / 4 % (LEN(alphabet) - 1)];
		}
		/* each time in a buffer with no more room than it asks for */
		have = (struct buf){ 0 };
		want.len = 0;
		fragment_put(&have, &v.x, in);
		put_plainly(&want, &v, in);
		check_text("fragment", text_in(&have), text_in(&want));
		buf_done(&have);
		free(copy);
	}
	buf_done(&want);
	visit_end(&v);
}

static void
errors_are_json(void **state)
{
	static const struct { const char *name; enum err error;
	    const char *message; int status; const char *body, *retry; }
	rows[] = {
		{ "its own message", ERR_BAD_MEDIA_TYPE, NULL, 415,
		    "{\"error\":\"Unsupported Media Type\",\"message\":\"Send "
		    "the body as JSON, with Content-Type: application/json.\"}"
		    "\n", "" },
		{ "none", ERR_NOT_FOUND, NULL, 404,
		    "{\"error\":\"Not Found\"}\n", "" },
		{ "another", ERR_BAD_REQUEST, "say \"no\"\n", 400,
		    "{\"error\":\"Bad Request\",\"message\":"
		    "\"say \\\"no\\\"\\n\"}\n", "" },
		{ "no text", ERR_BAD_REQUEST, "\xff", 400,
		    "{\"error\":\"Bad Request\",\"message\":"
		    "\"\xef\xbf\xbd\"}\n", "" },
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
	    "{\"error\":\"Too Many Requests\",\"message\":\"Too many failed "
	    "logins. Try again later.\"}\n"));
	check_text("when", header_of(&v, "retry-after"), TEXT_OF("42"));
	visit_end(&v);
	a = (struct answer){ .error = ERR_BAD_REQUEST };
	args_put_text(&a.extra, KEY_MESSAGE, TEXT_OF("no"));
	visit_begin(&v, "GET", "/");
	respond_refusal(&v.x, &a);
	check_answer("with the service's", &v, 400, TEXT_OF(
	    "{\"error\":\"Bad Request\",\"message\":\"no\"}\n"));
	visit_end(&v);
}

static void
answer(struct visit *v, const char *method, const char *url,
    const struct answer *a)
{
	visit_begin(v, method, url);
	assert_non_null(v->x.route);
	v->x.is_head = strcmp(method, "HEAD") == 0;
	v->x.answer = a;
	args_put_number(&v->x.args, KEY_PAGE, 1);
	args_put_number(&v->x.args, KEY_PER_PAGE, 50);
	check_number(url, stage_answer(&v->x), FLOW_DONE);
}

static void
fragments_are_answered(void **state)
{
	struct answer	a = { .fragment = TEXT_OF("{\"a\":\"\x01x\"}") };
	struct visit	v;

	(void)state;
	answer(&v, "GET", "/flicket-api/ticket/5", &a);
	check_answer("one", &v, 200, TEXT_OF("{\"a\":\"" API "x\"}\n"));
	check_text("nothing is made", header_of(&v, "location"), TEXT_OF(""));
	visit_end(&v);

	args_put_number(&a.extra, KEY_ID, 77);
	answer(&v, "POST", "/flicket-api/tickets/", &a);
	check_answer("made", &v, 201, TEXT_OF("{\"a\":\"" API "x\"}\n"));
	check_text("where", header_of(&v, "location"),
	    TEXT_OF(API "ticket/77"));
	visit_end(&v);

	a = (struct answer){ .fragment = TEXT_OF("[]") };
	answer(&v, "GET", "/flicket-api/statuses/", &a);
	check_answer("list", &v, 200, TEXT_OF("{\"_links\":{\"next\":null,"
	    "\"prev\":null,\"self\":\"" API "statuses/?page=1&per_page=50\"},"
	    "\"_meta\":{\"page\":1,\"per_page\":50,\"total_items\":0,"
	    "\"total_pages\":0},\"items\":[]}\n"));
	visit_end(&v);

	a = (struct answer){ .error = ERR_NOT_FOUND };
	answer(&v, "GET", "/flicket-api/ticket/5", &a);
	check_answer("error", &v, 404, TEXT_OF("{\"error\":\"Not Found\"}\n"));
	visit_end(&v);
}

/* What the client has is not sent again; a change is answered all the same. */
static void
tags_are_of_all_that_is_answered(void **state)
{
	static const struct { const char *method, *url, *have;
	    uint64_t included; int status; const char *etag; } rows[] = {
		{ "GET", "ticket/5", "", 0, 200, "\"0000000000000007\"" },
		{ "GET", "ticket/5", "\"0000000000000007\"", 0, 304,
		    "\"0000000000000007\"" },
		{ "GET", "ticket/5", "*", 0, 304, "\"0000000000000007\"" },
		{ "GET", "ticket/5", "\"0000000000000008\"", 0, 200,
		    "\"0000000000000007\"" },
		{ "GET", "ticket/5", "\"0000000000000007\"", 9, 200,
		    "\"0000000000000007.0000000000000009\"" },
		{ "GET", "ticket/5", "\"0000000000000007.0000000000000009\"", 9,
		    304, "\"0000000000000007.0000000000000009\"" },
		{ "POST", "tickets/", "\"0000000000000007\"", 0, 201,
		    "\"0000000000000007\"" },
		{ "PATCH", "ticket/5", "*", 0, 200, "\"0000000000000007\"" },
	};
	struct answer	a = { .fragment = TEXT_OF("{}"), .tag = 7 };
	struct visit	v;
	char		url[64];

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		snprintf(url, sizeof(url), "/flicket-api/%s", rows[i].url);
		visit_begin(&v, rows[i].method, url);
		if (rows[i].have[0] != '\0')
			visit_header(&v, H2O_TOKEN_IF_NONE_MATCH, rows[i].have);
		v.x.answer = &a;
		tag_included = rows[i].included;
		check_number(url, stage_answer(&v.x), FLOW_DONE);
		check_number(rows[i].have, v.req.res.status, rows[i].status);
		check_text(rows[i].have, header_of(&v, "etag"),
		    text_of(rows[i].etag));
		visit_end(&v);
	}
	tag_included = 0;
}

static void
a_head_has_no_body(void **state)
{
	const struct answer	a = { .fragment = TEXT_OF("{}") };
	struct visit		v;

	(void)state;
	visit_begin(&v, "GET", "/flicket-api/ticket/5");
	v.x.is_head = true;
	v.x.answer = &a;
	stage_answer(&v.x);
	check_number("no pieces", sent.count, 0);
	check_number("but its length", (int64_t)v.req.res.content_length, 3);
	visit_end(&v);
}

static void
a_deleted_token_is_forgotten(void **state)
{
	const struct answer	 a = { .error = OK, .fragment = TEXT_OF("") };
	struct tokens		*tokens = tokens_new();
	struct visit		 v;
	int64_t			 user_id, rights;

	(void)state;
	visit_begin(&v, "DELETE", "/flicket-api/tokens");
	v.worker.tokens = tokens;
	memset(v.x.token_hash, 9, sizeof(v.x.token_hash));
	tokens_keep(tokens, v.x.token_hash, 1, 0, INT64_MAX);
	v.x.answer = &a;
	stage_answer(&v.x);
	check_answer("nothing", &v, 204, TEXT_OF(""));
	check_true("forgotten", !tokens_find(tokens, v.x.token_hash, &user_id,
	    &rights));
	visit_end(&v);
	tokens_destroy(&tokens);
}

/* Who is to come with a password is told so, all others of tokens. */
static void
a_challenge_names_what_to_come_with(void **state)
{
	static const struct { const char *method, *url, *want; } rows[] = {
		{ "POST", "/flicket-api/tokens",
		    "Basic realm=\"Authentication Required\"" },
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
		TEST("marks become the URLs they stand for",
		    marks_become_urls),
		TEST("large bodies are given to their requests, not copied",
		    large_bodies_are_not_copied),
		TEST("marks are found wherever they are",
		    marks_are_found_wherever_they_are),
		TEST("errors are JSON, with what there is to say",
		    errors_are_json),
		TEST("what a service refuses is passed on, and when to return",
		    refusals_of_services_are_passed_on),
		TEST("a fragment is answered as its route says",
		    fragments_are_answered),
		TEST("a challenge names what to come with",
		    a_challenge_names_what_to_come_with),
		TEST("a tag is of all that is answered, and for reads",
		    tags_are_of_all_that_is_answered),
		TEST("an answer to HEAD has a length and no body",
		    a_head_has_no_body),
		TEST("a token that was deleted is forgotten at once",
		    a_deleted_token_is_forgotten),
	};

	metrics_start(PART_GATEWAY);
	return cmocka_run_group_tests_name("answer", tests, start, stop);
}
