/*
 * Where a walk through a list goes on: after the row of a cursor, or after the
 * place where the row was, if it has been moved or deleted.
 */
#ifndef LIST_POSITION_H
#define LIST_POSITION_H

#include "services/ticket/list/sorting.h"

struct position {
	bool		is_walk;	/* there is a cursor ... */
	bool		begun;		/* ... and it is of a row */
	uint64_t	after_key;	/* of that row, with the direction */
	int64_t		after_id;
};

/*
 * Read the request's `cursor`; an empty one starts a walk. BAD_REQUEST if it
 * is not a cursor, or of another sort.
 */
enum err	position_read(struct call *, const struct columns *,
		    const struct sorting *, struct position *ret);

/* Put the cursor of a row, which has this key, into the answer. */
enum err	position_put(struct call *, const struct sorting *, int64_t id,
		    uint64_t key);

/* Whether a row is after the position; its key has the direction. */
static inline bool
position_is_before(const struct position *p, uint64_t key, int64_t id)
{
	return !p->begun || key > p->after_key ||
	    (key == p->after_key && id > p->after_id);
}

#endif
