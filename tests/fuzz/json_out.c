/* What is written as JSON is read by a library as the same text or number. */
#include "fuzz.h"

#include <jansson.h>
#include <stdlib.h>
#include <time.h>

#include "base/json.h"

/* Each byte that belongs to no character is a U+FFFD of its own. */
static void
put_model(struct buf *b, struct text t)
{
	const uint8_t	*p = (const uint8_t *)t.base;
	uint32_t	 character;
	size_t		 step;

	for (size_t at = 0; at < t.len; at += step) {
		step = model_character(p + at, t.len - at, &character);
		if (step != 0) {
			buf_put(b, p + at, step);
			continue;
		}
		buf_put_text(b, "\xef\xbf\xbd");
		step = 1;
	}
}

static void
check_text(struct text t)
{
	struct buf	 out = { 0 }, want = { 0 };
	json_error_t	 error;
	json_t		*value;

	json_put_text(&out, t);
	put_model(&want, t);
	value = json_loadb(out.base, out.len, JSON_ALLOW_NUL | JSON_DECODE_ANY,
	    &error);
	CHECK(json_is_string(value));
	CHECK(is_same((struct text){ json_string_value(value),
	    json_string_length(value) }, (struct text){ want.base, want.len }));
	/* placeholders (proto/placeholders.tbl) are put in by those who mean them */
	for (size_t i = 0; i < out.len; i++)
		CHECK((unsigned char)out.base[i] >= ' ');
	json_decref(value);
	buf_done(&out);
	buf_done(&want);
}

static void
check_number(int64_t n)
{
	struct buf	 out = { 0 };
	json_t		*value;

	json_put_number(&out, n);
	value = json_loadb(out.base, out.len, JSON_DECODE_ANY, NULL);
	CHECK(json_is_integer(value) && json_integer_value(value) == n);
	json_decref(value);
	buf_done(&out);
}

static void
check_date(int64_t us)
{
	struct buf	out = { 0 };
	time_t		seconds = us / 1000000 - (us % 1000000 < 0);
	struct tm	tm;
	char		want[64];

	json_put_date(&out, us);
	CHECK(gmtime_r(&seconds, &tm) != NULL);
	/* a year has four digits there (RFC 9110, 5.6.7) */
	if (tm.tm_year >= -1900 && tm.tm_year < 8100) {
		CHECK(strftime(want, sizeof(want),
		    "\"%a, %d %b %Y %H:%M:%S GMT\"", &tm) > 0);
		/* the C library's %Y does not fill up with zeros */
		snprintf(want + 13, sizeof(want) - 13, "%04d", tm.tm_year +
		    1900);
		strftime(want + 17, sizeof(want) - 17, " %H:%M:%S GMT\"", &tm);
		CHECK(is_same((struct text){ out.base, out.len },
		    (struct text){ want, strlen(want) }));
	}
	CHECK(out.len == 31);
	buf_done(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input	in = { data, len };
	int64_t		n = input_number(&in);

	check_text((struct text){ (const char *)data, len });
	check_number(n);
	check_date(n);
	check_date(n % INT64_C(253402300800000000));	/* the year 9999 */
	return 0;
}
