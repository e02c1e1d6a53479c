/*
 * What one transaction changed in a store, as bytes that make the same of a copy
 * of it: every table, those of full-text indexes too, and the counters that ids
 * are given by. SQLite's session extension finds the rows
 * (https://www.sqlite.org/sessionintro.html).
 *
 * It sees tables with a primary key alone, so every table has one. It does not
 * see a change of the schema.
 */
#ifndef STORE_PATCH_H
#define STORE_PATCH_H

#include <stdbool.h>

#include "base/buf.h"

struct sqlite3;

/*
 * Whether patches of a store say all that was changed. NULL, or the reason why
 * not, in words; valid until the next call in this thread.
 */
const char	*patch_missing(struct sqlite3 *);

/* --- taking ------------------------------------------------------------------- */

struct patch;

/*
 * Record what a connection changes from here on; in a transaction. NULL: it
 * failed, and was logged.
 */
struct patch	*patch_begin(struct sqlite3 *);

/*
 * Append what was changed; before the transaction is committed, and once.
 * Nothing is appended if nothing was changed. False: it failed, and was logged.
 */
bool		 patch_take(struct patch *, struct buf *ret);

/* Stop recording, before the connection is closed. */
void		 patch_end(struct patch **);

/* --- applying ----------------------------------------------------------------- */

enum patch_end {
	PATCH_DONE,
	PATCH_MISFIT,	/* the copy is not as the store was, or the bytes are no
			 * patch; logged */
	PATCH_FAILED	/* the copy cannot be written; logged */
};

/*
 * Set a connection up to apply patches; outside of transactions. What triggers
 * and foreign keys do is in the patches, and is not done again. The connection
 * is for nothing else: FTS5 keeps parts of an index in memory, and learns only
 * from commits of other connections that they were changed.
 */
bool		 patch_prepare(struct sqlite3 *);

/*
 * Apply a patch; in a transaction, which is to be rolled back unless it is DONE.
 * The copy has the schema of the store: a table that it lacks is passed over.
 */
enum patch_end	 patch_apply(struct sqlite3 *, struct text patch);

/* --- counters ------------------------------------------------------------------- */

/*
 * The counters of a store, a JSON object by tables: append them, or set them. They
 * are part of each patch. False: it failed, and was logged.
 */
bool		 patch_put_counters(struct sqlite3 *, struct buf *ret);
bool		 patch_set_counters(struct sqlite3 *, struct text counters);

#endif
