/*
 * The data folder. The new stores are built in .import-PID beside `stores`
 * and put in its place by one rename(2), so that at any moment there is
 * either nothing of an import or all of it. Where that cannot be, as folders of
 * `stores` are mount points, the files in them are replaced (replace.h).
 *
 * Three things keep services away from what is going to be replaced: the
 * locks of the stores, held all the time; a look, just before the rename, for
 * stores that were not there to be locked; and SQLite, which lets a database
 * leave WAL mode only if no one else has it open. That finds services that
 * wait for the lock or only read.
 */
#include "tools/flicketctl/data/import/import_parts.h"

#include <sqlite3.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/log.h"
#include "base/number.h"
#include "base/paths.h"
#include "services/store/now.h"
#include "services/store/store.h"
#include "tools/flicketctl/cli/cli.h"
#include "tools/flicketctl/store/tree.h"

enum service_id
import_service(enum store store)
{
	static const enum service_id	ids[STORE_COUNT] = {
		[STORE_USER] = SERVICE_USER,
		[STORE_TICKET] = SERVICE_TICKET,
		[STORE_POST] = SERVICE_POST,
		[STORE_LOOKUP] = SERVICE_LOOKUP,
	};

	return ids[store];
}

/*
 * The most rows that a store with unchanged defaults has. seed.sql and the
 * first migration of each service have to agree.
 */
static const struct limit {
	enum store	 store;
	const char	*what;
	const char	*table;
	const char	*where;
	int64_t		 most;
} limits[] = {
	{ STORE_USER, "users of its own", "users", "id > 2", 0 },
	{ STORE_USER, "tokens", "tokens", "1", 0 },
	{ STORE_TICKET, "tickets", "tickets", "1", 0 },
	{ STORE_TICKET, "subscriptions", "subscriptions", "1", 0 },
	{ STORE_TICKET, "actions", "actions", "1", 0 },
	{ STORE_POST, "posts", "posts", "1", 0 },
	{ STORE_POST, "uploads", "uploads", "1", 0 },
	{ STORE_POST, "histories", "histories", "1", 0 },
	{ STORE_LOOKUP, "departments", "departments", "1", 6 },
	{ STORE_LOOKUP, "changed departments", "departments",
	    "version > 1", 0 },
	{ STORE_LOOKUP, "categories", "categories", "1", 14 },
	{ STORE_LOOKUP, "changed categories", "categories",
	    "version > 1", 0 },
	{ STORE_LOOKUP, "priorities", "priorities", "1", 3 },
	{ STORE_LOOKUP, "statuses", "statuses", "1", 4 },
};

/*
 * Whether a killed import left this folder. One with our own process id is left
 * over: in a container every run may have the same.
 */
static bool
is_leftover(const char *name)
{
	size_t	prefix = strlen(IMPORT_PREFIX);
	int64_t	pid;

	if (strncmp(name, IMPORT_PREFIX, prefix) != 0 ||
	    !number_read((struct text){ name + prefix, strlen(name) - prefix },
	    1, INT_MAX, &pid))
		return false;
	return pid == getpid() || (kill((pid_t)pid, 0) == -1 &&
	    errno == ESRCH);
}

static void
remove_leftovers(void)
{
	DIR		*dir = opendir(".");
	struct dirent	*e;

	if (dir == NULL)
		return;		/* they only take up room */
	while ((e = readdir(dir)) != NULL)
		if (is_leftover(e->d_name))
			tree_remove(e->d_name, NULL);
	closedir(dir);
}

/* Bring a run to its end that was interrupted. */
static bool
resume(struct import *im)
{
	struct replace		earlier = { 0 };
	enum replace_resumed	resumed = replace_resume(&earlier);

	switch (resumed) {
	case REPLACE_UNDONE:
	case REPLACE_DONE:
		fprintf(stderr, "A %s that was interrupted is %s.\n",
		    earlier.record.what, replace_outcome(resumed));
		break;
	case REPLACE_STUCK:
		return report_fail("%s/%s", im->data, earlier.why);
	case REPLACE_NOTHING:
		break;
	}
	return true;
}

bool
target_enter(struct import *im)
{
	if (!paths_make_folder(im->data) || chdir(im->data) == -1)
		return report_fail("%s: %s", im->data, strerror(errno));
	im->data_fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (im->data_fd == -1)
		return report_fail("%s: %s", im->data, strerror(errno));
	if (flock(im->data_fd, LOCK_EX | LOCK_NB) == -1)
		return report_fail(errno == EWOULDBLOCK ?
		    "%s: another import is filling it" :
		    "%s: it cannot be locked", im->data);
	remove_leftovers();
	im->now = store_now();
	return resume(im);
}

/*
 * The number of entries of a folder, 0 if there is none, -1 with errno. In a
 * mount point those count that would be replaced.
 */
static int
count_entries(const char *path, bool in_place)
{
	DIR		*dir = opendir(path);
	struct dirent	*e;
	int		 count = -2;	/* . and .. */

	if (dir == NULL)
		return errno == ENOENT ? 0 : -1;
	for (errno = 0; (e = readdir(dir)) != NULL; errno = 0)
		count += !in_place || !replace_passes_over(e->d_name);
	if (errno != 0)
		count = -1;
	closedir(dir);
	return count;
}

static bool
is_store_name(const char *name)
{
	for (size_t i = 0; i < STORE_COUNT; i++)
		if (strcmp(name, service_name(import_service(i))) == 0)
			return true;
	return false;
}

/*
 * See that stores/ holds nothing but stores, as all of it will be replaced.
 * Sets im->exchanges if it holds any.
 */
static bool
check_names(struct import *im, DIR *dir)
{
	struct dirent	*e;

	for (errno = 0; (e = readdir(dir)) != NULL; errno = 0) {
		if (strcmp(e->d_name, ".") == 0 ||
		    strcmp(e->d_name, "..") == 0 ||
		    (im->in_place && replace_passes_over(e->d_name)))
			continue;
		im->exchanges = !im->in_place;
		if (!is_store_name(e->d_name))
			return report_fail("%s/stores holds \"%s\", which is "
			    "not a store; move it away first", im->data,
			    e->d_name);
	}
	return errno == 0 || report_fail("%s/stores: %s", im->data,
	    strerror(errno));
}

static bool
fail_store_in_use(struct import *im, enum store store)
{
	return report_fail("the %s service is running on %s; stop it first",
	    service_name(import_service(store)), im->data);
}

/*
 * Lock the stores that are there; once building has begun, see that no service
 * has made one.
 */
static bool
lock_stores(struct import *im)
{
	for (enum store i = 0; i < STORE_COUNT; i++) {
		const char	*path = paths_store_folder(import_service(i));

		if (im->lock[i] != -1 || access(path, F_OK) == -1)
			continue;
		if (im->work[0] != '\0')
			return fail_store_in_use(im, i);	/* just made by a service */
		im->lock[i] = store_lock(path);
		if (im->lock[i] == -1 && errno == EWOULDBLOCK)
			return fail_store_in_use(im, i);
		if (im->lock[i] == -1)
			return report_fail("%s/%s/lock: %s", im->data, path,
			    strerror(errno));
	}
	return true;
}

static bool
fail_unreadable(struct import *im, enum store store, sqlite3 *db)
{
	return report_fail("the %s store in %s cannot be read: %s",
	    service_name(import_service(store)), im->data, sqlite3_errmsg(db));
}

/* Leaving WAL mode fails if another process has the database open. */
static bool
check_unused(struct import *im, enum store store, sqlite3 *db)
{
	int	rc = sqlite3_exec(db, "PRAGMA journal_mode = DELETE", NULL,
		    NULL, NULL);

	if (rc == SQLITE_BUSY || rc == SQLITE_LOCKED)
		return fail_store_in_use(im, store);
	return rc == SQLITE_OK || fail_unreadable(im, store, db);
}

/* The first value of the first row; -1 if the store cannot be read. */
static int64_t
read_number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt	*st;
	int64_t		 number = -1;

	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW)
		number = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return number;
}

/* A table that is not there, as in a store half made, has no rows. */
static int64_t
count_beyond(sqlite3 *db, const struct limit *limit)
{
	char	sql[128];
	int64_t	tables;

	snprintf(sql, sizeof(sql), "SELECT count(*) FROM sqlite_schema "
	    "WHERE type = 'table' AND name = '%s'", limit->table);
	tables = read_number(db, sql);
	if (tables < 1)
		return tables;
	snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s WHERE %s",
	    limit->table, limit->where);
	return read_number(db, sql);
}

static bool
holds_data(struct import *im, const char *store, int64_t count,
    const char *what)
{
	return report_fail("the %s store in %s holds %lld %s, which would be "
	    "lost; import into another folder (--data)", store, im->data,
	    (long long)count, what);
}

static bool
check_limits(struct import *im, enum store store, sqlite3 *db)
{
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		int64_t	count;

		if (limits[i].store != store)
			continue;
		count = count_beyond(db, &limits[i]);
		if (count == -1)
			return fail_unreadable(im, store, db);
		if (count > limits[i].most)
			return holds_data(im, service_name(import_service(store)),
			    count, limits[i].what);
	}
	return true;
}

/* See that a store is not in use and holds no more than the defaults. */
static bool
check_replaceable_store(struct import *im, enum store store)
{
	const char	*path = paths_store(import_service(store));
	sqlite3		*db;
	bool		 ok;

	if (access(path, F_OK) == -1)
		return true;
	im->exchanges = true;
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) !=
	    SQLITE_OK)
		ok = report_fail("%s/%s: %s", im->data, path,
		    sqlite3_errmsg(db));
	else
		ok = check_unused(im, store, db) &&
		    check_limits(im, store, db);
	sqlite3_close(db);
	return ok;
}

static bool
check_folders(struct import *im)
{
	static const struct {
		enum store	 store;
		const char	*path;
	} folders[] = {
		{ STORE_POST, PATHS_STORES "/" PATHS_UPLOADS },
		{ STORE_USER, PATHS_STORES "/" PATHS_AVATARS },
	};

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		int	count = count_entries(folders[i].path, im->in_place);

		if (count == -1)
			return report_fail("%s/%s: %s", im->data,
			    folders[i].path, strerror(errno));
		if (count > 0)
			return holds_data(im,
			    service_name(import_service(folders[i].store)), count,
			    "files");
	}
	return true;
}

static bool
check_replaceable_stores(struct import *im)
{
	if (!lock_stores(im))
		return false;
	for (enum store i = 0; i < STORE_COUNT; i++)
		if (!check_replaceable_store(im, i))
			return false;
	return check_folders(im);
}

bool
target_fail_replacing(struct import *im)
{
	return report_fail("%s/%s", im->data, im->replace.why);
}

/* How the stores can be put in place. */
static bool
choose_way(struct import *im)
{
	enum replace_need	need = replace_is_needed(&im->replace);

	im->in_place = need == REPLACE_YES;
	return (need != REPLACE_REFUSED && (!im->in_place ||
	    replace_enter(&im->replace))) || target_fail_replacing(im);
}

bool
target_check(struct import *im)
{
	struct stat	 st = { 0 };
	DIR		*dir;
	bool		 ok;

	if (lstat("stores", &st) == -1 && errno == ENOENT)
		return true;
	dir = opendir("stores");
	if (dir == NULL || S_ISLNK(st.st_mode)) {
		report_fail("%s/stores: %s", im->data, dir == NULL ?
		    strerror(errno) : "it is a link; name the folder itself "
		    "with --data");
		return false;
	}
	ok = choose_way(im) && check_names(im, dir) &&
	    check_replaceable_stores(im);
	closedir(dir);
	return ok;
}

static bool
rename_to_stores(struct import *im)
{
	int	rc;

	if (im->exchanges)
		rc = renameat2(im->data_fd, im->work, im->data_fd, "stores",
		    RENAME_EXCHANGE);
	else	/* also over an empty folder, but never over a full one */
		rc = renameat(im->data_fd, im->work, im->data_fd, "stores");
	if (rc == 0)
		return true;
	if (errno == ENOTEMPTY || errno == EEXIST)
		return report_fail("%s/stores was filled by another process "
		    "meanwhile", im->data);
	return report_fail("%s/stores cannot be replaced: %s", im->data,
	    strerror(errno));
}

/*
 * A service that starts now finds the records, and does not open its store; one
 * that started before is found by check_replaceable_stores().
 */
static bool
replace_files(struct import *im)
{
	if (!replace_prepare(&im->replace))
		return target_fail_replacing(im);
	if (!import_goes_on() || !check_replaceable_stores(im))
		return false;
	if (!replace_commit(&im->replace))
		return target_fail_replacing(im);
	im->work[0] = '\0';
	return true;
}

/*
 * Root may import for another user: the new stores get the owner of the data
 * folder.
 */
bool
target_switch(struct import *im)
{
	struct stat	st;

	if (fstat(im->data_fd, &st) == -1)
		return report_fail("%s: %s", im->data, strerror(errno));
	if (im->in_place)
		return (replace_finish(&im->replace, st.st_uid, st.st_gid) ||
		    target_fail_replacing(im)) && replace_files(im);
	if (!files_finish(im->work, st.st_uid, st.st_gid))
		return false;
	if (!import_goes_on() || !check_replaceable_stores(im) || !rename_to_stores(im))
		return false;
	if (!folder_sync_fd(im->data_fd))
		cli_fail("%s: %s; a power failure may undo the import",
		    im->data, strerror(errno));
	if (im->exchanges)
		tree_remove(im->work, NULL);	/* the defaults, now there */
	im->work[0] = '\0';
	return true;
}
