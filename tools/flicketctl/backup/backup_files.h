/* Files and folders of backups: copied, hashed, brought to the disk. */
#ifndef BACKUP_BACKUP_FILES_H
#define BACKUP_BACKUP_FILES_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define HASH_TEXT_SIZE	65	/* SHA-256 in hexadecimal */

/* Folders of files that rows name, below stores/ and below a backup. */
struct backup_folder {
	const char	*path;
	const char	*names;	/* SQL: those that rows name, over a cut */
};
extern const struct backup_folder backup_folders[];	/* path NULL ends */

/* Whether a name is that of a plain file within a folder, and no hidden one. */
bool	file_is_safe(const char *name);

/* A path that does not depend on the working folder, ending in a NUL. */
void	path_absolute(struct buf *ret, const char *path);

/* mkdir -p, closed to others. */
bool	path_make(const char *path);

/*
 * Open a plain file below a folder for reading, following no link and waiting
 * for no pipe. -1: *ret_why says what is in its place, or is NULL, and errno
 * says why.
 */
int	file_open_below(int dir, const char *path, const char **ret_why);

/*
 * Read an open file to its end and return its hash and size. Unless `to` is -1,
 * it is copied there with its date, and synced. False after a message.
 */
bool	file_pass(int from, int to, const char *name,
	    char ret_hash[HASH_TEXT_SIZE], int64_t *ret_bytes);

/*
 * Copy a plain file with its date to a new file, sync that, and return its hash
 * and size. False after a message.
 */
bool	file_copy(int from_dir, const char *from, int to_dir, const char *to,
	    char ret_hash[HASH_TEXT_SIZE], int64_t *ret_bytes);

/*
 * The hash and size of a file, which is synced if `sync`. False after a
 * message.
 */
bool	file_hash(const char *path, bool sync, char ret_hash[HASH_TEXT_SIZE],
	    int64_t *ret_bytes);

/*
 * Make a folder to work in. Its marker says that it can be removed; *ret_lock,
 * a descriptor, keeps others from that until it is closed.
 */
#define FOLDER_MARKER	".flicket-unfinished"
bool	folder_begin(const char *path, int *ret_lock);
/* Remove such a folder; false if a process still works in it. */
bool	folder_clear(const char *path);
/* The same for all in the working folder whose names begin so. */
void	folder_clear_all(const char *prefix);

void	folder_remove(const char *path);

/* tree_finish() and folder_sync_at(); false after a message. */
bool	folder_finish(const char *path, uid_t, gid_t);
bool	folder_sync(const char *path);

#endif
