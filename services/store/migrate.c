/* The schema of a store: migrations, defaults, the stream of events. */
#include "services/store/migrate.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/durable.h"
#include "base/log.h"
#include "services/store/statement.h"
#include "services/store/store.h"

#define FOLDERS_ABOVE	4	/* a store: stores/NAME, stores, data, its own */

extern const char	common_sql[], common_late_sql[];

static int64_t
read_number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt	*st;
	int64_t		 n;

	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK ||
	    sqlite3_step(st) != SQLITE_ROW)
		store_die(db, sqlite3_db_filename(db, "main"));
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

/* The service's own part, with its statements, which fit the schema by then. */
static void
run_upgraded(sqlite3 *sqlite, const struct service *service, int64_t have)
{
	struct db	*db = db_over(service, sqlite);

	service->upgraded(db, have);
	db_close(&db);
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
		run_upgraded(db, service, have);
	buf_printf(&sql, "PRAGMA user_version = %lld", (long long)newest);
	store_exec(db, sql.base);
	buf_done(&sql);
	store_exec(db, "COMMIT");
}

void
store_lay_out(sqlite3 *db, const struct service *service, int64_t schema)
{
	store_exec(db, common_sql);
	store_exec(db, common_late_sql);
	for (int64_t i = 0; i < schema; i++)
		store_exec(db, service->migrations[i]);
}

int64_t
store_newest_schema(const struct service *service)
{
	int64_t	newest = 0;

	while (service->migrations[newest] != NULL)
		newest++;
	return newest;
}

/* The schema that a store has. Dies if this program is too old for it. */
static int64_t
schema_of(sqlite3 *db, const struct service *service, const char *path)
{
	int64_t	have = read_number(db, "PRAGMA user_version");

	if (have > store_newest_schema(service))
		log_refuse("store %s has schema %lld, newer than this program's "
		    "%lld: run the newer program, or restore a backup", path,
		    (long long)have, (long long)store_newest_schema(service));
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
	ready = schema_of(db, service, path) == store_newest_schema(service) &&
	    read_number(db, "SELECT seeded FROM identity") != 0;
	sqlite3_close(db);
	return ready;
}

bool
store_is_new(const char *path, int64_t *ret_stream)
{
	struct stat	 st;
	sqlite3		*db;
	bool		 is = true;

	*ret_stream = 0;
	if (stat(path, &st) == -1 || st.st_size == 0)
		return true;
	db = store_open(path, true);
	if (store_schema(db) != 0) {
		*ret_stream = store_stream(db);
		is = !store_is_accepted(db) && read_number(db, "SELECT ifnull("
		    "(SELECT seq FROM sqlite_sequence WHERE name = 'outbox'), "
		    "0) = (SELECT count(*) FROM outbox)") != 0;
	}
	sqlite3_close(db);
	return is;
}

void
store_accept(sqlite3 *db)
{
	store_exec(db, "UPDATE identity SET seeded = 2");
}

bool
store_is_accepted(sqlite3 *db)
{
	return read_number(db, "SELECT seeded FROM identity") == 2;
}

void
store_migrate(sqlite3 *db, const struct service *service, const char *path)
{
	int64_t	have = schema_of(db, service, path), begin = clock_ms();
	int64_t	newest = store_newest_schema(service);

	if (have == newest)
		return;
	if (have > 0)
		log_info("store %s: upgrading from schema %lld to %lld", path,
		    (long long)have, (long long)newest);
	migrate(db, service, have, newest);
	if (have > 0)
		log_info("store %s: upgraded to schema %lld in %lld ms", path,
		    (long long)newest, (long long)(clock_ms() - begin));
}

/*
 * A file is durable when the folders above it are: after a power failure they
 * may be gone, and all in them. All folders are synced up to the one that the
 * data folder is in. A folder that may not be opened was not made by us.
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
		if (fd == -1 || !folder_sync_fd(fd))
			log_fatal("%s cannot be synced: %s", path,
			    strerror(errno));
		close(fd);
	}
}

static void
run_seeded(sqlite3 *sqlite, const struct service *service,
    const struct settings *settings)
{
	struct db	*db = db_over(service, sqlite);

	service->seeded(db, settings);
	db_close(&db);
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
		run_seeded(db, service, settings);
	sync_folders(db);
	store_exec(db, "UPDATE identity SET seeded = 1");
	store_exec(db, "COMMIT");
}

void
store_make(const struct service *service, const struct settings *settings,
    const char *path, bool accept)
{
	sqlite3	*db = store_open(path, false);

	store_migrate(db, service, path);
	store_seed(db, service, settings);
	if (accept)
		store_accept(db);
	sqlite3_close(db);
}
