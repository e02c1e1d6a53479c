/*
 * A service's schema in PostgreSQL: the tables of its store under their own
 * names, and two of the engine's. As SQL.
 *
 *   head  one row: who writes, up to when, the number of the last entry, the
 *         store's schema and its counters
 *   log   entries: the patch of a batch each, with the reign of its writer
 */
#ifndef ENGINE_LAYOUT_H
#define ENGINE_LAYOUT_H

#include "base/buf.h"
#include "services/store/tables.h"

/* How long a writer is left alone that is not heard of, in SQL. */
#define LEASE_SQL	"interval '3 seconds'"

/* CREATE statements of the engine's tables. */
extern const char	layout_own_sql[];

/* The statements of this text are run when a schema is laid out anew. */
void	layout_put_create(struct buf *, const struct table *);

/* Rows given as an array for each column: they are there, or changed. */
void	layout_put_upsert(struct buf *, const struct table *);

/* Rows whose keys are given as an array for each column of the key are gone. */
void	layout_put_delete(struct buf *, const struct table *);

/* COPY of all rows, in the order of the key. */
void	layout_put_copy_in(struct buf *, const struct table *);
void	layout_put_copy_out(struct buf *, const struct table *);

#endif
