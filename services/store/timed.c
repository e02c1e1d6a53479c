/*
 * A VFS that is SQLite's own but for xSync, which is timed, and xShmMap. The
 * methods of an open file are copied once for each kind of file and the copy
 * put in their place; the file itself stays SQLite's (sqlite.org/vfs.html).
 *
 * The index of a log is mapped memory. SQLite sees to it that each page of the
 * file has a byte, which is not enough where blocks are smaller than pages, as
 * on small ext4 file systems: writing to the rest of such a page on a full disk
 * would end the process with SIGBUS. So all of it is asked for beforehand.
 */
#include "services/store/timed.h"

#include <sys/mman.h>

#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#include "base/log.h"
#include "base/metrics.h"
#include "services/store/store.h"

#define KINDS_MOST	8

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE	23	/* Linux 5.14 */
#endif

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

/* The methods that a copy was made of. */
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

/* True as well where the kernel is too old to tell. */
static bool
has_room(volatile void *memory, size_t size)
{
	uintptr_t	page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t	at = (uintptr_t)memory, begin = at & ~(page - 1);

	return madvise((void *)begin, at + size - begin,
	    MADV_POPULATE_WRITE) == 0 || errno == EINVAL;
}

static int
map_index(sqlite3_file *file, int region, int size, int extend,
    void volatile **ret)
{
	int	result = find_real(file->pMethods)->xShmMap(file, region, size,
		    extend, ret);

	if (result != SQLITE_OK || *ret == NULL || !extend ||
	    has_room(*ret, (size_t)size))
		return result;
	*ret = NULL;
	return SQLITE_FULL;
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
	if (real->iVersion >= 2 && real->xShmMap != NULL)
		timed.kinds[i].timed.xShmMap = map_index;
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
	store_configure();
	timed.real = sqlite3_vfs_find(NULL);
	CHECK(timed.real != NULL);
	timed.vfs = *timed.real;
	timed.vfs.pNext = NULL;
	timed.vfs.zName = "timed";
	timed.vfs.xOpen = open_file;
	if (sqlite3_vfs_register(&timed.vfs, 1) != SQLITE_OK)
		log_fatal("SQLite takes no VFS");
}
