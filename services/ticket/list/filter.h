/*
 * The filter of a list: an array for each kind of code that says which codes
 * are wanted, so that a few look-ups tell whether a ticket passes.
 */
#ifndef LIST_FILTER_H
#define LIST_FILTER_H

#include "services/ticket/index/columns.h"

struct filter {
	/* by code: 1 if it is wanted; NULL: all are */
	uint8_t		*codes[CODE_END];	/* CODE_USER: authors */
	uint8_t		*assigned;
	uint8_t		*either;		/* author or assignee */
	int64_t		 added_since, added_before;
	int64_t		 updated_since, updated_before;
	uint8_t		*chosen;		/* by slot: 1 if it is wanted; of
						 * subscribers, of unread ones */
	bool		 any;			/* there is a filter */
};

/* The arguments that a filter is made of. */
#define FILTER_KEYS	STATUS, STATUS_IDS, PRIORITY_IDS, DEPARTMENT, \
			DEPARTMENT_IDS, CATEGORY, CATEGORY_IDS, CREATED_IDS, \
			ASSIGNED_IDS, USER_IDS, SUBSCRIBER_IDS, ADDED_SINCE, \
			ADDED_BEFORE, UPDATED_SINCE, UPDATED_BEFORE, UNREAD

/*
 * Read a request's filter; BAD_REQUEST names the parameter and the value that
 * are wrong. filter_done() in any case.
 */
enum err	filter_read(struct call *, const struct columns *,
		    struct filter *ret);
void		filter_done(struct filter *);

/* Whether it asks for more than `chosen`: for codes or dates. */
bool		filter_has_values(const struct filter *);

/* Whether slots have to be looked at: facets do not tell all it asks for. */
bool		filter_needs_slots(const struct filter *);

bool		filter_passes(const struct filter *, const struct columns *,
		    size_t slot);

#endif
