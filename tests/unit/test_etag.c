/* gateway/reply/etag.c */
#include "exchange.h"

#include "gateway/reply/etag.h"

static void
either_form_is_known_by_its_tag(void **state)
{
	static const struct { const char *have, *accepts, *want; } rows[] = {
		{ NULL, "gzip", "" },
		{ "", "gzip", "" },
		{ "\"a\"", NULL, "\"a\"" },
		{ "W/\"a\"", NULL, "\"a\"" },
		{ "\"x\", \"a\"", NULL, "\"a\"" },
		{ "*", NULL, "\"a\"" },
		{ "\"b\"", NULL, "" },
		{ "a", NULL, "" },
		/* compressed, for those who can read it */
		{ "\"a.gzip\"", "gzip", "\"a.gzip\"" },
		{ "W/\"a.gzip\"", "gzip", "\"a.gzip\"" },
		{ "\"a.gzip\"", NULL, "" },
		{ "\"a.gzip\"", "gzip;q=0", "" },
		{ "\"b.gzip\"", "gzip", "" },
		{ "\"a.gzi\"", "gzip", "" },
		/* as it is, for all; of both the one that is preferred */
		{ "\"a\"", "gzip", "\"a\"" },
		{ "\"a\", \"a.gzip\"", "gzip", "\"a.gzip\"" },
		{ "\"a\", \"a.gzip\"", "identity", "\"a\"" },
		{ "*", "gzip", "\"a\"" },
	};
	struct visit	v;
	h2o_iovec_t	etag;
	bool		has;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		visit_begin(&v, "GET", "/");
		if (rows[i].have != NULL)
			visit_header(&v, H2O_TOKEN_IF_NONE_MATCH, rows[i].have);
		if (rows[i].accepts != NULL)
			visit_header(&v, H2O_TOKEN_ACCEPT_ENCODING,
			    rows[i].accepts);
		etag = h2o_iovec_init(H2O_STRLIT("\"a\""));
		has = etag_client_has(&v.x, &etag);
		check_text(rows[i].have == NULL ? "none" : rows[i].have,
		    has ? (struct text){ etag.base, etag.len } : TEXT_OF(""),
		    text_of(rows[i].want));
		visit_end(&v);
	}
}

static void
a_read_may_be_of_one_version_only(void **state)
{
	static const struct { const char *tags; bool is_wanted; } rows[] = {
		{ NULL, true }, { "*", true }, { "\"a\"", true },
		{ "\"b\", \"a\"", true }, { "\"a.gzip\"", true },
		{ "W/\"a\", \"a\"", true },
		{ "W/\"a\"", false }, { "W/\"a.gzip\"", false },
		{ "\"b\"", false }, { "a", false }, { "", false },
	};
	struct visit	v;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		visit_begin(&v, "GET", "/");
		if (rows[i].tags != NULL)
			visit_header(&v, H2O_TOKEN_IF_MATCH, rows[i].tags);
		check_number(rows[i].tags == NULL ? "none" : rows[i].tags,
		    etag_client_wants(&v.x, h2o_iovec_init(
		    H2O_STRLIT("\"a\""))), rows[i].is_wanted);
		visit_end(&v);
	}
}

/* What the client cannot read it does not have, whatever it names. */
static void
services_are_told_the_tags_they_know(void **state)
{
	static const struct { const char *tags, *accepts, *want; } rows[] = {
		{ "\"a.gzip\"", "gzip", "\"a\"" },
		{ "W/\"a.gzip\"", "*", "W/\"a\"" },
		{ "\"b\", \"a.gzip\",\"c.0123456789abcdef.gzip\"", "gzip",
		    "\"b\", \"a\",\"c.0123456789abcdef\"" },
		{ "\"a.gzip\", \"b\"", "gzip", "\"a\", \"b\"" },
		{ ".gzip\"", "gzip", "\"" },
		{ "\"a\"", "gzip", "\"a\"" },
		{ "\"a.gzip", "gzip", "\"a.gzip" },
		{ "*", "gzip", "*" },
		{ "", "gzip", "" },
		{ "\"a.gzip\"", NULL, "\"a.gzip\"" },
		{ "\"a.gzip\", \"a\"", "br", "\"a.gzip\", \"a\"" },
		{ "\"a.gzip\"", "gzip;q=0", "\"a.gzip\"" },
	};
	struct visit	v;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		visit_begin(&v, "GET", "/");
		if (rows[i].accepts != NULL)
			visit_header(&v, H2O_TOKEN_ACCEPT_ENCODING,
			    rows[i].accepts);
		check_text(rows[i].tags, etag_for_service(&v.x,
		    text_of(rows[i].tags)), text_of(rows[i].want));
		visit_end(&v);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("either form of an answer is known by its tag",
		    either_form_is_known_by_its_tag),
		TEST("a read may be of one version only",
		    a_read_may_be_of_one_version_only),
		TEST("services are told the tags that they know",
		    services_are_told_the_tags_they_know),
	};

	return cmocka_run_group_tests_name("etag", tests, NULL, NULL);
}
