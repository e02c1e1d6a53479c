/* base/number.c: what is a number, and what is not. */
#include "unit.h"

#include "base/number.h"

#define MOST	"9223372036854775807"
#define BEYOND	"9223372036854775808"
#define LONG	"99999999999999999999999999"	/* more than 64 bits */

static void
whole_texts_are_read_within_bounds(void **state)
{
	static const struct { const char *text; int64_t least, most;
	    bool is; int64_t n; } rows[] = {
		{ "0", 0, 0, true, 0 },
		{ "42", -1, 42, true, 42 },
		{ "43", -1, 42, false, 0 },
		{ "-2", -1, 42, false, 0 },
		{ "-1", -1, 42, true, -1 },
		{ "+7", 0, 9, true, 7 },
		{ "007", 0, 9, true, 7 },
		{ "-0", 0, 9, true, 0 },
		{ "0000000000000000000000000000000000000001", 0, 9, true, 1 },
		{ MOST, INT64_MIN, INT64_MAX, true, INT64_MAX },
		{ BEYOND, INT64_MIN, INT64_MAX, false, 0 },
		{ "-" MOST, INT64_MIN, INT64_MAX, true, -INT64_MAX },
		{ "-" BEYOND, INT64_MIN, INT64_MAX, true, INT64_MIN },
		{ "-9223372036854775809", INT64_MIN, INT64_MAX, false, 0 },
		{ LONG, INT64_MIN, INT64_MAX, false, 0 },
		{ "18446744073709551617", INT64_MIN, INT64_MAX, false, 0 },
		{ "", INT64_MIN, INT64_MAX, false, 0 },
		{ "-", INT64_MIN, INT64_MAX, false, 0 },
		{ "+-1", INT64_MIN, INT64_MAX, false, 0 },
		{ " 1", INT64_MIN, INT64_MAX, false, 0 },
		{ "1 ", INT64_MIN, INT64_MAX, false, 0 },
		{ "1_0", INT64_MIN, INT64_MAX, false, 0 },
		{ "1.0", INT64_MIN, INT64_MAX, false, 0 },
		{ "0x1", INT64_MIN, INT64_MAX, false, 0 },
		{ "\xd9\xa1", INT64_MIN, INT64_MAX, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		int64_t	n = -77;

		check_number(rows[i].text, number_read(text_of(rows[i].text),
		    rows[i].least, rows[i].most, &n), rows[i].is);
		check_number(rows[i].text, n, rows[i].is ? rows[i].n : -77);
	}
	check_true("a NUL", !number_read(TEXT_OF("1\0"), 0, 9,
	    &(int64_t){ 0 }));
}

static void
digits_are_taken_from_a_text(void **state)
{
	static const struct { const char *text; enum number_kind kind;
	    int64_t n; const char *left; } rows[] = {
		{ "", NUMBER_NONE, -77, "" },
		{ "-1", NUMBER_NONE, -77, "-1" },
		{ "+1", NUMBER_NONE, -77, "+1" },
		{ "a1", NUMBER_NONE, -77, "a1" },
		{ "1", NUMBER_FITS, 1, "" },
		{ "12/34", NUMBER_FITS, 12, "/34" },
		{ "00", NUMBER_FITS, 0, "" },
		{ MOST "-", NUMBER_FITS, INT64_MAX, "-" },
		{ BEYOND "-", NUMBER_BEYOND, INT64_MAX, "-" },
		{ LONG ",5", NUMBER_BEYOND, INT64_MAX, ",5" },
	};

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		struct text	t = text_of(rows[i].text);
		int64_t		n = -77;

		check_number(rows[i].text, number_take(&t, &n), rows[i].kind);
		check_number(rows[i].text, n, rows[i].n);
		check_text(rows[i].text, t, text_of(rows[i].left));
	}
}

static void
as_many_digits_are_taken_as_are_asked_for(void **state)
{
	struct text	t = TEXT_OF("2024-0x");
	int		n = -77;

	(void)state;
	check_true("five", !number_take_digits(&t, 5, &n));
	check_text("five", t, text_of("2024-0x"));
	check_true("four", number_take_digits(&t, 4, &n));
	check_number("four", n, 2024);
	check_text("four", t, text_of("-0x"));
	check_true("a sign", !number_take_digits(&t, 1, &n));
	t.base++;
	t.len--;
	check_true("one", number_take_digits(&t, 1, &n));
	check_number("one", n, 0);
	check_true("another", !number_take_digits(&t, 1, &n));
	t.len = 0;
	check_true("of an empty text", !number_take_digits(&t, 1, &n));
	check_number("as it was", n, 0);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("whole texts are read within bounds",
		    whole_texts_are_read_within_bounds),
		TEST("digits are taken from a text",
		    digits_are_taken_from_a_text),
		TEST("as many digits are taken as are asked for",
		    as_many_digits_are_taken_as_are_asked_for),
	};

	return cmocka_run_group_tests_name("number", tests, NULL, NULL);
}
