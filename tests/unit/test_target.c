/* gateway/http/target.c: targets of all forms. */
#include "gateway/http/target.h"

#include <stdio.h>

#include "unit.h"

static void
absolute_targets_are_reduced(void **state)
{
	static const struct {
		const char	*target;
		bool		 options;
		const char	*want, *host;
	} rows[] = {
		{ "http://desk/a?b", false, "/a?b", "desk" },
		{ "HTTPS://Desk:5000/a", false, "/a", "Desk:5000" },
		{ "http://[::1]:80/", false, "/", "[::1]:80" },
		{ "http://desk", false, "/", "desk" },
		{ "http://desk", true, "*", "desk" },
		{ "http://desk/", true, "/", "desk" },
		{ "http://desk?a=/b", false, "/?a=/b", "desk" },
		{ "http://desk?a", true, "/?a", "desk" },
		{ "http://desk#a", false, "/#a", "desk" },
		{ "http://desk//a", false, "//a", "desk" },
		{ "http://me@desk/a", false, "/a", "me@desk" },
		{ "http:///a", false, "/a", "" },
		{ "http://", false, "/", "" },
		{ "/a", false, "/a", "" },
		{ "*", true, "*", "" },
		{ "/http://desk/a", false, "/http://desk/a", "" },
		{ "ftp://desk/a", false, "ftp://desk/a", "" },
		{ "http:/desk", false, "http:/desk", "" },
		{ "", false, "", "" },
	};
	char		copy[64];
	struct text	got, host;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		snprintf(copy, sizeof(copy), "%s", rows[i].target);
		got = target_reduce(text_of(copy), rows[i].options, &host);
		check_text(rows[i].target, got, text_of(rows[i].want));
		check_text(rows[i].target, host, text_of(rows[i].host));
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("absolute targets are reduced",
		    absolute_targets_are_reduced),
	};

	return cmocka_run_group_tests_name("target", tests, NULL, NULL);
}
