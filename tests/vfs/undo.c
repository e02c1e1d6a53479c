/*
 * What was not synced. The page cache outlives a process that is killed, a
 * power failure empties it: so before each change to a file what it changes is
 * recorded, and a sync removes the records of the file. A test that killed
 * everything applies some of the records that are left, and sees a disk as it
 * may be after a power failure (tests/system/disk.py).
 *
 * Records of bytes are in FAULTY_UNDO/data.INODE: offset, length, the file's
 * size before (64 bits each) and the bytes. Records of names are lines of
 * dir.INODE of the folder, each with the time before it: "C name", "R from to",
 * "X from to" of two that changed places, "U name kept", where kept is a second
 * name, in FAULTY_UNDO, of what was removed, "D name inode" of a folder that was
 * removed. A rename over a file that is there is a removal first. What goes from
 * one folder to another is "G id name" of the one and "A id name" of the other.
 *
 * System calls are made directly, as the C library's are ours (files.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "faulty.h"

struct record {
	int64_t	offset;
	int64_t	len;
	int64_t	size;
};

static struct {
	pthread_once_t	 once;
	pthread_mutex_t	 mutex;
	const char	*root;
	int		 folder;	/* -1: nothing is recorded */
	int		 lock;		/* against other processes */
} undo = { PTHREAD_ONCE_INIT, PTHREAD_MUTEX_INITIALIZER, NULL, -1, -1 };

static int
sys_open(int folder, const char *path, int flags)
{
	return (int)syscall(SYS_openat, folder, path, flags | O_CLOEXEC, 0600);
}

static void
must(bool ok, const char *what)
{
	static const char	who[] = "faulty: undo: ";

	if (ok)
		return;
	(void)syscall(SYS_write, 2, who, sizeof(who) - 1);
	(void)syscall(SYS_write, 2, what, strlen(what));
	(void)syscall(SYS_write, 2, "\n", 1);
	abort();
}

static void
start(void)
{
	const char	*path = getenv("FAULTY_UNDO");

	undo.root = getenv("FAULTY_ROOT");
	if (path == NULL || undo.root == NULL)
		return;
	undo.folder = sys_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY);
	must(undo.folder != -1, path);
	undo.lock = sys_open(undo.folder, "lock", O_RDWR | O_CREAT);
	must(undo.lock != -1, "lock");
}

void
undo_lock(void)
{
	pthread_once(&undo.once, start);
	if (undo.folder == -1)
		return;
	pthread_mutex_lock(&undo.mutex);
	must(flock(undo.lock, LOCK_EX) == 0, "lock");
}

void
undo_unlock(void)
{
	int	kept = errno;

	if (undo.folder == -1)
		return;
	must(flock(undo.lock, LOCK_UN) == 0, "unlock");
	pthread_mutex_unlock(&undo.mutex);
	errno = kept;
}

/* --- bytes ------------------------------------------------------------------------- */

/* Whether it is a file whose bytes are to last. */
static bool
is_kept(int fd, struct stat *ret)
{
	char	path[PATH_MAX];
	size_t	len = undo.folder == -1 ? 0 : strlen(undo.root);

	if (undo.folder == -1 || fstat(fd, ret) == -1 ||
	    (!S_ISREG(ret->st_mode) && !S_ISDIR(ret->st_mode)) ||
	    !path_of(fd, path, sizeof(path)) ||
	    strncmp(path, undo.root, len) != 0)
		return false;
	len = strlen(path);
	return len < 4 || strcmp(path + len - 4, "-shm") != 0;
}

static void
append(const char *name, const void *bytes, size_t len)
{
	int	fd = sys_open(undo.folder, name, O_WRONLY | O_CREAT | O_APPEND);

	must(fd != -1 && syscall(SYS_write, fd, bytes, len) == (long)len,
	    name);
	(void)syscall(SYS_close, fd);
}

/* Bytes from offset on, as far as there are any. */
static void
record_bytes(int fd, const struct stat *st, off_t offset, size_t len)
{
	char		 name[40], path[32], *bytes;
	struct record	 r = { offset, 0, st->st_size };
	int		 from;

	if (offset < st->st_size)
		r.len = st->st_size - offset < (off_t)len ?
		    st->st_size - offset : (off_t)len;
	bytes = malloc(sizeof(r) + (size_t)r.len);
	must(bytes != NULL, "memory");
	memcpy(bytes, &r, sizeof(r));
	/* fd may be open for writing only */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	from = r.len == 0 ? -1 : sys_open(AT_FDCWD, path, O_RDONLY);
	must(r.len == 0 || (from != -1 && syscall(SYS_pread64, from,
	    bytes + sizeof(r), (size_t)r.len, offset) == r.len), "read");
	if (from != -1)
		(void)syscall(SYS_close, from);
	snprintf(name, sizeof(name), "data.%llu",
	    (unsigned long long)st->st_ino);
	append(name, bytes, sizeof(r) + (size_t)r.len);
	free(bytes);
}

void
undo_write(int fd, off_t offset, size_t len)
{
	struct stat	st;

	if (is_kept(fd, &st) && S_ISREG(st.st_mode))
		record_bytes(fd, &st, offset, len);
}

void
undo_truncate(int fd, off_t size)
{
	struct stat	st;

	if (is_kept(fd, &st) && S_ISREG(st.st_mode))
		record_bytes(fd, &st, size, size < st.st_size ?
		    (size_t)(st.st_size - size) : 0);
}

bool
undo_sync(int fd)
{
	struct stat	st;
	char		name[40];
	bool		is;

	undo_lock();
	is = is_kept(fd, &st);
	if (is) {
		snprintf(name, sizeof(name), "%s.%llu",
		    S_ISDIR(st.st_mode) ? "dir" : "data",
		    (unsigned long long)st.st_ino);
		(void)syscall(SYS_unlinkat, undo.folder, name, 0);
	}
	undo_unlock();
	return is;
}

/* --- names ------------------------------------------------------------------------- */

/* Open the folder that a path is in; -1 if it is none of those that last. */
static int
open_parent(int folder, const char *path, const char **ret_name,
    struct stat *ret)
{
	char		 parent[PATH_MAX];
	const char	*slash = strrchr(path, '/');
	int		 fd;

	if (undo.folder == -1)
		return -1;
	*ret_name = slash == NULL ? path : slash + 1;
	if (slash == NULL)
		snprintf(parent, sizeof(parent), ".");
	else
		snprintf(parent, sizeof(parent), "%.*s",
		    slash == path ? 1 : (int)(slash - path), path);
	fd = sys_open(folder, parent, O_RDONLY | O_DIRECTORY);
	if (fd != -1 && !is_kept(fd, ret)) {
		(void)syscall(SYS_close, fd);
		fd = -1;
	}
	return fd;
}

#define LINE_SIZE	(2 * NAME_MAX + 80)

/* Write a line for a folder; the lock makes the times grow. */
static void
record_name(const struct stat *folder, const char *line)
{
	char		name[40], timed[LINE_SIZE + 24];
	struct timespec	now;
	int		len;

	snprintf(name, sizeof(name), "dir.%llu",
	    (unsigned long long)folder->st_ino);
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	len = snprintf(timed, sizeof(timed), "%lld%09ld %s\n",
	    (long long)now.tv_sec, now.tv_nsec, line);
	append(name, timed, (size_t)len);
}

void
undo_create(int folder, const char *path)
{
	char		 line[LINE_SIZE];
	const char	*name;
	struct stat	 st;
	int		 fd = open_parent(folder, path, &name, &st);

	if (fd == -1)
		return;
	snprintf(line, sizeof(line), "C %s", name);
	record_name(&st, line);
	(void)syscall(SYS_close, fd);
}

void
undo_unlink(int folder, const char *path)
{
	static unsigned	 count;
	char		 line[LINE_SIZE], kept[64];
	const char	*name;
	struct stat	 st, removed;
	int		 fd = open_parent(folder, path, &name, &st);

	if (fd == -1)
		return;
	snprintf(kept, sizeof(kept), "kept.%ld.%u", (long)getpid(), count++);
	if (linkat(fd, name, undo.folder, kept, 0) == 0) {
		snprintf(line, sizeof(line), "U %s %s", name, kept);
		record_name(&st, line);
	} else if (fstatat(fd, name, &removed, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISDIR(removed.st_mode)) {
		snprintf(line, sizeof(line), "D %s %llu", name,
		    (unsigned long long)removed.st_ino);
		record_name(&st, line);
	}
	(void)syscall(SYS_close, fd);
}

static void
record_move(const struct stat *from_folder, const char *from,
    const struct stat *to_folder, const char *to)
{
	static unsigned	count;
	char		line[LINE_SIZE];

	snprintf(line, sizeof(line), "G %ld.%u %s", (long)getpid(), count,
	    from);
	record_name(from_folder, line);
	snprintf(line, sizeof(line), "A %ld.%u %s", (long)getpid(), count++,
	    to);
	record_name(to_folder, line);
}

/* "R from to" or "X from to" of the folder that both names are in. */
static void
record_rename(char what, int from_folder, const char *from, int to_folder,
    const char *to)
{
	char		 line[LINE_SIZE];
	const char	*from_name, *to_name;
	struct stat	 st, to_st;
	int		 a = open_parent(from_folder, from, &from_name, &st);
	int		 b = open_parent(to_folder, to, &to_name, &to_st);

	if (a != -1 && b != -1 && st.st_ino == to_st.st_ino) {
		snprintf(line, sizeof(line), "%c %s %s", what, from_name,
		    to_name);
		record_name(&st, line);
	} else if (a != -1 && b != -1) {
		must(what == 'R', "two folders exchange names");
		record_move(&st, from_name, &to_st, to_name);
	}
	if (a != -1)
		(void)syscall(SYS_close, a);
	if (b != -1)
		(void)syscall(SYS_close, b);
}

void
undo_rename(int from_folder, const char *from, int to_folder, const char *to)
{
	undo_unlink(to_folder, to);
	record_rename('R', from_folder, from, to_folder, to);
}

void
undo_renamed(int from_folder, const char *from, int to_folder, const char *to,
    bool exchanged)
{
	record_rename(exchanged ? 'X' : 'R', from_folder, from, to_folder, to);
}
