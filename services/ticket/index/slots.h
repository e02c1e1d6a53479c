/*
 * What lists filter and sort tickets by, in memory: 64 bytes a ticket, in
 * the order of the ids.
 */
#ifndef INDEX_SLOTS_H
#define INDEX_SLOTS_H

#include "services/op/op.h"
#include "services/ticket/index/codes.h"
#include "services/ticket/index/orders.h"

/* A ticket: a line of the processor's cache. */
struct slot {
	int64_t		id;
	int64_t		added;		/* us since 1970; INT64_MIN: never */
	int64_t		updated;
	int64_t		hours;		/* with its replies', hundredths */
	uint64_t	title;		/* label: in the order of the titles */
	uint32_t	status;		/* codes, see below */
	uint32_t	priority;
	uint32_t	category;
	uint32_t	author;
	uint32_t	assigned;
	uint32_t	replies;
};

enum code_kind { CODE_STATUS, CODE_PRIORITY, CODE_CATEGORY, CODE_USER,
    CODE_END };

/* Slots that changed, the last so many. */
#define JOURNAL_SIZE	4096

struct columns {
	struct slot	*slots;
	uint64_t	*titles;	/* by slot: a hash of what is labelled */
	size_t		 count;
	size_t		 room;
	struct codes	 codes[CODE_END];
	int64_t		 stream;	/* of the store that this is of */
	int64_t		 seq;		/* of the last change in it */
	uint64_t	 generation;	/* another when slots have moved */
	bool		 loaded;
	bool		 gaps;		/* slots are to be taken out */
	bool		 ranked;	/* ranks are up to date */
	bool		 labelled;	/* titles are, but for `retitled` */
	int64_t		*retitled;	/* ids of tickets without a label */
	size_t		 retitled_count;
	size_t		 retitled_room;
	struct order	 orders[SORT_RELEVANCE];	/* none for SORT_ID */
	uint32_t	 journal[JOURNAL_SIZE];	/* a ring of slots */
	uint64_t	 journaled;	/* how many were written into it */
};

/* A label that no title has, and that of no title and of the empty one. */
#define LABEL_NONE	UINT64_MAX
#define LABEL_EMPTY	0

#define GONE		UINT32_MAX	/* in replies: to be taken out */

/* The slot of a ticket, NULL if it is not there. */
struct slot	*slot_find(const struct columns *, int64_t id);

/* The first slot with this id or a higher one; `count` if there is none. */
size_t		 slot_lower(const struct columns *, int64_t id);

/* What a slot is sorted by; what is small comes first. */
uint64_t	 slot_key(const struct columns *, enum sort,
		    const struct slot *);

/* One more at the end, to be filled. */
struct slot	*slot_append(struct columns *);

/* Fill a slot from a row of COLUMNS_ALL or COLUMNS_OF. */
void		 slot_fill(struct columns *, struct slot *,
		    const struct stmt *);

#endif
