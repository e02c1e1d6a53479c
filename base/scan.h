/*
 * Looking through bytes, many at a time: 16 with SSE2, which every x86-64
 * has, 8 in a word elsewhere. None reads beyond its end.
 */
#ifndef BASE_SCAN_H
#define BASE_SCAN_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define SCAN_ONES	UINT64_C(0x0101010101010101)
#define SCAN_HIGHS	UINT64_C(0x8080808080808080)

/*
 * A bit for each of 8 bytes that is below n, which is 128 at most. The
 * lowest bit is right; above it there may be too many.
 */
static inline uint64_t
scan_word_below(uint64_t x, unsigned n)
{
	return (x - SCAN_ONES * n) & ~x & SCAN_HIGHS;
}

/* scan_to_below(), 8 at a time. */
static inline size_t
scan_words_to_below(const char *p, size_t len, unsigned n)
{
	uint64_t	x;
	size_t		at = 0;

	for (; at + 8 <= len; at += 8) {
		memcpy(&x, p + at, 8);
		x = scan_word_below(le64toh(x), n);
		if (x != 0)
			return at + (size_t)__builtin_ctzll(x) / 8;
	}
	while (at < len && (unsigned char)p[at] >= n)
		at++;
	return at;
}

/*
 * Look for the first byte below n (1 to 128) and copy all bytes before it, unless
 * `to` is NULL; `to` has room for all bytes. Returns how many bytes come before
 * it; a few bytes behind them may be copied, too.
 */
static inline size_t
scan_copy_to_below(char *to, const char *p, size_t len, unsigned n)
{
	size_t		at = 0, run;
#ifdef __SSE2__
	const __m128i	most = _mm_set1_epi8((char)(n - 1));
	__m128i		v;
	unsigned	bits;

	for (; at + 16 <= len; at += 16) {
		v = _mm_loadu_si128((const __m128i *)(const void *)(p + at));
		if (to != NULL)
			_mm_storeu_si128((__m128i *)(void *)(to + at), v);
		bits = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(
		    _mm_min_epu8(v, most), v));
		if (bits != 0)
			return at + (size_t)__builtin_ctz(bits);
	}
#endif
	run = scan_words_to_below(p + at, len - at, n);
	if (to != NULL && run > 0)
		memcpy(to + at, p + at, run);
	return at + run;
}

/* How many bytes come before the first that is below n, 1 to 128. */
static inline size_t
scan_to_below(const char *p, size_t len, unsigned n)
{
	return scan_copy_to_below(NULL, p, len, n);
}

/* Whether JSON has a byte as it is, within a string, and it is ASCII. */
static inline bool
scan_is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* How many bytes come before the first that is not plain. */
static inline size_t
scan_plain(const char *p, size_t len)
{
	uint64_t	x, quote, slash;
	size_t		at = 0;
#ifdef __SSE2__
	__m128i		v, found;
	unsigned	bits;

	for (; at + 16 <= len; at += 16) {
		v = _mm_loadu_si128((const __m128i *)(const void *)(p + at));
		/* signed: bytes that are not ASCII are below 0x20, too */
		found = _mm_or_si128(_mm_cmplt_epi8(v, _mm_set1_epi8(0x20)),
		    _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')),
		    _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'))));
		bits = (unsigned)_mm_movemask_epi8(found);
		if (bits != 0)
			return at + (size_t)__builtin_ctz(bits);
	}
#endif
	for (; at + 8 <= len; at += 8) {
		memcpy(&x, p + at, 8);
		x = le64toh(x);
		quote = x ^ (SCAN_ONES * '"');
		slash = x ^ (SCAN_ONES * '\\');
		x = ((x - SCAN_ONES * 0x20) | (quote - SCAN_ONES) |
		    (slash - SCAN_ONES) | x) & SCAN_HIGHS;
		if (x != 0)
			return at + (size_t)__builtin_ctzll(x) / 8;
	}
	while (at < len && scan_is_plain((unsigned char)p[at]))
		at++;
	return at;
}

static inline bool
scan_continues(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/*
 * The length in bytes of the UTF-8 character of several bytes that begins at p,
 * with `left` bytes to the end; 0 if it is not valid (RFC 3629, section 4).
 */
static inline size_t
scan_character(const char *p, size_t left)
{
	unsigned char	c = (unsigned char)p[0], second;

	if (left < 2 || !scan_continues(p[1]) || c < 0xc2 || c > 0xf4)
		return 0;
	if (c < 0xe0)
		return 2;
	second = (unsigned char)p[1];
	if (left < 3 || !scan_continues(p[2]))
		return 0;
	/* neither longer than need be, nor half of a pair of UTF-16 */
	if (c < 0xf0)
		return (c == 0xe0 && second < 0xa0) ||
		    (c == 0xed && second > 0x9f) ? 0 : 3;
	if (left < 4 || !scan_continues(p[3]) ||
	    (c == 0xf0 && second < 0x90) || (c == 0xf4 && second > 0x8f))
		return 0;
	return 4;
}

/* The code point of a valid character that is `len` bytes long. */
static inline uint32_t
scan_code_point(const char *p, size_t len)
{
	uint32_t	code = (unsigned char)p[0];

	if (len > 1)
		code &= 0xffU >> (len + 1);
	for (size_t i = 1; i < len; i++)
		code = code << 6 | ((unsigned char)p[i] & 0x3fU);
	return code;
}

#endif
