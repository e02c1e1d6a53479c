/* Views: other lists that one request counts, each given as the query of a list. */
#ifndef DECODE_VIEWS_H
#define DECODE_VIEWS_H

#include "gateway/core/exchange.h"

/*
 * Add a view to the arguments. One that the list would refuse is sent as such:
 * views are kept for long, and one that is outdated must not hide the others.
 */
void	views_take(struct exchange *, enum key, struct text query);

#endif
