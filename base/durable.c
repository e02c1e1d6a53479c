/* Writes and syncs. */
#include "base/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

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
