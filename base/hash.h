/*
 * Hashes for tables, for tags of stored things, and for telling whether
 * something has changed.
 *
 * A peer that chooses what is hashed can choose two things with one hash. Where
 * that would matter, a hash with a secret key is used instead (keyed_hash.h).
 *
 * Tags, cursors and generated desks are made with these functions: what they
 * return must never change.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_GOLDEN	UINT64_C(0x9e3779b97f4a7c15) /* 2^64 / golden ratio */

/* --- FNV-1a: short texts, a byte at a time ----------------------------------- */

#define HASH_START	UINT64_C(0xcbf29ce484222325)

/* Add a value, whose order among others counts. */
static inline uint64_t
hash_step(uint64_t hash, uint64_t value)
{
	return (hash ^ value) * UINT64_C(0x100000001b3);
}

/* Continue a hash (HASH_START: of nothing) with these bytes. */
static inline uint64_t
hash_bytes(uint64_t hash, const void *base, size_t len)
{
	const unsigned char	*p = base;

	while (len-- > 0)
		hash = hash_step(hash, *p++);
	return hash;
}

/* The same with the eight bytes of a number, the lowest first. */
static inline uint64_t
hash_number(uint64_t hash, uint64_t n)
{
	for (int i = 0; i < 64; i += 8)
		hash = hash_step(hash, n >> i & 0xff);
	return hash;
}

/* 32 bits of bytes. */
static inline uint32_t
hash_bytes_32(const void *base, size_t len)
{
	const unsigned char	*p = base;
	uint32_t		 hash = UINT32_C(0x811c9dc5);

	while (len-- > 0)
		hash = (hash ^ *p++) * UINT32_C(0x01000193);
	return hash;
}

/* --- SplitMix64: numbers ----------------------------------------------------- */

/* Each bit of x changes about half of the bits of the result. */
static inline uint64_t
hash_finish(uint64_t x)
{
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

/* One hash of two numbers, whose order counts. */
static inline uint64_t
hash_mix(uint64_t a, uint64_t b)
{
	return hash_finish(a * HASH_GOLDEN + b + HASH_GOLDEN);
}

#endif
