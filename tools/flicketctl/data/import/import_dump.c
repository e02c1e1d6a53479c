/*
 * Flicket's database as a dump: its tables are copied to a temporary database,
 * from which the import reads as from Flicket's own. The file has no name once it is
 * open, so it ends with the process, however that ends.
 */
#include "tools/flicketctl/data/import/import_parts.h"

#include <sqlite3.h>

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

#define FILE_NAME	"/dump.db"

static int64_t	dump_bytes;	/* of the one dump of this process */

static bool
make_folder_in(const char *folder, char path[PATH_MAX])
{
	if (folder == NULL || folder[0] == '\0')
		return false;
	if (snprintf(path, PATH_MAX - sizeof(FILE_NAME),
	    "%s/flicketctl-XXXXXX", folder) >=
	    (int)(PATH_MAX - sizeof(FILE_NAME)))
		return false;
	return mkdtemp(path) != NULL;
}

/* SQLite writes no journal: it would open that by its name. */
static const char	writer_sql[] = "PRAGMA journal_mode = OFF;"
    "PRAGMA synchronous = OFF; PRAGMA cache_size = -16000";

bool
dump_make(const struct import *im, char path[PATH_MAX], sqlite3 **ret)
{
	if (!make_folder_in(getenv("TMPDIR"), path) &&
	    !make_folder_in("/var/tmp", path) &&
	    !make_folder_in("/tmp", path))
		return report_fail("%s: its tables need a folder for "
		    "temporary files, and neither TMPDIR nor /var/tmp nor /tmp "
		    "is one: %s", im->path, strerror(errno));
	memcpy(path + strlen(path), FILE_NAME, sizeof(FILE_NAME));
	if (sqlite3_open_v2(path, ret, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK ||
	    sqlite3_exec(*ret, writer_sql, NULL, NULL, NULL) != SQLITE_OK)
		return report_fail("%s: %s", path, sqlite3_errmsg(*ret));
	return true;
}

void
dump_hide(const char path[PATH_MAX])
{
	char	folder[PATH_MAX];

	unlink(path);
	snprintf(folder, sizeof(folder), "%.*s",
	    (int)(strlen(path) - strlen(FILE_NAME)), path);
	rmdir(folder);
}

static bool
goes_on(int64_t done)
{
	report_progress("dump", done - done % 64, dump_bytes);
	return import_goes_on();
}

static bool
fail(const struct import *im, sqlite3 *db, const char *folder, const char *why)
{
	int	code = sqlite3_errcode(db) & 0xff;

	if (code == SQLITE_FULL || code == SQLITE_IOERR)
		return report_fail("%s: no room for the tables of the dump in "
		    "%s: name a folder with more of it in TMPDIR", im->path,
		    folder);
	return report_fail("%s: %s", im->path, why);
}

bool
dump_fill(const struct import *im, const struct dump_head *head, off_t size,
    const char path[PATH_MAX], sqlite3 *db)
{
	FILE	*f = fopen(im->path, "re");
	char	 why[DUMP_WHY_SIZE];
	bool	 ok;

	if (f == NULL)
		return report_fail("%s: %s", im->path, strerror(errno));
	dump_bytes = size;
	ok = dump_load(f, head, db, goes_on, why) ||
	    fail(im, db, path, why);
	fclose(f);
	report_clear();
	return ok;
}
