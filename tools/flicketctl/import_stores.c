/* The four new stores: made, and later closed fit for the services to open. */
#include "import_parts.h"

#include <sys/stat.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "proto/log.h"
#include "services/common/store.h"

static const struct service *const services[STORE_COUNT] = {
	[STORE_USER] = &user_service,
	[STORE_TICKET] = &ticket_service,
	[STORE_POST] = &post_service,
	[STORE_LOOKUP] = &lookup_service,
};

bool
stores_fail(struct import *im, enum store store)
{
	return report_fail("%s/%s: the %s store cannot be written: %s",
	    im->data, im->work, import_store_names[store],
	    sqlite3_errmsg(im->store[store]));
}

/*
 * The settings are for speed: a store that is being built is thrown away
 * after a crash. A journal in memory is short, as all pages are new ones.
 */
static bool
make_store(struct import *im, enum store store)
{
	const char	*name = import_store_names[store];
	char		 path[96];

	snprintf(path, sizeof(path), "%s/%s", im->work, name);
	if (mkdir(path, 0700) == -1)
		return report_fail("%s/%s: %s", im->data, path,
		    strerror(errno));
	snprintf(path, sizeof(path), "%s/%s/%s.db", im->work, name, name);
	im->store[store] = store_open(path, false);
	store_migrate(im->store[store], services[store], path);
	if (sqlite3_exec(im->store[store], "PRAGMA journal_mode = MEMORY;"
	    "PRAGMA synchronous = OFF; PRAGMA mmap_size = 0; BEGIN", NULL,
	    NULL, NULL) != SQLITE_OK)
		return stores_fail(im, store);
	return true;
}

static bool
make_lines(struct import *im)
{
	char	path[64];

	snprintf(path, sizeof(path), "%s/report", im->work);
	im->lines = fopen(path, "w+e");
	if (im->lines == NULL)
		return report_fail("%s/%s: %s", im->data, path,
		    strerror(errno));
	unlink(path);
	return true;
}

bool
stores_make(struct import *im)
{
	char	work[sizeof(im->work)];

	snprintf(work, sizeof(work), IMPORT_PREFIX "%ld", (long)getpid());
	if (mkdir(work, 0700) == -1)
		return report_fail("%s/%s: %s", im->data, work,
		    strerror(errno));
	memcpy(im->work, work, sizeof(work));
	for (enum store i = 0; i < STORE_COUNT; i++)
		if (!make_store(im, i))
			return false;
	return make_lines(im) && files_make(im);
}

/*
 * Back to what store_open makes: WAL mode, but with nothing in the log. The
 * services must not add their defaults to what was taken over.
 */
static bool
close_store(struct import *im, enum store store)
{
	if (sqlite3_exec(im->store[store], "UPDATE identity SET seeded = 1;"
	    "COMMIT; PRAGMA journal_mode = WAL;"
	    "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL) != SQLITE_OK)
		return stores_fail(im, store);
	CHECK(sqlite3_close(im->store[store]) == SQLITE_OK);
	im->store[store] = NULL;
	return true;
}

bool
stores_close(struct import *im)
{
	char	wal[96];

	for (enum store i = 0; i < STORE_COUNT; i++) {
		const char	*name = import_store_names[i];

		if (!close_store(im, i))
			return false;
		snprintf(wal, sizeof(wal), "%s/%s/%s.db-wal", im->work, name,
		    name);
		CHECK(access(wal, F_OK) == -1);
	}
	if (fflush(im->lines) != 0 || ferror(im->lines))
		return report_fail("%s: the report cannot be written: %s",
		    im->data, strerror(errno));
	return true;
}
