/* gateway/http/url.c */
#include "gateway/http/url.h"

#include <stdlib.h>

#include "base/log.h"
#include "unit.h"

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

static void
parameters_are_taken_one_by_one(void **state)
{
	static const struct { const char *query, *want; } rows[] = {
		{ "", "" },
		{ "a=1", "<a|1>" },
		{ "a=1&b=2", "<a|1><b|2>" },
		{ "a", "<a|>" },
		{ "a=", "<a|>" },
		{ "=1", "<|1>" },
		{ "&&a=1&", "<|><|><a|1>" },
		{ "a=b=c", "<a|b=c>" },
		{ "a%3d=1%26&b+c=+", "<a=|1&><b c| >" },
	};
	h2o_mem_pool_t	pool;
	struct text	left, name, value;
	struct buf	have = { 0 };

	(void)state;
	h2o_mem_init_pool(&pool);
	for (size_t i = 0; i < LEN(rows); i++) {
		have.len = 0;
		left = text_of(rows[i].query);
		while (url_next_parameter(&pool, &left, &name, &value))
			buf_printf(&have, "<%.*s|%.*s>", (int)name.len,
			    name.base, (int)value.len, value.base);
		check_text(rows[i].query, buf_text(&have),
		    text_of(rows[i].want));
	}
	buf_done(&have);
	h2o_mem_clear_pool(&pool);
}

static void
paths_begin_behind_the_host(void **state)
{
	static const struct { const char *url, *want; } rows[] = {
		{ "http://localhost:5000", "" },
		{ "http://localhost:5000/", "/" },
		{ "https://example.org/desk/of/ours", "/desk/of/ours" },
		{ "http://[::1]:80/a", "/a" },
	};

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++)
		check_string(rows[i].url, url_path(rows[i].url), rows[i].want);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("a URL is decoded once, what is no encoding stays",
		    urls_are_decoded_once),
		TEST("a path begins behind the host",
		    paths_begin_behind_the_host),
		TEST("the parameters of a query are taken one by one",
		    parameters_are_taken_one_by_one),
	};

	return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
