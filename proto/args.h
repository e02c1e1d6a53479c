/*
 * Arguments: a short list of keys and values, each key once. Texts belong to
 * the message that they came in, or to the caller that put them there.
 */
#ifndef PROTO_ARGS_H
#define PROTO_ARGS_H

#include "base/buf.h"
#include "base/log.h"
#include "proto/tables.h"

/*
 * The most arguments that there are at a time. When a service starts it
 * checks that each of its operations has fewer, with what it adds itself.
 */
#define ARGS_MOST	40

union value {
	int64_t		number;
	struct text	text;	/* of TEXT and BYTES */
};

/*
 * Read and changed by the functions below only. All zero: no arguments. The
 * entries are in no order; functions that write them out go by the set.
 */
struct args {
	keyset		present;
	uint16_t	count;
	bool		overfull;		/* a frame had more of them */
	uint16_t	keys[ARGS_MOST];	/* of each value */
	union value	values[ARGS_MOST];
};

static inline void
args_clear(struct args *a)
{
	a->present = K(NONE);
	a->count = 0;
	a->overfull = false;
}

static inline bool
args_has(const struct args *a, enum key key)
{
	return keyset_has(a->present, key);
}

/* Which keys are present. */
static inline keyset
args_keys(const struct args *a)
{
	return a->present;
}

static inline bool
args_has_any(const struct args *a, keyset of)
{
	return keyset_intersects(a->present, of);
}

/* Where a key that is present stands. */
static inline unsigned
args_index(const struct args *a, enum key key)
{
	unsigned	i = 0;

	while (a->keys[i] != key)
		i++;
	return i;
}

/* The value of a key, until the arguments change; NULL if it is absent. */
static inline const union value *
args_value(const struct args *a, enum key key)
{
	return args_has(a, key) ? &a->values[args_index(a, key)] : NULL;
}

static inline void
args_put(struct args *a, enum key key, union value value)
{
	if (args_has(a, key)) {
		a->values[args_index(a, key)] = value;
		return;
	}
	CHECK(a->count < ARGS_MOST);
	keyset_add(&a->present, key);
	a->keys[a->count] = (uint16_t)key;
	a->values[a->count++] = value;
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

void	args_remove(struct args *, enum key);

/* Remove all but these. */
void	args_keep(struct args *, keyset keys);

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

/* Give arguments all that others have, in the place of their own. */
void	args_merge(struct args *, const struct args *with);

/* Copy arguments, with their texts, which then live in buf. */
void	args_copy(struct args *to, const struct args *from, struct buf *buf);

/*
 * Whether a value is within its key's bounds; texts must be UTF-8 without a
 * NUL, and are counted in characters.
 */
bool	args_in_bounds(enum key, const union value *);

#define ARGS_MISFIT_SIZE	128	/* bytes of its longest text, with the NUL */

/*
 * Write why a TEXT is not in its bounds, as a sentence that begins with `name`,
 * which has 24 bytes at most. Returns the code of that.
 */
enum fault_code	args_say_misfit(enum key, const char *name, struct text,
		    char *ret, size_t size);

/* The characters of a UTF-8 text, or -1 if it is no UTF-8 or has a NUL. */
int64_t	text_characters(struct text);

#endif
