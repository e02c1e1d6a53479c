/*
 * Stores. The one surprise: a COMMIT that fails leaves the transaction open
 * for some errors and not for others (sqlite.org/lang_transaction.html), so
 * whoever commits looks at sqlite3_get_autocommit() afterwards.
 */
#include "store.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "proto/buf.h"
#include "proto/log.h"

#define BUSY_MS		5000
#define FOLDERS_ABOVE	4	/* it: stores/NAME, stores, data, its own */

extern const char	common_sql[], common_late_sql[];

/*
 * Whether a path still leads to an open file. An import puts other folders
 * in the place of the stores; a lock in the old ones is worth nothing.
 */
static bool
is_still_there(int fd, const char *path)
{
	struct stat	opened, found;

	return fstat(fd, &opened) == 0 && stat(path, &found) == 0 &&
	    opened.st_dev == found.st_dev && opened.st_ino == found.st_ino;
}

int
store_lock(const char *folder)
{
	struct buf	path = { 0 };
	int		fd;

	if (mkdir(folder, 0700) == -1 && errno != EEXIST)
		return -1;
	buf_printf(&path, "%s/lock", folder);
	fd = open(path.base, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd != -1 && (flock(fd, LOCK_EX | LOCK_NB) == -1 ||
	    !is_still_there(fd, path.base))) {
		close(fd);
		fd = -1;
		errno = EWOULDBLOCK;
	}
	buf_done(&path);
	return fd;
}

int
store_try(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

void
store_exec(sqlite3 *db, const char *sql)
{
	if (store_try(db, sql) != SQLITE_OK)
		log_fatal("store %s: %s", sqlite3_db_filename(db, "main"),
		    sqlite3_errmsg(db));
}

bool
store_is_read_only(int error)
{
	return error == EROFS || error == EACCES || error == EPERM;
}

/*
 * A store that nobody can write to has no index of its log, and cannot get
 * one. Without a log there is nothing to look up in it.
 */
static bool
is_frozen(const char *path)
{
	struct buf	wal = { 0 };
	struct stat	st;
	bool		is;

	if (access(path, W_OK) == 0 || !store_is_read_only(errno))
		return false;
	buf_printf(&wal, "%s-wal", path);
	is = stat(wal.base, &st) == -1 || st.st_size == 0;
	buf_done(&wal);
	return is;
}

static int
open_file(const char *path, bool read_only, sqlite3 **ret)
{
	struct buf	uri = { 0 };
	int		flags = SQLITE_OPEN_NOMUTEX, result;

	if (read_only && is_frozen(path)) {
		/* our own paths have nothing that a URI would misread */
		buf_printf(&uri, "file:%s?immutable=1", path);
		result = sqlite3_open_v2(uri.base, ret, flags |
		    SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL);
		buf_done(&uri);
		return result;
	}
	flags |= SQLITE_OPEN_READWRITE;
	if (!read_only)
		flags |= SQLITE_OPEN_CREATE;
	return sqlite3_open_v2(path, ret, flags, NULL);
}

sqlite3 *
store_open(const char *path, bool read_only)
{
	sqlite3	*db;

	/* files that SQLite makes are closed to others, as the store is */
	umask(077);
	if (open_file(path, read_only, &db) != SQLITE_OK)
		log_fatal("store %s: %s", path, sqlite3_errmsg(db));
	sqlite3_extended_result_codes(db, 1);
	sqlite3_busy_timeout(db, BUSY_MS);
	if (!read_only)
		store_exec(db, "PRAGMA journal_mode = WAL");
	store_exec(db, "PRAGMA synchronous = FULL;"
	    "PRAGMA foreign_keys = ON;"
	    /* without it SQLite 3.40 lets no trigger use FTS5; a store is
	     * written by its own service alone */
	    "PRAGMA trusted_schema = ON;"
	    "PRAGMA cache_size = -16384;"	/* KiB */
	    "PRAGMA mmap_size = 1073741824;"
	    "PRAGMA temp_store = MEMORY");
	if (read_only)
		store_exec(db, "PRAGMA query_only = ON");
	return db;
}

static int64_t
read_number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt	*st;
	int64_t		 n;

	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK ||
	    sqlite3_step(st) != SQLITE_ROW)
		log_fatal("store %s: %s", sqlite3_db_filename(db, "main"),
		    sqlite3_errmsg(db));
	n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return n;
}

int64_t
store_schema(sqlite3 *db)
{
	return read_number(db, "PRAGMA user_version");
}

int64_t
store_stream(sqlite3 *db)
{
	return read_number(db, "SELECT stream FROM identity");
}

/*
 * All migrations that a store lacks and what follows from them, whole or not
 * at all.
 */
static void
migrate(sqlite3 *db, const struct service *service, int64_t have,
    int64_t newest)
{
	struct buf	sql = { 0 };

	store_exec(db, "BEGIN IMMEDIATE");
	if (have == 0)
		store_exec(db, common_sql);
	store_exec(db, common_late_sql);
	for (int64_t i = have; i < newest; i++)
		store_exec(db, service->migrations[i]);
	if (have > 0 && have < newest && service->upgraded != NULL)
		service->upgraded(db, have);
	buf_printf(&sql, "PRAGMA user_version = %lld", (long long)newest);
	store_exec(db, sql.base);
	buf_done(&sql);
	store_exec(db, "COMMIT");
}

static int64_t
newest_schema(const struct service *service)
{
	int64_t	newest = 0;

	while (service->migrations[newest] != NULL)
		newest++;
	return newest;
}

/* What schema a store has. Dies if this program is too old for it. */
static int64_t
schema_of(sqlite3 *db, const struct service *service, const char *path)
{
	int64_t	have = read_number(db, "PRAGMA user_version");

	if (have > newest_schema(service))
		log_fatal("store %s has schema %lld, newer than this program's "
		    "%lld: run the newer program, or restore a backup", path,
		    (long long)have, (long long)newest_schema(service));
	return have;
}

bool
store_is_ready(const struct service *service, const char *path)
{
	struct stat	 st;
	sqlite3		*db;
	bool		 ready;

	if (stat(path, &st) == -1 || st.st_size == 0)
		return false;
	db = store_open(path, true);
	ready = schema_of(db, service, path) == newest_schema(service) &&
	    read_number(db, "SELECT seeded FROM identity") != 0;
	sqlite3_close(db);
	return ready;
}

void
store_migrate(sqlite3 *db, const struct service *service, const char *path)
{
	int64_t	have = schema_of(db, service, path);
	int64_t	newest = newest_schema(service);

	if (have < newest)
		migrate(db, service, have, newest);
}

/*
 * A file lasts once the folders above it do; a power failure may else take
 * them back, and all in them. Up to the folder that has the data folder in it:
 * what we may not look into was not made by us.
 */
static void
sync_folders(sqlite3 *db)
{
	char	path[PATH_MAX], *slash;
	int	fd;

	snprintf(path, sizeof(path), "%s", sqlite3_db_filename(db, "main"));
	for (int i = 0; i < FOLDERS_ABOVE; i++) {
		slash = strrchr(path, '/');
		if (slash == NULL || slash == path)
			return;
		*slash = '\0';
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd == -1 && errno == EACCES)
			continue;
		/* EINVAL: a file system that has no such thing */
		if (fd == -1 || (fsync(fd) == -1 && errno != EINVAL))
			log_fatal("%s cannot be synced: %s", path,
			    strerror(errno));
		close(fd);
	}
}

void
store_seed(sqlite3 *db, const struct service *service,
    const struct settings *settings)
{
	if (read_number(db, "SELECT seeded FROM identity") != 0)
		return;
	store_exec(db, "BEGIN IMMEDIATE");
	store_exec(db, service->seed);
	if (service->seeded != NULL)
		service->seeded(db, settings);
	sync_folders(db);
	store_exec(db, "UPDATE identity SET seeded = 1");
	store_exec(db, "COMMIT");
}

const struct sql *
store_sql(const struct service *service, int sql)
{
	static const struct sql	common[SQL_COMMON_END] = {
		[SQL_NONE] = { "NONE", "" },
#define SQL(NAME, text) [SQL_##NAME] = { #NAME, text },
#include "sql.tbl"
#undef SQL
	};

	return sql < SQL_COMMON_END ? &common[sql] :
	    &service->sql[sql - SQL_COMMON_END];
}

sqlite3_stmt **
store_prepare(sqlite3 *db, const struct service *service)
{
	sqlite3_stmt	**statements;

	statements = must_alloc((size_t)service->sql_end *
	    sizeof(statements[0]));
	for (int i = SQL_NONE + 1; i < service->sql_end; i++)
		if (sqlite3_prepare_v3(db, store_sql(service, i)->text, -1,
		    SQLITE_PREPARE_PERSISTENT, &statements[i],
		    NULL) != SQLITE_OK)
			log_fatal("statement %s does not fit the schema: %s",
			    store_sql(service, i)->name, sqlite3_errmsg(db));
	return statements;
}

int64_t
store_now(void)
{
	static _Atomic int64_t	last;
	struct timespec		ts;
	int64_t			now, before = last;

	clock_gettime(CLOCK_REALTIME, &ts);
	now = (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
	do {
		if (now <= before)
			now = before + 1;
	} while (!__atomic_compare_exchange_n((int64_t *)&last, &before, now,
	    false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return now;
}
