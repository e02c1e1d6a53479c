/*
 * Queries over a connection to a store whose schema may be an older one, or
 * damaged. (services/store/statement.h is for a store of this program's
 * schema: it prepares all statements of a service, and dies if one does not
 * fit.)
 */
#ifndef STORE_SELECT_H
#define STORE_SELECT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct sqlite3;
struct sqlite3_stmt;

/* One query, on the stack of its caller, which ends it. */
struct select {
	struct sqlite3		*db;
	struct sqlite3_stmt	*st;	/* NULL: it could not be prepared */
	bool			 ended;
	bool			 failed;
};

/* Begin a query. If it cannot be prepared, it has no rows and has failed. */
struct select	 select_begin(struct sqlite3 *, const char *sql);

/* The same with names of schemas and numbers put in, of 1,024 bytes at most. */
struct select	 select_begin_with(struct sqlite3 *, const char *format, ...)
		    __attribute__((format(printf, 2, 3)));

/* Give a parameter, from 1 on, its value. Texts are not copied. */
void		 select_bind_text(struct select *, int parameter, const char *);
void		 select_bind_number(struct select *, int parameter, int64_t);

/* Go to the next row. False: no row is left, or the query failed. */
bool		 select_next(struct select *);

/* Go back to before the first row, to bind other values. */
void		 select_again(struct select *);

/* Columns of the row, from 0; of a null "", 0 and nothing. Valid until the
 * next row. */
const char	*select_text(const struct select *, int column);
int64_t		 select_number(const struct select *, int column);
struct text	 select_bytes(const struct select *, int column);

/* False: it failed, and select_error() says why. */
bool		 select_end(struct select *);

/* The one number that a query is for. False: it failed, or has no row. */
bool		 select_one_number(struct sqlite3 *, int64_t *ret,
		    const char *format, ...)
		    __attribute__((format(printf, 3, 4)));

/* Whether a query with two texts finds a row; a failure counts as no. */
bool		 select_finds(struct sqlite3 *, const char *sql,
		    const char *first, const char *second);

/* Run statements that have no rows. False: one failed. */
bool		 select_execute(struct sqlite3 *, const char *sql);

/* The last failure on a connection, in SQLite's words. */
const char	*select_error(struct sqlite3 *);

#endif
