/* `tickets/counts`: how many tickets a list has, in all and by facets. */
#ifndef COUNTS_COUNTS_H
#define COUNTS_COUNTS_H

#include "services/op/op.h"

op_run	ticket_counts;

/* The searches of the request's list and views, beside the loop (struct op). */
op_run	counts_aside;

#endif
