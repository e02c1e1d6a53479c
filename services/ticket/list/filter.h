/*
 * The filters of a list. Each becomes an array that says of every code whether
 * it is wanted, so that a ticket is judged by a few look-ups.
 */
#ifndef LIST_FILTER_H
#define LIST_FILTER_H

#include "services/ticket/index/columns.h"

struct filter {
	/* by code, which are wanted; NULL: all are */
	uint8_t		*codes[CODE_END];	/* of users: the authors */
	uint8_t		*assigned;
	uint8_t		*either;		/* author or assignee */
	int64_t		 added_since, added_before;
	int64_t		 updated_since, updated_before;
	uint8_t		*subscribed;		/* by slot */
	bool		 any;			/* there is a filter */
};

/* The arguments that are filters. */
#define FILTER_KEYS	STATUS, STATUS_IDS, PRIORITY_IDS, DEPARTMENT, \
			DEPARTMENT_IDS, CATEGORY, CATEGORY_IDS, CREATED_IDS, \
			ASSIGNED_IDS, USER_IDS, SUBSCRIBER_IDS, ADDED_SINCE, \
			ADDED_BEFORE, UPDATED_SINCE, UPDATED_BEFORE

/*
 * Read a request's filters; BAD_REQUEST names parameter and value.
 * filter_done() in any case.
 */
enum err	filter_read(struct call *, const struct columns *,
		    struct filter *ret);
void		filter_done(struct filter *);

bool		filter_passes(const struct filter *, const struct columns *,
		    size_t slot);

#endif
