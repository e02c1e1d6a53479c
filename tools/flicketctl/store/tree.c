/* Whole folders. */
#include "tools/flicketctl/store/tree.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/log.h"

static FTS *
tree_open(const char *path)
{
	char	*paths[] = { (char *)path, NULL };
	FTS	*tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);

	CHECK(tree != NULL);
	return tree;
}

static bool
goes_last(const FTSENT *e, const char *last)
{
	return last != NULL && e->fts_level == 1 &&
	    strcmp(e->fts_name, last) == 0;
}

void
tree_remove(const char *path, const char *last)
{
	FTS		*tree = tree_open(path);
	FTSENT		*e;
	struct buf	 left = { 0 };

	while ((e = fts_read(tree)) != NULL) {
		if (e->fts_info == FTS_DP)
			rmdir(e->fts_accpath);
		else if (e->fts_info != FTS_D && !goes_last(e, last))
			unlink(e->fts_accpath);
	}
	fts_close(tree);
	if (last == NULL)
		return;
	buf_printf(&left, "%s/%s", path, last);
	buf_put_byte(&left, '\0');
	unlink(left.base);
	rmdir(path);
	buf_done(&left);
}

/* A file or a folder whose contents are finished. */
static bool
finish_one(const char *path, bool is_folder, uid_t uid, gid_t gid)
{
	int	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), error;
	bool	ok;

	if (fd == -1)
		return false;
	ok = (geteuid() != 0 || fchown(fd, uid, gid) == 0) &&
	    (is_folder ? folder_sync_fd(fd) : fsync(fd) == 0);
	error = errno;
	close(fd);
	errno = error;
	return ok;
}

bool
tree_finish(const char *path, uid_t uid, gid_t gid, struct buf *ret_path)
{
	FTS		*tree = tree_open(path);
	FTSENT		*e;
	const char	*failed = NULL;
	int		 error;

	while (failed == NULL && (errno = 0, e = fts_read(tree)) != NULL) {
		if (e->fts_info == FTS_D)
			continue;	/* comes again, after all in it */
		if (!finish_one(e->fts_accpath, e->fts_info == FTS_DP, uid, gid))
			failed = e->fts_path;
	}
	error = errno;
	if (failed == NULL && error != 0)
		failed = path;	/* it could not be read to its end */
	if (failed != NULL) {
		ret_path->len = 0;
		buf_put_text(ret_path, failed);
		buf_put_byte(ret_path, '\0');
	}
	fts_close(tree);
	errno = error;
	return failed == NULL;
}
