/*
 * One folder of a replacement (replace.h): its new files, in a folder in it,
 * change places with its old ones. Every step can be done again by another
 * process after it was killed. False: errno says why.
 */
#ifndef STORE_PLACE_H
#define STORE_PLACE_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "tools/flicketctl/store/record.h"

#define PLACE_PATH_SIZE	128

/* Where the new files of a folder are made. */
void	place_path(const struct record *, const char *folder,
	    char ret[PLACE_PATH_SIZE]);

/* Make that folder, and one for the old files. */
bool	place_make(const struct record *, const char *folder);

/*
 * Have the new files on disk. If root does it, they and the folder get the
 * folder's owner, or the given one, if that is root. *ret_path, which the
 * caller frees, is what failed.
 */
bool	place_finish(const struct record *, const char *folder, uid_t, gid_t,
    struct buf *ret_path);

/* Move the old files aside and the new ones in, as far as it is not done. */
bool	place_switch(const struct record *, const char *folder);

/* The rest: the record, then old files that are not kept. */
bool	place_end(const struct record *, const char *folder);

/* Remove the record and the new files. */
bool	place_undo(const struct record *, const char *folder);

/* Remove what killed runs left in a folder without a record. */
void	place_clear(const char *folder);

/* Whether a name in a folder is not one of its files, but ours or mkfs's. */
bool	place_passes_over(const char *name);

#endif
