/*
 * Patches whose rows cannot be changed one by one: two users may have changed
 * names with each other, and whichever row comes first has a name that is still
 * taken. So all rows go first, and come again as they are to be.
 */
#ifndef STORE_PATCH_ROWS_H
#define STORE_PATCH_ROWS_H

#include "services/store/patch.h"

/*
 * Apply a patchset; in a transaction, which is to be rolled back unless it is
 * DONE. `rows` is as a session made it.
 */
enum patch_end	patch_rows_apply(struct sqlite3 *, struct text rows);

#endif
