/*
 * What a backup is: a folder with NAME/NAME.db for each service,
 * post/files/, user/avatars/, and MANIFEST.json, which names every file, its
 * size and its hash. Names of files in it are relative to it.
 */
#ifndef BACKUP_BACKUP_H
#define BACKUP_BACKUP_H

#include <jansson.h>

#include "tools/flicketctl/backup/backup_cut.h"
#include "tools/flicketctl/backup/backup_files.h"

#define BACKUP_FORMAT	1
#define MANIFEST	"MANIFEST.json"

/*
 * Read the manifest of a backup, the folder `dir`, and see that it is one that
 * this program knows and that agrees with itself: format, date, schemas, names
 * of files, sizes. NULL after a message, which names the folder's path.
 */
json_t	*manifest_read(int dir, const char *path);

#endif
