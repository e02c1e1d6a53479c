/* gateway/stage/decode/digest.c */
#include "exchange.h"
#include "fakes.h"

#include "gateway/stage/decode/digest.h"

/* The digest that a request with an Idempotency-Key has under a key. */
static void
digest_of(enum key key, const char *url, const char *body,
    unsigned char ret[32])
{
	struct visit	 v;
	json_t		*json = json_loads(body, 0, NULL);

	assert_non_null(json);
	visit_begin(&v, "POST", url);
	v.req.entity = h2o_iovec_init(body, strlen(body));
	h2o_add_header_by_str(&v.req.pool, &v.req.headers,
	    H2O_STRLIT("idempotency-key"), 1, NULL, H2O_STRLIT("key"));
	digest_put_request(&v.x);
	digest_put_meaning(&v.x, json);
	check_number(url, (int64_t)args_text(&v.x.args, key).len, 32);
	memcpy(ret, args_text(&v.x.args, key).base, 32);
	visit_end(&v);
	json_decref(json);
}

/* Whether a request has the same digest as one with the body {"a":1,"b":"x"}. */
static bool
is_same(enum key key, const char *url, const char *body)
{
	unsigned char	first[32], other[32];

	digest_of(key, "/flicket-api/ticket/1/claim",
	    "{\"a\":1,\"b\":\"x\"}", first);
	digest_of(key, url, body, other);
	return memcmp(first, other, sizeof(first)) == 0;
}

static void
requests_differ_by_path_and_body(void **state)
{
	static const struct { const char *name, *url, *body;
	    bool is_same, means_same; } rows[] = {
		{ "the same", "/flicket-api/ticket/1/claim",
		    "{\"a\":1,\"b\":\"x\"}", true, true },
		{ "of another ticket", "/flicket-api/ticket/2/claim",
		    "{\"a\":1,\"b\":\"x\"}", false, false },
		{ "written in another way", "/flicket-api/ticket/1/claim",
		    "{ \"b\": \"\\u0078\",\n\"a\":1 }", false, true },
		{ "with another member", "/flicket-api/ticket/1/claim",
		    "{\"a\":1,\"b\":\"x\",\"c\":null}", false, false },
		{ "with another value", "/flicket-api/ticket/1/claim",
		    "{\"a\":\"1\",\"b\":\"x\"}", false, false },
	};

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		check_number(rows[i].name, is_same(KEY_DIGEST, rows[i].url,
		    rows[i].body), rows[i].is_same);
		check_number(rows[i].name, is_same(KEY_MEANING, rows[i].url,
		    rows[i].body), rows[i].means_same);
	}
}

static void
a_meaning_needs_a_key(void **state)
{
	struct visit	 v;
	json_t		*json = json_loads("{}", 0, NULL);

	(void)state;
	visit_begin(&v, "POST", "/flicket-api/ticket/1/claim");
	digest_put_meaning(&v.x, json);
	check_true("none", !args_has(&v.x.args, KEY_MEANING));
	visit_end(&v);
	json_decref(json);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("requests differ by their paths and bodies",
		    requests_differ_by_path_and_body),
		TEST("without an Idempotency-Key nothing is compared",
		    a_meaning_needs_a_key),
	};

	return cmocka_run_group_tests_name("digest", tests, visit_routes, NULL);
}
