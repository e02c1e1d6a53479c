/* Parts of `flicketctl verify` that others use. */
#ifndef BACKUP_VERIFY_H
#define BACKUP_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * application_id of a user store that an import made. Totals of users, and
 * perhaps missing files, are Flicket's there.
 */
#define STORE_TAKEN_OVER	0x464c4b54

struct sqlite3;

/*
 * Compare two search indexes, the tables TABLE_a and TABLE_b of fts5vocab's
 * kind "instance", word by word. False, after a message, if they cannot be
 * read. *ret_count: how many words differ, counted up to 1000; *ret_doc: the
 * row of the first.
 */
bool	verify_search(struct sqlite3 *, const char *table, int64_t *ret_doc,
	    int64_t *ret_count);

#endif
