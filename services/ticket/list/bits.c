/* Bits of slots. */
#include "services/ticket/list/bits.h"

#include <endian.h>
#include <string.h>

#include "base/buf.h"

uint64_t *
bits_make(size_t count)
{
	uint64_t	*bits = must_alloc(bits_words(count) *
			    sizeof(bits[0]));

	memset(bits, 0xff, count / 64 * sizeof(bits[0]));
	bits[count / 64] = (UINT64_C(1) << count % 64) - 1;
	return bits;
}

/*
 * The bits of eight bytes, each of which is 0 or 1. The product has the sum of
 * the bytes, shifted by as many bits as each is to have in the last byte.
 */
static inline uint64_t
pack_eight(const uint8_t *bytes)
{
	uint64_t	eight;

	memcpy(&eight, bytes, sizeof(eight));
	return le64toh(eight) * UINT64_C(0x0102040810204080) >> 56;
}

static inline uint64_t
pack_word(const uint8_t *bytes)
{
	uint64_t	bits = 0;

	for (size_t i = 0; i < 64; i += 8)
		bits |= pack_eight(bytes + i) << i;
	return bits;
}

/* The bits of the last bytes, less than 64. */
static uint64_t
pack_rest(const uint8_t *bytes, size_t count)
{
	uint64_t	bits = 0;

	for (size_t i = 0; i < count; i++)
		bits |= (uint64_t)bytes[i] << i;
	return bits;
}

void
bits_keep_bytes(uint64_t *bits, const uint8_t *bytes, size_t count)
{
	size_t	whole = count / 64;

	for (size_t i = 0; i < whole; i++)
		bits[i] &= pack_word(bytes + i * 64);
	if (count % 64 > 0)
		bits[whole] &= pack_rest(bytes + whole * 64, count % 64);
}

void
bits_keep(uint64_t *bits, const uint64_t *others, size_t count)
{
	for (size_t i = 0; i < bits_words(count); i++)
		bits[i] &= others[i];
}

size_t
bits_count(const uint64_t *bits, size_t count)
{
	size_t	set = 0;

	for (size_t i = 0; i < bits_words(count); i++)
		set += (size_t)__builtin_popcountll(bits[i]);
	return set;
}
