/* gateway/http/framing.c, in the place of libh2o's functions. */
#include "gateway/http/framing.h"

#include <stdio.h>

#include "unit.h"

#define POST		"POST / HTTP/1.1\r\nHost: x\r\n"
#define HEADERS		8
#define COPY_BYTES	512

/* The headers that are left of a head; -1: libh2o refuses it. */
static int
parse(const char *head, char copy[COPY_BYTES], int *ret_minor)
{
	struct phr_header	headers[HEADERS];
	const char		*method, *path;
	size_t			 method_len, path_len, count = HEADERS;
	int			 ret;

	snprintf(copy, COPY_BYTES, "%s", head);
	ret = phr_parse_request(copy, strlen(copy), &method, &method_len,
	    &path, &path_len, ret_minor, headers, &count, 0);
	return ret < 0 ? ret : (int)count;
}

static void
heads_are_judged(void **state)
{
	static const struct { const char *head; bool good; } rows[] = {
		{ POST "\r\n", true },
		{ "\r\n" POST "\r\n", true },
		{ "\r\n\r\n\r\n" POST "\r\n", true },
		{ "G(T / HTTP/1.1\r\nHost: x\r\n\r\n", false },
		{ " / HTTP/1.1\r\nHost: x\r\n\r\n", false },
		{ "\r\n / HTTP/1.0\r\n\r\n", false },
		{ "GET  HTTP/1.1\r\nHost: x\r\n\r\n", false },
		{ "M-SEARCH / HTTP/1.1\r\nHost: x\r\n\r\n", true },
		{ "\r\n\n" POST "\r\n", false },
		{ "GET http://x/a HTTP/1.1\r\nHost: y\r\n\r\n", true },
		{ "GET http://x HTTP/1.0\r\n\r\n", true },
		{ "GET http://x/a HTTP/1.1\r\n\r\n", false },
		{ "GET http://x/a HTTP/1.1\r\nHost: a/b\r\n\r\n", false },
		{ "GET http:///a HTTP/1.1\r\nHost: x\r\n\r\n", false },
		{ "GET http://:80/a HTTP/1.1\r\nHost: x\r\n\r\n", false },
		{ "GET http://u@x/a HTTP/1.1\r\nHost: x\r\n\r\n", false },
		{ "GET / HTTP/1.0\r\n\r\n", true },
		{ "GET / HTTP/1.1\r\nhOST:\r\n\r\n", true },
		{ "GET / HTTP/1.1\r\nHost: [::1]:5000 \t\r\n\r\n", true },
		{ "GET / HTTP/1.1\r\nHost: A-1.example_x:\r\n\r\n", true },
		{ "GET / HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n", true },
		{ "GET / HTTP/1.1\r\nHost: [fe80::1%25eth0]\r\n\r\n", true },
		{ POST "content-length: 3\r\n\r\n", true },
		{ POST "Content-Length:\t3 \r\n\r\n", true },
		{ POST "Content-Length: 0\r\nX: y\r\n\r\n", true },
		{ POST "Transfer-Encoding: chunked\r\n\r\n", true },
		{ POST "Transfer-Encoding:CHUNKED \r\n\r\n", true },
		{ POST "Content-Lengths: 3\r\nContent-Length: 3\r\n"
		    "X-Content-Length: 4\r\n\r\n", true },
		{ "GET / HTTP/1.1\r\n\r\n", false },
		{ "GET / HTTP/1.1\r\nX-Host: x\r\n\r\n", false },
		{ POST "Host: x\r\n\r\n", false },
		{ "GET / HTTP/1.0\r\nHost: x\r\nHost: y\r\n\r\n", false },
		{ "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", false },
		{ "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", false },
		{ "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", false },
		{ "GET / HTTP/1.1\r\nHost: \xc3\xa4\r\n\r\n", false },
		{ "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", false },
		{ "GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n", false },
		{ "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", false },
		{ "GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n", false },
		{ "GET / HTTP/1.1\r\nHost: ::1\r\n\r\n", false },
		{ "GET / HTTP/1.1\r\nHost: a#b\r\n\r\n", false },
		{ "GET / HTTP/1.1\r\nHost: a\\b\r\n\r\n", false },
		{ POST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
		    false },
		{ POST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
		    false },
		{ POST "Content-Length: 3\r\nCONTENT-LENGTH: 3\r\n\r\n", false },
		{ POST "Content-Length: 3, 3\r\n\r\n", false },
		{ POST "Content-Length: +3\r\n\r\n", false },
		{ POST "Content-Length: -3\r\n\r\n", false },
		{ POST "Content-Length: 0x3\r\n\r\n", false },
		{ POST "Content-Length: 3 3\r\n\r\n", false },
		{ POST "Content-Length:\r\n\r\n", false },
		{ POST "Content-Length: 1000000000000000000\r\n\r\n", false },
		{ POST "Transfer-Encoding: chunked\r\n"
		    "Transfer-Encoding: chunked\r\n\r\n", false },
		{ POST "Transfer-Encoding: chunked, chunked\r\n\r\n", false },
		{ POST "Transfer-Encoding: gzip, chunked\r\n\r\n", false },
		{ POST "Transfer-Encoding: identity\r\n\r\n", false },
		{ POST "Transfer-Encoding:\r\n\r\n", false },
		{ "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
		    false },
		{ POST "X: y\r\n z\r\n\r\n", false },
		{ POST "X: y\r\n\tz\r\n\r\n", false },
		{ POST "Content-Length:\r\n 3\r\n\r\n", false },
		{ POST "X: y\n\r\n", false },
		{ POST "\n", false },
		{ "GET / HTTP/1.1\nHost: x\r\n\r\n", false },
		{ "\n" POST "\r\n", false },
		{ "GET / HTTP/1.1\nHost: x\n\n", false },
	};
	char	copy[COPY_BYTES];
	int	minor, count;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		count = parse(rows[i].head, copy, &minor);
		check_number(rows[i].head, framing_fault() == NULL,
		    rows[i].good);
		check_number(rows[i].head, count >= 0, true);
		if (!rows[i].good)
			check_number(rows[i].head, minor, 0);
		check_number("said once", framing_fault() == NULL, true);
	}
}

static void
what_is_repeated_is_said(void **state)
{
	static const struct { const char *head, *what; } rows[] = {
		{ POST "Host: x\r\n\r\n", "which host" },
		{ POST "Host: x\r\nContent-Length: 3\r\n\r\n", "which host" },
		{ POST "Content-Length: 3\r\nContent-Length: 3\r\n\r\n",
		    "how long" },
		{ POST "Transfer-Encoding: chunked\r\n"
		    "Transfer-Encoding: chunked\r\n\r\n", "how long" },
		{ POST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
		    "how long" },
	};
	char		 copy[COPY_BYTES];
	const char	*fault;
	int		 minor;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		(void)parse(rows[i].head, copy, &minor);
		fault = framing_fault();
		check_true(rows[i].head, fault != NULL);
		check_part(rows[i].head, fault, rows[i].what);
	}
}

static void
absolute_targets_have_a_path(void **state)
{
	struct phr_header	headers[HEADERS];
	char			copy[] = "\r\nGET http://x:8?a HTTP/1.1\r\n"
				    "Host: y\r\n\r\n";
	const char		*method, *path;
	size_t			 method_len, path_len, count = HEADERS;
	int			 minor;

	(void)state;
	check_number("all of it", phr_parse_request(copy, strlen(copy),
	    &method, &method_len, &path, &path_len, &minor, headers, &count,
	    0), (int)strlen(copy));
	check_true("no fault", framing_fault() == NULL);
	check_text("path", (struct text){ path, path_len }, TEXT_OF("/?a"));
	check_number("fields", (int)count, 1);
	check_text("host", (struct text){ headers[0].value,
	    headers[0].value_len }, TEXT_OF("x:8"));
	count = HEADERS;
	check_number("not all", phr_parse_request("\r\n\r", 3, &method,
	    &method_len, &path, &path_len, &minor, headers, &count, 0), -2);
}

/* The options of Connection that h2o is told. */
static void
one_connection_field_is_left(void **state)
{
	static const struct { const char *head, *want; } rows[] = {
		{ POST "Connection: close\r\n", "close" },
		{ POST "Connection: Close , TE \r\n", "close" },
		{ POST "Connection: keep-alive, close\r\n", "close" },
		{ POST "Connection: close\r\nX: y\r\nConnection: keep-alive\r\n",
		    "close" },
		{ POST "Connection: keep-alive\r\n", "" },
		{ POST "Connection: TE, upgrade\r\n", "" },
		{ POST "Connection:\r\n", "" },
		{ POST "Connection: closed, xclose\r\n", "" },
		{ POST "Connections: close\r\n", "" },
		{ "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n",
		    "keep-alive" },
		{ "GET / HTTP/1.0\r\nConnection: TE\r\n"
		    "Connection: ,keep-alive\r\n", "keep-alive" },
		{ "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n", "" },
		{ "GET / HTTP/1.0\r\nConnection: TE\r\n", "" },
	};
	struct phr_header	headers[HEADERS];
	char			copy[COPY_BYTES];
	const char		*method, *path;
	size_t			 method_len, path_len, count;
	struct text		 got;
	int			 minor;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		snprintf(copy, sizeof(copy), "%s\r\n", rows[i].head);
		count = HEADERS;
		(void)phr_parse_request(copy, strlen(copy), &method,
		    &method_len, &path, &path_len, &minor, headers, &count, 0);
		check_true(rows[i].head, framing_fault() == NULL);
		got = TEXT_OF("");
		for (size_t n = 0; n < count; n++)
			if (headers[n].name_len == 10)
				got = (struct text){ headers[n].value,
				    headers[n].value_len };
		check_text(rows[i].head, got, text_of(rows[i].want));
	}
}

static void
white_space_behind_a_value_is_cut(void **state)
{
	struct phr_header	headers[HEADERS];
	char			copy[] = POST "Expect:\t100-continue \t\r\nX: \t\r\n"
				    "Authorization: Bearer a \r\n\r\n";
	const char		*method, *path;
	size_t			 method_len, path_len, count = HEADERS;
	int			 minor;

	(void)state;
	(void)phr_parse_request(copy, strlen(copy), &method, &method_len,
	    &path, &path_len, &minor, headers, &count, 0);
	check_number("fields", (int)count, 4);
	check_text("Expect", (struct text){ headers[1].value,
	    headers[1].value_len }, TEXT_OF("100-continue"));
	check_number("an empty one", (int)headers[2].value_len, 0);
	check_text("a token", (struct text){ headers[3].value,
	    headers[3].value_len }, TEXT_OF("Bearer a "));
}

static void
who_speaks_http_1_0_expects_nothing(void **state)
{
	char	copy[COPY_BYTES];
	int	minor;

	(void)state;
	check_number("1.0", parse("POST / HTTP/1.0\r\nExpect: 100-continue\r\n"
	    "Content-Length: 3\r\nexpect: x\r\n\r\n", copy, &minor), 1);
	check_true("is no fault", framing_fault() == NULL);
	check_number("1.1", parse(POST "Expect: 100-continue\r\n"
	    "Content-Length: 3\r\n\r\n", copy, &minor), 3);
}

/* What is left of a head with a fault is what h2o does not act on. */
static void
faulty_heads_are_disarmed(void **state)
{
	char	copy[COPY_BYTES];
	int	minor;

	(void)state;
	check_number("left", parse(POST "Accept: a\r\nTransfer-Encoding: x\r\n"
	    "Expect: 100-continue\r\nConnection: keep-alive\r\nUpgrade: h2c\r\n"
	    "X: y\r\n z\r\n\r\n", copy, &minor), 2);
	check_true("a body follows", framing_has_body());
	check_number("none left", parse("GET / HTTP/1.1\r\n\r\n", copy,
	    &minor), 0);
	check_true("none follows", !framing_has_body());
}

/* libh2o's own; that they are refused is all that matters here. */
static void
no_heads_are_refused(void **state)
{
	static const char *const	rows[] = {
		POST "X : y\r\n\r\n", POST " X: y\r\n\r\n", POST "X\r\n\r\n",
		POST "X: a\rb\r\n\r\n", POST ": y\r\n\r\n",
		"GET / HTTP/2.0\r\nHost: x\r\n\r\n",
		"GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
	};
	char	copy[COPY_BYTES];
	int	minor, count;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		count = parse(rows[i], copy, &minor);
		check_number(rows[i], count == -1 || framing_fault() != NULL,
		    true);
	}
}

/* --- chunks ------------------------------------------------------------------- */

/* Decode with so many bytes coming at a time. */
static void
decode(const char *in, size_t step, ssize_t *ret, struct text *ret_body,
    char *out)
{
	struct phr_chunked_decoder	d = { .consume_trailer = 1 };
	size_t				left = strlen(in), len = 0, size;

	*ret = -2;
	while (left > 0 && *ret == -2) {
		size = step < left ? step : left;
		memcpy(out + len, in, size);
		in += size;
		left -= size;
		*ret = phr_decode_chunked(&d, out + len, &size);
		len += size;
	}
	if (*ret >= 0)
		*ret += (ssize_t)left;
	*ret_body = (struct text){ out, len };
}

static void
chunks_are_decoded(void **state)
{
	static const struct { const char *in; ssize_t want;
	    struct text body; } rows[] = {
		{ "0\r\n\r\n", 0, TEXT_OF("") },
		{ "3\r\nabc\r\n0\r\n\r\n", 0, TEXT_OF("abc") },
		{ "00003\r\nabc\r\n2\r\nde\r\n000\r\n\r\nGET", 3,
		    TEXT_OF("abcde") },
		{ "a\r\n0\r\n\r\n\r\n123\r\nA\r\n0123456789\r\n0\r\n\r\n", 0,
		    TEXT_OF("0\r\n\r\n\r\n1230123456789") },
		{ "1;a\r\nx\r\n1 ;a=\"b\"; c\t\r\ny\r\n0;z\r\n\r\n", 0,
		    TEXT_OF("xy") },
		{ "1\r\nx\r\n0\r\nX-Any: y\r\nZ:\t\xc3\xa4 \r\n\r\n", 0,
		    TEXT_OF("x") },
		{ "3\r\nab", -2, TEXT_OF("ab") },
		{ "3\r\nabc\r\n0\r\n", -2, TEXT_OF("abc") },
		{ "\r\n", -1, TEXT_OF("") },
		{ ";a\r\n", -1, TEXT_OF("") },
		{ "g\r\n", -1, TEXT_OF("") },
		{ "1g\r\nx\r\n0\r\n\r\n", -1, TEXT_OF("") },
		{ "0x1\r\nx\r\n0\r\n\r\n", -1, TEXT_OF("") },
		{ "-1\r\n", -1, TEXT_OF("") },
		{ "+1\r\n", -1, TEXT_OF("") },
		{ " 1\r\nx", -1, TEXT_OF("") },
		{ "1 \r\nx", -1, TEXT_OF("") },
		{ "1 2\r\nx", -1, TEXT_OF("") },
		{ "1\nx\r\n0\r\n\r\n", -1, TEXT_OF("") },
		{ "1\r\r\nx\r\n0\r\n\r\n", -1, TEXT_OF("") },
		{ "1\rx", -1, TEXT_OF("") },
		{ "1\r\nx\n0\r\n\r\n", -1, TEXT_OF("x") },
		{ "1\r\nx\r\r\n0\r\n\r\n", -1, TEXT_OF("x") },
		{ "1\r\nxy\r\n0\r\n\r\n", -1, TEXT_OF("x") },
		{ "1\r\nx0\r\n\r\n", -1, TEXT_OF("x") },
		{ "1;a\nx", -1, TEXT_OF("") },
		{ "1;a\rb\r\nx", -1, TEXT_OF("") },
		{ "1;a\x01\r\nx", -1, TEXT_OF("") },
		{ "0000000000000001\r\nx\r\n0\r\n\r\n", -1, TEXT_OF("") },
		{ "fffffffffffffffff\r\n", -1, TEXT_OF("") },
		{ "0\n\r\n", -1, TEXT_OF("") },
		{ "0\r\n\n", -1, TEXT_OF("") },
		{ "0\r\nX: y\n\r\n", -1, TEXT_OF("") },
		{ "0\r\nX: a\rb\r\n\r\n", -1, TEXT_OF("") },
		{ "0\r\nX: y\r\n z\r\n\r\n", -1, TEXT_OF("") },
		{ "0\r\nX : y\r\n\r\n", -1, TEXT_OF("") },
		{ "0\r\nX\r\n\r\n", -1, TEXT_OF("") },
		{ "0\r\n: y\r\n\r\n", -1, TEXT_OF("") },
		{ "0\r\nGET / HTTP/1.1\r\n\r\n", -1, TEXT_OF("") },
		{ "0\r\nX: \x02\r\n\r\n", -1, TEXT_OF("") },
	};
	char		out[128];
	ssize_t		ret;
	struct text	body;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++)
		for (size_t step = 1; step <= 64; step += 7) {
			decode(rows[i].in, step, &ret, &body, out);
			check_number(rows[i].in, ret, rows[i].want);
			check_text(rows[i].in, body, rows[i].body);
		}
}

/* Of what is thrown away there is only so much. */
static void
what_is_no_body_is_bounded(void **state)
{
	static char	in[20000], out[20000];
	ssize_t		ret;
	struct text	body;

	(void)state;
	memset(in, 'x', sizeof(in) - 1);
	memcpy(in, "1;", 2);
	decode(in, sizeof(in), &ret, &body, out);
	check_number("an extension", ret, -1);
	memcpy(in, "1 ", 2);
	memset(in + 2, ' ', 1000);
	decode(in, sizeof(in), &ret, &body, out);
	check_number("white space", ret, -1);
	memset(in, 'x', sizeof(in) - 1);
	memcpy(in, "0\r\nX:", 5);
	in[5000] = '\0';
	decode(in, sizeof(in), &ret, &body, out);
	check_number("a trailer", ret, -2);
	memset(in + 5000, 'x', 5000);
	decode(in, sizeof(in), &ret, &body, out);
	check_number("trailers", ret, -1);
}

static int
start(void **state)
{
	(void)state;
	framing_init();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("absolute targets have a path",
		    absolute_targets_have_a_path),
		TEST("one Connection field is left",
		    one_connection_field_is_left),
		TEST("white space behind a value is cut",
		    white_space_behind_a_value_is_cut),
		TEST("heads are judged", heads_are_judged),
		TEST("what is repeated is said", what_is_repeated_is_said),
		TEST("faulty heads are disarmed", faulty_heads_are_disarmed),
		TEST("who speaks HTTP/1.0 expects nothing",
		    who_speaks_http_1_0_expects_nothing),
		TEST("what is no head is refused", no_heads_are_refused),
		TEST("chunks are decoded, however they come",
		    chunks_are_decoded),
		TEST("what is no body is bounded",
		    what_is_no_body_is_bounded),
	};

	return cmocka_run_group_tests_name("framing", tests, start, NULL);
}
