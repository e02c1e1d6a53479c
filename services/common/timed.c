/*
 * A VFS that is SQLite's own but for xSync, which is timed. The methods of an
 * open file are copied once for each kind of file and the copy put in their
 * place; the file itself stays SQLite's (sqlite.org/vfs.html).
 */
#include "timed.h"

#include <pthread.h>
#include <sqlite3.h>

#include "proto/log.h"
#include "proto/metrics.h"

#define KINDS_MOST	8

static struct {
	sqlite3_vfs		*real;
	sqlite3_vfs		 vfs;
	pthread_mutex_t		 lock;
	unsigned		 count;
	struct {
		const sqlite3_io_methods	*real;
		sqlite3_io_methods		 timed;
	} kinds[KINDS_MOST];
} timed = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* What a copy was made of. */
static const sqlite3_io_methods *
find_real(const sqlite3_io_methods *copy)
{
	const sqlite3_io_methods	*real = NULL;

	pthread_mutex_lock(&timed.lock);
	for (unsigned i = 0; i < timed.count; i++)
		if (copy == &timed.kinds[i].timed)
			real = timed.kinds[i].real;
	pthread_mutex_unlock(&timed.lock);
	CHECK(real != NULL);
	return real;
}

static int
sync_file(sqlite3_file *file, int flags)
{
	int64_t	began_us = clock_us();
	int	result = find_real(file->pMethods)->xSync(file, flags);

	metric_observe(METRIC_FSYNC_SECONDS, 0, clock_us() - began_us);
	return result;
}

/* The copy for a kind of file; itself if there are too many kinds. */
static const sqlite3_io_methods *
find_timed(const sqlite3_io_methods *real)
{
	unsigned	i;

	for (i = 0; i < timed.count; i++)
		if (timed.kinds[i].real == real)
			return &timed.kinds[i].timed;
	if (i == KINDS_MOST)
		return real;
	timed.kinds[i].real = real;
	timed.kinds[i].timed = *real;
	timed.kinds[i].timed.xSync = sync_file;
	timed.count = i + 1;
	return &timed.kinds[i].timed;
}

static int
open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
    int *ret_flags)
{
	int	result = timed.real->xOpen(vfs, name, file, flags, ret_flags);

	if (file->pMethods == NULL)
		return result;
	pthread_mutex_lock(&timed.lock);
	file->pMethods = find_timed(file->pMethods);
	pthread_mutex_unlock(&timed.lock);
	return result;
}

void
timed_start(void)
{
	timed.real = sqlite3_vfs_find(NULL);
	CHECK(timed.real != NULL);
	timed.vfs = *timed.real;
	timed.vfs.pNext = NULL;
	timed.vfs.zName = "timed";
	timed.vfs.xOpen = open_file;
	if (sqlite3_vfs_register(&timed.vfs, 1) != SQLITE_OK)
		log_fatal("SQLite takes no VFS");
}
