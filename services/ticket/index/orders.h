/*
 * Orders: the slots of all tickets sorted by a key, those with equal keys by
 * their ids. An order is kept in blocks, so that a changed ticket costs two
 * searches and moves within two blocks, and page 1,000 is found by the sizes of
 * the blocks.
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
	uint32_t	 *sizes;	/* by block, not 0 */
	size_t		  many;		/* blocks */
	size_t		  room;
	size_t		  count;	/* slots */
};

/* A place in an order. */
struct order_place {
	size_t	block;
	size_t	at;
};

void	order_build(struct order *, const struct columns *, enum sort);
void	order_done(struct order *);

/* A slot must be removed with the key that it was inserted with. */
void	order_insert(struct order *, const struct columns *, enum sort,
	    uint32_t slot);
void	order_remove(struct order *, const struct columns *, enum sort,
	    uint32_t slot);

/*
 * How many slots have a smaller key, or this key and a lower number than
 * `slot`.
 */
size_t	order_lower(const struct order *, const struct columns *, enum sort,
	    uint64_t key, uint32_t slot);

/* Renumber the slots after `many` slots were taken out: gone[], ascending. */
void	order_renumber(struct order *, const uint32_t *gone, size_t many);

/* The place of an index, which must be less than `count`. */
struct order_place	order_place(const struct order *, size_t index);

static inline uint32_t
order_slot(const struct order *o, struct order_place p)
{
	return o->blocks[p.block][p.at];
}

/* The next place, and the one before, may be outside of the order. */
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
