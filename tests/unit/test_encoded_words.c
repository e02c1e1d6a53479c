/* gateway/http/encoded_words.c */
#include "gateway/http/encoded_words.h"

#include "unit.h"

static void
words_are_decoded(void **state)
{
	static const struct { const char *text, *want; } rows[] = {
		{ "=?utf-8?B?5ryi?=", "\xe6\xbc\xa2" },
		{ "=?UTF-8?b?5ryi?=", "\xe6\xbc\xa2" },
		{ " =?utf-8?Q?a=3Fb_c?=\t=?us-ascii?q?d?= ", "a?b cd" },
		/* a character over two words */
		{ "=?utf-8?B?5rw=?= =?utf-8?B?og==?=", "\xe6\xbc\xa2" },
		{ "=?ISO-8859-1?B?5A==?=", "\xc3\xa4" },
		{ "=?iso-8859-1*de?Q?=e4?=", "\xc3\xa4" },
		{ "=?utf-8?B?\?=", "" },
		{ "=?utf-8?Q?=FF?=", "\xff" },
		/* other texts */
		{ "", NULL },
		{ " ", NULL },
		{ "a", NULL },
		{ "=?utf-8?B?5ryi?= a", NULL },
		{ "a =?utf-8?B?5ryi?=", NULL },
		{ "=?utf-8?B?5ryi?", NULL },
		{ "=?utf-8?B?5ryi", NULL },
		{ "=?utf-8?B", NULL },
		{ "=?", NULL },
		{ "=?utf-8?B?5r*i?=", NULL },
		{ "=?utf-8?B?5ry?=", NULL },
		{ "=?utf-8?Q?=e?=", NULL },
		{ "=?utf-8?Q?=eg?=", NULL },
		{ "=?utf-8?C?a?=", NULL },
		{ "=?utf-16?Q?a?=", NULL },
		{ "=?\?Q?a?=", NULL },
		/* longer than there is room for */
		{ "=?utf-8?Q?123456789012345678901?=", NULL },
	};
	char		to[20];
	struct text	got;
	bool		is;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		is = encoded_words_read(text_of(rows[i].text), to, sizeof(to),
		    &got);
		check_number(rows[i].text, is, rows[i].want != NULL);
		if (is)
			check_text(rows[i].text, got, text_of(rows[i].want));
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("words are decoded", words_are_decoded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
