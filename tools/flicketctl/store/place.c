/* The new files of a folder take the place of its old ones. */
#include "tools/flicketctl/store/place.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/durable.h"
#include "tools/flicketctl/store/tree.h"

#define OURS ".flicket-"
#define NEW  OURS "new-"
#define OLD  OURS "old-"
#define KEPT ".before-"

typedef bool selects_fn(
    const struct record *, const char *folder, const char *name);

bool
place_passes_over(const char *name)
{
	return strncmp(name, OURS, strlen(OURS)) == 0 ||
	    strncmp(name, KEPT, strlen(KEPT)) == 0 ||
	    strcmp(name, "lost+found") == 0;
}

static void
name_new(const struct record *r, char ret[40])
{
	snprintf(ret, 40, NEW "%s", r->id);
}

static void
name_old(const struct record *r, char ret[40])
{
	snprintf(ret, 40, OLD "%s", r->id);
}

void
place_path(
    const struct record *r, const char *folder, char ret[PLACE_PATH_SIZE])
{
	snprintf(ret, PLACE_PATH_SIZE, "%s/" NEW "%s", folder, r->id);
}

static int
open_folder(int at, const char *path, int flags)
{
	return openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags);
}

static bool
is_there(int fd, const char *name)
{
	return faccessat(fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Close a descriptor and keep errno. */
static bool
closed(int fd, bool ok)
{
	int	error = errno;

	if (fd != -1)
		close(fd);
	errno = error;
	return ok;
}

bool
place_make(const struct record *r, const char *folder)
{
	int	fd = open_folder(AT_FDCWD, folder, 0);
	char	name[40];
	bool	ok = fd != -1;

	name_new(r, name);
	ok = ok && mkdirat(fd, name, 0700) == 0;
	name_old(r, name);
	ok = ok && mkdirat(fd, name, 0700) == 0;
	return closed(fd, ok);
}

/* --- on disk --------------------------------------------------------------- */

/* Whose the files of a folder are to be. */
static void
find_owner(const struct stat *st, uid_t *uid, gid_t *gid)
{
	if (st->st_uid == 0)
		return;
	*uid = st->st_uid;
	*gid = st->st_gid;
}

/* Give a file of the folder away, if it is there; "." is the folder. */
static bool
give(int fd, const char *name, uid_t uid, gid_t gid)
{
	return geteuid() != 0 ||
	    fchownat(fd, name, uid, gid, AT_SYMLINK_NOFOLLOW) == 0 ||
	    errno == ENOENT;
}

static bool
finish_in(int fd, const struct record *r, const char *folder, uid_t uid,
    gid_t gid, struct buf *ret_path)
{
	struct stat	st;
	char		old[40], path[PLACE_PATH_SIZE];

	if (fstat(fd, &st) == -1)
		return false;
	find_owner(&st, &uid, &gid);
	name_old(r, old);
	place_path(r, folder, path);
	if (!tree_finish(path, uid, gid, ret_path))
		return false;
	ret_path->len = 0;
	buf_put_text(ret_path, folder);
	buf_put_byte(ret_path, '\0');
	return give(fd, old, uid, gid) && give(fd, "lock", uid, gid) &&
	    give(fd, ".", uid, gid) && folder_sync_fd(fd);
}

bool
place_finish(const struct record *r, const char *folder, uid_t uid, gid_t gid,
    struct buf *ret_path)
{
	int	fd = open_folder(AT_FDCWD, folder, 0);

	ret_path->len = 0;
	buf_put_text(ret_path, folder);
	buf_put_byte(ret_path, '\0');
	return closed(
	    fd, fd != -1 && finish_in(fd, r, folder, uid, gid, ret_path));
}

/* --- moved ------------------------------------------------------------------ */

/* Whether it is a folder of the replacement on its own, below this one. */
static bool
is_part_below(const struct record *r, const char *folder, const char *name)
{
	char	path[PLACE_PATH_SIZE];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	for (int i = 0; i < RECORD_PARTS; i++)
		if ((r->parts >> i & 1) != 0 &&
		    strcmp(record_parts[i], path) == 0)
			return true;
	return false;
}

/*
 * A store's lock is held, and what holds it has to be found by services. Files
 * of uploads may have any name.
 */
static bool
is_held_lock(const char *folder, const char *name)
{
	return strcmp(name, "lock") == 0 &&
	    strchr(strchr(folder, '/') + 1, '/') == NULL;
}

static bool
is_old(const struct record *r, const char *folder, const char *name)
{
	return !place_passes_over(name) && !is_held_lock(folder, name) &&
	    !is_part_below(r, folder, name);
}

static bool
is_any(const struct record *r, const char *folder, const char *name)
{
	(void)r;
	(void)folder;
	(void)name;
	return true;
}

static bool
is_dot(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Move what is selected; *ret_count grows by as many. */
static bool
move_once(DIR *dir, int to, const struct record *r, const char *folder,
    selects_fn *selects, int *ret_count)
{
	struct dirent	*e;

	while ((errno = 0, e = readdir(dir)) != NULL) {
		if (is_dot(e->d_name) || !selects(r, folder, e->d_name))
			continue;
		if (renameat2(dirfd(dir), e->d_name, to, e->d_name, 0) == -1)
			return false;
		(*ret_count)++;
	}
	return errno == 0;
}

/*
 * Move all that is selected from one folder to another. A folder that changes
 * while it is read may not show all: so it is read until nothing is left.
 */
static bool
move_all(int from, int to, const struct record *r, const char *folder,
    selects_fn *selects)
{
	int	 fd = dup(from), count, error;
	DIR	*dir = fd == -1 ? NULL : fdopendir(fd);
	bool	 ok = dir != NULL;

	do {
		count = 0;
		if (ok)
			rewinddir(dir);
		ok = ok && move_once(dir, to, r, folder, selects, &count);
	} while (ok && count > 0);
	error = errno;
	if (dir != NULL)
		closedir(dir);
	errno = error;
	return ok && folder_sync_fd(to) && folder_sync_fd(from);
}

/* That the old files are all aside is said by the name of their folder. */
static bool
move_old(int fd, const struct record *r, const char *folder)
{
	char	name[40];
	int	to;
	bool	ok;

	if (is_there(fd, r->aside))
		return true;
	name_old(r, name);
	to = open_folder(fd, name, O_NOFOLLOW);
	ok = to != -1 && move_all(fd, to, r, folder, is_old) &&
	     renameat2(fd, name, fd, r->aside, 0) == 0 && folder_sync_fd(fd);
	return closed(to, ok);
}

static bool
move_new(int fd, const struct record *r, const char *folder)
{
	char	name[40];
	int	from;
	bool	ok;

	name_new(r, name);
	from = open_folder(fd, name, O_NOFOLLOW);
	if (from == -1 && errno == ENOENT)
		return true; /* they are in place */
	ok = from != -1 && move_all(from, fd, r, folder, is_any) &&
	     unlinkat(fd, name, AT_REMOVEDIR) == 0 && folder_sync_fd(fd);
	return closed(from, ok);
}

bool
place_switch(const struct record *r, const char *folder)
{
	int	fd = open_folder(AT_FDCWD, folder, 0);
	bool	ok;

	ok = fd != -1 && move_old(fd, r, folder) && move_new(fd, r, folder);
	return closed(fd, ok);
}

/* --- ended ----------------------------------------------------------------- */

static void
remove_below(const char *folder, const char *name)
{
	struct buf	path = { 0 };
	int		error = errno;

	buf_printf(&path, "%s/%s", folder, name);
	buf_put_byte(&path, '\0');
	tree_remove(path.base, NULL);
	buf_done(&path);
	errno = error;
}

bool
place_end(const struct record *r, const char *folder)
{
	if (!record_remove(folder))
		return false;
	if (!r->keeps)
		remove_below(folder, r->aside);
	return true;
}

bool
place_undo(const struct record *r, const char *folder)
{
	char	name[40];

	if (!record_remove(folder) && errno != ENOENT)
		return false;
	name_new(r, name);
	remove_below(folder, name);
	name_old(r, name);
	remove_below(folder, name);
	return true;
}

/*
 * Old files are there if a replacement was given up that had moved some: they
 * stay.
 */
static bool
keep_old(int fd, const char *name)
{
	char	kept[sizeof(KEPT) + RECORD_ID_SIZE];

	if (strncmp(name, OLD, strlen(OLD)) != 0 ||
	    unlinkat(fd, name, AT_REMOVEDIR) == 0)
		return false;
	snprintf(kept, sizeof(kept), KEPT "%s", name + strlen(OLD));
	return renameat2(fd, name, fd, kept, 0) == 0 || errno != ENOENT;
}

void
place_clear(const char *folder)
{
	DIR		*dir = opendir(folder);
	struct dirent	*e;

	if (dir == NULL)
		return; /* it only takes up room */
	while ((e = readdir(dir)) != NULL)
		if (strncmp(e->d_name, OURS, strlen(OURS)) == 0 &&
		    !keep_old(dirfd(dir), e->d_name))
			remove_below(folder, e->d_name);
	closedir(dir);
}
