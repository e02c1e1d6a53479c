/*
 * A VFS that is SQLite's own, but whose n-th write, sync, read ... fails as a
 * disk would. Files keep SQLite's own methods behind ours: the real file lies
 * behind a head that we put in front of it.
 *
 * Nothing is mapped into memory (xFetch), as what is read there is not seen
 * here.
 */
#include "faulty.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

struct faulty_file {
	sqlite3_file	 base;
	const char	*path;		/* SQLite keeps it while it is open */
	sqlite3_file	*real;
};

static sqlite3_vfs	*real_vfs;

static struct faulty_file *
of(sqlite3_file *file)
{
	return (struct faulty_file *)file;
}

static int
close_file(sqlite3_file *file)
{
	return of(file)->real->pMethods->xClose(of(file)->real);
}

static int
read_file(sqlite3_file *file, void *to, int len, sqlite3_int64 offset)
{
	if (fault(READ, of(file)->path) != 0)
		return SQLITE_IOERR_READ;
	return of(file)->real->pMethods->xRead(of(file)->real, to, len,
	    offset);
}

/* A write that fails may have been begun. */
static int
write_file(sqlite3_file *file, const void *from, int len, sqlite3_int64 offset)
{
	sqlite3_file	*real = of(file)->real;
	int		 error = fault(WRITE, of(file)->path);

	if (error == 0)
		return real->pMethods->xWrite(real, from, len, offset);
	if (error != EROFS && len > 1)
		(void)real->pMethods->xWrite(real, from, len / 2, offset);
	return error == ENOSPC || error == EDQUOT ? SQLITE_FULL :
	    SQLITE_IOERR_WRITE;
}

static int
truncate_file(sqlite3_file *file, sqlite3_int64 size)
{
	if (fault(TRUNCATE, of(file)->path) != 0)
		return SQLITE_IOERR_TRUNCATE;
	return of(file)->real->pMethods->xTruncate(of(file)->real, size);
}

static int
sync_file(sqlite3_file *file, int flags)
{
	if (fault(SYNC, of(file)->path) != 0)
		return SQLITE_IOERR_FSYNC;
	return of(file)->real->pMethods->xSync(of(file)->real, flags);
}

static int
size_file(sqlite3_file *file, sqlite3_int64 *ret)
{
	if (fault(SIZE, of(file)->path) != 0)
		return SQLITE_IOERR_FSTAT;
	return of(file)->real->pMethods->xFileSize(of(file)->real, ret);
}

static int
lock_file(sqlite3_file *file, int lock)
{
	return of(file)->real->pMethods->xLock(of(file)->real, lock);
}

static int
unlock_file(sqlite3_file *file, int lock)
{
	return of(file)->real->pMethods->xUnlock(of(file)->real, lock);
}

static int
is_reserved(sqlite3_file *file, int *ret)
{
	return of(file)->real->pMethods->xCheckReservedLock(of(file)->real,
	    ret);
}

static int
control_file(sqlite3_file *file, int op, void *arg)
{
	return of(file)->real->pMethods->xFileControl(of(file)->real, op,
	    arg);
}

static int
sector_size(sqlite3_file *file)
{
	return of(file)->real->pMethods->xSectorSize(of(file)->real);
}

static int
characteristics(sqlite3_file *file)
{
	return of(file)->real->pMethods->xDeviceCharacteristics(
	    of(file)->real);
}

static int
map_shm(sqlite3_file *file, int page, int size, int extend,
    void volatile **ret)
{
	if (fault(SHM, of(file)->path) != 0) {
		*ret = NULL;
		return SQLITE_IOERR_SHMSIZE;
	}
	return of(file)->real->pMethods->xShmMap(of(file)->real, page, size,
	    extend, ret);
}

static int
lock_shm(sqlite3_file *file, int offset, int count, int flags)
{
	return of(file)->real->pMethods->xShmLock(of(file)->real, offset,
	    count, flags);
}

static void
barrier_shm(sqlite3_file *file)
{
	of(file)->real->pMethods->xShmBarrier(of(file)->real);
}

static int
unmap_shm(sqlite3_file *file, int remove)
{
	return of(file)->real->pMethods->xShmUnmap(of(file)->real, remove);
}

static int
fetch_nothing(sqlite3_file *file, sqlite3_int64 offset, int len, void **ret)
{
	(void)file;
	(void)offset;
	(void)len;
	*ret = NULL;
	return SQLITE_OK;
}

static int
unfetch_nothing(sqlite3_file *file, sqlite3_int64 offset, void *page)
{
	(void)file;
	(void)offset;
	(void)page;
	return SQLITE_OK;
}

static const sqlite3_io_methods	methods = {
	.iVersion = 3,
	.xClose = close_file,
	.xRead = read_file,
	.xWrite = write_file,
	.xTruncate = truncate_file,
	.xSync = sync_file,
	.xFileSize = size_file,
	.xLock = lock_file,
	.xUnlock = unlock_file,
	.xCheckReservedLock = is_reserved,
	.xFileControl = control_file,
	.xSectorSize = sector_size,
	.xDeviceCharacteristics = characteristics,
	.xShmMap = map_shm,
	.xShmLock = lock_shm,
	.xShmBarrier = barrier_shm,
	.xShmUnmap = unmap_shm,
	.xFetch = fetch_nothing,
	.xUnfetch = unfetch_nothing,
};

static int
open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
    int *ret_flags)
{
	struct faulty_file	*f = of(file);
	int			 result;

	(void)vfs;
	file->pMethods = NULL;
	if (fault(OPEN, name) != 0)
		return SQLITE_CANTOPEN;
	f->path = name;
	f->real = (sqlite3_file *)(void *)(f + 1);
	result = real_vfs->xOpen(real_vfs, name, f->real, flags, ret_flags);
	/* where SQLite is to close it although it was not opened, it does */
	if (f->real->pMethods != NULL)
		file->pMethods = &methods;
	return result;
}

static int
delete_file(sqlite3_vfs *vfs, const char *name, int sync)
{
	(void)vfs;
	if (fault(DELETE, name) != 0)
		return SQLITE_IOERR_DELETE;
	return real_vfs->xDelete(real_vfs, name, sync);
}

__attribute__((constructor))
static void
start(void)
{
	static sqlite3_vfs	vfs;

	real_vfs = sqlite3_vfs_find(NULL);
	if (real_vfs == NULL)
		abort();
	vfs = *real_vfs;
	vfs.szOsFile += (int)sizeof(struct faulty_file);
	vfs.pNext = NULL;
	vfs.zName = "faulty";
	vfs.xOpen = open_file;
	vfs.xDelete = delete_file;
	if (sqlite3_vfs_register(&vfs, 1) != SQLITE_OK) {
		fputs("faulty: SQLite takes no VFS\n", stderr);
		abort();
	}
}
