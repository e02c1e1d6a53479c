/*
 * What a backup is: a folder with NAME/NAME.db for each service, post/files/,
 * user/avatars/, and MANIFEST.json, which names every file, its size and its
 * hash. Names of files in it are relative to it.
 */
#ifndef BACKUP_MANIFEST_H
#define BACKUP_MANIFEST_H

#include <jansson.h>
#include <stdbool.h>
#include <time.h>

#define BACKUP_FORMAT	1
#define MANIFEST	"MANIFEST.json"
#define MANIFEST_MOST	(256 << 20)	/* bytes: 1.5 million files */

#define MANIFEST_DATE_SIZE	32

/* A date as manifests have it: "2026-01-31T03:00:00Z". */
void	manifest_date(time_t, char ret[MANIFEST_DATE_SIZE]);

/* Write the manifest into a folder, and have it on disk. False after a
 * message. */
bool	manifest_write(const json_t *, const char *folder);

/*
 * Read the manifest of a backup, the folder `dir`, and see that this program
 * knows its kind and that it agrees with itself: format, date, schemas, names
 * of files, sizes. NULL after a message, which names the folder's path.
 */
json_t	*manifest_read(int dir, const char *path);

#endif
