/*
 * base/words.c: the form of words. A row that no longer holds means that the
 * search indexes of all stores have to be made anew by a migration.
 */
#include "base/words.h"

#include "unit.h"

static const struct { const char *name, *text, *words; } rows[] = {
	{ "nothing", "", "" },
	{ "no words", " -.,\n!\"", "" },
	{ "case", "Printer JAM x1", "printer jam x1" },
	{ "French", "\u00c9t\u00e9 e\u0301te\u0301 \u0153uvre", "ete ete oeuvre" },
	{ "German", "Stra\u00dfe STRASSE \u1e9e \u00fcber", "strasse strasse ss uber" },
	{ "Turkish", "\u0130stanbul I\u015f\u0131k ISIK", "istanbul isik isik" },
	{ "Polish", "\u0141\u00f3d\u017a", "lodz" },
	{ "Danish", "S\u00f8rensen \u00c6", "sorensen ae" },
	{ "Vietnamese", "\u0110\u01b0\u1eddng du\u031bo\u031b\u0300ng", "duong duong" },
	{ "Greek", "\u039b\u038c\u0393\u039f\u03a3 \u03bb\u03bf\u0301\u03b3\u03bf\u03c2",
	    "\u03bb\u03bf\u03b3\u03bf\u03c3 \u03bb\u03bf\u03b3\u03bf\u03c3" },
	{ "old Greek", "\u1ff7 \u03c9\u0342\u0345 \u03c9", "\u03c9 \u03c9 \u03c9" },
	{ "Russian", "\u0401\u043b\u043a\u0430 \u0439\u043e\u0434 \u0438\u0306\u043e\u0434",
	    "\u0435\u043b\u043a\u0430 \u0438\u043e\u0434 \u0438\u043e\u0434" },
	{ "Hebrew", "\u05e9\u05c1\u05b8\u05dc\u05d5\u05b9\u05dd \ufb2a",
	    "\u05e9\u05dc\u05d5\u05dd \u05e9" },
	{ "Arabic", "\u0645\u064f\u062d\u064e\u0645\u0651\u064e\u062f \u0643\u0640\u062a\u0627\u0628 \ufefb",
	    "\u0645\u062d\u0645\u062f \u0643\u062a\u0627\u0628 \u0644\u0627" },
	{ "Persian", "\u06a9\u06cc \u0643\u064a \u0645\u06cc\u200c\u0631\u0648\u0645",
	    "\u0643\u064a \u0643\u064a \u0645\u064a\u0631\u0648\u0645" },
	{ "Korean", "\ud55c\uae00 \u1112\u1161\u11ab\u1100\u1173\u11af",
	    "\ud55c\uae00 \ud55c\uae00" },
	{ "Hindi keeps its vowels", "\u0939\u093f\u0928\u094d\u0926\u0940",
	    "\u0939\u093f\u0928\u094d\u0926\u0940" },
	{ "Hindi, composed", "\u0958 \u0915\u093c", "\u0915\u093c \u0915\u093c" },
	{ "Tamil", "\u0b95\u0bca \u0b95\u0bc6\u0bbe", "\u0b95\u0bc6\u0bbe \u0b95\u0bc6\u0bbe" },
	{ "Chinese", "\u6771\u4eac\u90fd", "\u6771\u4eac \u4eac\u90fd \u90fd" },
	{ "one character", "a4\u7d19 \u5b57", "a4 \u7d19 \u5b57" },
	{ "Japanese", "\uff76\uff9e\uff7d \u30ab\u3099\u30b9",
	    "\u30ab\u3099\u30b9 \u30b9 \u30ab\u3099\u30b9 \u30b9" },
	{ "Thai", "\u0e17\u0e35\u0e48\u0e14", "\u0e17\u0e35\u0e48\u0e14 \u0e14" },
	{ "wide", "\uff26\uff55\uff4c\uff4c\u3000\uff11\uff12", "full 12" },
	{ "ligatures", "\ufb01nd \u3388 \u00bd", "find cal 1 2" },
	{ "invisible", "so\u00adft ze\u200bro\ufeff jo\u2060in", "soft zero join" },
	{ "a keycap", "1\ufe0f\u20e3", "1" },
	{ "marks alone", "\u0301 \u0345 a", "a" },
	{ "not UTF-8", "a\xff" "b\xc3", "a b" },
};

static void
texts_have_one_form(void **state)
{
	struct buf	b = { 0 };

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		b.len = 0;
		words_put(&b, text_of(rows[i].text));
		check_text(rows[i].name, b.base == NULL ? text_of("") :
		    buf_text(&b), text_of(rows[i].words));
	}
	buf_done(&b);
}

static void
the_form_has_itself_as_its_form(void **state)
{
	struct buf	b = { 0 };

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		if (strstr(rows[i].words, "\u4eac") != NULL ||
		    strstr(rows[i].words, "\u30b9") != NULL ||
		    strstr(rows[i].words, "\u0e14") != NULL)
			continue;	/* pairs are not words again */
		b.len = 0;
		words_put(&b, text_of(rows[i].words));
		check_text(rows[i].name, b.base == NULL ? text_of("") :
		    buf_text(&b), text_of(rows[i].words));
	}
	buf_done(&b);
}

struct places {
	size_t		count;
	struct word_cut	list[8];
};

static bool
note_place(void *arg, const struct word_cut *w)
{
	struct places	*p = arg;

	p->list[p->count++] = *w;
	return p->count < 4;
}

static void
words_have_their_places(void **state)
{
	static const struct { size_t from, to; enum word_kind kind; } want[] = {
		{ 1, 5, WORD_WHOLE },		/* with the accent */
		{ 6, 9, WORD_PAIR }, { 9, 12, WORD_LAST },
		{ 13, 16, WORD_LONE },
	};
	struct places	p = { 0 };

	(void)state;
	words_cut(TEXT_OF("-te\u0301 \u6771\u4eac \u5b57 more"), note_place,
	    &p);
	check_number("until it is told to stop", p.count, 4);
	for (size_t i = 0; i < LEN(want); i++) {
		check_number("from", p.list[i].from, want[i].from);
		check_number("to", p.list[i].to, want[i].to);
		check_number("kind", p.list[i].kind, want[i].kind);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("texts have one form", texts_have_one_form),
		TEST("the form has itself as its form",
		    the_form_has_itself_as_its_form),
		TEST("words have their places", words_have_their_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
