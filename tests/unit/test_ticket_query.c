/*
 * services/ticket/search/query.c, snippet.c, list/date.c, cursor.c,
 * export.c: what clients write about lists, and what they get.
 */
#include "unit.h"

#include "services/ticket/list/cursor.h"
#include "services/ticket/list/date.h"
#include "services/ticket/search/query.h"
#include "services/ticket/search/snippet.h"

/* --- queries ------------------------------------------------------------- */

static void
words_are_quoted(void **state)
{
	static const struct { const char *name; struct text content;
	    const char *match; size_t words; bool phrase; } rows[] = {
		{ "a word", TEXT_OF("printer"), "\"printer\"", 1, false },
		{ "two", TEXT_OF(" a\t b\n"), "\"a\" \"b\"", 2, false },
		{ "a phrase", TEXT_OF("\"a b\" c"), "\"a b\" \"c\"", 3, true },
		{ "a phrase of one", TEXT_OF("\"a\""), "\"a\"", 1, false },
		{ "a beginning", TEXT_OF("pri*"), "\"pri\"*", 1, false },
		{ "a phrase's", TEXT_OF("\"a b\"*"), "\"a b\"*", 2, true },
		{ "a quote ends a word", TEXT_OF("a\"b\"c"),
		    "\"a\" \"b\" \"c\"", 3, false },
		{ "either", TEXT_OF("NOT (a OR b)"),
		    "\"NOT\" AND (\"(a\" OR \"b)\")", 3, false },
		{ "one of three", TEXT_OF("a OR \"b c\" OR d* e"),
		    "(\"a\" OR \"b c\" OR \"d\"*) AND \"e\"", 5, true },
		{ "either, twice", TEXT_OF("a OR b c OR a"),
		    "(\"a\" OR \"b\") AND (\"c\" OR \"a\")", 4, false },
		{ "a word that is one of two again", TEXT_OF("a a OR b a"),
		    "\"a\" AND (\"a\" OR \"b\")", 3, false },
		{ "small letters", TEXT_OF("a or b"),
		    "\"a\" \"or\" \"b\"", 3, false },
		{ "or, as a word", TEXT_OF("\"OR\" ORacle"),
		    "\"OR\" \"ORacle\"", 2, false },
		{ "inches", TEXT_OF("24\" monitor"), "\"24\" \"monitor\"", 2,
		    false },
		{ "inches twice", TEXT_OF("24\" to 27\" \"a b\""),
		    "\"24\" \"to\" \"27\" \"a b\"", 5, true },
		{ "a lone mark", TEXT_OF("a \"b\" \""), "\"a\" \"b\"", 2,
		    false },
		{ "a mark that is not closed", TEXT_OF("\"a b"),
		    "\"a\" \"b\"", 2, false },
		{ "curly marks", TEXT_OF("\u201ca b\u201d \u201ec d\u201c"),
		    "\"a b\" \"c d\"", 4, true },
		{ "marks of two kinds", TEXT_OF("\u201ca b\" c"),
		    "\"\u201ca\" \"b\" \"c\"", 3, false },
		{ "a beginning in a phrase", TEXT_OF("\"paper j*\""),
		    "\"paper j\"*", 2, true },
		{ "a lone star in a phrase", TEXT_OF("\"2 * 3\""),
		    "\"2 * 3\"", 2, true },
		{ "a minus in a word", TEXT_OF("a-b --c - d"),
		    "\"a-b\" \"--c\" \"d\"", 4, true },
		{ "two words in one", TEXT_OF("a-b"), "\"a-b\"", 2, true },
		{ "no words beside one", TEXT_OF("- a \"&\""), "\"a\"", 1,
		    false },
		{ "one twice", TEXT_OF("a A b a"), "\"a\" \"b\"", 2, false },
		{ "but another", TEXT_OF("a a* \"a b\" b"),
		    "\"a\" \"a\"* \"a b\" \"b\"", 5, true },
		{ "accents go", TEXT_OF("\xc3\x89t\xc3\xa9"),
		    "\"\xc3\x89t\xc3\xa9\"", 1, false },
		{ "Chinese", TEXT_OF("\xe6\xbc\xa2\xe5\xad\x97"),
		    "\"\xe6\xbc\xa2\xe5\xad\x97\"", 1, false },
		{ "wide blanks", TEXT_OF("a\u3000b\u00a0c\u2009d"),
		    "\"a\" \"b\" \"c\" \"d\"", 4, false },
		{ "wide marks", TEXT_OF("\uff02a b\uff02"), "\"a b\"", 2, true },
		{ "a wide star", TEXT_OF("pri\uff0a"), "\"pri\"*", 1, false },
		{ "a wide minus in a word", TEXT_OF("a\uff0db"), "\"a-b\"", 2,
		    true },
		{ "a NUL", TEXT_OF("a\0b"), "\"a\" \"b\"", 2, false },
		{ "a NUL in a phrase", TEXT_OF("\"a\0b\""), "\"a b\"", 2,
		    true },
	};
	struct query	q = { .count = 0 };

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		check_true(rows[i].name,
		    query_parse(rows[i].content, &q) == NULL);
		check_text(rows[i].name, buf_text(&q.match.written),
		    text_of(rows[i].match));
		check_number(rows[i].name, q.count, rows[i].words);
		check_number(rows[i].name, q.has_phrase, rows[i].phrase);
	}
	query_done(&q);
}

static void
what_cannot_be_searched_for_is_explained(void **state)
{
	static const struct { const char *content, *part; } rows[] = {
		{ "", "nothing to search for" },
		{ "  ", "nothing to search for" },
		{ "- & ...", "nothing to search for" },
		{ "\"\"", "nothing to search for" },
		{ "\xf0\x9f\x98\x80", "nothing to search for" },
		{ "\" \"", "nothing to search for" },
		{ "OR", "OR stands between" },
		{ "OR a", "OR stands between" },
		{ "a OR", "OR stands between" },
		{ "a OR OR b", "OR stands between" },
		{ "a OR -b", "excluded" },
		{ "-a OR b", "excluded" },
		{ "\"pa* jam\"", "at its end" },
		{ "\"*jam\"", "at its end" },
		{ "\"a*b\"", "at its end" },
		{ "\"a *\"", "needs the beginning" },
		{ "-\"*\"", "needs the beginning" },
		{ "*", "needs the beginning" },
		{ "a *", "needs the beginning" },
		{ "-*", "needs the beginning" },
		{ "a*b", "at its end" },
		{ "a**", "at its end" },
		{ "*a", "at its end" },
	};
	struct query	q = { .count = 0 };
	const char	*wrong;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		wrong = query_parse(text_of(rows[i].content), &q);
		check_true(rows[i].content, wrong != NULL);
		check_part(rows[i].content, wrong, rows[i].part);
		check_part(rows[i].content, wrong, "content");
	}
	query_done(&q);
}

static void
words_are_excluded(void **state)
{
	static const struct { const char *content, *match, *excluded;
	    size_t words; bool phrase; } rows[] = {
		{ "a -b", "\"a\"", "\"b\"", 1, false },
		{ "-b a", "\"a\"", "\"b\"", 1, false },
		{ "a -\"b c\" -d*", "\"a\"", "\"b c\" OR \"d\"*", 1, false },
		{ "-b-c a", "\"a\"", "\"b c\"", 1, false },
		{ "-B", "", "\"b\"", 0, false },
		{ "-a a", "\"a\"", "\"a\"", 1, false },
		{ "a OR b -c OR", NULL, "", 0, false },
		{ "a OR b -c d", "(\"a\" OR \"b\") AND \"d\"", "\"c\"", 3,
		    false },
	};
	struct query	q = { .count = 0 };
	const char	*wrong;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		wrong = query_parse(text_of(rows[i].content), &q);
		check_true(rows[i].content, (wrong == NULL) ==
		    (rows[i].match != NULL));
		if (wrong != NULL)
			continue;
		check_text(rows[i].content, buf_text(&q.match.form),
		    text_of(rows[i].match));
		check_text(rows[i].content, buf_text(&q.excluded.form),
		    text_of(rows[i].excluded));
		check_number(rows[i].content, q.count, rows[i].words);
		check_number(rows[i].content, q.has_phrase, rows[i].phrase);
	}
	query_done(&q);
}

/* Check what is said of a query. */
static void
check_notes(const char *name, struct text content, const char *want)
{
	struct query	 q = { .count = 0 };
	const char	*notes;

	check_true(name, query_parse(content, &q) == NULL);
	notes = query_notes(&q);
	check_text(name, text_of(notes == NULL ? "" : notes), text_of(want));
	query_done(&q);
}

static void
what_has_no_effect_is_said(void **state)
{
	static const struct { const char *content, *want; } rows[] = {
		{ "a b", "" },
		{ "a & b", "parts without a letter or digit are left out" },
		{ "a \xf0\x9f\x98\x80", "parts without a letter or digit are "
		    "left out" },
		{ "a - b", "parts without a letter or digit are left out" },
		{ "C++, (C#) and 24\"!", "" },
		{ "a ( b )", "" },
		{ "(a b)", "" },
		{ "(a OR b) c", "parentheses do not group: OR joins the two "
		    "beside it" },
		{ "a a", "" },
	};

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++)
		check_notes(rows[i].content, text_of(rows[i].content),
		    rows[i].want);
}

/* 32 words, then something. */
static void
check_many(const char *more, const char *notes, size_t count)
{
	struct buf	many = { 0 };
	struct query	q = { .count = 0 };

	for (int i = 0; i < 32; i++)
		buf_printf(&many, "w%d ", i);
	buf_put_text(&many, more);
	check_notes(more, buf_text(&many), notes);
	check_true(more, query_parse(buf_text(&many), &q) == NULL);
	check_number(more, q.count, count);
	buf_done(&many);
	query_done(&q);
}

static void
of_many_words_the_first_are_looked_for(void **state)
{
	const char	*cut = "only the first 32 words are looked for";
	struct query	 q = { .count = 0 };
	struct buf	 many = { 0 };

	(void)state;
	check_many("", "", 32);
	check_many("  ", "", 32);
	check_many("&", "", 32);
	check_many("w", cut, 32);
	check_many("OR w", cut, 32);
	check_many("-w *", cut, 32);
	/* within a phrase */
	buf_put_text(&many, "\"");
	for (int i = 0; i < 40; i++)
		buf_printf(&many, "w%d ", i);
	buf_put_text(&many, "w*\"");
	check_notes("a phrase", buf_text(&many), cut);
	check_true("a phrase", query_parse(buf_text(&many), &q) == NULL);
	check_number("its words", q.count, 32);
	check_true("not its star", !q.words[31].prefix);
	buf_done(&many);
	query_done(&q);
}

static void
a_number_is_a_tickets(void **state)
{
	static const struct { const char *content; int64_t ticket; } rows[] = {
		{ "296", 296 }, { "#296", 296 }, { " 00296\n", 296 },
		{ "#00296", 296 }, { "0", 0 }, { "#", 0 }, { "", 0 },
		{ "29 6", 0 }, { "296a", 0 }, { "-296", 0 }, { "##296", 0 },
		{ "+296", 0 }, { "99999999999999999999", 0 },
		{ "9223372036854775807", INT64_MAX },
		{ "\uff03\uff12\uff19\uff16", 296 }, { "\u3000296\u3000", 296 },
		{ "\u0662\u0669\u0666", 296 }, { "\u06f2\u06f9\u06f6", 296 },
		{ "\u0968\u096f\u096c", 296 }, { "2\u00b2", 0 },
		{ "\u4e8c", 0 }, { "29\xff", 0 },
	};

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++)
		check_number(rows[i].content, query_ticket(
		    text_of(rows[i].content)), rows[i].ticket);
}

/* --- snippets ------------------------------------------------------------ */

#define TEN	"a a a a a a a a a a "

static void
a_snippet_is_html_around_what_was_found(void **state)
{
	static const struct { const char *query, *title, *content, *want; }
	    rows[] = {
		{ "two", "x", "one two three", "one <mark>two</mark> three" },
		{ "TWO", "x", "one tw\xc3\xb6 two", NULL },
		{ "two", "two", "one", "<mark>two</mark>" },
		{ "two", "two", "one two", "one <mark>two</mark>" },
		{ "tw*", "x", "two twenty one",
		    "<mark>two twenty</mark> one" },
		{ "\"one two\"", "x", "two one two",
		    "two <mark>one two</mark>" },
		{ "\"one tw\"*", "x", "one two", "<mark>one two</mark>" },
		{ "b", "x", "<b>&\"b\"", "&lt;<mark>b&gt;&amp;&quot;b</mark>"
		    "&quot;" },
		{ "one two", "one", "two", "<mark>two</mark>" },
		{ "one two", "one", "three", NULL },
		{ "one OR two", "one", "three", "<mark>one</mark>" },
		{ "one OR two three", "x", "two three",
		    "<mark>two three</mark>" },
		{ "one OR two three", "x", "one two", NULL },
		{ "one -two", "x", "one", "<mark>one</mark>" },
		/* a word within one character, and a mark behind one */
		{ "\u4f1a\u793e", "x", "a \u337f b",
		    "a <mark>\u337f</mark> b" },
		{ "2", "x", "\u00bd", "<mark>\u00bd</mark>" },
		{ "\u05d1\u05d9\u05ea", "x", "\u05d1\u05d9\u05ea\u05be\u05e1",
		    "<mark>\u05d1\u05d9\u05ea</mark>\u05be\u05e1" },
		{ "-two", "x", "one", NULL },
		{ "\"one tw*\"", "x", "one two", "<mark>one two</mark>" },
		{ "one", "x", "", NULL },
		{ "z", "x", TEN TEN "z " TEN TEN TEN, "\xe2\x80\xa6"
		    "a a a a a a <mark>z</mark> a a a a a a a a a a a a a a "
		    "a a a\xe2\x80\xa6" },
	};
	struct query	q = { .count = 0 };
	struct buf	b = { 0 };
	bool		found;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		b.len = 0;
		check_true(rows[i].query, query_parse(
		    text_of(rows[i].query), &q) == NULL);
		found = snippet_put(&b, &q, text_of(rows[i].title),
		    text_of(rows[i].content));
		if (i == 1) {	/* accents do not count */
			check_true(rows[i].query, found);
			continue;
		}
		check_true(rows[i].query, found == (rows[i].want != NULL));
		check_text(rows[i].query, buf_text(&b), text_of(
		    rows[i].want != NULL ? rows[i].want : ""));
	}
	buf_done(&b);
	query_done(&q);
}

/* --- dates --------------------------------------------------------------- */

static void
dates_are_read(void **state)
{
	static const struct { const char *text; int64_t us; } rows[] = {
		{ "1970-01-01", 0 },
		{ "1970-01-02", INT64_C(86400000000) },
		{ "1969-12-31T23:59:59Z", -1000000 },
		{ "1970-01-01T00:00:01", 1000000 },
		{ "1970-01-01t00:00:01z", 1000000 },
		{ "1970-01-01 00:01", 60000000 },
		{ "1970-01-01T00:00:00.5", 500000 },
		{ "1970-01-01T00:00:00,123456789Z", 123456 },
		{ "1970-01-01T02:00+02:00", 0 },
		{ "1970-01-01T02:00 02:00", 0 },
		{ "1970-01-01T02:00+0200", 0 },
		{ "1970-01-01T02:00+02", 0 },
		{ "1969-12-31T18:30:00-05:30", 0 },
		{ "2000-02-29", INT64_C(951782400000000) },
		{ "0001-01-01", INT64_C(-62135596800000000) },
		{ "9999-12-31T23:59:59.999999Z", INT64_C(253402300799999999) },
		{ "2016-12-31T23:59:60Z", INT64_C(1483228800000000) },
		{ "2016-12-31T23:59:60.25Z", INT64_C(1483228800250000) },
		{ "2017-01-01T05:29:60+05:30", INT64_C(1483228800000000) },
		{ "1969-12-31T23:59:60Z", 0 },
		{ "Mon, 23 Nov 2026 21:10:00 GMT", INT64_C(1795468200000000) },
		{ "mon, 23 nov 2026 21:10:00 gmt", INT64_C(1795468200000000) },
		{ "23 Nov 2026 21:10:00 GMT", INT64_C(1795468200000000) },
		{ "Mon, 23 Nov 2026 21:10 UTC", INT64_C(1795468200000000) },
		{ "Sat, 31 Dec 2016 23:59:60 GMT", INT64_C(1483228800000000) },
	};
	static const char *const wrong[] = {
		"", "x", "2021", "2021-01", "2021-1-1", "20210101",
		"2021-02-29", "1900-02-29", "2021-00-01", "2021-13-01",
		"2021-01-00", "2021-01-32", "2021-01-01T", "2021-01-01T10",
		"2021-01-01T24:00", "2021-01-01T10:60", "2021-01-01T10:00:60",
		"2021-01-01T10:00:", "2021-01-01T10:00:00.",
		"2021-01-01T10:00x", "2021-01-01T10:00Zx",
		"2021-01-01T10:00+", "2021-01-01T10:00+1",
		"2021-01-01T10:00+24:00", "2021-01-01T10:00+01:60",
		"2021-01-01T10:00+01:", "2021-01-01  10:00", " 2021-01-01",
		"2021-01-01 ", "-001-01-01", "99999-01-01", "2021-01-01Z",
		"2021-01-01T10:59:60", "2016-12-31T23:59:60+01:00",
		"2016-12-31T23:59:61Z", "Tue, 23 Nov 2026 21:10:00 GMT",
		"Mon, 23 Nov 2026", "Mon, 23 Nov 2026 21:10:00",
		"Mon, 23 Nov 2026 21:10:00 CET", "Mon 23 Nov 2026 21:10:00 GMT",
		"Mon, 31 Feb 2026 21:10:00 GMT", "Mon, 3 Nov 2026 21:10:00 GMT",
		"Mon, 23 Nov 2026 21:10:00 GMT ", "Mon,", "Mon", "23 No",
		"Monday, 23-Nov-26 21:10:00 GMT", "Mon, 23 Foo 2026 21:10:00 GMT",
	};
	int64_t	us;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		check_true(rows[i].text, date_read(text_of(rows[i].text),
		    &us));
		check_number(rows[i].text, us, rows[i].us);
	}
	for (size_t i = 0; i < LEN(wrong); i++)
		check_true(wrong[i], !date_read(text_of(wrong[i]), &us));
	check_true("a NUL", !date_read(TEXT_OF("2021-01-01\0"), &us));
}

/* --- cursors ------------------------------------------------------------- */

static void
a_cursor_comes_back(void **state)
{
	static const struct cursor rows[] = {
		{ 0, 1, 0, { { "", 0 }, { "", 0 } } },
		{ 255, INT64_MAX, UINT64_MAX, { { "", 0 }, { "x", 1 } } },
		{ 3, -1, 7, { { "\0\xff", 2 }, { "", 0 } } },
		{ 3, INT64_MIN, 7, { { "abc", 3 }, { "de", 2 } } },
	};
	struct buf	text = { 0 }, bytes = { 0 };
	struct cursor	got;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		text.len = 0;
		cursor_put(&text, &rows[i]);
		check_true("read", cursor_read(buf_text(&text), &bytes, &got));
		check_number("sort", got.sort, rows[i].sort);
		check_number("id", got.id, rows[i].id);
		check_true("number", got.number == rows[i].number);
		check_text("text", got.texts[0], rows[i].texts[0]);
		check_text("text", got.texts[1], rows[i].texts[1]);
	}
	buf_done(&text);
	buf_done(&bytes);
}

static void
long_texts_of_a_cursor_are_cut_off(void **state)
{
	static const char	text[2000] = { 'x' };
	const struct cursor	long_one = { .texts = { { text, 2000 },
				    { text, 513 } } };
	struct buf		b = { 0 }, bytes = { 0 };
	struct cursor		got;

	(void)state;
	cursor_put(&b, &long_one);
	check_true("read", cursor_read(buf_text(&b), &bytes, &got));
	check_number("cut", got.texts[0].len, CURSOR_TEXT_MOST);
	check_number("cut", got.texts[1].len, CURSOR_TEXT_MOST);
	buf_done(&b);
	buf_done(&bytes);
}

/* Each byte changed, each length: none is taken for a cursor. */
static void
what_is_no_cursor_is_none(void **state)
{
	const struct cursor	one = { .sort = 1, .id = 77, .number = 5,
				    .texts = { { "abc", 3 }, { "", 0 } } };
	struct buf		b = { 0 }, bytes = { 0 };
	struct cursor		got;

	(void)state;
	cursor_put(&b, &one);
	for (size_t i = 0; i < b.len; i++)
		check_true("cut", !cursor_read((struct text){ b.base, i },
		    &bytes, &got));
	for (size_t i = 0; i < b.len; i++) {
		char	kept = b.base[i];

		for (int c = 0; c < 256; c++) {
			b.base[i] = (char)c;
			check_true("changed", cursor_read(buf_text(&b), &bytes,
			    &got) == (b.base[i] == kept));
		}
		b.base[i] = kept;
	}
	buf_put_byte(&b, 'A');
	check_true("longer", !cursor_read(buf_text(&b), &bytes, &got));
	buf_done(&b);
	buf_done(&bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("words and phrases are quoted for FTS5",
		    words_are_quoted),
		TEST("words are excluded", words_are_excluded),
		TEST("what has no effect is said", what_has_no_effect_is_said),
		TEST("of many words the first are looked for",
		    of_many_words_the_first_are_looked_for),
		TEST("a number is a ticket's", a_number_is_a_tickets),
		TEST("what cannot be searched for is explained",
		    what_cannot_be_searched_for_is_explained),
		TEST("a snippet is HTML around what was found",
		    a_snippet_is_html_around_what_was_found),
		TEST("dates are read", dates_are_read),
		TEST("a cursor comes back as it was", a_cursor_comes_back),
		TEST("long texts of a cursor are cut off",
		    long_texts_of_a_cursor_are_cut_off),
		TEST("what is no cursor is none", what_is_no_cursor_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
