/*
 * Slots: what lists filter and sort tickets by, 64 bytes for each ticket, in
 * the order of the ids.
 */
#ifndef INDEX_SLOTS_H
#define INDEX_SLOTS_H

#include "services/op/op.h"
#include "services/ticket/index/codes.h"
#include "services/ticket/index/facets.h"
#include "services/ticket/index/orders.h"

/* One ticket. It fits into a line of the processor's cache. */
struct slot {
	int64_t		id;
	int64_t		added;		/* us since 1970; INT64_MIN: never */
	int64_t		updated;
	int64_t		hours;		/* with its replies', hundredths */
	uint64_t	title;		/* its label (labels.h) */
	uint32_t	status;		/* a code (codes.h), as the next four */
	uint32_t	priority;
	uint32_t	category;
	uint32_t	author;
	uint32_t	assigned;
	uint32_t	replies;
};

enum code_kind { CODE_STATUS, CODE_PRIORITY, CODE_CATEGORY, CODE_USER,
    CODE_END };

#define JOURNAL_SIZE	4096	/* changed slots that are remembered */

struct columns {
	struct slot	*slots;
	uint64_t	*titles;	/* by slot: hash of labelled title */
	uint32_t	*newest;	/* by slot: newest reply's id, 0: none */
	struct facets	 facets;
	size_t		 count;
	size_t		 room;
	struct codes	 codes[CODE_END];
	int64_t		 stream;	/* of the store that was loaded */
	int64_t		 seq;		/* of the last applied change */
	uint64_t	 generation;	/* changes when slots move */
	bool		 loaded;
	bool		 gaps;		/* there are slots with replies GONE */
	bool		 ranked;	/* ranks are up to date */
	bool		 labelled;	/* labels are, but for `retitled` */
	int64_t		*retitled;	/* ids of tickets with changed titles */
	size_t		 retitled_count;
	size_t		 retitled_room;
	struct order	 orders[SORT_RELEVANCE];	/* none for SORT_ID */
	uint32_t	 journal[JOURNAL_SIZE];	/* a ring of changed slots */
	uint64_t	 journaled;	/* slots that were ever put into it */
};

#define LABEL_NONE	UINT64_MAX	/* not labelled yet */
#define LABEL_EMPTY	0		/* of an empty title, or without one */

#define GONE		UINT32_MAX	/* in `replies`: it is deleted */

/* The slot of a ticket, NULL if it is not there. */
struct slot	*slot_find(const struct columns *, int64_t id);

/* The index of the first slot with this id or a higher one, or `count`. */
size_t		 slot_lower(const struct columns *, int64_t id);

/* The key of a slot for a sort; slots with small keys come first. */
uint64_t	 slot_key(const struct columns *, enum sort,
		    const struct slot *);

/* Append a slot, for the caller to fill. */
struct slot	*slot_append(struct columns *);

/* Fill a slot from a row of COLUMNS_ALL or COLUMNS_OF. */
void		 slot_fill(struct columns *, struct slot *,
		    const struct stmt *);

#endif
