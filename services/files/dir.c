/* Directories of files that rows name. */
#include "services/files/dir.h"

#include <sys/random.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/log.h"

#define PATH_SIZE	(DIR_NAME_SIZE + 64)
#define DIGITS_MOST	32

/* --- names ---------------------------------------------------------------- */

bool
dir_is_name(struct text name)
{
	return name.len > 0 && name.len <= NAME_MAX && name.base[0] != '.' &&
	    memchr(name.base, '/', name.len) == NULL &&
	    memchr(name.base, '\0', name.len) == NULL;
}

static void
path_in(const struct dir *d, const char *name, char ret[PATH_SIZE])
{
	CHECK(snprintf(ret, PATH_SIZE, "%s/%s", d->path, name) < PATH_SIZE);
}

void
dir_make_name(const struct dir *d, const char *before, const char *after,
    char ret[DIR_MADE_SIZE])
{
	size_t		letters = strlen(d->alphabet);
	unsigned char	bytes[DIGITS_MOST];
	char		digits[DIGITS_MOST + 1];

	CHECK(d->digits <= DIGITS_MOST);
	CHECK(getrandom(bytes, sizeof(bytes), 0) == sizeof(bytes));
	for (size_t i = 0; i < d->digits; i++)
		digits[i] = d->alphabet[bytes[i] % letters];
	digits[d->digits] = '\0';
	CHECK(snprintf(ret, DIR_MADE_SIZE, "%s%s%s", before, digits, after) <
	    DIR_MADE_SIZE);
}

/* Whether a name has the form of those that are made here. */
static bool
is_made_name(const struct dir *d, const char *name)
{
	return strspn(name, d->alphabet) == d->digits &&
	    name[d->digits] == '.';
}

/* --- files ---------------------------------------------------------------- */

enum err
dir_error(const char *what)
{
	log_error("file: %s: %s", what, strerror(errno));
	return ERR_STORE;
}

/*
 * The parent is synced even if the directory exists: the process that made it
 * may have been killed before it synced that.
 */
bool
dir_make(const struct dir *d)
{
	if (mkdir(d->path, 0700) == -1 && errno != EEXIST)
		return false;
	return folder_sync_at(AT_FDCWD, d->home);
}

int
dir_create(const struct dir *d, const char *name)
{
	char	path[PATH_SIZE];

	path_in(d, name, path);
	return open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

int
dir_open(const struct dir *d, const char *name, int flags)
{
	char	path[PATH_SIZE];

	path_in(d, name, path);
	return open(path, flags | O_NOFOLLOW | O_CLOEXEC);
}

void
dir_remove(const struct dir *d, const char *name)
{
	char	path[PATH_SIZE];

	path_in(d, name, path);
	if (unlink(path) == -1 && errno != ENOENT)
		log_warn("file %s cannot be removed: %s", path,
		    strerror(errno));
}

static void
remove_after_failure(const struct dir *d, const char *name)
{
	int	error = errno;

	dir_remove(d, name);
	errno = error;
}

static bool
rename_file(const struct dir *d, const char *from, const char *to)
{
	char	from_path[PATH_SIZE], to_path[PATH_SIZE];

	path_in(d, from, from_path);
	path_in(d, to, to_path);
	return rename(from_path, to_path) == 0;
}

const char *
dir_settle(const struct dir *d, int fd, const char *from, const char *to)
{
	if (fsync(fd) == -1)
		return "cannot be synced";
	if (!rename_file(d, from, to))
		return "cannot be renamed";
	if (!folder_sync_at(AT_FDCWD, d->path)) {
		remove_after_failure(d, to);
		return "its folder cannot be synced";
	}
	return NULL;
}

bool
dir_write(const struct dir *d, const char *name, struct text bytes)
{
	char	path[PATH_SIZE];

	path_in(d, name, path);
	if (!dir_make(d))
		return false;
	if (file_replace(path, bytes.base, bytes.len, 0600))
		return true;
	remove_after_failure(d, name);
	return false;
}

/* --- rows ----------------------------------------------------------------- */

bool
dir_has_row(const struct dir *d, struct db *db, const char *name)
{
	struct stmt	st = stmt_begin(db, d->sql_row, NULL);
	bool		has;

	stmt_bind_text(&st, KEY_FILENAME, text_of(name));
	has = stmt_next(&st);
	return !stmt_end(&st) || has;
}

/* Whether a file may have been left by a crash, and no row names it. */
static bool
is_left_over(const struct dir *d, struct db *db, const struct dirent *entry)
{
	if (strcmp(entry->d_name, ".") == 0 ||
	    strcmp(entry->d_name, "..") == 0 || entry->d_type == DT_DIR)
		return false;
	if (d->has_others && !is_made_name(d, entry->d_name))
		return false;
	return !dir_has_row(d, db, entry->d_name);
}

/* The read transaction saves a look at the log for each file. */
void
dir_sweep(const struct dir *d, struct db *db)
{
	DIR		*stream = opendir(d->path);
	struct dirent	*entry;
	int		 count = 0;

	if (stream == NULL) {
		if (errno != ENOENT)
			log_warn("%s: %s", d->path, strerror(errno));
		return;
	}
	db_begin_read(db);
	while ((entry = readdir(stream)) != NULL) {
		if (!is_left_over(d, db, entry))
			continue;
		log_debug("%s/%s has no row", d->path, entry->d_name);
		dir_remove(d, entry->d_name);
		count++;
	}
	db_commit(db);
	closedir(stream);
	if (count > 0)
		log_info("%s: %d files without a row removed", d->path, count);
}
