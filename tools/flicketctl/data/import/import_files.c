/*
 * Uploads and avatars.
 *
 * A name from Flicket's database is only ever the name of a plain file in the
 * folder that was given: never one with a '/', never a hidden one, never a
 * link to somewhere else.
 */
#include "tools/flicketctl/data/import/import_parts.h"

#include <sys/sendfile.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/paths.h"
#include "tools/flicketctl/cli/stop.h"
#include "tools/flicketctl/store/tree.h"

#define CHUNK_BYTES	(1 << 20)

/* Below the new stores, by enum files_id. */
static const char *const folders[FILES_COUNT] = {
	[FILES_UPLOADS] = PATHS_UPLOADS,
	[FILES_AVATARS] = PATHS_AVATARS,
};

bool
files_open(struct import *im)
{
	struct files	*avatars = &im->files[FILES_AVATARS];
	int		 uploads;

	for (size_t i = 0; i < FILES_COUNT; i++) {
		struct files	*f = &im->files[i];

		if (f->option == NULL)
			continue;
		f->from = open(f->option, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (f->from == -1)
			return report_fail("--%s: %s: %s",
			    i == FILES_AVATARS ? "avatars" : "uploads",
			    f->option, strerror(errno));
	}
	uploads = im->files[FILES_UPLOADS].from;
	if (avatars->from == -1 && uploads != -1)	/* -1: is not there */
		avatars->from = openat(uploads, "../flicket_avatars",
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return true;
}

bool
files_make(struct import *im)
{
	char	path[REPLACE_WORK_SIZE + 32];

	for (size_t i = 0; i < FILES_COUNT; i++) {
		snprintf(path, sizeof(path), "%s/%s", im->work, folders[i]);
		if (mkdir(path, 0700) == 0 || errno == EEXIST)
			im->files[i].to = open(path,
			    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (im->files[i].to == -1)
			return report_fail("%s/%s: %s", im->data, path,
			    strerror(errno));
	}
	return true;
}

static bool
is_safe(const char *name)
{
	return name[0] != '.' && strchr(name, '/') == NULL;
}

static bool
miss(struct files *f, struct row *row, const char *why)
{
	char	quoted[QUOTE_SIZE], *line;

	if (f->missing++ >= MISSING_SHOWN)
		return true;
	text_quote(quoted, row->file_to, strlen(row->file_to));
	CHECK(asprintf(&line, "%s (%s %s): %s", quoted, row->kind->one,
	    row_label(row).base, why) != -1);
	f->shown[f->missing - 1] = line;
	return true;
}

/* The dates are copied, too: browsers ask by the date of the last change. */
static bool
copy_bytes(struct row *row, int from, int to, const struct stat *st)
{
	const struct timespec	times[2] = { st->st_atim, st->st_mtim };
	ssize_t			n;

	do {
		if (stop_asked())
			return report_fail("stopped");
		n = sendfile(to, from, NULL, CHUNK_BYTES);
	} while (n > 0);
	if (n == -1 || futimens(to, times) == -1)
		return report_fail("%s: cannot be copied: %s", row->file_to,
		    strerror(errno));
	return true;
}

/* Two rows may name one file: it is copied, and counted, once. */
static bool
copy_opened(struct files *f, struct row *row, int from)
{
	struct stat	st;
	int		to;
	bool		ok;

	if (fstat(from, &st) == -1)
		return report_fail("%s: %s", row->file_to, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return miss(f, row, "not a file");
	to = openat(f->to, row->file_to, O_WRONLY | O_CREAT | O_EXCL |
	    O_CLOEXEC, 0600);
	if (to == -1 && errno == EEXIST)
		return true;
	if (to == -1 && errno == ENAMETOOLONG)
		return miss(f, row, strerror(errno));
	if (to == -1)
		return report_fail("%s/%s: cannot be made: %s",
		    folders[row->files], row->file_to, strerror(errno));
	ok = copy_bytes(row, from, to, &st);
	f->copied += ok;
	close(to);
	return ok;
}

/* Whether an error is about the file, and not about the machine. */
static bool
is_about_the_file(int error)
{
	return error == ENOENT || error == EACCES || error == ELOOP ||
	    error == ENAMETOOLONG || error == ENXIO || error == EPERM;
}

bool
files_copy(struct row *row)
{
	struct files	*f;
	int		 from;
	bool		 ok;

	if (row->files == FILES_NONE)
		return true;
	f = &row->im->files[row->files];
	if (!is_safe(row->file_from) || !is_safe(row->file_to)) {
		f->refused++;
		report_row(row, 0, "its file is not copied: the name has a "
		    "'/' or begins with '.'");
		return true;
	}
	if (f->from == -1) {
		f->left++;
		return true;
	}
	/* O_NONBLOCK: a named pipe must not make the import wait. */
	from = openat(f->from, row->file_from, O_RDONLY | O_NOFOLLOW |
	    O_NONBLOCK | O_CLOEXEC);
	if (from == -1 && is_about_the_file(errno))
		return miss(f, row, strerror(errno));
	if (from == -1)
		return report_fail("%s: %s", row->file_to, strerror(errno));
	ok = copy_opened(f, row, from);
	close(from);
	return ok;
}

bool
files_finish(const char *path, uid_t uid, gid_t gid)
{
	struct buf	failed = { 0 };
	bool		ok;

	ok = tree_finish(path, uid, gid, &failed) ||
	    report_fail("%s: %s", failed.base, strerror(errno));
	buf_done(&failed);
	return ok;
}
