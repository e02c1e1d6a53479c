/*
 * The seam under the statements: a connection to a store with all of a
 * service's statements prepared, and runs of them. What SQLite is asked, and
 * how, is told here and nowhere above.
 *
 * Statements are numbers of services/store/sql.tbl and of the service's own
 * sql.tbl. A parameter is named as a key (proto/keys.tbl).
 */
#ifndef STORE_STATEMENT_H
#define STORE_STATEMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/args.h"
#include "services/store/service.h"

struct sqlite3;
struct sqlite3_stmt;

/* The row of a statement, of the common table or of the service's own. */
const struct sql *store_sql(const struct service *, int sql);

/* --- connections ------------------------------------------------------------ */

/* A connection, used by one thread. */
struct db;

/*
 * Open a store (store_open()) and prepare the service's statements. Dies,
 * naming the statement, if one does not fit the schema or has a parameter that
 * is not a key.
 */
struct db	*db_open(const struct service *, const char *path,
		    bool read_only);

/* The same where there is another time to try: NULL, and logged. */
struct db	*db_try_open(const struct service *, const char *path,
		    bool read_only);

/* The same on a connection that is there already, and is not closed by it. */
struct db	*db_over(const struct service *, struct sqlite3 *);
void		 db_close(struct db **);

/* What failed last, in SQLite's words; valid until the next run. */
const char	*db_error(const struct db *);

/*
 * Whether what failed last was what was written (a constraint, a type, a
 * length): it would fail again. Else the store failed, and may be well later.
 */
bool		 db_refused_values(const struct db *);

/* The file of the store. */
const char	*db_path(const struct db *);

/* Whether the store and its log are where they were (store_is_in_place()). */
bool		 db_is_in_place(const struct db *);

/* The connection itself, for what is SQLite's own (docs/architecture.md). */
struct sqlite3	*db_sqlite(const struct db *);

/*
 * Have a run that takes long ended, as failed, when `is_over` says so: it is
 * asked every few microseconds of work.
 */
void		 db_end_when(struct db *, bool (*is_over)(void *arg), void *arg);

/* --- transactions ----------------------------------------------------------- */

/* False: it failed, and was logged. One that was begun is to be ended. */
bool		 db_begin_read(struct db *);
bool		 db_begin_write(struct db *);
bool		 db_commit(struct db *);

/*
 * After a db_commit() that failed: whether all of it was written to the log, and
 * only its sync failed. If the process ends before it writes again, the next one
 * finds it there.
 */
bool		 db_is_in_doubt(const struct db *);
bool		 db_rollback(struct db *);

/* A part of a transaction that can be undone alone; one at a time. */
bool		 db_savepoint(struct db *);
bool		 db_savepoint_undo(struct db *);
bool		 db_savepoint_end(struct db *);

/* SQLite may have rolled it back of itself, after a full disk. */
bool		 db_in_transaction(const struct db *);

/*
 * The store's version: another number after every commit, of this connection
 * or of another. 0: it cannot be read.
 */
int64_t		 db_version(struct db *);

/* How many rows this connection has changed since it was opened. */
int64_t		 db_rows_changed(const struct db *);

/* The id of the row that was inserted last. */
int64_t		 db_last_id(const struct db *);

/* --- runs ------------------------------------------------------------------- */

/*
 * One run of one statement, on the stack of whoever runs it. A connection has
 * one run of a statement at a time.
 */
struct stmt {
	struct db		*db;
	struct sqlite3_stmt	*st;
	int			 sql;
	bool			 begun;		/* it was stepped */
	bool			 ended;		/* there are no more rows */
	bool			 failed;
};

/*
 * Begin a run: each parameter has the value of its key, or null if the key is
 * absent (args NULL: all are). Texts are not copied: they stay until the end.
 */
struct stmt	 stmt_begin(struct db *, int sql, const struct args *);

/* Give a parameter another value; before the first row. Without a base a text
 * is null. */
void		 stmt_bind_number(struct stmt *, enum key, int64_t);
void		 stmt_bind_text(struct stmt *, enum key, struct text);
void		 stmt_bind_null(struct stmt *, enum key);

/* Go to the next row. False: no row is left, or the run failed. */
bool		 stmt_next(struct stmt *);

/*
 * Columns of the row, from 0. A null is 0 and no text, with base NULL. Texts,
 * and bytes, are valid until the next row or the end.
 */
int64_t		 stmt_number(const struct stmt *, int column);
struct text	 stmt_text(const struct stmt *, int column);
struct text	 stmt_bytes(const struct stmt *, int column);
bool		 stmt_is_null(const struct stmt *, int column);
bool		 stmt_is_number(const struct stmt *, int column);

/* How many rows it changed; once there are no more. */
int		 stmt_changed(const struct stmt *);

/* The place of a column; -1: the statement does not have it. */
int		 stmt_find(const struct stmt *, const char *name);

/*
 * Put the row's columns that are not null into arguments, each under the key
 * that it is named as. Dies if one is not named as a key.
 */
void		 stmt_args(const struct stmt *, struct args *);

/*
 * End a run; a statement that writes and was begun does all that it has to. False: it
 * failed. Rows and texts of it are gone.
 */
bool		 stmt_end(struct stmt *);

/* The keys that a statement has as parameters. */
keyset		 db_keys(const struct db *, int sql);

#endif
