/* Views: other lists that a request counts, each by its own filters. */
#ifndef COUNTS_VIEWS_H
#define COUNTS_VIEWS_H

#include "services/op/op.h"

struct views {
	struct args	args[VIEWS_MOST];	/* of each; ERROR: not valid */
	size_t		count;
};

/* Read the request's `views`. Their texts live as long as the request's. */
enum err	views_read(struct call *, struct views *ret);

/*
 * Have the call's arguments be those of a view, or, with NULL, of the request's
 * own list; in either case lists are not sorted. Returns those that it had.
 */
struct args	views_enter(struct call *, const struct args *view);

#endif
