/* Writes and syncs. */
#include "base/durable.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"

bool
write_all(int fd, const void *bytes, size_t len)
{
	const char	*p = bytes;
	ssize_t		 n;

	for (; len > 0; p += n, len -= (size_t)n) {
		n = write(fd, p, len);
		if (n == -1 && errno == EINTR)
			n = 0;
		if (n == -1)
			return false;
	}
	return true;
}

bool
write_all_at(int fd, const void *bytes, size_t len, int64_t offset)
{
	const char	*p = bytes;
	ssize_t		 n;

	for (; len > 0; p += n, len -= (size_t)n, offset += n) {
		n = pwrite(fd, p, len, offset);
		if (n == -1 && errno == EINTR)
			n = 0;
		if (n == -1)
			return false;
	}
	return true;
}

bool
folder_sync_fd(int fd)
{
	return fsync(fd) == 0 || errno == EINVAL || errno == EROFS;
}

bool
folder_sync_at(int at, const char *path)
{
	int	fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), error;
	bool	ok = fd != -1 && folder_sync_fd(fd);

	error = errno;
	if (fd != -1)
		close(fd);
	errno = error;
	return ok;
}

/* --- whole files ----------------------------------------------------------- */

/* Make a file and have its bytes on disk. */
static bool
write_new_file(const char *path, const void *bytes, size_t len, mode_t mode)
{
	int	fd, error;
	bool	ok;

	(void)unlink(path);	/* an interrupted run left it */
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd == -1)
		return false;
	/* the umask does not count */
	ok = fchmod(fd, mode) == 0 && write_all(fd, bytes, len) &&
	    fsync(fd) == 0;
	error = errno;
	if (close(fd) == -1 && ok)
		return false;
	errno = error;
	return ok;
}

/* Rename, but never over a file. Not every file system has a flag for that. */
static bool
rename_to_free_name(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return true;
	return errno == EINVAL && link(from, to) == 0 && unlink(from) == 0;
}

static bool
sync_folder_of(const char *path)
{
	const char	*slash = strrchr(path, '/');
	struct buf	 folder = { 0 };
	int		 error;
	bool		 ok;

	if (slash == NULL)
		buf_put_byte(&folder, '.');
	else	/* with its slash, so that "/" is a folder, too */
		buf_put(&folder, path, (size_t)(slash - path) + 1);
	buf_put_byte(&folder, '\0');
	ok = folder_sync_at(AT_FDCWD, folder.base);
	error = errno;
	buf_done(&folder);
	errno = error;
	return ok;
}

static bool
write_whole_file(const char *path, const void *bytes, size_t len, mode_t mode,
    bool replaces)
{
	struct buf	fresh = { 0 };
	int		error;
	bool		ok;

	buf_printf(&fresh, "%s.new", path);
	buf_put_byte(&fresh, '\0');
	ok = write_new_file(fresh.base, bytes, len, mode) && (replaces ?
	    rename(fresh.base, path) == 0 :
	    rename_to_free_name(fresh.base, path));
	error = errno;
	if (!ok)
		(void)unlink(fresh.base);
	buf_done(&fresh);
	errno = error;
	return ok && sync_folder_of(path);
}

bool
file_create(const char *path, const void *bytes, size_t len, mode_t mode)
{
	return write_whole_file(path, bytes, len, mode, false);
}

bool
file_replace(const char *path, const void *bytes, size_t len, mode_t mode)
{
	return write_whole_file(path, bytes, len, mode, true);
}
