/*
 * Writing the log of a store back into it, beside the writer.
 *
 * SQLite does it within the COMMIT that makes the log long, and all writes wait
 * until the pages are on the disk: some 20 ms for 1,000 pages that are anywhere
 * in a large store, where a commit takes 1 ms. Here a thread does it while
 * commits go on. Only the log's end, which was added in the meantime, is left
 * to the writer, between two transactions: the log restarts only when all of it
 * is written back (sqlite.org/wal.html, "Avoiding Excessively Large WAL Files").
 */
#ifndef STORE_CHECKPOINT_H
#define STORE_CHECKPOINT_H

#include <sqlite3.h>

struct checkpoint;

/*
 * Take over the log of a store that is open for writing; the path is to
 * outlive it. All of this is for the thread that writes. Dies if the store
 * cannot be opened once more. A log that cannot be written back is logged as an
 * error and tried again after a second.
 */
struct checkpoint *checkpoint_start(sqlite3 *, const char *path);

/* To be called after a transaction, when its calls are answered. */
void	checkpoint_look(struct checkpoint *);

/* To be called before the store is closed. NULL is ignored. */
void	checkpoint_stop(struct checkpoint **);

#endif
