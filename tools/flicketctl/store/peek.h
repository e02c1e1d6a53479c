/* A look at a store, also beside a service that writes to it. */
#ifndef STORE_PEEK_H
#define STORE_PEEK_H

#include <stdbool.h>

struct sqlite3;

/*
 * Open for reading, leaving nothing behind. The caller closes it, also where
 * it cannot be opened: then each query fails and says why.
 */
struct sqlite3	*peek_open(const char *path);
void		 peek_close(struct sqlite3 *);

/* Whether the last query failed because the file is not a sound database. */
bool		 peek_is_broken(struct sqlite3 *);

#endif
