/*
 * Rows as they were answered, by their ids. Where an operation gives rows for
 * ids, and a row depends on its id and the store alone, it is made once and
 * then copied, until something is committed to the store.
 */
#ifndef OP_ROW_CACHE_H
#define OP_ROW_CACHE_H

#include "services/op/op.h"

/* Of one session. */
struct row_cache	*row_cache_new(void);
void			 row_cache_destroy(struct row_cache **);

/*
 * The rows for `ids`, in their order, each once: a JSON array. Where this is
 * run(), the statement has no other parameter, its first column is the id, it
 * has neither refs nor `fields`, and it is the only such row of its service:
 * op_tables_init() checks that.
 */
op_run			 row_cache_bulk;

#endif
