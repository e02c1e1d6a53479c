/*
 * What all fuzz targets share. A target is tests/fuzz/NAME.c: it takes bytes,
 * feeds them to one thing, and CHECK()s what must hold whatever they are.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/args.h"
#include "base/log.h"

#define LEN(array)	(sizeof(array) / sizeof((array)[0]))

/* Called by libFuzzer, or by whoever stands in for it. */
int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);
int	LLVMFuzzerInitialize(int *argc, char ***argv);

/* The input, taken piece by piece; at its end there is nothing but zeros. */
struct input {
	const uint8_t	*base;
	size_t		 len;
};

static inline uint8_t
input_byte(struct input *in)
{
	if (in->len == 0)
		return 0;
	in->len--;
	return *in->base++;
}

static inline struct text
input_text(struct input *in, size_t most)
{
	struct text	t = { (const char *)in->base, in->len < most ?
			    in->len : most };

	in->base += t.len;
	in->len -= t.len;
	return t;
}

static inline int64_t
input_number(struct input *in)
{
	uint64_t	n = 0;

	for (int i = 0; i < 8; i++)
		n = n << 8 | input_byte(in);
	return (int64_t)n;
}

static inline bool
is_same(struct text a, struct text b)
{
	return a.len == b.len && (a.len == 0 ||
	    memcmp(a.base, b.base, a.len) == 0);
}

/*
 * A model of UTF-8, written from RFC 3629's words and not from our code: the
 * bytes of the character at p, 0 if there is none.
 */
static inline size_t
model_character(const uint8_t *p, size_t left, uint32_t *ret)
{
	static const uint32_t	least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t			len;

	if (left == 0)
		return 0;
	len = p[0] < 0x80 ? 1 : p[0] >> 5 == 6 ? 2 : p[0] >> 4 == 14 ? 3 :
	    p[0] >> 3 == 30 ? 4 : 0;
	if (len == 0 || len > left)
		return 0;
	*ret = len == 1 ? p[0] : p[0] & (0x7fU >> len);
	for (size_t i = 1; i < len; i++) {
		if (p[i] >> 6 != 2)
			return 0;
		*ret = *ret << 6 | (p[i] & 0x3f);
	}
	return *ret < least[len] || *ret > 0x10ffff ||
	    (*ret >= 0xd800 && *ret <= 0xdfff) ? 0 : len;
}

#endif
