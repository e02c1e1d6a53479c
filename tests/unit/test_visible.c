/* base/visible.c: nothing in a text acts on a terminal or on a line of a log. */
#include "unit.h"

#include <sys/socket.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/visible.h"

static const struct { const char *in, *text, *json; } rows[] = {
	{ "plain", "plain", "plain" },
	{ "", "", "" },
	{ "a\"b\\c", "a\"b\\c", "a\\\"b\\\\c" },
	{ "\x1b[31m", "\\x1b[31m", "\\u001b[31m" },
	{ "\x1b]0;title\a", "\\x1b]0;title\\x07", "\\u001b]0;title\\u0007" },
	{ "\n\r\t\b\x7f", "\\x0a\\x0d\\x09\\x08\\x7f",
	    "\\u000a\\u000d\\u0009\\u0008\\u007f" },
	{ "\xc2\x9b" "31m|\xc2\x80|\xc2\xa0|",
	    "\\u009b31m|\\u0080|\xc2\xa0|",
	    "\\u009b31m|\\u0080|\xc2\xa0|" },
	{ "\xe2\x80\xae|\xe2\x81\xa6|\xe2\x80\x8f|\xd8\x9c",
	    "\\u202e|\\u2066|\\u200f|\\u061c",
	    "\\u202e|\\u2066|\\u200f|\\u061c" },
	{ "\xe2\x80\xa8\xe2\x80\xa9", "\\u2028\\u2029", "\\u2028\\u2029" },
	{ "\xef\xbb\xbf\xe2\x80\x8b", "\\ufeff\\u200b", "\\ufeff\\u200b" },
	{ "\xf3\xa0\x81\x81", "\\U000e0041", "\\udb40\\udc41" },
	/* what writing needs stays: two joiners, Chinese, Arabic, a picture */
	{ "\xe2\x80\x8c\xe2\x80\x8d\xe4\xb8\xad\xd8\xb9\xf0\x9f\x98\x80",
	    "\xe2\x80\x8c\xe2\x80\x8d\xe4\xb8\xad\xd8\xb9\xf0\x9f\x98\x80",
	    "\xe2\x80\x8c\xe2\x80\x8d\xe4\xb8\xad\xd8\xb9\xf0\x9f\x98\x80" },
	{ "\x9b|\xff|\xc2", "\xef\xbf\xbd|\xef\xbf\xbd|\xef\xbf\xbd",
	    "\xef\xbf\xbd|\xef\xbf\xbd|\xef\xbf\xbd" },
};

/* A text, as it is printed or, as JSON, taken character by character. */
static void
check_shown(const char *in, enum visible_in where, const char *want)
{
	char	*shown, next[VISIBLE_MOST];
	size_t	 size, len;
	FILE	*f = open_memstream(&shown, &size);

	if (where == VISIBLE_TEXT)
		visible_put(f, in, strlen(in));
	for (; where == VISIBLE_JSON && *in != '\0'; in += len) {
		len = visible_next(in, strlen(in), where, next);
		fprintf(f, "%.*s", next[0] == '\0' ? (int)len : VISIBLE_MOST,
		    next[0] == '\0' ? in : next);
	}
	fclose(f);
	assert_string_equal(shown, want);
	free(shown);
}

static void
characters_are_shown(void **state)
{
	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		check_shown(rows[i].in, VISIBLE_TEXT, rows[i].text);
		check_shown(rows[i].in, VISIBLE_JSON, rows[i].json);
	}
}

static void
only_the_newline_of_the_format_ends_a_line(void **state)
{
	char	*shown;
	size_t	 size;
	FILE	*f = open_memstream(&shown, &size);

	(void)state;
	visible_printf(f, "%s and %d\n", "a\nb", 7);
	visible_printf(f, "%s", "end\n");
	visible_printf(f, "%s", "");
	visible_printf(f, "\n");
	fclose(f);
	assert_string_equal(shown, "a\\x0ab and 7\nend\\x0a\n");
	free(shown);
}

static void
documents_mean_the_same(void **state)
{
	static const char	 json[] = "{\n  \"a\": \"\\u001b\x7f\xc2\x9b"
				    "\xe2\x80\xae\xe4\xb8\xad\"\n}";
	char			*shown;
	size_t			 size;
	FILE			*f = open_memstream(&shown, &size);

	(void)state;
	visible_print_json(f, json);
	fclose(f);
	assert_string_equal(shown, "{\n  \"a\": \"\\u001b\\u007f\\u009b"
	    "\\u202e\xe4\xb8\xad\"\n}");
	free(shown);
}

/* Each packet of such a socket is a write. */
static void
a_line_is_one_write(void **state)
{
	static const char	want[] = "FLICKET_KEYS: \"\\x1b\" is 7\n";
	char			got[64];
	int			ends[2];
	FILE			*f;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	f = fdopen(ends[0], "w");
	assert_non_null(f);
	setvbuf(f, NULL, _IONBF, 0);
	visible_printf(f, "%s: \"%s\" is %d\n", "FLICKET_KEYS", "\x1b", 7);
	assert_int_equal(recv(ends[1], got, sizeof(got), 0), sizeof(want) - 1);
	assert_memory_equal(got, want, sizeof(want) - 1);
	fclose(f);
	close(ends[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("characters are shown", characters_are_shown),
		TEST("only the newline of the format ends a line",
		    only_the_newline_of_the_format_ends_a_line),
		TEST("documents mean the same", documents_mean_the_same),
		TEST("a line is one write", a_line_is_one_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
