/*
 * SQL functions of base/words.h: words(), the words of a text with blanks between
 * them, and words_form(); of base/fold.h: folded(), the folded form of a name.
 */
#ifndef STORE_WORDS_SQL_H
#define STORE_WORDS_SQL_H

struct sqlite3;

/*
 * Add them to a connection. Those of store_open() have them. Returns SQLite's
 * result code.
 */
int	words_sql_add(struct sqlite3 *);

#endif
