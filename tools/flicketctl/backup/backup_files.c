/* Files and folders of backups. */
#include "tools/flicketctl/backup/backup_files.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/log.h"
#include "base/paths.h"
#include "tools/flicketctl/cli/cli.h"
#include "tools/flicketctl/cli/stop.h"
#include "tools/flicketctl/store/tree.h"

#define CHUNK_BYTES	(1 << 18)

const struct backup_folder backup_folders[] = {
	{ PATHS_UPLOADS, "SELECT DISTINCT filename FROM post.uploads "
	    "WHERE filename <> ''" },
	{ PATHS_AVATARS, "SELECT DISTINCT avatar FROM user.users "
	    "WHERE avatar <> ''" },
	{ 0 }
};

bool
file_is_safe(const char *name)
{
	return name[0] != '\0' && name[0] != '.' &&
	    strchr(name, '/') == NULL && strlen(name) <= NAME_MAX;
}

void
path_absolute(struct buf *ret, const char *path)
{
	char	here[PATH_MAX];

	ret->len = 0;
	if (path[0] != '/' && getcwd(here, sizeof(here)) != NULL)
		buf_printf(ret, "%s/", here);
	buf_put_text(ret, path);
	while (ret->len > 1 && ret->base[ret->len - 1] == '/')
		ret->len--;
	buf_put_byte(ret, '\0');
}

bool
path_make(const char *path)
{
	return paths_make_folder(path) ||
	    cli_fail("%s: %s", path, strerror(errno));
}

/* --- copied and hashed ------------------------------------------------------ */

/* Read to the end. */
static bool
pass_bytes(int from, int to, const char *name, char ret_hash[HASH_TEXT_SIZE],
    int64_t *ret_bytes)
{
	crypto_hash_sha256_state	 state;
	unsigned char			 hash[crypto_hash_sha256_BYTES];
	unsigned char			*chunk = must_alloc(CHUNK_BYTES);
	ssize_t				 n;
	bool				 ok = true;

	*ret_bytes = 0;
	crypto_hash_sha256_init(&state);
	while (ok && (n = read(from, chunk, CHUNK_BYTES)) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		ok = n != -1 || cli_fail("%s: cannot be read: %s", name,
		    strerror(errno));
		if (ok && to != -1 && !write_all(to, chunk, (size_t)n))
			ok = cli_fail("%s: cannot be written: %s", name,
			    strerror(errno));
		if (ok && stop_asked())
			ok = cli_fail("stopped");
		if (!ok)
			break;
		crypto_hash_sha256_update(&state, chunk,
		    (unsigned long long)n);
		*ret_bytes += n;
	}
	free(chunk);
	crypto_hash_sha256_final(&state, hash);
	sodium_bin2hex(ret_hash, HASH_TEXT_SIZE, hash, sizeof(hash));
	return ok;
}

static bool
keep_date(int from, int to, const char *name)
{
	struct stat	st;
	struct timespec	times[2];

	if (fstat(from, &st) == 0) {
		times[0] = st.st_atim;
		times[1] = st.st_mtim;
		(void)futimens(to, times);
	}
	return fsync(to) == 0 ||
	    cli_fail("%s: cannot be written: %s", name, strerror(errno));
}

bool
file_pass(int from, int to, const char *name, char ret_hash[HASH_TEXT_SIZE],
    int64_t *ret_bytes)
{
	return pass_bytes(from, to, name, ret_hash, ret_bytes) &&
	    (to == -1 || keep_date(from, to, name));
}

/* The kind of a file, for messages. */
static const char *
kind_of(mode_t mode)
{
	return S_ISLNK(mode) ? "it is a symbolic link" :
	    S_ISFIFO(mode) ? "it is a pipe" :
	    S_ISSOCK(mode) ? "it is a socket" :
	    S_ISDIR(mode) ? "it is a folder" :
	    S_ISREG(mode) ? "it is a file" : "it is a device";
}

/* One step of a path. *ret_why as file_open_below() has it. */
static int
open_step(int dir, const char *name, bool last, const char **ret_why)
{
	struct stat	st;
	int		fd;

	*ret_why = NULL;
	/* follow no link, wait for no pipe */
	fd = openat(dir, name, (last ? 0 : O_DIRECTORY) | O_RDONLY |
	    O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd == -1 && (errno == ENOENT ||
	    fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == -1)) {
		*ret_why = errno == ENOENT ? "it is not there" : NULL;
		return -1;
	}
	if (fd != -1 && fstat(fd, &st) == -1) {
		close(fd);
		return -1;
	}
	if (fd != -1 && (last ? S_ISREG(st.st_mode) : S_ISDIR(st.st_mode)))
		return fd;
	if (fd != -1)
		close(fd);
	else if (S_ISREG(st.st_mode) && last)
		return -1;	/* errno says why */
	*ret_why = kind_of(st.st_mode);
	return -1;
}

int
file_open_below(int dir, const char *path, const char **ret_why)
{
	char	part[NAME_MAX + 1];
	size_t	len = strcspn(path, "/");
	int	fd, below;

	*ret_why = NULL;
	if (len > NAME_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (path[len] == '\0')
		return open_step(dir, path, true, ret_why);
	memcpy(part, path, len);
	part[len] = '\0';
	below = open_step(dir, part, false, ret_why);
	if (below == -1)
		return -1;
	fd = file_open_below(below, path + len + 1, ret_why);
	close(below);
	return fd;
}

bool
file_copy(int from_dir, const char *from, int to_dir, const char *to,
    char ret_hash[HASH_TEXT_SIZE], int64_t *ret_bytes)
{
	const char	*why;
	int		 in = file_open_below(from_dir, from, &why), out = -1;
	bool		 ok;

	if (in == -1)
		return cli_fail("%s: %s", from, why == NULL ?
		    strerror(errno) : why);
	out = openat(to_dir, to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	    0600);
	ok = out != -1 || cli_fail("%s: cannot be made: %s", to,
	    strerror(errno));
	ok = ok && file_pass(in, out, from, ret_hash, ret_bytes);
	if (out != -1)
		close(out);
	close(in);
	return ok;
}

bool
file_hash(const char *path, bool sync, char ret_hash[HASH_TEXT_SIZE],
    int64_t *ret_bytes)
{
	int	fd = open(path, O_RDONLY | O_CLOEXEC);
	bool	ok;

	if (fd == -1)
		return cli_fail("%s: %s", path, strerror(errno));
	ok = !sync || fsync(fd) == 0 || cli_fail("%s: %s", path,
	    strerror(errno));
	ok = ok && pass_bytes(fd, -1, path, ret_hash, ret_bytes);
	close(fd);
	return ok;
}

/* --- folders ---------------------------------------------------------------- */

/* The marker goes last: the rest of an interrupted removal is found by it. */
void
folder_remove(const char *path)
{
	tree_remove(path, FOLDER_MARKER);
}

/*
 * The process that works in a folder locks its marker. A lock ends with its
 * process; a process id might have been given to another one.
 */
static int
lock_marker(const char *path, int flags)
{
	struct buf	marker = { 0 };
	int		fd;

	buf_printf(&marker, "%s/" FOLDER_MARKER, path);
	buf_put_byte(&marker, '\0');
	fd = open(marker.base, O_RDWR | O_CLOEXEC | flags, 0600);
	buf_done(&marker);
	if (fd != -1 && flock(fd, LOCK_EX | LOCK_NB) == -1) {
		close(fd);
		fd = -1;
		errno = EWOULDBLOCK;
	}
	return fd;
}

bool
folder_begin(const char *path, int *ret_lock)
{
	*ret_lock = -1;
	if (mkdir(path, 0700) == -1)
		return cli_fail("%s: %s", path, strerror(errno));
	*ret_lock = lock_marker(path, O_CREAT);
	if (*ret_lock == -1) {
		cli_fail("%s: %s", path, strerror(errno));
		(void)rmdir(path);
	}
	return *ret_lock != -1;
}

bool
folder_clear(const char *path)
{
	int	fd = lock_marker(path, 0);

	if (fd == -1 && errno == EWOULDBLOCK)
		return false;
	if (fd == -1) {		/* killed before there was one */
		(void)rmdir(path);
		return true;
	}
	folder_remove(path);
	close(fd);
	return true;
}

void
folder_clear_all(const char *prefix)
{
	DIR		*dir = opendir(".");
	struct dirent	*e;

	if (dir == NULL)
		return;		/* they only take up room */
	while ((e = readdir(dir)) != NULL)
		if (strncmp(e->d_name, prefix, strlen(prefix)) == 0)
			folder_clear(e->d_name);
	closedir(dir);
}

bool
folder_finish(const char *path, uid_t uid, gid_t gid)
{
	struct buf	failed = { 0 };
	bool		ok;

	ok = tree_finish(path, uid, gid, &failed) ||
	    cli_fail("%s: %s", failed.base, strerror(errno));
	buf_done(&failed);
	return ok;
}

bool
folder_sync(const char *path)
{
	return folder_sync_at(AT_FDCWD, path) ||
	    cli_fail("%s: %s", path, strerror(errno));
}
