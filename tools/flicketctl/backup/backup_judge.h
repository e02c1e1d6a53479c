/*
 * Whether a folder is a backup that can be restored. `verify` and `restore`
 * both ask here: what one calls good the other takes, and what one refuses the
 * other refuses in the same words.
 */
#ifndef BACKUP_BACKUP_JUDGE_H
#define BACKUP_BACKUP_JUDGE_H

#include <jansson.h>

#include "tools/flicketctl/backup/backup_cut.h"

struct judge {
	/*
	 * Called for each finding: its kind, a title for all of that kind, and
	 * this one.
	 */
	void		(*found)(void *, const char *test, const char *what,
			    const char *example);
	void		*arg;
	bool		 quick;		/* quick_check, not integrity_check */

	const char	*path;		/* of the backup */
	const char	*copy;		/* a folder to copy all files to, with
					 * the same folders in it; or NULL */
	json_t		*manifest;	/* the caller frees it */
	bool		 is_sound;	/* the schemas are right, so that
					 * contents can be compared */
};

/*
 * Judge a backup, following no link and waiting for no pipe. False, after a
 * message, if it is not a backup, or cannot be read or copied.
 */
bool	judge_backup(struct judge *);

/*
 * Judge one store of a cut: its schema, its pages, its references. False, after
 * a message, if it cannot be read. *ret_sound: whether its schema is right.
 */
bool	judge_store(struct judge *, const struct cut *, enum service_id,
	    bool *ret_sound);

#endif
