/* A look at a store. */
#include "tools/flicketctl/desk/peek.h"

#include <sqlite3.h>
#include <unistd.h>

#include "base/buf.h"

/*
 * Without a WAL nobody works with the store, and it can be
 * read as a file that does not change, which leaves nothing behind.
 */
sqlite3 *
peek_store(const char *path)
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
