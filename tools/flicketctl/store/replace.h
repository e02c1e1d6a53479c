/*
 * Replacing the files of stores whose folders cannot be renamed, as they are
 * mount points, links, or on file systems of their own: all or nothing, also
 * for a process that is killed.
 *
 * New files are made in a folder beside the old ones, within each mount. Then
 * each folder gets a record (record.h), the first folder first. The decision is
 * one write: the record of the first folder says that the new files count.
 * After it the old files are moved into a folder beside them and the new ones
 * take their place, folder by folder. The records go last, the first folder's
 * after all others: so a record anywhere means that the first folder has one,
 * and only that one tells whether to go back or on.
 *
 * The caller holds the locks of the stores all the time.
 */
#ifndef STORE_REPLACE_H
#define STORE_REPLACE_H

#include <sys/types.h>

#include <stdbool.h>

#include "tools/flicketctl/store/record.h"

#define REPLACE_WHY_SIZE	512
#define REPLACE_WORK_SIZE	64

struct replace {
	struct record	record;
	char		work[REPLACE_WORK_SIZE]; /* a folder that leads to all
						  * new files, as in stores/ */
	bool		staged;		/* there is something to be removed */
	bool		prepared;	/* records are written */
	bool		decided;
	char		why[REPLACE_WHY_SIZE];	/* of the last failure */
};

enum replace_need {
	REPLACE_NO,		/* rename(2) moves stores/ with all in it */
	REPLACE_YES,
	REPLACE_REFUSED		/* something else is mounted: r->why */
};

/* Whether stores/ of the working folder has to be replaced in place. */
enum replace_need	replace_is_needed(struct replace *);

/*
 * Before the stores are locked: make the folders of stores that are not there,
 * and have their names on disk.
 * Functions that return bool: false leaves the reason in r->why.
 */
bool	replace_enter(struct replace *);

/*
 * After that: remove what killed runs left, and make r->work. `what` does it;
 * `keeps`: the old files stay in r->record.aside of each folder.
 */
bool	replace_begin(struct replace *, const char *what, bool keeps);

/*
 * Have all below r->work on disk. If root does it: as files of each folder's
 * owner, or of the given one, where root owns the folder.
 */
bool	replace_finish(struct replace *, uid_t, gid_t);

/* Write the records. From here on no service opens a store. */
bool	replace_prepare(struct replace *);

/*
 * Decide, and put the new files in place. False with r->decided:
 * replace_resume() has to be called again, as the disk failed in the middle.
 */
bool	replace_commit(struct replace *);

/* Remove what was made, unless it is decided. */
void	replace_abandon(struct replace *);

/* --- runs that were interrupted ------------------------------------------- */

enum replace_resumed {
	REPLACE_NOTHING, /* none was */
	REPLACE_UNDONE,	 /* the old files are in place */
	REPLACE_DONE,	 /* the new ones */
	REPLACE_STUCK	 /* r->why */
};

/* Bring an interrupted replacement to its end; r->record tells which it was. */
enum replace_resumed	replace_resume(struct replace *);

/* The end of "a NAME that was interrupted is ", for UNDONE and DONE. */
const char	*replace_outcome(enum replace_resumed);

/*
 * Remove what other killed runs left in the folders, before they were decided;
 * false if a store is in use.
 */
bool	replace_tidy(struct replace *);

/* Whether there is one; `ret`: the folder that has its record. */
bool	replace_is_pending(const char **ret);

/*
 * Whether a name in a folder of stores/ is not one of its files: it stays
 * there.
 */
bool	replace_passes_over(const char *name);

#endif
