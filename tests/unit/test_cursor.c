/* services/ticket/list/cursor.c */
#include "unit.h"

#include "base/hash.h"
#include "services/ticket/list/cursor.h"

static const struct cursor	some = { .sort = 3,
	.id = 1234567890123,
	.number = UINT64_MAX - 1,
	.texts = { TEXT_OF("a name"), TEXT_OF("\xe6\xbc\xa2") } };

static bool
reads(struct text t, struct cursor *ret, struct buf *bytes)
{
	return cursor_read(t, bytes, ret);
}

static void
check_same(const struct cursor *have, const struct cursor *want)
{
	check_number("sort", have->sort, want->sort);
	check_number("id", have->id, want->id);
	check_number("number", (int64_t)have->number, (int64_t)want->number);
	for (int i = 0; i < 2; i++)
		check_text("text", have->texts[i], want->texts[i]);
}

static void
what_is_put_is_read(void **state)
{
	char		long_text[CURSOR_TEXT_MOST + 9];
	struct cursor	rows[] = { some, { 0 }, some }, read;
	struct buf	text = { 0 }, bytes = { 0 };

	(void)state;
	memset(long_text, 'x', sizeof(long_text));
	rows[1].texts[0] = rows[1].texts[1] = TEXT_OF("");
	rows[2].texts[0] = (struct text){ long_text, sizeof(long_text) };
	for (size_t i = 0; i < LEN(rows); i++) {
		text.len = 0;
		cursor_put(&text, &rows[i]);
		check_true("read", reads(buf_text(&text), &read, &bytes));
		if (rows[i].texts[0].len > CURSOR_TEXT_MOST)
			rows[i].texts[0].len = CURSOR_TEXT_MOST;
		check_same(&read, &rows[i]);
	}
	buf_done(&text);
	buf_done(&bytes);
}

/* A cursor cut anywhere, or with any of its letters changed. */
static void
what_was_changed_is_refused(void **state)
{
	struct buf	text = { 0 }, bytes = { 0 };
	struct cursor	read;
	char		was;

	(void)state;
	cursor_put(&text, &some);
	for (size_t i = 0; i < text.len; i++) {
		check_true("cut",
		    !reads((struct text){ text.base, i }, &read, &bytes));
		was = text.base[i];
		text.base[i] = was == 'A' ? 'B' : 'A';
		check_true("changed", !reads(buf_text(&text), &read, &bytes));
		text.base[i] = was;
	}
	check_true("as it was", reads(buf_text(&text), &read, &bytes));
	buf_put_byte(&text, 'A');
	check_true("longer", !reads(buf_text(&text), &read, &bytes));
	buf_done(&text);
	buf_done(&bytes);
}

/* In base64url, with a sum that is right. */
static void
put_as_cursor(struct buf *text, const char *fields, size_t len)
{
	static const char	digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789-_";
	uint32_t		sum = hash_bytes_32(fields, len);
	unsigned char		bytes[64];
	uint32_t		bits = 0;
	int			count = 0;

	for (int i = 0; i < 4; i++)
		bytes[i] = (unsigned char)(sum >> (24 - 8 * i));
	memcpy(bytes + 4, fields, len);
	text->len = 0;
	for (size_t i = 0; i < len + 4; i++) {
		bits = bits << 8 | bytes[i];
		for (count += 8; count >= 6; count -= 6)
			buf_put_byte(text, digits[bits >> (count - 6) & 63]);
	}
	if (count > 0)
		buf_put_byte(text, digits[bits << (6 - count) & 63]);
}

/* The sum is no secret: a client can make it for what it made up. */
static void
what_was_made_up_is_refused(void **state)
{
#define HEAD	"\3\0\0\0\0\0\0\0\7\0\0\0\0\0\0\0\11"
	static const struct {
		const char	*name;
		struct text	 fields;
		bool		 want;
	} rows[] = {
		{ "two texts", TEXT_OF(HEAD "\0\1a\0\2bc"), true },
		{ "no texts", TEXT_OF(HEAD "\0\0\0\0"), true },
		{ "bytes behind them", TEXT_OF(HEAD "\0\1a\0\2bcd"), false },
		{ "a text that is cut", TEXT_OF(HEAD "\0\1a\0\3bc"), false },
		{ "a first text without end", TEXT_OF(HEAD "\377\377a\0\2bc"),
		    false },
		{ "half a length", TEXT_OF(HEAD "\0\1a\0"), false },
		{ "one text", TEXT_OF(HEAD "\0\1a"), false },
		{ "no lengths", TEXT_OF(HEAD), false },
		{ "half a head", TEXT_OF("\3\0\0\0"), false },
	};
	struct buf	text = { 0 }, bytes = { 0 };
	struct cursor	read;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		put_as_cursor(&text, rows[i].fields.base, rows[i].fields.len);
		check_number(rows[i].name,
		    reads(buf_text(&text), &read, &bytes), rows[i].want);
	}
	buf_done(&text);
	buf_done(&bytes);
#undef HEAD
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("what is put is read", what_is_put_is_read),
		TEST("a cursor that was changed is refused",
		    what_was_changed_is_refused),
		TEST("a cursor that was made up is refused",
		    what_was_made_up_is_refused),
	};

	return cmocka_run_group_tests_name("cursor", tests, NULL, NULL);
}
