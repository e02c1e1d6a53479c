/*
 * Facets: the kind and the assignee of each ticket, 8 bytes, by which tickets
 * are counted. Tickets with the same status, priority and category are of one
 * kind; there are few kinds. So a count of a million tickets reads 8 MB, and adds
 * up kinds and assignees only.
 *
 * They are made when tickets are counted for the first time, and then follow the
 * journal of the columns.
 */
#ifndef COUNTS_FACETS_H
#define COUNTS_FACETS_H

#include "services/ticket/index/columns.h"

struct facet_row {
	uint32_t	kind;		/* a code of facets.kinds */
	uint32_t	assigned;	/* a code of the columns' users */
};

/* How many tickets there are, by code. */
struct facet_counts {
	uint32_t	*kinds;
	uint32_t	*assigned;
	size_t		 kinds_room;
	size_t		 assigned_room;
};

struct facets {
	struct facet_row	*rows;		/* by slot; NULL: not made */
	size_t			 count;
	size_t			 room;
	struct codes		 kinds;
	struct facet_counts	 all;		/* of all rows */
	struct facet_counts	 some;		/* of the last selection */
	uint64_t		 generation;	/* of the columns */
	uint64_t		 journaled;
};

/* What the tickets of a kind have: codes of the columns. */
struct facet_kind {
	uint32_t	status;
	uint32_t	priority;
	uint32_t	category;
};

struct facet_kind	facet_kind_of(const struct facets *, uint32_t kind);

/* Bring them up to date with the columns, or make them. */
void	facets_follow(struct facets *, const struct columns *);
void	facets_done(struct facets *);

/*
 * Count `count` slots, or those whose bits are set, or, with NULL for both, all.
 * The facets must be up to date. The counts are valid until the next call.
 */
const struct facet_counts	*facets_count(struct facets *,
				    const struct columns *,
				    const uint32_t *slots, size_t count,
				    const uint64_t *bits);

#endif
