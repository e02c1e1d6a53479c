/* base/fold.c: names that people take for one. */
#include "base/fold.h"

#include <locale.h>
#include <stdio.h>
#include <wchar.h>

#include "unit.h"

/* Names in pairs: whether they read the same. */
static const struct {
	const char	*name, *a, *b;
	bool		 same;
} rows[] = {
	{ "nothing", "", "", true },
	{ "one name", "bob", "bob", true },
	{ "case", "bob", "BoB", true },
	{ "another name", "bob", "rob", false },
	{ "a part", "bob", "bobby", false },
	{ "accents count", "jose", "jos\u00e9", false },
	{ "composed", "jos\u00e9", "JOSE\u0301", true },
	{ "two marks", "a\u0323\u0307b", "a\u0307\u0323b", true },
	{ "wide", "bob", "\uff22\uff4f\uff42", true },
	{ "half wide", "\u30ab\u30bf\u30ab\u30ca", "\uff76\uff80\uff76\uff85", true },
	{ "half wide, with a mark", "\u30ac", "\uff76\uff9e", true },
	{ "Korean", "\ud55c\uae00", "\u1112\u1161\u11ab\u1100\u1173\u11af", true },
	{ "ligature", "office", "o\ufb03ce", true },
	{ "German", "stra\u00dfe", "STRASSE", true },
	{ "Greek", "\u039f\u0394\u039f\u03a3", "\u03bf\u03b4\u03bf\u03c2", true },
	{ "Cyrillic is another script", "bob", "b\u043eb", false },
	{ "Cyrillic, case", "\u0418\u0432\u0430\u043d", "\u0438\u0412\u0410\u041d", true },
	{ "no width", "bob", "b\u200bo\u200db", true },
	{ "byte order mark", "bob", "\ufeffbob", true },
	{ "soft hyphen", "bobby", "bob\u00adby", true },
	{ "joiner of graphemes", "bob", "b\u034fob", true },
	{ "variation", "bob", "bob\ufe0f", true },
	{ "tags", "bob", "bob\U000e0041", true },
	{ "directions", "bob", "\u202ebob\u2069", true },
	{ "fillers", "bob", "b\u3164\u115f\uffa0ob", true },
	{ "braille without dots", "bob", "bob\u2800", true },
	{ "controls", "bob", "b\001o\xc2\x85" "b\x7f", true },
	{ "notes", "bob", "b\ufff9ob\ufffb", true },
	{ "between accent and letter", "jos\u00e9", "jose\u200b\u0301", true },
	{ "blanks", "bob ross", " bob\u00a0\u3000\t ross\n", true },
	{ "a blank counts", "bob ross", "bobross", false },
	{ "what stands for blanks", "a \u0301b", "a\u00b4b", true },
	{ "nothing to see", "", "\u200b\ufeff \u2800", true },
	{ "an address", "Bob@Example.ORG", "\uff42ob@example\uff0eorg", true },
	{ "dotted", "i\u0307x", "\u0130X", true },
	{ "dotless is another", "ix", "\u0131x", false },
	{ "no UTF-8", "b\xffob", "b\xffob", true },
	{ "no UTF-8, as it is", "b\xffob", "B\xffob", false },
};

static void
names_read_the_same(void **state)
{
	struct buf	a = { 0 }, b = { 0 };

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		a.len = b.len = 0;
		fold_put(&a, text_of(rows[i].a));
		fold_put(&b, text_of(rows[i].b));
		check_number(rows[i].name, text_same(buf_text(&a),
		    buf_text(&b)), rows[i].same);
	}
	buf_done(&a);
	buf_done(&b);
}

/* The form of a form is that form: stores hold forms. */
static void
a_form_is_its_own(void **state)
{
	struct buf	once = { 0 }, twice = { 0 };
	char		text[8];

	(void)state;
	for (uint32_t c = 1; c < 0x110000; c = c == 0xd7ff ? 0xe000 : c + 1) {
		snprintf(text, sizeof(text), "%lc", (wint_t)c);
		once.len = twice.len = 0;
		fold_put(&once, text_of(text));
		fold_put(&twice, buf_text(&once));
		if (!text_same(buf_text(&once), buf_text(&twice)))
			fail_msg("U+%04X", c);
	}
	buf_done(&once);
	buf_done(&twice);
}

/* Names of ASCII alone have a way of their own. */
static void
a_name_of_ascii_has_the_form_that_it_has_beside_others(void **state)
{
	struct buf	alone = { 0 }, beside = { 0 };
	char		text[8];

	(void)state;
	for (char c = ' '; c < 0x7f; c++) {
		alone.len = beside.len = 0;
		fold_put(&alone, (struct text){ &c, 1 });
		buf_put_text(&alone, "\u00e9");
		snprintf(text, sizeof(text), "%c\u00e9", c);
		fold_put(&beside, text_of(text));
		check_text(text, buf_text(&alone), buf_text(&beside));
	}
	buf_done(&alone);
	buf_done(&beside);
}

/* NUL is a character as any other. */
static void
a_text_goes_on_behind_nul(void **state)
{
	struct buf	b = { 0 };

	(void)state;
	fold_put(&b, (struct text){ "A\0B", 3 });
	check_text("both", buf_text(&b), TEXT_OF("ab"));
	b.len = 0;
	buf_put_text(&b, "x ");
	fold_put(&b, TEXT_OF(" Y"));
	check_text("appended", buf_text(&b), TEXT_OF("x y"));
	buf_done(&b);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("names read the same", names_read_the_same),
		TEST("a form is its own", a_form_is_its_own),
		TEST("a name of ASCII has the form that it has beside others",
		    a_name_of_ascii_has_the_form_that_it_has_beside_others),
		TEST("a text goes on behind NUL", a_text_goes_on_behind_nul),
	};

	assert_non_null(setlocale(LC_ALL, "C.UTF-8"));
	return cmocka_run_group_tests_name("fold", tests, NULL, NULL);
}
