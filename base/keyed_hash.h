/*
 * Hashes with a secret key (SipHash): for tables and shares whose places peers
 * must not be able to choose. Each process has a key of its own, so these hashes
 * are neither stored nor sent; for that there is hash.h.
 */
#ifndef BASE_KEYED_HASH_H
#define BASE_KEYED_HASH_H

#include <sodium.h>
#include <stddef.h>
#include <stdint.h>

struct hash_key {
	unsigned char	bytes[crypto_shorthash_KEYBYTES];
};

/* Fill a key with random bytes. */
static inline void
keyed_hash_make_key(struct hash_key *ret)
{
	crypto_shorthash_keygen(ret->bytes);
}

static inline uint64_t
keyed_hash(const struct hash_key *key, const void *base, size_t len)
{
	uint64_t	hash;

	_Static_assert(sizeof(hash) == crypto_shorthash_BYTES, "its size");
	crypto_shorthash((unsigned char *)&hash, base, len, key->bytes);
	return hash;
}

#endif
