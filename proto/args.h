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

struct args {
	keyset		present;
	union value	value[KEY_END];	/* defined only where present */
};

static inline bool
args_has(const struct args *a, enum key key)
{
	return (a->present & KEY_BIT(key)) != 0;
}

static inline void
args_put_number(struct args *a, enum key key, int64_t number)
{
	a->present |= KEY_BIT(key);
	a->value[key].number = number;
}

static inline void
args_put_text(struct args *a, enum key key, struct text text)
{
	a->present |= KEY_BIT(key);
	a->value[key].text = text;
}

/* The number of a key, or dflt if it is absent. */
static inline int64_t
args_number(const struct args *a, enum key key, int64_t dflt)
{
	return args_has(a, key) ? a->value[key].number : dflt;
}

/* The text of a key, or no bytes if it is absent. */
static inline struct text
args_text(const struct args *a, enum key key)
{
	return args_has(a, key) ? a->value[key].text : (struct text){ "", 0 };
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
