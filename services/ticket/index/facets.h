/*
 * Facets: the kind and the assignee of each ticket, 4 bytes, by which tickets
 * are counted and filtered. Tickets with the same status, priority and category
 * are of one kind; there are few kinds. So a pass over a million tickets reads
 * 4 MB, and looks at kinds and assignees only.
 *
 * They are a column as the others are, and change with the slots.
 */
#ifndef INDEX_FACETS_H
#define INDEX_FACETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "services/ticket/index/codes.h"

struct columns;

/* In the place of a code that does not fit: the slot tells it. */
#define FACET_WIDE	UINT16_MAX

struct facet_row {
	uint16_t	kind;		/* a code of facets.kinds */
	uint16_t	assigned;	/* a code of the columns' users */
};

/* How many tickets there are, by code. */
struct facet_counts {
	uint32_t	*kinds;
	uint32_t	*assigned;
	size_t		 kinds_room;
	size_t		 assigned_room;
};

struct facets {
	struct facet_row	*rows;		/* by slot */
	struct codes		 kinds;
	struct facet_counts	 all;		/* of all rows */
	bool			 wide;		/* FACET_WIDE was used */
};

/* What the tickets of a kind have: codes of the columns. */
struct facet_kind {
	uint32_t	status;
	uint32_t	priority;
	uint32_t	category;
};

struct facet_kind	facet_kind_of(const struct facets *, uint32_t kind);

/* Make the facets of all slots. */
void	facets_make(struct columns *);
void	facets_done(struct facets *);

/* Count a slot that is new or has changed, or, before it changes, no longer. */
void	facets_enter(struct columns *, size_t slot);
void	facets_leave(struct columns *, size_t slot);

/* Count some slots, or those whose bits are set; facet_counts_done(). */
void	facets_count_slots(const struct columns *, const uint32_t *slots,
	    size_t count, struct facet_counts *ret);
void	facets_count_bits(const struct columns *, const uint64_t *bits,
	    struct facet_counts *ret);
void	facet_counts_done(struct facet_counts *);

#endif
