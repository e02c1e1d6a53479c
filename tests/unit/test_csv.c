/* services/ticket/list/csv.c */
#include "unit.h"

#include "services/ticket/list/csv.h"

#define NBSP	"\xc2\xa0"
#define BOM	"\xef\xbb\xbf"
#define ZWSP	"\xe2\x80\x8b"
#define WIDE	"\xe3\x80\x80"		/* an ideographic space */
#define HYPHEN	"\xc2\xad"		/* a soft one */
#define FILLER	"\xe3\x85\xa4"		/* Hangul's, of no ink */
#define BRAILLE	"\xe2\xa0\x80"		/* of no dots */

static void
check_cells(char separator, const struct text (*rows)[2], size_t count)
{
	struct buf	b = { 0 };

	for (size_t i = 0; i < count; i++) {
		b.len = 0;
		csv_put(&b, rows[i][0], separator);
		check_text("cell", buf_text(&b), rows[i][1]);
	}
	buf_done(&b);
}

#define CELL(text, cell) { TEXT_OF(text), TEXT_OF("\"" cell "\"") }

static void
a_cell_is_quoted_and_no_formula(void **state)
{
	static const struct text	rows[][2] = {
		CELL("", ""), CELL("a", "a"), CELL("a=1", "a=1"),
		CELL("\"=1", "\"\"=1"), CELL("a\"b,c", "a\"\"b,c"),
		CELL("=1", "'=1"), CELL("+1", "'+1"), CELL("-1", "'-1"),
		CELL("@a", "'@a"), CELL("=", "'="), CELL("'=1", "'=1"),
		CELL("\ta", "' a"), CELL("\ra", "' a"), CELL("\na", "' a"),
		CELL("\xe6\xbc\xa2\xe5\xad\x97", "\xe6\xbc\xa2\xe5\xad\x97"),
		CELL("\xff=1", "\xff=1"), CELL("=\xff", "'=\xff"),
	};

	(void)state;
	check_cells(',', rows, LEN(rows));
}

static void
a_formula_may_be_behind_what_nobody_sees(void **state)
{
#define HIDDEN(blank)	CELL(blank "=1", "'" blank "=1"), CELL(blank "a", \
			    blank "a"), CELL(blank, blank)
	static const struct text	rows[][2] = {
		HIDDEN(" "), HIDDEN("    "), HIDDEN(NBSP), HIDDEN(BOM),
		HIDDEN(ZWSP), HIDDEN(WIDE), HIDDEN(HYPHEN), HIDDEN(FILLER),
		HIDDEN(BRAILLE), HIDDEN(BOM " " NBSP ZWSP),
		CELL("\1=1", "' =1"), CELL("\x7f=1", "' =1"),
		CELL(" \t=1", "'  =1"), CELL("\0=1", "' =1"),
	};
#undef HIDDEN

	(void)state;
	check_cells(',', rows, LEN(rows));
}

static void
a_formula_may_be_of_any_width(void **state)
{
	static const struct text	rows[][2] = {
		CELL("\xef\xbc\x9d" "1", "'\xef\xbc\x9d" "1"),
		CELL("\xef\xbc\x8b" "1", "'\xef\xbc\x8b" "1"),
		CELL("\xef\xbc\x8d" "1", "'\xef\xbc\x8d" "1"),
		CELL("\xef\xbc\xa0" "a", "'\xef\xbc\xa0" "a"),
		CELL("\xef\xb9\xa6" "1", "'\xef\xb9\xa6" "1"),
		CELL("\xe2\x88\x92" "1", "'\xe2\x88\x92" "1"),
		CELL("\xef\xbc\xa1=", "\xef\xbc\xa1="),
		CELL(BOM "\xef\xbc\x9d", "'" BOM "\xef\xbc\x9d"),
	};

	(void)state;
	check_cells(',', rows, LEN(rows));
}

/* One that expects another separator splits at it, quotes or not. */
static void
a_formula_may_be_behind_a_separator(void **state)
{
	static const struct text	commas[][2] = {
		CELL("a;=1", "a;'=1"), CELL("a; =1;-2", "a;' =1;'-2"),
		CELL("a;b=1", "a;b=1"), CELL("a,=1", "a,=1"),
		CELL("a;\"=1", "a;'\"\"=1"), CELL("a;", "a;"),
		CELL("a\t=1", "a =1"), CELL("a\n=1", "a =1"),
		CELL(";;;=", ";;;'="),
	};
	static const struct text	semicolons[][2] = {
		CELL("a;=1", "a;'=1"), CELL("a,=1", "a,'=1"),
		CELL("a, -b; +c", "a,' -b;' +c"), CELL("a,b", "a,b"),
	};

	(void)state;
	check_cells(',', commas, LEN(commas));
	check_cells(';', semicolons, LEN(semicolons));
	check_cells('\t', semicolons, LEN(semicolons));
}

static void
a_cell_has_one_line(void **state)
{
	static const struct text	rows[][2] = {
		CELL("a\r\nb", "a b"), CELL("a\nb\rc", "a b c"),
		CELL("a\n\nb", "a  b"), CELL("a\r\r\nb", "a  b"),
		CELL("a\vb\fc", "a b c"), CELL("a\xc2\x85" "b", "a b"),
		CELL("a\xe2\x80\xa8" "b\xe2\x80\xa9", "a b "),
		CELL("a\tb", "a b"), CELL("a\1b\2c\3d\x1b\xc2\x9b", "a b c d  "),
	};

	(void)state;
	check_cells(',', rows, LEN(rows));
}

static void
separators_have_names(void **state)
{
	static const struct { struct text name; char want; } rows[] = {
		{ TEXT_OF("comma"), ',' }, { TEXT_OF(","), ',' },
		{ TEXT_OF("semicolon"), ';' }, { TEXT_OF(";"), ';' },
		{ TEXT_OF("tab"), '\t' }, { TEXT_OF("\t"), '\t' },
		{ TEXT_OF(""), 0 }, { TEXT_OF("|"), 0 }, { TEXT_OF("Tab"), 0 },
		{ TEXT_OF("semi"), 0 }, { TEXT_OF(";;"), 0 },
		{ TEXT_OF(";\0"), 0 },
	};
	char	got;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		got = 0;
		check_number(rows[i].name.base, csv_separator(rows[i].name,
		    &got), rows[i].want != 0);
		check_number(rows[i].name.base, got, rows[i].want);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("a cell is quoted and no formula",
		    a_cell_is_quoted_and_no_formula),
		TEST("a formula may be behind what nobody sees",
		    a_formula_may_be_behind_what_nobody_sees),
		TEST("a formula may be of any width",
		    a_formula_may_be_of_any_width),
		TEST("a formula may be behind a separator",
		    a_formula_may_be_behind_a_separator),
		TEST("a cell has one line", a_cell_has_one_line),
		TEST("separators have names", separators_have_names),
	};

	return cmocka_run_group_tests_name("csv", tests, NULL, NULL);
}
