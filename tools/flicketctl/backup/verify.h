#ifndef BACKUP_VERIFY_H
#define BACKUP_VERIFY_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * application_id of a user store that an import made. Totals of users, and
 * perhaps missing files, are Flicket's there.
 */
#define STORE_TAKEN_OVER	0x464c4b54

/*
 * Compare two search indexes, word by word: `sql` selects doc, term, col and
 * offset in the order of an fts5vocab table, "%c" in it becomes a and b. False
 * if they cannot be read. *ret_count: how many words differ, counted up to
 * 1000; *ret_doc the row of the first.
 */
bool	verify_search(sqlite3 *, const char *sql, int64_t *ret_doc,
	    int64_t *ret_count);

#endif
