/*
 * Groups: the tickets of a facet that have one status, one assignee and so on,
 * and how many they are.
 */
#ifndef COUNTS_GROUPS_H
#define COUNTS_GROUPS_H

#include "services/ticket/index/columns.h"

/* In the order of an answer's members. */
enum facet { FACET_ASSIGNED, FACET_CATEGORY, FACET_DEPARTMENT,
    FACET_DEPARTMENT_STATUS, FACET_PRIORITY, FACET_STATUS, FACET_END };

#define GROUPS_MOST	200	/* of a facet that an answer shows */

/* Read the request's `by`: a bit for each facet that it names. */
enum err	groups_read_by(struct call *, unsigned *ret);

/*
 * Append the wanted facets, of which there is one at least, as members of a JSON
 * object, a comma after each: `assigned`, ... `status`, and `others`: how many
 * tickets are in groups that are not shown.
 */
enum err	groups_put(struct call *, const struct columns *,
		    const struct facet_counts *, unsigned wanted);

#endif
