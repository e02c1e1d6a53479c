/* Files that are read. */
#include "services/files/serve.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>

/* O_NONBLOCK: a named pipe must not make the thread wait. */
int
serve_open(const struct dir *d, struct text name, int64_t *ret_size)
{
	char		path[DIR_NAME_SIZE];
	struct stat	st;
	int		fd;

	if (!dir_is_name(name))
		return -1;
	memcpy(path, name.base, name.len);
	path[name.len] = '\0';
	fd = dir_open(d, path, O_RDONLY | O_NONBLOCK);
	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) {
		close(fd);
		return -1;
	}
	*ret_size = st.st_size;
	return fd;
}

enum err
serve_piece(const struct dir *d, struct text name, int64_t offset,
    int64_t limit, struct buf *to)
{
	int64_t	size;
	ssize_t	n;
	int	fd = serve_open(d, name, &size);

	if (fd == -1)
		return ERR_NOT_FOUND;
	buf_reserve(to, (size_t)limit);
	n = pread(fd, to->base + to->len, (size_t)limit, offset);
	close(fd);
	if (n == -1)
		return dir_error("cannot be read");
	to->len += (size_t)n;
	return OK;
}

/* A file that is shorter than it was ends earlier. */
static bool
read_bytes(int fd, int64_t size, struct buf *to)
{
	size_t	left = (size_t)size;
	ssize_t	n = 1;

	buf_reserve(to, left);
	while (left > 0 && (n = read(fd, to->base + to->len, left)) > 0) {
		to->len += (size_t)n;
		left -= (size_t)n;
	}
	return n != -1;
}

enum err
serve_whole(const struct dir *d, struct text name, struct buf *to)
{
	int64_t		size;
	enum err	e = OK;
	int		fd = serve_open(d, name, &size);

	if (fd == -1)
		return ERR_NOT_FOUND;
	if (size > d->piece_most)
		e = ERR_NOT_FOUND;
	else if (!read_bytes(fd, size, to))
		e = dir_error("cannot be read");
	close(fd);
	return e;
}
