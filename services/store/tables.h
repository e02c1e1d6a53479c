/*
 * The tables of a store, as rows of them are copied: those that have rows of
 * their own, the tables that a full-text index keeps itself in among them.
 * Virtual tables and SQLite's own are left out.
 */
#ifndef STORE_TABLES_H
#define STORE_TABLES_H

#include <stddef.h>

struct sqlite3;

/* What values a column has, NULL aside. */
enum column_type {
	COLUMN_INTEGER,
	COLUMN_TEXT,
	COLUMN_BLOB,
	COLUMN_ANY	/* the table does not say it */
};

struct column {
	char			*name;
	enum column_type	 type;
};

struct table {
	char		*name;
	struct column	*columns;
	int		 count;		/* of columns */
	int		*key;		/* columns of the key, in their order */
	int		 keys;		/* … how many, 1 at least */
};

struct tables {
	struct table	*rows;		/* by name */
	size_t		 count;
};

/* Read what tables a store has. NULL: it failed, and was logged. */
struct tables	*tables_read(struct sqlite3 *);
void		 tables_destroy(struct tables **);

/* NULL: there is no such table. */
const struct table	*tables_find(const struct tables *, const char *name);

#endif
