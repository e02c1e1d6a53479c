/* base/percent.c */
#include "base/percent.h"

#include "unit.h"

static void
texts_are_encoded_for_where_they_stand(void **state)
{
	static const struct { const char *row; struct text in;
	    const char *form, *url, *attr; } rows[] = {
		{ "letters and digits", TEXT_OF("azAZ09"), "azAZ09", "azAZ09",
		    "azAZ09" },
		{ "nothing", TEXT_OF(""), "", "", "" },
		{ "space", TEXT_OF("a b"), "a+b", "a%20b", "a%20b" },
		{ "unreserved", TEXT_OF("-_.~"), "-_.~", "-_.~", "-_.~" },
		{ "reserved", TEXT_OF("/:@!$&'()*+,;="),
		    "%2F%3A%40%21%24%26%27%28%29%2A%2B%2C%3B%3D",
		    "/:@!$&'()*+,;=", "%2F%3A%40!$&%27%28%29%2A+%2C%3B%3D" },
		{ "never in a URL", TEXT_OF("\"<>\\^`{|}%#?"),
		    "%22%3C%3E%5C%5E%60%7B%7C%7D%25%23%3F",
		    "%22%3C%3E%5C%5E%60%7B%7C%7D%25%23%3F",
		    "%22%3C%3E%5C^`%7B|%7D%25#%3F" },
		{ "control characters", TEXT_OF("\0\x01\x1f"), "%00%01%1F",
		    "%00%01%1F", "%00%01%1F" },
		{ "UTF-8", TEXT_OF("\xc3\xa9\x80\xff"), "%C3%A9%80%FF",
		    "%C3%A9%80%FF", "%C3%A9%80%FF" },
	};
	struct buf	b = { 0 };
	const char	*want;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++)
		for (int part = PERCENT_FORM; part <= PERCENT_ATTR; part++) {
			want = part == PERCENT_FORM ? rows[i].form :
			    part == PERCENT_URL ? rows[i].url : rows[i].attr;
			b.len = 0;
			percent_encode(&b, rows[i].in,
			    (enum percent_part)part);
			check_text(rows[i].row, (struct text){ b.base, b.len },
			    text_of(want));
		}
	buf_done(&b);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("a text is encoded for where it stands",
		    texts_are_encoded_for_where_they_stand),
	};

	return cmocka_run_group_tests_name("percent", tests, NULL, NULL);
}
