/*
 * The rows that an entry changes, as arrays of values for each column: those that
 * are there, and the keys of those that are gone.
 */
#ifndef ENGINE_ROWS_H
#define ENGINE_ROWS_H

#include "services/engine/link.h"
#include "services/store/patch_each.h"

struct rows;

struct rows	*rows_new(const struct tables *);
void		 rows_destroy(struct rows **);

/*
 * Read them from a patch. False: a value has not the type of its column, or the
 * patch cannot be read; it was logged.
 */
bool		 rows_read(struct rows *, struct patch_each *, struct text patch);

/* Whether rows of a table are there, or gone; their arrays as parameters. */
bool		 rows_changed(struct rows *, size_t table, struct params *ret);
bool		 rows_gone(struct rows *, size_t table, struct params *ret);

#endif
