/*
 * What a list is to hold: the filters of a request, made ready to be held
 * against slots.
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

/* Read a request's filters; BAD_REQUEST names parameter and value. */
enum err	filter_read(struct call *, struct columns *, struct filter *);
void		filter_done(struct filter *);

bool		filter_passes(const struct filter *, const struct columns *,
		    size_t slot);

/* The arguments that are filters. */
#define FILTER_KEYS	STATUS, STATUS_IDS, PRIORITY_IDS, DEPARTMENT, \
			DEPARTMENT_IDS, CATEGORY, CATEGORY_IDS, CREATED_IDS, \
			ASSIGNED_IDS, USER_IDS, SUBSCRIBER_IDS, ADDED_SINCE, \
			ADDED_BEFORE, UPDATED_SINCE, UPDATED_BEFORE

/* More than so many are not few. */
#define FEW_MOST	16384

/*
 * The slots that pass, in no order, where one of the filters alone leaves
 * few; else false. NULL: there are none.
 */
bool		filter_few(struct columns *, const struct filter *,
		    uint32_t **ret, size_t *ret_count);

/*
 * A date or a date with a time, ISO 8601, to microseconds since 1970: UTC
 * where it names no zone. A space may stand for the T, and for the + of a
 * zone, as that is what a + in a query becomes.
 */
bool		date_read(struct text, int64_t *ret_us);

#endif
