/*
 * A twin of a store: a copy that is changed by patches alone. After each of them
 * all its tables have to be as those of the store.
 */
#ifndef FUZZ_TWIN_H
#define FUZZ_TWIN_H

struct patch;
struct sqlite3;

/* Open the twin, a copy of the store as it is. Dies if it cannot follow. */
struct sqlite3	*twin_open(const char *path);

/*
 * Apply what the store's open transaction has changed since patch_begin(), and
 * compare all tables; then take it back. Dies, naming the table, at a difference.
 */
void		 twin_compare(struct sqlite3 *twin, struct sqlite3 *store,
		    struct patch *);

#endif
