/* base/line.c: texts of one line. */
#include "unit.h"

#include <string.h>

#include "base/line.h"

static void
blanks_at_the_ends_are_taken_away(void **state)
{
	static const struct { const char *text, *trimmed; } rows[] = {
		{ "", "" }, { "a", "a" }, { " a b ", "a b" },
		{ "\t\r\n\v\f a\n", "a" }, { "   ", "" },
		{ "\xc2\xa0\xe3\x80\x80 \xe6\x97\xa5 \xe3\x80\x80",
		    "\xe6\x97\xa5" },
		{ "\xef\xbb\xbf" "a\xe2\x80\x8b", "a" },
		{ "\xc2\x85" "a\xe2\x80\xa8\xe2\x80\xa9", "a" },
		/* a mark of direction changes how a stop beside it is shown */
		{ "\xe2\x80\x8f(a)\xe2\x80\x8f", "\xe2\x80\x8f(a)\xe2\x80\x8f" },
		{ "\x1b[0m ", "\x1b[0m" },
		{ "\xa0" "a\xe3\x80", "\xa0" "a\xe3\x80" },
		{ "a \x80", "a \x80" }, { "a\xc2\xa0\xa0\xa0", "a\xc2\xa0\xa0\xa0" },
		{ " \x80 ", "\x80" },
	};
	struct text	t;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		t = line_trim(text_of(rows[i].text));
		check_number(rows[i].text, t.len, strlen(rows[i].trimmed));
		check_true(rows[i].text,
		    memcmp(t.base, rows[i].trimmed, t.len) == 0);
	}
}

static void
flaws_are_found(void **state)
{
	static const struct {
		const char	*text;
		enum line_flaw	 flaw;
		uint32_t	 at;
	} rows[] = {
		{ "", LINE_GOOD, 0 }, { "a b", LINE_GOOD, 0 },
		{ "\xe6\x97\xa5\xe6\x9c\xac", LINE_GOOD, 0 },
		{ "\xf0\x9f\x98\x80", LINE_GOOD, 0 },
		{ "a\xe2\x80\x8d" "b", LINE_GOOD, 0 },
		{ "a\xc2\xad" "b", LINE_GOOD, 0 },
		{ " a", LINE_EDGE, 0 }, { "a\xe3\x80\x80", LINE_EDGE, 0 },
		{ "a\nb", LINE_CONTROL, '\n' }, { "a\tb", LINE_CONTROL, '\t' },
		{ "\x1b]0;x\a", LINE_CONTROL, 0x1b },
		{ "a\x7f", LINE_CONTROL, 0x7f },
		{ "a\xc2\x9b" "31m", LINE_CONTROL, 0x9b },
		{ "a\xe2\x80\xa8" "b", LINE_CONTROL, 0x2028 },
		{ "a\xe2\x80\xae" "b", LINE_CONTROL, 0x202e },
		{ "\xe2\x80\xad" "a", LINE_CONTROL, 0x202d },
		/* a control character is told before what is open */
		{ "\xe2\x81\xa7" "a\t", LINE_CONTROL, '\t' },
		{ "\xe2\x81\xa7" "a", LINE_OPEN, 0x2067 },
		{ "\xe2\x80\xab" "a\xe2\x81\xa9", LINE_OPEN, 0x202b },
		{ "\xe2\x81\xa6" "a\xe2\x80\xac", LINE_OPEN, 0x2066 },
		{ "\xe2\x81\xa9" "a\xe2\x81\xa8", LINE_OPEN, 0x2068 },
		{ "\xe2\x80\xaa" "a\xe2\x80\xac", LINE_GOOD, 0 },
		{ "\xe2\x81\xa7\xe2\x81\xa7" "a\xe2\x81\xa9", LINE_OPEN,
		    0x2067 },
		{ "\xe2\x81\xa7\xe2\x80\xaa" "a\xe2\x80\xac\xe2\x81\xa9",
		    LINE_GOOD, 0 },
		{ "a\xe2\x80\xac\xe2\x81\xa9", LINE_GOOD, 0 },
		{ "   ", LINE_BLANK, 0 },
		{ "\xe2\x80\x8e\xe2\x80\x8e\xe2\x80\x8e", LINE_BLANK, 0 },
		{ "\xe3\x85\xa4\xe3\x85\xa4\xe3\x85\xa4", LINE_BLANK, 0 },
		{ "\xe2\xa0\x80\xe2\xa0\x80\xe2\xa0\x80", LINE_BLANK, 0 },
		{ "\xf3\xa0\x81\x81\xf3\xa0\x81\x82", LINE_BLANK, 0 },
	};
	uint32_t	at;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		check_number(rows[i].text, line_flaw(text_of(rows[i].text),
		    &at), rows[i].flaw);
		if (rows[i].at != 0)
			check_number(rows[i].text, at, rows[i].at);
	}
}

static void
what_can_be_seen(void **state)
{
	static const uint32_t	unseen[] = { 0, ' ', 0x7f, 0xa0, 0xad, 0x200b,
				    0x200d, 0x200e, 0x202a, 0x202c, 0x202e,
				    0x2066, 0x2069, 0x3000, 0xfeff, 0x1d173,
				    0xe0001 };
	static const uint32_t	seen[] = { '!', 'a', 0xe9, 0x301, 0x2010,
				    0x4e00, 0xfffd, 0x1f600, 0x10ffff };

	(void)state;
	for (size_t i = 0; i < LEN(unseen); i++)
		check_true("unseen", !line_shows(unseen[i]));
	for (size_t i = 0; i < LEN(seen); i++)
		check_true("seen", line_shows(seen[i]));
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(blanks_at_the_ends_are_taken_away),
		cmocka_unit_test(flaws_are_found),
		cmocka_unit_test(what_can_be_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
