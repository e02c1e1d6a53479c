/*
 * Locks keep those away that would write. Processes that only read have none:
 * SQLite lets a database leave WAL mode only if no one else has it open.
 */
#include "tools/flicketctl/store/stopped.h"

#include <sqlite3.h>
#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/paths.h"
#include "services/store/store.h"
#include "tools/flicketctl/store/replace.h"
#include "tools/flicketctl/store/stores.h"

static bool	fail(struct stopped *, const char *format, ...)
		    __attribute__((format(printf, 2, 3)));

static bool
fail(struct stopped *s, const char *format, ...)
{
	va_list	ap;

	va_start(ap, format);
	vsnprintf(s->why, sizeof(s->why), format, ap);
	va_end(ap);
	return false;
}

static bool
is_unused(const char *path)
{
	sqlite3	*db = store_try_open(path, false);
	int	 rc = SQLITE_OK;

	if (db != NULL)
		rc = store_try(db, "PRAGMA journal_mode = DELETE");
	sqlite3_close(db);
	return rc != SQLITE_BUSY && rc != SQLITE_LOCKED;
}

static bool
hold_store(struct stopped *s, enum service_id id)
{
	const char	*folder = paths_store_folder(id);
	const char	*path = paths_store(id);

	if (access(folder, F_OK) == -1)
		return true;
	s->lock[id] = store_lock(folder);
	if (s->lock[id] == -1 && errno != EWOULDBLOCK)
		return fail(s, "%s/lock: %s", folder, strerror(errno));
	if (s->lock[id] == -1 || (stores_is_file(path) && !is_unused(path)))
		return fail(s, "the %s service runs; stop it first",
		    service_name(id));
	return true;
}

bool
stopped_hold(struct stopped *s)
{
	const char	*folder;

	s->data = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->data == -1 || flock(s->data, LOCK_EX | LOCK_NB) == -1)
		return fail(s, "an import or a restore is under way");
	s->serve = open("serve.lock", O_RDWR | O_CLOEXEC);
	if (s->serve != -1 && flock(s->serve, LOCK_EX | LOCK_NB) == -1)
		return fail(s, "flicketctl serve runs; stop it first");
	if (replace_is_pending(&folder))
		return fail(s, "a restore or an import was interrupted in %s: "
		    "say `flicketctl restore --continue`", folder);
	for (unsigned id = 1; id < SERVICE_END; id++)
		if (!hold_store(s, (enum service_id)id))
			return false;
	return true;
}
