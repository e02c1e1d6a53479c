/*
 * Heads and chunked bodies of HTTP/1. Of a head that was taken for good all
 * that the framing depends on is there once, in lines that end with CR and LF.
 * A body is the same however it comes, ends where it ends, and written anew in
 * one chunk it is read as what it was.
 */
#include "gateway/http/framing.h"

#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"

#define HEADERS	100

struct body {
	char	*bytes;
	size_t	 len;
	ssize_t	 ret;
};

/* Read a body that comes in pieces, of sizes that the sum makes up. */
static struct body
read_body(const uint8_t *data, size_t len, uint32_t sum)
{
	struct phr_chunked_decoder	d = { .consume_trailer = 1 };
	struct body			b = { .bytes = must_alloc(len + 1),
					    .ret = -2 };
	size_t				at = 0, piece, decoded;

	while (at < len && b.ret == -2) {
		sum = sum * 1664525 + 1013904223;
		piece = sum == 0 ? len : 1 + (sum >> 8) % 37;
		if (piece > len - at)
			piece = len - at;
		memcpy(b.bytes + b.len, data + at, piece);
		at += piece;
		decoded = piece;
		b.ret = phr_decode_chunked(&d, b.bytes + b.len, &decoded);
		CHECK(decoded <= piece && b.ret <= (ssize_t)(piece - decoded));
		b.len += decoded;
	}
	if (b.ret >= 0)
		b.ret += (ssize_t)(len - at);
	return b;
}

static void
check_again(const struct body *b)
{
	char		*again = must_alloc(b->len + 64);
	size_t		 len;
	struct body	 same;

	len = b->len == 0 ? 0 : (size_t)sprintf(again, "%zX\r\n", b->len);
	memcpy(again + len, b->bytes, b->len);
	len += b->len;
	len += (size_t)sprintf(again + len, "%s0\r\n\r\n", b->len == 0 ? "" :
	    "\r\n");
	same = read_body((const uint8_t *)again, len, 1);
	CHECK(same.ret == 0 && same.len == b->len &&
	    memcmp(same.bytes, b->bytes, b->len) == 0);
	free(same.bytes);
	free(again);
}

static void
check_bodies(const uint8_t *data, size_t len)
{
	struct body	one = read_body(data, len, 7), other;

	for (uint32_t sum = 100; sum < 103; sum++) {
		other = read_body(data, len, sum);
		CHECK(other.ret == one.ret && other.len == one.len &&
		    memcmp(other.bytes, one.bytes, one.len) == 0);
		free(other.bytes);
	}
	if (one.ret >= 0)
		check_again(&one);
	free(one.bytes);
}

/* No line of a good head ends with LF alone, and none is folded. */
static void
check_lines(const char *head, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		CHECK(head[i] != '\n' || (i > 0 && head[i - 1] == '\r'));
		CHECK(head[i] != '\0');
		CHECK(i < 3 || head[i - 1] != '\n' ||
		    (head[i] != ' ' && head[i] != '\t'));
	}
}

static void
check_head(const uint8_t *data, size_t len)
{
	struct phr_header	 headers[HEADERS];
	size_t			 count = HEADERS, method_len, path_len;
	const char		*method, *path;
	char			*copy = must_alloc(len + 1);
	int			 minor, ret;

	memcpy(copy, data, len);
	ret = phr_parse_request(copy, len, &method, &method_len, &path,
	    &path_len, &minor, headers, &count, 0);
	CHECK(ret <= (int)len);
	if (framing_fault() == NULL && ret > 0) {
		CHECK(method_len > 0 && path_len > 0);
		check_lines(copy, (size_t)ret);
	} else if (ret > 0)
		CHECK(minor == 0);
	CHECK(framing_fault() == NULL);
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static bool	begun;

	if (!begun)
		framing_init();
	begun = true;
	check_head(data, len);
	check_bodies(data, len);
	return 0;
}
