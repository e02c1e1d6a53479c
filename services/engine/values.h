/*
 * Values of SQLite in PostgreSQL's binary form: alone, as in COPY, and in arrays
 * of one dimension (https://www.postgresql.org/docs/15/sql-copy.html,
 * array_send() of its sources). A value whose column does not say its type is
 * bytes: `i`, `t` or `b`, then the number, text or bytes.
 */
#ifndef ENGINE_VALUES_H
#define ENGINE_VALUES_H

#include <stdbool.h>

#include "base/buf.h"
#include "services/store/tables.h"

struct sqlite3_stmt;
struct sqlite3_value;

/*
 * Append a value, with its length in front. False: the column cannot
 * have it, such as a text in a column of numbers, or a number with a fraction.
 */
bool	value_put(struct buf *, enum column_type, struct sqlite3_value *);

/*
 * Bind what value_put() appended; `bytes` without its length, base NULL for
 * NULL. They stay until the statement has run. False: it is no such value.
 */
bool	value_bind(struct sqlite3_stmt *, int parameter, enum column_type,
	    struct text bytes);

/* Begin an array; append its values; say how many there are at the end. */
void	array_begin(struct buf *, enum column_type);
void	array_end(struct buf *, uint32_t count);

#endif
