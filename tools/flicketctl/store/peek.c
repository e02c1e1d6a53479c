/* A look at a store. */
#include "tools/flicketctl/store/peek.h"

#include <sqlite3.h>
#include <unistd.h>

#include "base/buf.h"

/*
 * A store without a WAL is not in use. It is read as a file that does not
 * change, so that SQLite makes no files beside it.
 */
sqlite3 *
peek_open(const char *path)
{
	struct buf	 uri = { 0 }, wal = { 0 };
	sqlite3		*db = NULL;

	buf_printf(&wal, "%s-wal", path);
	buf_put_byte(&wal, '\0');
	buf_printf(&uri, "file:%s?mode=ro%s", path,
	    access(wal.base, F_OK) == 0 ? "" : "&immutable=1");
	buf_put_byte(&uri, '\0');
	(void)sqlite3_open_v2(uri.base, &db, SQLITE_OPEN_READONLY |
	    SQLITE_OPEN_URI, NULL);
	sqlite3_busy_timeout(db, 5000);
	buf_done(&uri);
	buf_done(&wal);
	return db;
}

void
peek_close(sqlite3 *db)
{
	(void)sqlite3_close(db);
}

bool
peek_is_broken(sqlite3 *db)
{
	int	error = sqlite3_errcode(db);

	return error == SQLITE_NOTADB || error == SQLITE_CORRUPT;
}
