/*
 * What lists filter and sort tickets by, in memory: 64 bytes a ticket, in
 * the order of the ids. It is loaded from the store once and then kept up to
 * date from table `changes`, within the read transaction of whoever asks, so
 * that it is what that transaction sees.
 *
 * There is one for each process, for the thread that reads (the loop).
 */
#ifndef LIST_COLUMNS_H
#define LIST_COLUMNS_H

#include "services/op/op.h"
#include "services/ticket/list/orders.h"

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
	struct buf	 retitled;	/* ids as JSON, commas between */
	size_t		 retitled_count;
	struct order	 orders[SORT_RELEVANCE];	/* none for SORT_ID */
	uint32_t	 journal[JOURNAL_SIZE];	/* a ring of slots */
	uint64_t	 journaled;	/* how many were written into it */
};

/* A label that no title has, and that of no title and of the empty one. */
#define LABEL_NONE	UINT64_MAX
#define LABEL_EMPTY	0

/* Begin to load them, on a thread of its own. At the end: no longer. */
void		 columns_start(const struct service *, const char *path);
void		 columns_stop(void);

/* The columns as the call's read transaction sees them; NULL: *ret says. */
struct columns	*columns_now(struct call *, enum err *ret);

/* Whether whoever asks for them has to ask again later. */
bool		 columns_are_loading(void);

/* Make slots' titles, and ranks, such that they can be sorted by. */
enum err	 columns_label(struct call *, struct columns *);
enum err	 columns_rank(struct call *, struct columns *);

/* What a slot is sorted by; what is small comes first. */
uint64_t	 columns_key(const struct columns *, enum sort,
		    const struct slot *);

/*
 * The order of a sort, made if it is not there; NULL for SORT_ID, which the
 * slots are in. What it goes by must be up to date (see above).
 */
const struct order	*columns_order(struct columns *, enum sort);

/* The first slot with this id or a higher one; `count` if there is none. */
size_t		 columns_lower(const struct columns *, int64_t id);

/* The slot of a ticket, NULL if it is not there. */
struct slot	*columns_find(const struct columns *, int64_t id);

/* The code of an id, 0 if no ticket has had it. */
uint32_t	 codes_find(const struct codes *, int64_t id);

/*
 * PING: beside what it says, the columns are brought up to date. The first
 * one has them loaded, on a thread of its own, and does not wait for that.
 */
op_run		 columns_ping;

#endif
