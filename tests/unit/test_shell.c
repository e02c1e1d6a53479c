/* tools/flicketctl/cli/shell.c */
#include "unit.h"

#include "tools/flicketctl/cli/shell.h"

static void
a_word_is_read_as_it_is(void **state)
{
	static const struct { const char *text, *want; } rows[] = {
		{ "admin", "admin" },
		{ "/srv/desk-2/a_b.c,d:e+f@g%h", "/srv/desk-2/a_b.c,d:e+f@g%h" },
		{ "", "''" },
		{ "a b", "'a b'" },
		{ "a\tb\nc", "'a\tb\nc'" },
		{ "o'brien", "'o'\\''brien'" },
		{ "''", "''\\'''\\'''" },
		{ "$HOME", "'$HOME'" },
		{ "a;b", "'a;b'" },
		{ "a&b|c<d>e", "'a&b|c<d>e'" },
		{ "`id`", "'`id`'" },
		{ "\"a\"", "'\"a\"'" },
		{ "a\\b", "'a\\b'" },
		{ "*?[a]", "'*?[a]'" },
		{ "{a,b}", "'{a,b}'" },
		{ "!1", "'!1'" },
		{ "(a)", "'(a)'" },
		/* only at the beginning, or in some shells only */
		{ "~root", "'~root'" },
		{ "#a", "'#a'" },
		{ "=ls", "'=ls'" },
		{ "a^b", "'a^b'" },
		/* a blank where the locale says so */
		{ "a\xc2\xa0" "b", "'a\xc2\xa0" "b'" },
		{ "J\xc3\xb6rg", "'J\xc3\xb6rg'" },
	};
	struct buf	b = { 0 };

	(void)state;
	/* one buffer for all: a word replaces the one before */
	for (size_t i = 0; i < LEN(rows); i++)
		check_string(rows[i].text, shell_word(&b, rows[i].text),
		    rows[i].want);
	buf_done(&b);
}

static void
quotes_are_appended(void **state)
{
	struct buf	b = { 0 };

	(void)state;
	buf_put_text(&b, "-d ");
	shell_put_quoted(&b, "plain");
	shell_put_quoted(&b, "isn't");
	check_text("both", buf_text(&b), TEXT_OF("-d 'plain''isn'\\''t'"));
	buf_done(&b);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("a word is read as it is", a_word_is_read_as_it_is),
		TEST("quotes are appended", quotes_are_appended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
