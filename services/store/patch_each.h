/*
 * The rows that a patch changes, as they are after it. For who keeps the same
 * tables in another database.
 */
#ifndef STORE_PATCH_EACH_H
#define STORE_PATCH_EACH_H

#include "services/store/patch.h"
#include "services/store/tables.h"

struct sqlite3_value;

/* A connection to a store whose patches are read, with its tables. */
struct patch_each;

struct patch_each	*patch_each_new(struct sqlite3 *, const struct tables *);
void			 patch_each_destroy(struct patch_each **);

/*
 * Called for each row once. `values` are those of all columns of a row that is
 * there, NULL for one that is gone; `key` those of its key. Valid until it
 * returns. False ends the reading.
 */
typedef bool		 patch_row(void *arg, const struct table *,
			    struct sqlite3_value *const *values,
			    struct sqlite3_value *const *key);

/*
 * Read a patch that the store was given last, in the transaction that changed it
 * or behind it. False: it failed, and was logged, or `row` ended it.
 */
bool			 patch_each(struct patch_each *, struct text patch,
			    patch_row *, void *arg);

/* The counters that a patch sets: a JSON object by tables; none: empty. */
struct text		 patch_counters(struct text patch);

#endif
