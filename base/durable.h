/*
 * Writes that outlast a power failure: all bytes of a file, and its name.
 *
 * A name is on disk when its folder was synced. Some file systems do not sync
 * folders (EINVAL; EROFS on a read-only one) and keep names all the same: there
 * a sync counts as done.
 */
#ifndef BASE_DURABLE_H
#define BASE_DURABLE_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Write all bytes, from the file's position on, or from an offset. False: errno
 * says why. They are not synced. */
bool	write_all(int fd, const void *bytes, size_t len);
bool	write_all_at(int fd, const void *bytes, size_t len, int64_t offset);

/* Have the names in an open folder on disk. False: errno says why. */
bool	folder_sync_fd(int fd);

/* The same of a folder below another one (AT_FDCWD: the current). */
bool	folder_sync_at(int at, const char *path);

/*
 * Write a file as a whole: the bytes go to PATH.new, which is synced and then
 * renamed, so a reader of the path never sees a part of it. The name is on disk
 * on return. file_create() fails with EEXIST if the path exists,
 * file_replace() takes its place. False: errno says why.
 */
bool	file_create(const char *path, const void *bytes, size_t len, mode_t);
bool	file_replace(const char *path, const void *bytes, size_t len, mode_t);

#endif
