/*
 * The record of a replacement that is under way (replace.h): a small file in
 * each folder whose files are replaced. A service whose folder has one does
 * not start.
 */
#ifndef STORE_RECORD_H
#define STORE_RECORD_H

#include <stdbool.h>

#define RECORD_PARTS	6
#define RECORD_ID_SIZE	17

/*
 * The folders that can be mount points: a store's, and those of files below
 * one, which come after it. A replacement has the first four and those of the
 * others that are mount points.
 */
extern const char *const record_parts[RECORD_PARTS + 1]; /* NULL ends */

enum record_state {
	RECORD_PREPARED,	/* all new files are there; the old ones count */
	RECORD_DECIDED,		/* the new ones count. In the first folder only */
	RECORD_PLACED		/* and are in place everywhere. Likewise */
};

struct record {
	char			what[16];	/* "restore" or "import" */
	char			id[RECORD_ID_SIZE];
	char			aside[64];	/* where the old files go; a
						 * name in the folder */
	bool			keeps;		/* they stay there */
	unsigned		parts;		/* bits: places in
						 * record_parts */
	enum record_state	state;
};

enum record_found { RECORD_THERE, RECORD_ABSENT, RECORD_UNREADABLE };

/* Read the record of a folder. RECORD_UNREADABLE: errno, or 0: damaged. */
enum record_found	record_read(const char *folder, struct record *ret);

/* Write it, and have it on disk. False: errno says why. */
bool	record_write(const char *folder, const struct record *);

/* Remove it, and have that on disk. False: errno says why. */
bool	record_remove(const char *folder);

#endif
