/*
 * Orders: the slots of all tickets, sorted by one thing, those that are equal
 * by their ids. They are kept in blocks, so that a ticket that changes costs
 * a search and a move within one block, and page 1,000 a look at the blocks'
 * sizes.
 */
#ifndef INDEX_ORDERS_H
#define INDEX_ORDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct columns;

enum sort { SORT_ID, SORT_PRIORITY, SORT_TITLE, SORT_AUTHOR, SORT_ADDED,
    SORT_UPDATED, SORT_REPLIES, SORT_CATEGORY, SORT_STATUS, SORT_ASSIGNED,
    SORT_HOURS, SORT_RELEVANCE };

#define ORDER_BLOCK	1024

struct order {
	bool		  built;
	uint32_t	**blocks;	/* of slots */
	uint32_t	 *sizes;	/* by block, never 0 */
	size_t		  many;		/* blocks */
	size_t		  room;
	size_t		  count;	/* slots */
};

/* Where one stands in an order. */
struct order_place {
	size_t	block;
	size_t	at;
};

void	order_build(struct order *, const struct columns *, enum sort);
void	order_done(struct order *);

/* A slot's key must be the same when it is taken out as when it came in. */
void	order_insert(struct order *, const struct columns *, enum sort,
	    uint32_t slot);
void	order_remove(struct order *, const struct columns *, enum sort,
	    uint32_t slot);

/* How many come before a key and, where the key is equal, before a slot. */
size_t	order_lower(const struct order *, const struct columns *, enum sort,
	    uint64_t key, uint32_t slot);

/* So many slots are no more, in ascending order: number the others anew. */
void	order_renumber(struct order *, const uint32_t *gone, size_t many);

/* The place of what has so many before it, which must be there. */
struct order_place	order_place(const struct order *, size_t index);

static inline uint32_t
order_slot(const struct order *o, struct order_place p)
{
	return o->blocks[p.block][p.at];
}

/* There may be nothing at the place that follows, or that comes before. */
static inline void
order_next(const struct order *o, struct order_place *p)
{
	if (++p->at == o->sizes[p->block]) {
		p->block++;
		p->at = 0;
	}
}

static inline void
order_previous(const struct order *o, struct order_place *p)
{
	if (p->at == 0 && p->block > 0)
		p->at = o->sizes[--p->block];
	p->at--;
}

#endif
