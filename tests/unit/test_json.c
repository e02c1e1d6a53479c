/* base/json.c, judged by jansson, strftime, and rows. */
#include "unit.h"

#include <jansson.h>
#include <stdlib.h>
#include <time.h>

#include "proto/args.h"
#include "base/json.h"

/* What a JSON parser reads in our text. */
static void
check_parsed(const char *row, struct text in, struct text want)
{
	struct buf	 b = { 0 };
	json_error_t	 error;
	json_t		*v;

	json_put_text(&b, in);
	v = json_loadb(b.base, b.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
	if (v == NULL)
		fail_msg("%s: %s: %.*s", row, error.text, (int)b.len, b.base);
	check_text(row, (struct text){ json_string_value(v),
	    json_string_length(v) }, want);
	json_decref(v);
	buf_done(&b);
}

/* How every byte is written. What is no UTF-8 becomes U+FFFD. */
static void
every_byte_has_a_form(void **state)
{
	static const char *const	short_forms[128] = {
		['\b'] = "\"\\b\"", ['\t'] = "\"\\t\"", ['\n'] = "\"\\n\"",
		['\f'] = "\"\\f\"", ['\r'] = "\"\\r\"", ['"'] = "\"\\\"\"",
		['\\'] = "\"\\\\\"",
	};
	struct buf	b = { 0 };
	char		want[16], byte;

	(void)state;
	for (int i = 0; i < 256; i++) {
		byte = (char)i;
		if (i < 128 && short_forms[i] != NULL)
			snprintf(want, sizeof(want), "%s", short_forms[i]);
		else if (i < 0x20)
			snprintf(want, sizeof(want), "\"\\u%04x\"",
			    (unsigned)i);
		else if (i < 0x80)
			snprintf(want, sizeof(want), "\"%c\"", byte);
		else
			snprintf(want, sizeof(want), "\"\xef\xbf\xbd\"");
		b.len = 0;
		json_put_text(&b, (struct text){ &byte, 1 });
		check_text("a byte", buf_text(&b), text_of(want));
		if (i < 128)
			check_parsed("a byte", (struct text){ &byte, 1 },
			    (struct text){ &byte, 1 });
	}
	buf_done(&b);
}

static void
bytes_that_are_no_text_are_replaced(void **state)
{
#define BAD	"\xef\xbf\xbd"
	static const struct { const char *name, *in, *want; } rows[] = {
		{ "valid", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
		    "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80" },
		{ "a lone continuation", "a\x80z", "a" BAD "z" },
		{ "overlong", "\xc0\xaf", BAD BAD },
		{ "surrogate", "\xed\xa0\x80", BAD BAD BAD },
		{ "beyond U+10FFFF", "\xf4\x90\x80\x80", BAD BAD BAD BAD },
		{ "cut at the end", "ab\xe2\x82", "ab" BAD BAD },
		{ "cut before a quote", "\xe2\x82\"", BAD BAD "\\\"" },
		{ "cut before a character", "\xf0\x9f\xc3\xa9",
		    BAD BAD "\xc3\xa9" },
		{ "U+2028 as it is", "\xe2\x80\xa8", "\xe2\x80\xa8" },
		{ "DEL as it is", "\x7f", "\x7f" },
	};
#undef BAD
	struct buf	b = { 0 };

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		b.len = 0;
		json_put_text(&b, text_of(rows[i].in));
		assert_true(b.len >= 2);
		check_text(rows[i].name, (struct text){ b.base + 1, b.len - 2 },
		    text_of(rows[i].want));
	}
	buf_done(&b);
}

static void
runs_end_where_they_must(void **state)
{
	static const char *const	specials[] = {
		"\"", "\\", "\n", "\x1f", "\x01", "\x20", "\x7f", "\xc3\xa9",
		"\xe2\x82\xac", "\xf0\x9f\x98\x80", "!", "#", "[", "]"
	};
	char		*in;
	size_t		 at, special, len;

	(void)state;
	for (size_t s = 0; s < LEN(specials); s++)
		for (len = 0; len <= 26; len++)
			for (at = 0; at <= len; at++) {
				special = strlen(specials[s]);
				in = malloc(len + special);
				assert_non_null(in);
				memset(in, 'a', len + special);
				memcpy(in + at, specials[s], special);
				check_parsed(specials[s],
				    (struct text){ in, len + special },
				    (struct text){ in, len + special });
				free(in);
			}
}

static void
random_texts_come_back(void **state)
{
	static const char *const	parts[] = {
		"\"", "\\", "\x02", "\n", "a", "bc", "/", "\xc3\xa9",
		"\xe2\x82\xac", "\xf0\x9f\x98\x80", " ", "\x7f", "abcdefgh"
	};
	uint64_t	seed = 20240101;
	struct buf	b = { 0 };

	(void)state;
	for (int i = 0; i < 20000; i++) {
		b.len = 0;
		for (uint64_t n = unit_random(&seed) % 30; n > 0; n--)
			buf_put_text(&b,
			    parts[unit_random(&seed) % LEN(parts)]);
		buf_put_byte(&b, 0);	/* NUL is escaped too */
		check_parsed("random", buf_text(&b), buf_text(&b));
	}
	buf_done(&b);
}

static void
random_bytes_make_json(void **state)
{
	uint64_t	 seed = 7;
	struct buf	 in = { 0 }, out = { 0 };
	json_t		*v;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		in.len = out.len = 0;
		for (uint64_t n = unit_random(&seed) % 24; n > 0; n--)
			buf_put_byte(&in, (char)unit_random(&seed));
		json_put_text(&out, buf_text(&in));
		v = json_loadb(out.base, out.len,
		    JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
		if (v == NULL)
			fail_msg("no JSON: %.*s", (int)out.len, out.base);
		json_decref(v);
	}
	buf_done(&in);
	buf_done(&out);
}

static void
numbers_are_written_whole(void **state)
{
	static const struct { const char *want; int64_t in; } rows[] = {
		{ "0", 0 }, { "1", 1 }, { "-1", -1 }, { "9", 9 }, { "10", 10 },
		{ "-10", -10 }, { "1000000007", 1000000007 },
		{ "9223372036854775807", INT64_MAX },
		{ "-9223372036854775807", -INT64_MAX },
		{ "-9223372036854775808", INT64_MIN },
	};
	struct buf	 b = { 0 };
	json_t		*v;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		b.len = 0;
		json_put_number(&b, rows[i].in);
		check_text(rows[i].want, buf_text(&b), text_of(rows[i].want));
		v = json_loadb(b.base, b.len, JSON_DECODE_ANY, NULL);
		check_true(rows[i].want, json_is_integer(v) &&
		    json_integer_value(v) == rows[i].in);
		json_decref(v);
	}
	buf_done(&b);
}

#define S	INT64_C(1000000)

static void
dates_are_http_dates(void **state)
{
	static const struct { const char *name, *want; int64_t us; } rows[] = {
		{ "the beginning", "\"Thu, 01 Jan 1970 00:00:00 GMT\"", 0 },
		{ "the RFC's", "\"Sun, 06 Nov 1994 08:49:37 GMT\"",
		    784111777 * S },
		{ "fraction cut", "\"Thu, 01 Jan 1970 00:00:00 GMT\"", 999999 },
		{ "fraction cut, late", "\"Sun, 06 Nov 1994 08:49:37 GMT\"",
		    784111777 * S + 999999 },
		{ "just before", "\"Wed, 31 Dec 1969 23:59:59 GMT\"", -1 },
		{ "a second before", "\"Wed, 31 Dec 1969 23:59:59 GMT\"", -S },
		{ "and more", "\"Wed, 31 Dec 1969 23:59:58 GMT\"", -S - 1 },
		{ "a day before", "\"Wed, 31 Dec 1969 00:00:00 GMT\"",
		    -86400 * S },
		{ "leap day", "\"Thu, 29 Feb 2024 23:59:59 GMT\"",
		    1709251199 * S },
		{ "behind it", "\"Fri, 01 Mar 2024 00:00:00 GMT\"",
		    1709251200 * S },
		{ "2000 has one", "\"Tue, 29 Feb 2000 00:00:00 GMT\"",
		    951782400 * S },
		{ "1900 has none", "\"Thu, 01 Mar 1900 00:00:00 GMT\"",
		    -2203891200 * S },
		{ "1900, before it", "\"Wed, 28 Feb 1900 00:00:00 GMT\"",
		    -2203977600 * S },
		{ "2100 has none", "\"Mon, 01 Mar 2100 00:00:00 GMT\"",
		    4107542400 * S },
		{ "end of 2038's time", "\"Tue, 19 Jan 2038 03:14:08 GMT\"",
		    2147483648 * S },
		{ "the last", "\"Fri, 31 Dec 9999 23:59:59 GMT\"",
		    253402300799 * S },
		{ "year 1", "\"Mon, 01 Jan 0001 00:00:00 GMT\"",
		    -62135596800 * S },
	};
	struct buf	b = { 0 };

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		b.len = 0;
		json_put_date(&b, rows[i].us);
		check_text(rows[i].name, buf_text(&b), text_of(rows[i].want));
	}
	buf_done(&b);
}

/* From 1000 to 9999 in steps of 9 days and a bit. */
static void
dates_agree_with_strftime(void **state)
{
	struct buf	b = { 0 };
	struct tm	tm;
	time_t		t;
	char		want[64];

	(void)state;
	for (t = -30610224000; t < 253402300800; t += 799999) {
		gmtime_r(&t, &tm);
		strftime(want, sizeof(want), "\"%a, %d %b %Y %H:%M:%S GMT\"",
		    &tm);
		b.len = 0;
		json_put_date(&b, t * S + 5);
		check_text("a date", buf_text(&b), text_of(want));
	}
	buf_done(&b);
}

/* Times no date is for still make a text of a date's length. */
static void
dates_out_of_range_do_no_harm(void **state)
{
	static const int64_t	times[] = {
		INT64_MIN, INT64_MIN + 1, INT64_MAX, 253402300800 * S,
		-62167219200 * S, -62167219201 * S
	};
	struct buf		b = { 0 };

	(void)state;
	for (size_t i = 0; i < LEN(times); i++) {
		b.len = 0;
		json_put_date(&b, times[i]);
		check_number("length", (int64_t)b.len, 31);
		check_true("UTF-8", text_characters(buf_text(&b)) == 31);
	}
	buf_done(&b);
}

/* Whatever it is that ends a run, and wherever. */
static void
runs_end_at_any_byte(void **state)
{
	static const struct { const char *in, *want; } rows[] = {
		{ "\"", "\\\"" }, { "\\", "\\\\" }, { "\n", "\\n" },
		{ "\x1f", "\\u001f" }, { "\x7f", "\x7f" },
		{ "\xff", "\xef\xbf\xbd" }, { "\xc3", "\xef\xbf\xbd" },
		{ "\xc3\xa9", "\xc3\xa9" },
		{ "\xe6\xbc\xa2\xe5\xad\x97", "\xe6\xbc\xa2\xe5\xad\x97" },
		{ "\xf0\x9f\x98\x80\"", "\xf0\x9f\x98\x80\\\"" },
	};
	struct buf	in = { 0 }, want = { 0 }, out = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (int at = 0; at < 25; at++) {
			in.len = want.len = out.len = 0;
			buf_put_byte(&want, '"');
			for (int n = 0; n < 25; n++) {
				buf_put_text(&in, n == at ? rows[i].in : "x");
				buf_put_text(&want, n == at ? rows[i].want :
				    "x");
			}
			buf_put_byte(&want, '"');
			json_put_text(&out, buf_text(&in));
			check_text(rows[i].want, buf_text(&out),
			    buf_text(&want));
		}
	}
	buf_done(&in);
	buf_done(&want);
	buf_done(&out);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("every byte has its form", every_byte_has_a_form),
		TEST("bytes that are no UTF-8 become U+FFFD",
		    bytes_that_are_no_text_are_replaced),
		TEST("a run of plain bytes ends at the first that is not",
		    runs_end_where_they_must),
		TEST("whatever ends a run, and wherever, the rest is as it was",
		    runs_end_at_any_byte),
		TEST("a parser reads back what was written",
		    random_texts_come_back),
		TEST("whatever the bytes, what is written is JSON",
		    random_bytes_make_json),
		TEST("numbers are written whole, the least too",
		    numbers_are_written_whole),
		TEST("dates are HTTP dates, fractions cut off",
		    dates_are_http_dates),
		TEST("dates agree with strftime for nine thousand years",
		    dates_agree_with_strftime),
		TEST("times beyond all dates do no harm",
		    dates_out_of_range_do_no_harm),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
