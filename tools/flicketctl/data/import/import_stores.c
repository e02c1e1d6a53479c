/* The four new stores: made, and later closed fit for the services to open. */
#include "tools/flicketctl/data/import/import_parts.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/paths.h"
#include "services/store/migrate.h"
#include "services/store/store.h"
#include "tools/flicketctl/backup/verify.h"
#include "tools/flicketctl/cli/stop.h"

static const struct service *const services[STORE_COUNT] = {
	[STORE_USER] = &user_service,
	[STORE_TICKET] = &ticket_service,
	[STORE_POST] = &post_service,
	[STORE_LOOKUP] = &lookup_service,
};

bool
stores_fail(struct import *im, enum store store)
{
	if (stop_asked())
		return report_fail("stopped");
	return report_fail("%s/%s: the %s store cannot be written: %s",
	    im->data, im->work, service_name(import_service(store)),
	    sqlite3_errmsg(im->store[store]));
}

static bool
run_on_new_store(struct import *im, enum store store, const char *sql)
{
	return sqlite3_exec(im->store[store], sql, NULL, NULL, NULL) ==
	    SQLITE_OK || stores_fail(im, store);
}

/*
 * Drop indexes, which are built faster when all rows are there, and triggers,
 * whose work derive_all() does. Unique indexes stay, as they refuse rows.
 */
static bool
strip(struct import *im, enum store store)
{
	static const char	 find[] =
	    "SELECT group_concat('DROP ' || type || ' ' || name, ';'), "
	    "group_concat(sql, ';') FROM sqlite_schema WHERE type IN "
	    "('index', 'trigger') AND sql NOT LIKE 'CREATE UNIQUE %'";
	sqlite3_stmt		*st;
	char			*drop;
	bool			 ok;

	if (sqlite3_prepare_v2(im->store[store], find, -1, &st, NULL) !=
	    SQLITE_OK || sqlite3_step(st) != SQLITE_ROW) {
		sqlite3_finalize(st);
		return stores_fail(im, store);
	}
	drop = sqlite3_mprintf("%s", sqlite3_column_text(st, 0));
	im->later[store] = sqlite3_mprintf("%s", sqlite3_column_text(st, 1));
	CHECK(drop != NULL && im->later[store] != NULL);
	sqlite3_finalize(st);
	ok = run_on_new_store(im, store, drop);
	sqlite3_free(drop);
	return ok;
}

bool
stores_complete(struct import *im, enum store store)
{
	bool	ok = im->later[store] == NULL ||
		    run_on_new_store(im, store, im->later[store]);

	sqlite3_free(im->later[store]);
	im->later[store] = NULL;
	return ok;
}

/*
 * The settings are for speed: a store that is being built is thrown away after
 * a crash. A journal in memory is short, as all pages are new. SQLite sorts in
 * files, as the rows of an index may not fit into memory.
 */
static bool
make_store(struct import *im, enum store store)
{
	const char	*name = service_name(import_service(store));
	char		 path[96];

	snprintf(path, sizeof(path), "%s/%s", im->work, name);
	if (!im->in_place && mkdir(path, 0700) == -1)
		return report_fail("%s/%s: %s", im->data, path,
		    strerror(errno));
	snprintf(path, sizeof(path), "%s/%s", im->work,
	    paths_store_below(import_service(store)));
	im->store[store] = store_open(path, false);
	store_migrate(im->store[store], services[store], path);
	sqlite3_progress_handler(im->store[store], 10000, import_interrupts,
	    NULL);
	return run_on_new_store(im, store, "PRAGMA journal_mode = MEMORY;"
	    "PRAGMA synchronous = OFF; PRAGMA mmap_size = 0;"
	    "PRAGMA temp_store = FILE; BEGIN") && strip(im, store);
}

static bool
make_lines(struct import *im, struct lane *lane)
{
	char	path[REPLACE_WORK_SIZE + 32];

	snprintf(path, sizeof(path), "%s/report", im->work);
	lane->lines = fopen(path, "w+e");
	if (lane->lines == NULL)
		return report_fail("%s/%s: %s", im->data, path,
		    strerror(errno));
	unlink(path);
	return true;
}

static bool
make_work(struct import *im)
{
	char	work[sizeof(im->work)];

	if (im->in_place) {
		if (!replace_begin(&im->replace, "import", false))
			return target_fail_replacing(im);
		memcpy(im->work, im->replace.work, sizeof(im->work));
		return true;
	}
	snprintf(work, sizeof(work), IMPORT_PREFIX "%ld", (long)getpid());
	if (mkdir(work, 0700) == -1)
		return report_fail("%s/%s: %s", im->data, work,
		    strerror(errno));
	memcpy(im->work, work, sizeof(work));
	return true;
}

bool
stores_make(struct import *im)
{
	char	work[sizeof(im->work)];

	if (!make_work(im))
		return false;
	memcpy(work, im->work, sizeof(work));
	sqlite3_temp_directory = sqlite3_mprintf("%s", work);
	CHECK(sqlite3_temp_directory != NULL);
	for (enum store i = 0; i < STORE_COUNT; i++)
		if (!make_store(im, i))
			return false;
	for (int i = 0; i < LANES; i++)
		if (!make_lines(im, &im->lane[i]))
			return false;
	return files_make(im);
}

/*
 * Return to WAL mode, as store_open() has it, with an empty log. `seeded` keeps
 * the services from adding their defaults.
 */
static bool
close_store(struct import *im, enum store store)
{
	char	mark[64];

	snprintf(mark, sizeof(mark), "PRAGMA application_id = %d",
	    STORE_TAKEN_OVER);	/* `flicketctl verify` asks */
	if (!stores_complete(im, store) || !run_on_new_store(im, store, mark) ||
	    !run_on_new_store(im, store, "UPDATE identity SET seeded = 1;"
	    "COMMIT; PRAGMA journal_mode = WAL;"
	    "PRAGMA wal_checkpoint(TRUNCATE)"))
		return false;
	CHECK(sqlite3_close(im->store[store]) == SQLITE_OK);
	im->store[store] = NULL;
	return true;
}

bool
stores_close(struct import *im)
{
	char	wal[96];

	for (enum store i = 0; i < STORE_COUNT; i++) {
		if (!close_store(im, i))
			return false;
		snprintf(wal, sizeof(wal), "%s/%s-wal", im->work,
		    paths_store_below(import_service(i)));
		/* SQLite reports no error if the disk fails at this moment */
		if (access(wal, F_OK) == 0)
			return report_fail("%s/%s: SQLite could not write it "
			    "into the store and remove it: see whether the "
			    "disk has room and no errors", im->data, wal);
	}
	for (int i = 0; i < LANES; i++)
		if (fflush(im->lane[i].lines) != 0 ||
		    ferror(im->lane[i].lines))
			return report_fail("%s: the report cannot be written: "
			    "%s", im->data, strerror(errno));
	return true;
}
