/*
 * Rows as they were answered, by their ids: where an operation gives rows for
 * ids, and a row depends on nothing but the store, it is made once and then
 * copied for as long as nothing is committed.
 */
#ifndef OP_KEPT_H
#define OP_KEPT_H

#include "services/op/op.h"

/* What a lane keeps. */
struct kept	*kept_new(void);
void		 kept_destroy(struct kept **);

/*
 * The rows for `ids`, in their order, each once: a JSON array. Where this is
 * run(), the statement has no other parameter and its first column is the id,
 * there are neither refs nor `fields`, and it is the only such row of its
 * service: op_tables_init() sees to that.
 */
op_run		 kept_bulk;

#endif
