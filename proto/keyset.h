/*
 * Keys of arguments and sets of them. A set is a value: static tables hold
 * it, functions take and return it.
 */
#ifndef PROTO_KEYSET_H
#define PROTO_KEYSET_H

#include <stdbool.h>
#include <stdint.h>

enum key {
#define KEY(number, NAME, name, type, from, least, most) KEY_##NAME = (number),
#include "proto/keys.tbl"
#undef KEY
	KEY_END = 256,		/* numbers are below */
	KEY_NONE = KEY_END	/* no key: fills up K() */
};

#define KEYSET_WORDS	(KEY_END / 64)

typedef struct keyset {
	uint64_t	word[KEYSET_WORDS];	/* key k: bit k % 64 of k / 64 */
} keyset;

/*
 * K(A, B): the set of KEY_A and KEY_B, a constant also for static tables; at
 * most 32 keys, more do not compile. K(NONE) is the empty set. A macro can
 * stand for several names: #define PAGED PAGE, PER_PAGE.
 */
#define K(...)		K_OF(__VA_ARGS__, K_4(K_4(NONE, NONE)), NONE)
#define K_4(...)	__VA_ARGS__, __VA_ARGS__, __VA_ARGS__, __VA_ARGS__
#define K_OF(...)	K_SET(__VA_ARGS__)
#define K_SET(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, \
    v, w, x, y, z, A, B, C, D, E, F, over, ...) \
	((keyset){ { \
	    K_WORD(0, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, \
	    t, u, v, w, x, y, z, A, B, C, D, E, F) * K_FITS(over), \
	    K_WORD(1, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, \
	    t, u, v, w, x, y, z, A, B, C, D, E, F), \
	    K_WORD(2, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, \
	    t, u, v, w, x, y, z, A, B, C, D, E, F), \
	    K_WORD(3, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, \
	    t, u, v, w, x, y, z, A, B, C, D, E, F) } })
#define K_WORD(at, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, \
    u, v, w, x, y, z, A, B, C, D, E, F) \
	(K_BIT(at, a) | K_BIT(at, b) | K_BIT(at, c) | K_BIT(at, d) | \
	K_BIT(at, e) | K_BIT(at, f) | K_BIT(at, g) | K_BIT(at, h) | \
	K_BIT(at, i) | K_BIT(at, j) | K_BIT(at, k) | K_BIT(at, l) | \
	K_BIT(at, m) | K_BIT(at, n) | K_BIT(at, o) | K_BIT(at, p) | \
	K_BIT(at, q) | K_BIT(at, r) | K_BIT(at, s) | K_BIT(at, t) | \
	K_BIT(at, u) | K_BIT(at, v) | K_BIT(at, w) | K_BIT(at, x) | \
	K_BIT(at, y) | K_BIT(at, z) | K_BIT(at, A) | K_BIT(at, B) | \
	K_BIT(at, C) | K_BIT(at, D) | K_BIT(at, E) | K_BIT(at, F))
#define K_BIT(at, NAME)	(KEY_##NAME / 64 == (at) ? \
			    UINT64_C(1) << KEY_##NAME % 64 : 0)
/* 1; a compile error if K() is given more keys than it takes */
#define K_FITS(NAME)	sizeof(char[KEY_##NAME == KEY_NONE ? 1 : -1])

#define KEYSET_ALL	((keyset){ { UINT64_MAX, UINT64_MAX, UINT64_MAX, \
			    UINT64_MAX } })

_Static_assert(KEYSET_WORDS == 4, "K() and KEYSET_ALL fill four words");

static inline bool
keyset_has(keyset s, enum key key)
{
	return (s.word[key / 64] >> key % 64 & 1) != 0;
}

static inline void
keyset_add(keyset *s, enum key key)
{
	s->word[key / 64] |= UINT64_C(1) << key % 64;
}

static inline void
keyset_remove(keyset *s, enum key key)
{
	s->word[key / 64] &= ~(UINT64_C(1) << key % 64);
}

/* The set of one key that is known only at run time. */
static inline keyset
keyset_of(enum key key)
{
	keyset	s = { { 0 } };

	keyset_add(&s, key);
	return s;
}

static inline keyset
keyset_union(keyset a, keyset b)
{
	for (unsigned i = 0; i < KEYSET_WORDS; i++)
		a.word[i] |= b.word[i];
	return a;
}

static inline keyset
keyset_intersection(keyset a, keyset b)
{
	for (unsigned i = 0; i < KEYSET_WORDS; i++)
		a.word[i] &= b.word[i];
	return a;
}

/* The keys of a that are not in b. */
static inline keyset
keyset_difference(keyset a, keyset b)
{
	for (unsigned i = 0; i < KEYSET_WORDS; i++)
		a.word[i] &= ~b.word[i];
	return a;
}

static inline bool
keyset_is_empty(keyset s)
{
	uint64_t	any = 0;

	for (unsigned i = 0; i < KEYSET_WORDS; i++)
		any |= s.word[i];
	return any == 0;
}

static inline unsigned
keyset_count(keyset s)
{
	unsigned	count = 0;

	for (unsigned i = 0; i < KEYSET_WORDS; i++)
		count += (unsigned)__builtin_popcountll(s.word[i]);
	return count;
}

/* Whether all keys of a are in b. */
static inline bool
keyset_is_within(keyset a, keyset b)
{
	return keyset_is_empty(keyset_difference(a, b));
}

/* Whether a and b have a key in common. */
static inline bool
keyset_intersects(keyset a, keyset b)
{
	return !keyset_is_empty(keyset_intersection(a, b));
}

static inline bool
keyset_equals(keyset a, keyset b)
{
	return keyset_is_within(a, b) && keyset_is_within(b, a);
}

/*
 * The least key of a set from this number on; KEY_END after the last one:
 * for (enum key k = keyset_next(s, 0); k != KEY_END; k = keyset_next(s, k + 1))
 */
static inline enum key
keyset_next(keyset s, unsigned from)
{
	unsigned	at = from / 64;
	uint64_t	left;

	if (at >= KEYSET_WORDS)
		return KEY_END;
	left = s.word[at] & (UINT64_MAX << from % 64);
	while (left == 0) {
		if (++at == KEYSET_WORDS)
			return KEY_END;
		left = s.word[at];
	}
	return (enum key)(at * 64 + (unsigned)__builtin_ctzll(left));
}

#endif
