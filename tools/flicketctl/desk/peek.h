/* A look at a store, also beside a service that writes to it. */
#ifndef DESK_PEEK_H
#define DESK_PEEK_H

#include <sqlite3.h>

/*
 * Open for reading, leaving nothing behind. The caller closes it, also where
 * it cannot be opened: then each statement fails and says why.
 */
sqlite3	*peek_store(const char *path);

#endif
