/* proto/args.c */
#include "unit.h"

#include <stdlib.h>

#include "proto/args.h"

static void
utf8_is_counted_in_characters(void **state)
{
#define ROW(name, literal, count) { name, TEXT_OF(literal), count }
	static const struct { const char *name; struct text in; int64_t want; }
	rows[] = {
		ROW("nothing", "", 0),
		ROW("ASCII", "ab\x01\x7f", 4),
		ROW("NUL", "a\0b", -1),
		ROW("only NUL", "\0", -1),
		ROW("U+0080", "\xc2\x80", 1),
		ROW("U+07FF", "\xdf\xbf", 1),
		ROW("U+0800", "\xe0\xa0\x80", 1),
		ROW("U+D7FF", "\xed\x9f\xbf", 1),
		ROW("U+E000", "\xee\x80\x80", 1),
		ROW("U+FFFF", "\xef\xbf\xbf", 1),
		ROW("U+10000", "\xf0\x90\x80\x80", 1),
		ROW("U+40000", "\xf1\x80\x80\x80", 1),
		ROW("U+FFFFF", "\xf3\xbf\xbf\xbf", 1),
		ROW("U+10FFFF", "\xf4\x8f\xbf\xbf", 1),
		ROW("four widths", "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 4),
		ROW("a lone continuation", "\x80", -1),
		ROW("the last continuation", "\xbf", -1),
		ROW("overlong NUL", "\xc0\x80", -1),
		ROW("overlong slash", "\xc0\xaf", -1),
		ROW("overlong U+007F", "\xc1\xbf", -1),
		ROW("overlong in three", "\xe0\x9f\xbf", -1),
		ROW("overlong in four", "\xf0\x8f\xbf\xbf", -1),
		ROW("first surrogate", "\xed\xa0\x80", -1),
		ROW("last surrogate", "\xed\xbf\xbf", -1),
		ROW("a pair of surrogates", "\xed\xa0\xbd\xed\xb8\x80", -1),
		ROW("U+110000", "\xf4\x90\x80\x80", -1),
		ROW("lead F5", "\xf5\x80\x80\x80", -1),
		ROW("lead F8", "\xf8\x88\x80\x80\x80", -1),
		ROW("lead FE", "\xfe", -1),
		ROW("lead FF", "\xff", -1),
		ROW("two bytes, one there", "\xc3", -1),
		ROW("three bytes, two there", "\xe2\x82", -1),
		ROW("four bytes, three there", "\xf0\x9f\x98", -1),
		ROW("second byte is none", "\xc3(", -1),
		ROW("third byte is none", "\xe2\x82(", -1),
		ROW("fourth byte is none", "\xf0\x9f\x98(", -1),
		ROW("cut in the middle", "ab\xe2\x82" "cd", -1),
	};
#undef ROW
	char	*copy;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		/* of just that size, so that reading beyond it is seen */
		copy = must_alloc(rows[i].in.len + (rows[i].in.len == 0));
		memcpy(copy, rows[i].in.base, rows[i].in.len);
		check_number(rows[i].name, text_characters((struct text){ copy,
		    rows[i].in.len }), rows[i].want);
		free(copy);
	}
}

/* Encode a number as UTF-8 would, whether it may be or not. */
static size_t
encode(uint32_t n, unsigned char *p)
{
	if (n < 0x80)
		return p[0] = (unsigned char)n, 1;
	if (n < 0x800) {
		p[0] = (unsigned char)(0xc0 | n >> 6);
		p[1] = (unsigned char)(0x80 | (n & 0x3f));
		return 2;
	}
	if (n < 0x10000) {
		p[0] = (unsigned char)(0xe0 | n >> 12);
		p[1] = (unsigned char)(0x80 | (n >> 6 & 0x3f));
		p[2] = (unsigned char)(0x80 | (n & 0x3f));
		return 3;
	}
	p[0] = (unsigned char)(0xf0 | n >> 18);
	p[1] = (unsigned char)(0x80 | (n >> 12 & 0x3f));
	p[2] = (unsigned char)(0x80 | (n >> 6 & 0x3f));
	p[3] = (unsigned char)(0x80 | (n & 0x3f));
	return 4;
}

static void
every_code_point_is_known(void **state)
{
	unsigned char	bytes[4];
	size_t		len;
	int64_t		want;

	(void)state;
	for (uint32_t n = 0; n < 0x120000; n++) {
		len = encode(n, bytes);
		want = n == 0 || (n >= 0xd800 && n <= 0xdfff) || n > 0x10ffff ?
		    -1 : 1;
		if (text_characters((struct text){ (const char *)bytes, len })
		    != want)
			fail_msg("U+%04X", n);
	}
}

/* So many emoji, which are one character of four bytes each. */
static struct text
emoji(struct buf *b, size_t count)
{
	b->len = 0;
	while (count-- > 0)
		buf_put_text(b, "\xf0\x9f\x98\x80");
	return buf_text(b);
}

static void
texts_are_bounded_in_characters(void **state)
{
	static const struct { const char *name; enum key key; size_t count;
	    bool want; } rows[] = {
		{ "title too short", KEY_TITLE, 2, false },
		{ "shortest title", KEY_TITLE, 3, true },
		{ "longest title", KEY_TITLE, 128, true },
		{ "title too long", KEY_TITLE, 129, false },
		{ "shortest content", KEY_CONTENT, 5, true },
		{ "content too short", KEY_CONTENT, 4, false },
		{ "longest content", KEY_CONTENT, 5000, true },
		{ "content too long", KEY_CONTENT, 5001, false },
		{ "department too short", KEY_DEPARTMENT, 1, false },
		{ "shortest department", KEY_DEPARTMENT, 2, true },
		{ "shortest category", KEY_CATEGORY, 2, true },
		{ "longest department", KEY_DEPARTMENT, 30, true },
		{ "department too long", KEY_DEPARTMENT, 31, false },
		{ "no bounds, nothing", KEY_ADDRESS, 0, true },
		{ "no bounds, much", KEY_ADDRESS, 100000, true },
	};
	struct buf	b = { 0 };
	union value	v;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		v.text = emoji(&b, rows[i].count);
		check_number(rows[i].name, args_in_bounds(rows[i].key, &v),
		    rows[i].want);
	}
	buf_done(&b);
}

static void
texts_must_be_texts(void **state)
{
	union value	v;

	(void)state;
	v.text = TEXT_OF("a\xff" "b");
	check_true("no UTF-8", !args_in_bounds(KEY_TITLE, &v));
	check_true("no UTF-8, no bounds", !args_in_bounds(KEY_ADDRESS, &v));
	v.text = TEXT_OF("a\0b");
	check_true("NUL", !args_in_bounds(KEY_TITLE, &v));
	v.text = TEXT_OF("two\nlines");
	check_true("lines of a title", !args_in_bounds(KEY_TITLE, &v));
	check_true("lines of a content", args_in_bounds(KEY_CONTENT, &v));
	v.text = TEXT_OF("a title ");
	check_true("a blank at the end", !args_in_bounds(KEY_TITLE, &v));
	v.text = TEXT_OF("\xe2\x80\x8e\xe2\x80\x8e\xe2\x80\x8e");
	check_true("nothing to see", !args_in_bounds(KEY_TITLE, &v));
	v.text = TEXT_OF("[1,-2,30]");
	check_true("ids", args_in_bounds(KEY_UPLOAD_IDS, &v));
	v.text = TEXT_OF("[]");
	check_true("no ids", !args_in_bounds(KEY_UPLOAD_IDS, &v));
	v.text = TEXT_OF("[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,"
	    "21]");
	check_true("too many ids", !args_in_bounds(KEY_UPLOAD_IDS, &v));
	v.text = TEXT_OF("[1,]");
	check_true("a comma at the end", !args_in_bounds(KEY_UPLOAD_IDS, &v));
	v.text = TEXT_OF("[1]2]");
	check_true("no array", !args_in_bounds(KEY_UPLOAD_IDS, &v));
	v.text = TEXT_OF("[9223372036854775808]");
	check_true("beyond", !args_in_bounds(KEY_UPLOAD_IDS, &v));
	check_true("bytes may be anything", args_in_bounds(KEY_PAYLOAD, &v));
}

static void
numbers_and_bytes_are_bounded(void **state)
{
	static const char	bytes[33];
	static const struct { const char *name; enum key key; int64_t size;
	    bool want; } rows[] = {
		{ "least source", KEY_SOURCE, 1, true },
		{ "source below", KEY_SOURCE, 0, false },
		{ "most source", KEY_SOURCE, 255, true },
		{ "source above", KEY_SOURCE, 256, false },
		{ "negative source", KEY_SOURCE, INT64_MIN, false },
		{ "only a lower bound", KEY_SEQ, INT64_MAX, true },
		{ "below it", KEY_SEQ, 0, false },
		{ "no bounds, least", KEY_ID, INT64_MIN, true },
		{ "no bounds, most", KEY_ID, INT64_MAX, true },
		{ "hash", KEY_TOKEN_HASH, 32, true },
		{ "hash too short", KEY_TOKEN_HASH, 31, false },
		{ "hash too long", KEY_TOKEN_HASH, 33, false },
	};
	union value	v;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		if (key_info(rows[i].key)->type == KEY_INT)
			v.number = rows[i].size;
		else
			v.text = (struct text){ bytes, (size_t)rows[i].size };
		check_number(rows[i].name, args_in_bounds(rows[i].key, &v),
		    rows[i].want);
	}
}

static void
copies_stand_alone(void **state)
{
	struct args	from = { 0 }, to;
	struct buf	b = { 0 };
	char		title[] = "title", content[400];
	struct text	long_text;

	(void)state;
	memset(content, 'c', sizeof(content));
	buf_put_text(&b, "before");
	args_put_number(&from, KEY_ID, INT64_MIN);
	args_put_text(&from, KEY_TITLE, (struct text){ title, 5 });
	args_put_text(&from, KEY_CONTENT,
	    (struct text){ content, sizeof(content) });
	args_put_text(&from, KEY_PAYLOAD, TEXT_OF(""));
	args_copy(&to, &from, &b);
	memset(title, 'x', 5);
	memset(content, 'x', sizeof(content));

	assert_true(keyset_equals(args_keys(&to), args_keys(&from)));
	check_number("number", args_number(&to, KEY_ID, 0), INT64_MIN);
	check_text("text", args_text(&to, KEY_TITLE), TEXT_OF("title"));
	long_text = args_text(&to, KEY_CONTENT);
	check_number("long text", (int64_t)long_text.len, 400);
	check_number("its last byte", long_text.base[399], 'c');
	check_text("empty text", args_text(&to, KEY_PAYLOAD), TEXT_OF(""));
	b.len = 6;
	check_text("what was there", buf_text(&b), TEXT_OF("before"));
	buf_done(&b);
}

static void
absent_arguments_have_defaults(void **state)
{
	struct args	a = { 0 };

	(void)state;
	check_number("number", args_number(&a, KEY_ID, 7), 7);
	check_text("text", args_text(&a, KEY_TITLE), TEXT_OF(""));
	args_put_number(&a, KEY_ID, 0);
	check_number("present", args_number(&a, KEY_ID, 7), 0);
	check_true("the others are not", !args_has(&a, KEY_PAGE));
}

/* The n-th of the keys there are, in an order of its own. */
static enum key
nth_key(unsigned n)
{
	enum key	k = KEY_NONE;

	for (unsigned i = 0; i < KEY_END; i++) {
		k = (enum key)((i * 37 + 11) % KEY_END);
		if (key_info(k)->name != NULL && n-- == 0)
			return k;
	}
	return KEY_NONE;
}

static void
arguments_are_put_replaced_and_removed(void **state)
{
	struct args	a = { 0 };
	int64_t		want[KEY_END] = { 0 };
	uint64_t	seed = 5;
	enum key	k;

	(void)state;
	for (int64_t i = 1; i < 20000; i++) {
		k = nth_key((unsigned)(unit_random(&seed) % ARGS_MOST));
		want[k] = unit_random(&seed) % 2 == 0 ? 0 : i;
		if (want[k] == 0)
			args_remove(&a, k);
		else
			args_put_number(&a, k, i);
		k = nth_key((unsigned)(unit_random(&seed) % ARGS_MOST));
		check_number("value", args_number(&a, k, 0), want[k]);
		check_true("presence", args_has(&a, k) == (want[k] != 0));
		check_true("pointer", (args_value(&a, k) == NULL) ==
		    (want[k] == 0));
		check_number("count", a.count, keyset_count(args_keys(&a)));
	}
}

static void
what_is_kept_has_its_values(void **state)
{
	struct args	a = { 0 };
	keyset		some = K(NONE);
	uint64_t	seed = 8;

	(void)state;
	for (int turn = 0; turn < 500; turn++) {
		args_clear(&a);
		some = K(NONE);
		for (unsigned i = 0; i < ARGS_MOST; i++)
			args_put_number(&a, nth_key(i), (int64_t)i);
		for (unsigned i = 0; i < ARGS_MOST; i++)
			if (unit_random(&seed) % 3 != 0)
				keyset_add(&some, nth_key(i));
		args_keep(&a, some);
		check_true("these", keyset_equals(args_keys(&a), some));
		for (unsigned i = 0; i < ARGS_MOST; i++)
			check_number("value", args_number(&a, nth_key(i), -1),
			    keyset_has(some, nth_key(i)) ? (int64_t)i : -1);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("UTF-8 is counted in characters, and what is none is told",
		    utf8_is_counted_in_characters),
		TEST("every code point is known, surrogates are none",
		    every_code_point_is_known),
		TEST("texts are bounded in characters, whatever their bytes",
		    texts_are_bounded_in_characters),
		TEST("a text is UTF-8 without a NUL", texts_must_be_texts),
		TEST("numbers and bytes are bounded, 0 is no bound",
		    numbers_and_bytes_are_bounded),
		TEST("a copy of arguments has texts of its own",
		    copies_stand_alone),
		TEST("absent arguments have defaults",
		    absent_arguments_have_defaults),
		TEST("arguments are put, replaced and removed",
		    arguments_are_put_replaced_and_removed),
		TEST("what is kept of arguments has its values",
		    what_is_kept_has_its_values),
	};

	return cmocka_run_group_tests_name("args", tests, NULL, NULL);
}
