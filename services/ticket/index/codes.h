/* Small numbers for ids. */
#ifndef INDEX_CODES_H
#define INDEX_CODES_H

#include <stdint.h>

/*
 * Ids of one kind of thing, each with a code: a small number, given as they
 * are met, so that what is known of a thing is found in an array. The code 0
 * is nothing (NULL in the store).
 */
struct codes {
	int64_t		*ids;		/* by code; [0] is INT64_MIN */
	uint32_t	*ranks;		/* by code: order of the names, even;
					 * 0 has no name, equals are equal */
	uint8_t		*used;		/* by code: a ticket has had it */
	uint32_t	 count;		/* of codes, 0 among them */
	uint32_t	 room;
	uint32_t	*table;		/* hash table of codes */
	uint32_t	 mask;		/* its size - 1 */
};

/* The code of an id, 0 if no ticket has had it. */
uint32_t	codes_find(const struct codes *, int64_t id);

/* The same; it is given one if it has none. */
uint32_t	codes_add(struct codes *, int64_t id);

void		codes_done(struct codes *);

static inline uint64_t
codes_rank(const struct codes *codes, uint32_t code)
{
	return code == 0 ? 0 : codes->ranks[code];
}

#endif
