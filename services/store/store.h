/*
 * A store: one SQLite database of one service. Where it lives, who may write
 * to it, how a connection to it is set up and what its schema is are told
 * here; operations run the statements (services/op).
 *
 * It lives in stores/NAME/NAME.db below FLICKET_DATA. Several processes can
 * use it; the one that holds stores/NAME/lock is the one that may write.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "services/store/service.h"

/* Tell SQLite how it is used here; before anything else is asked of it. */
void	store_configure(void);

/*
 * Take the lock of a service's store, making its folder if need be. Returns
 * a descriptor that holds the lock until it is closed, or -1 with errno:
 * EWOULDBLOCK when another process has it.
 */
int	store_lock(const char *folder);

/*
 * Before a process closes its last connection to a store: wait for others
 * that do so, a second at most. Returns a descriptor to close afterwards, -1
 * if it cannot be had.
 */
int	store_wait_turn(const char *folder);

/*
 * Open the database, with the settings every connection of ours has: WAL,
 * synchronous=FULL, foreign keys, a busy timeout. Dies if it cannot. Even one
 * for reading is opened for writing and then told not to: whichever process
 * is the last to close folds the log into the database, and any may have to
 * recover it after a crash.
 */
sqlite3	*store_open(const char *path, bool read_only);

/*
 * Whether a store that is there can be opened as usual: SQLite's index of its
 * log is a file, and that must be there, or have room. Without, store_open()
 * for reading does without the file, and nothing can be written.
 */
bool	store_has_room(const char *path);

/* The same where there is another time to try: NULL, and logged. */
sqlite3	*store_try_open(const char *path, bool read_only);

/*
 * Whether the file system of a store's lock still takes writes, and so whether
 * a commit that has just succeeded can be relied on.
 */
bool	store_is_sound(int lock);

/*
 * Whether a store that was just written to and its log are where they were:
 * what is written to files without a name nobody will find.
 */
bool	store_is_in_place(sqlite3 *);

/* Whether an errno means that a store can be read, but not be written to. */
bool	store_is_read_only(int error);

/*
 * Whether a store is there, with a program's own schema and its defaults: a
 * process that does not hold the lock can use it. Dies if it is newer.
 */
bool	store_is_ready(const struct service *, const char *path);

/*
 * Bring a database to the newest schema: the common tables, then each of the
 * service's migrations it does not have, each in a transaction of its own.
 * Dies with a message if the database is newer than the program.
 */
void	store_migrate(sqlite3 *, const struct service *, const char *path);

/*
 * Lay out an empty database as a store of that schema: without what belongs to
 * a desk.
 */
void	store_lay_out(sqlite3 *, const struct service *, int64_t schema);

/*
 * Whether there is no store yet, or one of which nobody has heard anything:
 * all that it has told of is still in its outbox. *ret_stream: its own, 0 if
 * there is none.
 */
bool	store_is_new(const char *path, int64_t *ret_stream);

/*
 * Say that a store is meant to be there, whatever others know of another one;
 * whether that was said.
 */
void	store_accept(sqlite3 *);
bool	store_is_accepted(sqlite3 *);

/* Give a store that was never seeded its defaults, in one transaction. */
void	store_seed(sqlite3 *, const struct service *,
	    const struct settings *);

/* Run statements that must not fail (schema, BEGIN, COMMIT); dies if so. */
void	store_exec(sqlite3 *, const char *sql);

/* Like store_exec, but returns SQLite's result code instead of dying. */
int	store_try(sqlite3 *, const char *sql);

/* Which schema a store has. */
int64_t	store_schema(sqlite3 *);

/* The newest schema that this program knows of a service's store. */
int64_t	store_newest_schema(const struct service *);

/* The number of this store's stream of events. */
int64_t	store_stream(sqlite3 *);

/* The row of a statement, of the common table or of the service's own. */
const struct sql *store_sql(const struct service *, int sql);

/*
 * Prepare all of a service's statements. Dies, naming the row, if one does
 * not fit the schema. Returns an array by number; [SQL_NONE] is NULL.
 */
sqlite3_stmt **store_prepare(sqlite3 *, const struct service *);

/*
 * Now, in microseconds since 1970: never the same twice in one process, and
 * never less than before, unless the wall clock was set back (base/clock.h).
 */
int64_t	store_now(void);

/*
 * What is dated before this is over for good, and may be deleted: a day ago,
 * by a clock that was not seen to be set for an hour. While it was, and in a
 * process's first hour, that is nothing: INT64_MIN.
 */
int64_t	store_over(void);

/* A column of the row that a statement stands at; the base is NULL if it is. */
struct text	column_text(sqlite3_stmt *, int column);

#endif
