/*
 * Paths below FLICKET_DATA, in which every process works. A store is
 * stores/NAME/NAME.db, beside the files that its rows name. Backups have the
 * same paths without "stores/".
 */
#ifndef BASE_PATHS_H
#define BASE_PATHS_H

#include <stdbool.h>

#include "base/services.h"

#define PATHS_STORES		"stores"
#define PATHS_UPLOADS		"post/files"	/* below stores/ */
#define PATHS_AVATARS		"user/avatars"
#define PATHS_ADMIN_PASSWORD	"stores/user/admin-password"
#define PATHS_DEMO		"demo.txt"	/* who can log in, and how, of
						 * a demo desk */
#define PATHS_REPLACING		".flicket-replacing"	/* in stores/NAME: its
						 * files are being replaced */

/* "stores/user/user.db", and "user/user.db". */
const char	*paths_store(enum service_id);
const char	*paths_store_below(enum service_id);

/* "stores/user" */
const char	*paths_store_folder(enum service_id);

/*
 * Whether the files of a store are being replaced, or were when that was
 * interrupted: some may be old and some new.
 */
bool		 paths_is_replaced(enum service_id);

/*
 * Make a folder and those above it, closed to other users. False: errno says
 * why. What is there already is left as it is.
 */
bool		 paths_make_folder(const char *path);

#endif
