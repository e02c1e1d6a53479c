/* Codes: small numbers that stand for ids. */
#ifndef INDEX_CODES_H
#define INDEX_CODES_H

#include <stdint.h>

/*
 * The ids of one kind of thing (users, categories ...) get codes 1, 2, 3 ... as
 * they are first seen, so that facts about a thing are elements of an array.
 * Code 0 stands for NULL in the store.
 */
struct codes {
	int64_t		*ids;		/* by code; [0] is INT64_MIN */
	uint32_t	*ranks;		/* by code: place in the order of the
					 * names; even, 0 without a name, the
					 * same for equal names */
	uint8_t		*used;		/* by code: a ticket has or had it */
	uint32_t	 count;		/* of codes, with 0 */
	uint32_t	 room;
	uint32_t	*table;		/* hash table of codes */
	uint32_t	 mask;		/* its size - 1 */
};

/* The code of an id, 0 if no ticket has had it. */
uint32_t	codes_find(const struct codes *, int64_t id);

/* The code of an id, which gets one if it has none. */
uint32_t	codes_add(struct codes *, int64_t id);

void		codes_done(struct codes *);

static inline uint64_t
codes_rank(const struct codes *codes, uint32_t code)
{
	return code == 0 ? 0 : codes->ranks[code];
}

#endif
