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
	/* What was found, of which kind; what: about all of that kind. */
	void		(*found)(void *, const char *test, const char *what,
			    const char *example);
	void		*arg;
	bool		 quick;		/* SQLite's quick_check will do */

	const char	*path;		/* of the backup */
	const char	*copy;		/* a folder with the same folders in it
					 * that all is copied to; NULL */
	json_t		*manifest;	/* is the caller's afterwards */
	bool		 is_sound;	/* the stores are as they have to be:
					 * what they say can be compared */
};

/*
 * Judge a backup; nothing in it is followed that is a link, or waited for.
 * False, after a message, if it is none, or if it cannot be read or copied.
 */
bool	judge_backup(struct judge *);

/* Judge one store of a cut: its schema, its pages, its references. False, after a
 * message, if it cannot be read. *ret_sound: its schema is as it has to be. */
bool	judge_store(struct judge *, const struct cut *, enum service_id,
	    bool *ret_sound);

#endif
