/*
 * What programs and SQLite ask the C library for. Calls about files under
 * FAULTY_ROOT leave records of what they undo (undo.c); those about files in
 * the folders of uploads and pictures fail when they are told to. Stores fail
 * in the VFS, as SQLite's own tests let them. The system calls themselves are
 * made directly.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "faulty.h"

/* --- which files ------------------------------------------------------------- */

/*
 * Files of clients, what backups and restores are made of, and the locks of
 * stores, which tell whether their file system takes writes.
 */
static bool
is_file_of_ours(const char *path)
{
	const char	*name = strrchr(path, '/');

	return (name != NULL && strcmp(name, "/lock") == 0) ||
	    strstr(path, "/post/files") != NULL ||
	    strstr(path, "/user/avatars") != NULL ||
	    strstr(path, ".partial") != NULL ||
	    strstr(path, "/.restore-") != NULL ||
	    strstr(path, "/.flicket-") != NULL;
}

static int
fault_fd(enum kind kind, int fd)
{
	char	path[PATH_MAX];

	if (!path_of(fd, path, sizeof(path)) || !is_file_of_ours(path))
		return 0;
	return fault(kind, path);
}

/* Of a path relative to a folder. */
static int
fault_at(enum kind kind, int folder, const char *path)
{
	char	whole[2 * PATH_MAX];
	size_t	len = 0;

	if (path[0] != '/' && folder != AT_FDCWD &&
	    path_of(folder, whole, PATH_MAX)) {
		len = strlen(whole);
		whole[len++] = '/';
	} else if (path[0] != '/')
		whole[len++] = '/';
	snprintf(whole + len, PATH_MAX, "%s", path);
	return is_file_of_ours(whole) ? fault(kind, whole) : 0;
}

static bool
has_failed(int error)
{
	if (error != 0)
		errno = error;
	return error != 0;
}

/* The C library calls its parameters what only it may.
 * NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */

/* --- bytes ----------------------------------------------------------------------- */

ssize_t
pwrite64(int fd, const void *from, size_t len, off_t offset)
{
	int	error = fault_fd(WRITE, fd);
	ssize_t	n;

	if (error != 0 && len > 1 && error != EROFS)
		len /= 2;	/* as far as there is room */
	else if (has_failed(error))
		return -1;
	undo_lock();
	undo_write(fd, offset, len);
	n = syscall(SYS_pwrite64, fd, from, len, offset);
	undo_unlock();
	return has_failed(error) ? -1 : n;
}

ssize_t
pwrite(int fd, const void *from, size_t len, off_t offset)
{
	return pwrite64(fd, from, len, offset);
}

ssize_t
write(int fd, const void *from, size_t len)
{
	off_t	offset;
	ssize_t	n;

	/* pipes and logs have nothing to be undone */
	if (has_failed(fault_fd(WRITE, fd)))
		return -1;
	offset = lseek(fd, 0, SEEK_CUR);
	if (offset == -1)
		return syscall(SYS_write, fd, from, len);
	undo_lock();
	undo_write(fd, offset, len);
	n = syscall(SYS_write, fd, from, len);
	undo_unlock();
	return n;
}

ssize_t
pread64(int fd, void *to, size_t len, off_t offset)
{
	if (has_failed(fault_fd(READ, fd)))
		return -1;
	return syscall(SYS_pread64, fd, to, len, offset);
}

ssize_t
pread(int fd, void *to, size_t len, off_t offset)
{
	return pread64(fd, to, len, offset);
}

ssize_t
read(int fd, void *to, size_t len)
{
	if (has_failed(fault_fd(READ, fd)))
		return -1;
	return syscall(SYS_read, fd, to, len);
}

int
ftruncate64(int fd, off_t size)
{
	int	result;

	if (has_failed(fault_fd(TRUNCATE, fd)))
		return -1;
	undo_lock();
	undo_truncate(fd, size);
	result = (int)syscall(SYS_ftruncate, fd, size);
	undo_unlock();
	return result;
}

int
ftruncate(int fd, off_t size)
{
	return ftruncate64(fd, size);
}

static bool
is_folder(int fd)
{
	struct stat	st;

	return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
}

int
fsync(int fd)
{
	if (has_failed(fault_fd(SYNC, fd)) ||
	    (is_folder(fd) && has_failed(fault_fd(FOLDER, fd))))
		return -1;
	return undo_sync(fd) ? 0 : (int)syscall(SYS_fsync, fd);
}

int
fdatasync(int fd)
{
	if (has_failed(fault_fd(SYNC, fd)))
		return -1;
	return undo_sync(fd) ? 0 : (int)syscall(SYS_fdatasync, fd);
}

/* --- names ------------------------------------------------------------------------- */

static int
open_at(int folder, const char *path, int flags, mode_t mode)
{
	int	fd;
	bool	made;

	if (has_failed(fault_at(OPEN, folder, path)))
		return -1;
	if ((flags & O_CREAT) == 0)
		return (int)syscall(SYS_openat, folder, path, flags, mode);
	undo_lock();
	made = faccessat(folder, path, F_OK, AT_SYMLINK_NOFOLLOW) == -1;
	if (made)
		undo_create(folder, path);
	fd = (int)syscall(SYS_openat, folder, path, flags, mode);
	undo_unlock();
	return fd;
}

static mode_t
mode_of(int flags, va_list ap)
{
	return (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(ap, mode_t) : 0;
}

#define OPEN_AT(name) \
int \
name(int folder, const char *path, int flags, ...) \
{ \
	va_list	ap; \
	mode_t	mode; \
\
	va_start(ap, flags); \
	mode = mode_of(flags, ap); \
	va_end(ap); \
	return open_at(folder, path, flags, mode); \
}

#define OPEN_PATH(name) \
int \
name(const char *path, int flags, ...) \
{ \
	va_list	ap; \
	mode_t	mode; \
\
	va_start(ap, flags); \
	mode = mode_of(flags, ap); \
	va_end(ap); \
	return open_at(AT_FDCWD, path, flags, mode); \
}

OPEN_AT(openat)
OPEN_AT(openat64)
OPEN_PATH(open)
OPEN_PATH(open64)

int
renameat(int from_folder, const char *from, int to_folder, const char *to)
{
	int	result;

	if (has_failed(fault_at(RENAME, from_folder, from)))
		return -1;
	undo_lock();
	undo_rename(from_folder, from, to_folder, to);
	result = (int)syscall(SYS_renameat2, from_folder, from, to_folder, to,
	    0);
	undo_unlock();
	return result;
}

int
rename(const char *from, const char *to)
{
	return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

/* A file that goes to or from what is ours. */
static int
fault_rename(int from_folder, const char *from, int to_folder, const char *to)
{
	int	error = fault_at(RENAME, from_folder, from);

	return error != 0 ? error : fault_at(RENAME, to_folder, to);
}

/* Of two names that change places, and of one that must not be there yet. */
int
renameat2(int from_folder, const char *from, int to_folder, const char *to,
    unsigned flags)
{
	int	error = fault_rename(from_folder, from, to_folder, to);
	int	result;

	if (error != POWER_FAILS && has_failed(error))
		return -1;
	undo_lock();
	result = (int)syscall(SYS_renameat2, from_folder, from, to_folder, to,
	    flags);
	if (result == 0)
		undo_renamed(from_folder, from, to_folder, to,
		    (flags & RENAME_EXCHANGE) != 0);
	undo_unlock();
	if (result == 0 && error == POWER_FAILS)
		raise(SIGKILL);
	return result;
}

int
unlinkat(int folder, const char *path, int flags)
{
	int	result;

	if (has_failed(fault_at(DELETE, folder, path)))
		return -1;
	undo_lock();
	undo_unlink(folder, path);
	result = (int)syscall(SYS_unlinkat, folder, path, flags);
	undo_unlock();
	return result;
}

int
unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

int
mkdirat(int folder, const char *path, mode_t mode)
{
	int	result;

	undo_lock();
	if (faccessat(folder, path, F_OK, AT_SYMLINK_NOFOLLOW) == -1)
		undo_create(folder, path);
	result = (int)syscall(SYS_mkdirat, folder, path, mode);
	undo_unlock();
	return result;
}

int
mkdir(const char *path, mode_t mode)
{
	return mkdirat(AT_FDCWD, path, mode);
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
