/*
 * Rows as they were answered, by their ids: where an operation gives rows for
 * ids, and a row depends on nothing but the store, it is made once and then
 * copied for as long as nothing is committed.
 */
#ifndef COMMON_KEPT_H
#define COMMON_KEPT_H

#include "op.h"

/* What a lane keeps. */
struct kept	*kept_new(void);
void		 kept_destroy(struct kept **);

/*
 * The rows for `ids`, in their order, each once: a JSON array. The statement
 * has no other parameter and orders its rows by id; the row has no refs
 * (op_tables_init() sees to that), and one row of a service's table alone has
 * this as its run().
 */
op_run		 kept_bulk;

#endif
