/* gateway/stage/send.c: which responses are looked for, and kept. */
#include "exchange.h"
#include "fakes.h"

#include "gateway/cache/responses.h"
#include "gateway/stage/send.h"

#define LIST	"/flicket-api/tickets/"

static struct response_cache	*cache;

static int
start(void **state)
{
	(void)state;
	routes_init();
	cache = responses_new(1 << 20);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	responses_destroy(&cache);
	return 0;
}

static void
begin(struct visit *v, const char *method, const char *url)
{
	visit_begin(v, method, url);
	assert_non_null(v->x.route);
	v->worker.responses = cache;
	v->x.stage = STAGE_SEND;
	v->x.user_id = 1;
}

static void
lists_that_can_be_compared_are_kept(void **state)
{
	static const struct {
		const char	*method, *url;
		enum key	 key;	/* NONE: no argument */
		bool		 included, is_kept;
	} rows[] = {
		{ "GET", LIST, KEY_NONE, false, true },
		{ "GET", "/flicket-api/ticket/3", KEY_NONE, false, false },
		{ "POST", LIST, KEY_NONE, false, false },
		{ "GET", LIST, KEY_CURSOR, false, false },
		{ "GET", LIST, KEY_IF_NONE_MATCH, false, false },
		{ "GET", LIST "?include=users", KEY_NONE, true, false },
	};
	struct included	*any = (struct included *)(uintptr_t)rows;
	struct visit	 v;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++)
		for (int j = 0; j < 3; j++) {
			begin(&v, rows[i].method, rows[i].url);
			if (rows[i].key != KEY_NONE)
				args_put_text(&v.x.args, rows[i].key,
				    TEXT_OF("c"));
			v.x.included = rows[i].included ? any : NULL;
			check_number(rows[i].url, send_begin(&v.x), FLOW_WAIT);
			check_true(rows[i].url, v.x.cached == NULL);
			check_number(rows[i].url, v.x.response_key != NULL,
			    rows[i].is_kept && j > 0);
			visit_end(&v);
		}
}

/* The owner hears of the response that is kept, and of no other's. */
static void
the_owner_is_told_of_the_response(void **state)
{
	struct visit	v;

	(void)state;
	for (int i = 0; i < 2; i++) {
		begin(&v, "GET", LIST);
		send_begin(&v.x);
		if (i > 0)
			responses_keep(cache, v.x.response_key, &v.req.pool,
			    0xabc, 7, text_of("what it was"));
		visit_end(&v);
	}
	begin(&v, "GET", LIST);
	send_begin(&v.x);
	assert_non_null(v.x.cached);
	check_text("body", v.x.cached->body, text_of("what it was"));
	check_text("asked", args_text(&fake_bus.args, KEY_IF_NONE_MATCH),
	    text_of("\"0000000000000abc\""));
	visit_end(&v);
	begin(&v, "GET", LIST);
	v.x.rights = 1;
	send_begin(&v.x);
	check_true("other rights", v.x.cached == NULL);
	visit_end(&v);
}

int
main(void)
{
#define HERE(sentence, f) { sentence, f, start, end, NULL }
	const struct CMUnitTest	tests[] = {
		HERE("lists that can be compared are kept",
		    lists_that_can_be_compared_are_kept),
		HERE("the owner is told of the response that is kept",
		    the_owner_is_told_of_the_response),
	};

	return cmocka_run_group_tests_name("send", tests, NULL, NULL);
}
