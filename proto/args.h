/*
 * Arguments: a value for each key that is present. Texts belong to the
 * message they came in, or to whoever put them there.
 */
#ifndef PROTO_ARGS_H
#define PROTO_ARGS_H

#include "base/buf.h"
#include "proto/tables.h"

union value {
	int64_t		number;
	struct text	text;	/* of TEXT and BYTES */
};

/* Read and changed by the functions below only; all zero: no arguments. */
struct args {
	keyset		keys;
	union value	values[KEY_END];	/* defined only for those keys */
};

static inline void
args_clear(struct args *a)
{
	a->keys = K(NONE);
}

static inline bool
args_has(const struct args *a, enum key key)
{
	return keyset_has(a->keys, key);
}

/* Which keys are present. */
static inline keyset
args_keys(const struct args *a)
{
	return a->keys;
}

static inline bool
args_has_any(const struct args *a, keyset of)
{
	return keyset_intersects(a->keys, of);
}

/* The value of a key, until the arguments change; NULL if it is absent. */
static inline const union value *
args_value(const struct args *a, enum key key)
{
	return args_has(a, key) ? &a->values[key] : NULL;
}

static inline void
args_put(struct args *a, enum key key, union value value)
{
	keyset_add(&a->keys, key);
	a->values[key] = value;
}

static inline void
args_put_number(struct args *a, enum key key, int64_t number)
{
	args_put(a, key, (union value){ .number = number });
}

static inline void
args_put_text(struct args *a, enum key key, struct text text)
{
	args_put(a, key, (union value){ .text = text });
}

static inline void
args_remove(struct args *a, enum key key)
{
	keyset_remove(&a->keys, key);
}

/* Remove all but these. */
static inline void
args_keep(struct args *a, keyset keys)
{
	a->keys = keyset_intersection(a->keys, keys);
}

/* The number of a key, or dflt if it is absent. */
static inline int64_t
args_number(const struct args *a, enum key key, int64_t dflt)
{
	const union value	*v = args_value(a, key);

	return v != NULL ? v->number : dflt;
}

/* The text of a key, or no bytes if it is absent. */
static inline struct text
args_text(const struct args *a, enum key key)
{
	const union value	*v = args_value(a, key);

	return v != NULL ? v->text : (struct text){ "", 0 };
}

/* Copy arguments, with their texts, which then live in buf. */
void	args_copy(struct args *to, const struct args *from, struct buf *buf);

/*
 * Whether a value is within its key's bounds; texts must be UTF-8 without a
 * NUL, and are counted in characters.
 */
bool	args_in_bounds(enum key, const union value *);

/* The characters of a UTF-8 text, or -1 if it is no UTF-8 or has a NUL. */
int64_t	text_characters(struct text);

#endif
