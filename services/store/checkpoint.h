/*
 * Writing the log of a store back into it, beside whoever writes.
 *
 * SQLite does it within the COMMIT that makes the log long, and all who write
 * wait until the pages, which are anywhere in a large store, are on the disk:
 * some 20 ms for 1,000 of them, where a commit takes one. Here a thread does it
 * while commits go on. Only the log's end, what was added meanwhile, is left to
 * the writer itself, between two transactions, as the log can begin anew only
 * when none of it is left (sqlite.org/wal.html, "Avoiding Excessively Large WAL
 * Files").
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

/* After a transaction, and after those who wait for it were answered. */
void	checkpoint_look(struct checkpoint *);

/* Before the store is closed. NULL is none. */
void	checkpoint_stop(struct checkpoint **);

#endif
