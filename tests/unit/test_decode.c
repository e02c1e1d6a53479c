/* gateway/stage/decode.c */
#include "exchange.h"
#include "fakes.h"

#include "base/log.h"
#include "gateway/stage/decode.h"

static enum flow
decode(struct visit *v, const char *method, const char *url, const char *body)
{
	responded_clear();
	visit_begin_body(v, method, url, body);
	return decode_begin(&v->x);
}

static void
pages_below_the_first_are_not_there(void **state)
{
	static const char *const	rows[] = {
		"page=0", "page=-1", "per_page=0", "per_page=-5"
	};
	struct visit			v;
	struct buf			url = { 0 };

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		url.len = 0;
		buf_printf(&url, "/flicket-api/users/?%s", rows[i]);
		buf_put_byte(&url, '\0');
		check_number(rows[i], decode(&v, "GET", url.base, ""),
		    FLOW_DONE);
		check_number(rows[i], responded.error, ERR_NOT_FOUND);
		visit_end(&v);
	}
	buf_done(&url);
}

static void
pages_are_taken_from_the_query(void **state)
{
	static const struct { const char *query; int64_t page, per_page; }
	rows[] = {
		{ "", 1, 50 },
		{ "?", 1, 50 },
		{ "?page=2&per_page=10", 2, 10 },
		{ "?per_page=10&page=2", 2, 10 },
		{ "?page=%32&per_page=1%30", 2, 10 },
		{ "?page=+2+", 2, 50 },
		{ "?p%61ge=2", 2, 50 },
		{ "?page=", 1, 50 },
		{ "?page", 1, 50 },
		{ "?page=x&per_page=y", 1, 50 },
		{ "?page=x&page=3", 3, 50 },
		{ "?page=2&page=3", 2, 50 },
		{ "?per_page=100", 1, 100 },
		{ "?per_page=101", 1, 100 },
		{ "?per_page=99999999999999999999", 1, 100 },
		{ "?page=99999999999999999999", INT64_MAX, 50 },
		{ "?&&page=2&&", 2, 50 },
		{ "?page=1e3&per_page=2.5", 1, 50 },
		{ "?page=1e%2B3&per_page=-2.", 1, 50 },
		{ "?page=+2e3+", 1, 50 },
		{ "?page=,2&per_page=x2", 1, 50 },
		{ "?page=0x10&per_page=5%00", 1, 50 },
		{ "?page=1__0&per_page=5+6", 1, 50 },
	};
	struct visit	v;
	struct buf	url = { 0 };

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		url.len = 0;
		buf_printf(&url, "/flicket-api/users/%s", rows[i].query);
		buf_put_byte(&url, '\0');
		check_number(rows[i].query, decode(&v, "GET", url.base, ""),
		    FLOW_NEXT);
		check_true(rows[i].query, keyset_equals(
		    args_keys(&v.x.args), K(PAGE, PER_PAGE)));
		check_number(rows[i].query, args_number(&v.x.args, KEY_PAGE, 0),
		    rows[i].page);
		check_number(rows[i].query,
		    args_number(&v.x.args, KEY_PER_PAGE, 0), rows[i].per_page);
		visit_end(&v);
	}
	buf_done(&url);
}

/* A service cannot tell whether the client has what is included, too. */
static void
services_compare_the_tags_that_they_know(void **state)
{
	static char	long_tags[1100];
	const struct { const char *url, *tags, *accepts, *want; } rows[] = {
		{ "tickets/", "\"a\"", NULL, "\"a\"" },
		{ "tickets/", "\"a.gzip\"", "gzip", "\"a\"" },
		{ "ticket/5", "\"x\", W/\"a.gzip\"", "gzip",
		    "\"x\", W/\"a\"" },
		{ "ticket/5", "\"a.gzip\"", NULL, "\"a.gzip\"" },
		{ "tickets/?include=users", "\"a\"", NULL, "" },
		{ "ticket/5", long_tags, NULL, "" },
		{ "tickets.csv", "\"a\"", NULL, "" },
	};
	struct visit	v;
	char		url[64];

	(void)state;
	memset(long_tags, 'x', sizeof(long_tags) - 1);
	for (size_t i = 0; i < LEN(rows); i++) {
		snprintf(url, sizeof(url), "/flicket-api/%s", rows[i].url);
		responded_clear();
		visit_begin(&v, "GET", url);
		visit_header(&v, H2O_TOKEN_IF_NONE_MATCH, rows[i].tags);
		if (rows[i].accepts != NULL)
			visit_header(&v, H2O_TOKEN_ACCEPT_ENCODING,
			    rows[i].accepts);
		check_number(url, decode_begin(&v.x), FLOW_NEXT);
		check_text(rows[i].tags, args_text(&v.x.args,
		    KEY_IF_NONE_MATCH), text_of(rows[i].want));
		visit_end(&v);
	}
}

static void
what_takes_no_body_looks_at_none(void **state)
{
	struct visit	v;

	(void)state;
	check_number("GET", decode(&v, "GET", "/flicket-api/ticket/5?id=9",
	    "no JSON"), FLOW_NEXT);
	check_number("id", args_number(&v.x.args, KEY_ID, 0), 5);
	visit_end(&v);
	check_number("POST", decode(&v, "POST", "/flicket-api/tokens",
	    "no JSON"), FLOW_NEXT);
	check_true("nothing", keyset_is_empty(args_keys(&v.x.args)));
	visit_end(&v);
	check_number("DELETE", decode(&v, "DELETE", "/flicket-api/tokens",
	    "no JSON"), FLOW_NEXT);
	visit_end(&v);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("pages are taken from the query, or are the first",
		    pages_are_taken_from_the_query),
		TEST("pages below the first are not there",
		    pages_below_the_first_are_not_there),
		TEST("services compare the tags that they know",
		    services_compare_the_tags_that_they_know),
		TEST("what takes no body does not look at one",
		    what_takes_no_body_looks_at_none),
	};

	return cmocka_run_group_tests_name("decode", tests, visit_routes, NULL);
}
