/*
 * A store: one SQLite database of one service. Where it lives, who may write
 * to it and how a connection to it is set up are told here; its schema is made
 * by migrate.h, statements are run by statement.h.
 *
 * It lives in stores/NAME/NAME.db below FLICKET_DATA. Several processes can
 * use it; the one that holds stores/NAME/lock is the one that may write.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct sqlite3;
struct sqlite3_stmt;

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
 * is the last to close folds the log into the database, and any process may
 * have to recover it after a crash.
 */
struct sqlite3	*store_open(const char *path, bool read_only);

/*
 * Whether a store that is there can be opened as usual: SQLite's index of its
 * log is a file, and that must be there, or have room. Without, store_open()
 * for reading does without the file, and nothing can be written.
 */
bool	store_has_room(const char *path);

/* The same where there is another time to try: NULL, and logged. */
struct sqlite3	*store_try_open(const char *path, bool read_only);

/*
 * Whether the file system of a store's lock still takes writes, and so whether
 * a commit that has just succeeded can be relied on.
 */
bool	store_is_sound(int lock);

/*
 * Whether a store that was just written to, and its log, still have their
 * names: the next start does not find what is written to a file without a name.
 */
bool	store_is_in_place(struct sqlite3 *);

/* Whether an errno means that a store can be read, but not be written to. */
bool	store_is_read_only(int error);

/* Run statements that must not fail (schema, BEGIN, COMMIT); dies if so. */
void	store_exec(struct sqlite3 *, const char *sql);

/*
 * End the process: the store cannot be used, for SQLite's last reason. Whether
 * a later start may do better is what the exit status says.
 */
_Noreturn void	store_die(struct sqlite3 *, const char *path);

/* Like store_exec, but returns SQLite's result code instead of dying. */
int	store_try(struct sqlite3 *, const char *sql);

/* A column of the row that a statement stands at; the base is NULL if it is. */
struct text	column_text(struct sqlite3_stmt *, int column);

#endif
