/* A store's files: who may write to them, and connections to them. */
#include "services/store/store.h"

#include <sqlite3.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <errno.h>
#include <pthread.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "services/store/words_sql.h"

#define BUSY_MS		5000
#define PAGE_BYTES	8192	/* with its header in the log */
/* SQLite's index of a log: so much for at least so much of the log */
#define INDEX_BYTES	32768
#define INDEXED_BYTES	(1 << 24)

/*
 * Whether a path still leads to an open file. An import puts other folders
 * in the place of the stores; a lock in the old ones is worth nothing.
 */
static bool
is_still_there(int fd, const char *path)
{
	struct stat	opened, found;

	return fstat(fd, &opened) == 0 && stat(path, &found) == 0 &&
	    opened.st_dev == found.st_dev && opened.st_ino == found.st_ino;
}

int
store_lock(const char *folder)
{
	struct buf	path = { 0 };
	int		fd;

	if (mkdir(folder, 0700) == -1 && errno != EEXIST)
		return -1;
	buf_printf(&path, "%s/lock", folder);
	fd = open(path.base, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd != -1 && (flock(fd, LOCK_EX | LOCK_NB) == -1 ||
	    !is_still_there(fd, path.base))) {
		close(fd);
		fd = -1;
		errno = EWOULDBLOCK;
	}
	buf_done(&path);
	return fd;
}

/* A process that hangs while it closes holds up others for a second at most.
 * Then a log may stay behind, which the next start folds in. */
#define TURN_TRIES	1000
#define TURN_WAIT_US	1000

int
store_wait_turn(const char *folder)
{
	struct flock	whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct buf	path = { 0 };
	int		fd;

	/* this kind of lock and flock(2)'s know nothing of each other */
	buf_printf(&path, "%s/lock", folder);
	fd = open(path.base, O_RDWR | O_CLOEXEC);
	buf_done(&path);
	if (fd == -1)
		return -1;
	for (int i = 0; i < TURN_TRIES && fcntl(fd, F_OFD_SETLK, &whole) == -1;
	    i++)
		usleep(TURN_WAIT_US);
	return fd;
}

int
store_try(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

/* Whether a store, its log or the log's index is as large as a file may be. */
static bool
is_at_limit(const char *path)
{
	struct buf	log = { 0 };
	struct rlimit	limit;
	struct stat	st;
	bool		is;

	if (getrlimit(RLIMIT_FSIZE, &limit) == -1 ||
	    limit.rlim_cur == RLIM_INFINITY)
		return false;
	buf_printf(&log, "%s-wal", path);
	is = limit.rlim_cur < INDEX_BYTES || (stat(path, &st) == 0 &&
	    (rlim_t)st.st_size + PAGE_BYTES > limit.rlim_cur) ||
	    (stat(log.base, &st) == 0 &&
	    (rlim_t)st.st_size + PAGE_BYTES > limit.rlim_cur);
	buf_done(&log);
	return is;
}

/*
 * A store cannot be used, for SQLite's last reason. Whether a later start
 * may do better is what the status says.
 */
void
store_die(sqlite3 *db, const char *path)
{
	int	error = sqlite3_errcode(db) & 0xff;

	if (error == SQLITE_IOERR && is_at_limit(path))
		log_refuse("store %s: a file may not grow any more; raise the "
		    "limit (ulimit -f, LimitFSIZE= of systemd)", path);
	if (error == SQLITE_NOTADB || error == SQLITE_CORRUPT)
		log_refuse("store %s: %s; restore a backup", path,
		    sqlite3_errmsg(db));
	log_fatal("store %s: %s", path, sqlite3_errmsg(db));
}

void
store_exec(sqlite3 *db, const char *sql)
{
	if (store_try(db, sql) != SQLITE_OK)
		store_die(db, sqlite3_db_filename(db, "main"));
}

/*
 * A file system that gives up its journal, as ext4 does after an error of the
 * disk, may let a sync succeed whose metadata it has dropped: the file has not
 * grown then. From then on it refuses all writes, even one of no bytes: so a
 * write after the sync tells.
 */
bool
store_is_sound(int lock)
{
	return pwrite(lock, "", 0, 0) == 0;
}

bool
store_is_in_place(sqlite3 *db)
{
	const char	*path = sqlite3_db_filename(db, "main");
	int		 moved = 0;

	/* the log is there as long as the store is open */
	return sqlite3_file_control(db, "main", SQLITE_FCNTL_HAS_MOVED,
	    &moved) == SQLITE_OK && !moved &&
	    access(sqlite3_filename_wal(path), F_OK) == 0;
}

bool
store_is_read_only(int error)
{
	return error == EROFS || error == EACCES || error == EPERM;
}

/* The bytes on the disk of a file beside a store; 0 without such a file. */
static int64_t
size_beside(const char *path, const char *suffix)
{
	struct buf	name = { 0 };
	struct stat	st;

	buf_printf(&name, "%s%s", path, suffix);
	if (stat(name.base, &st) == -1)
		st.st_blocks = 0;
	buf_done(&name);
	return (int64_t)st.st_blocks * 512;
}

static bool
can_be_written(const char *path, int64_t size)
{
	static const char	nothing[INDEX_BYTES];
	int			fd;
	bool			ok;

	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ok = fd != -1;
	if (ok)
		unlink(path);
	for (int64_t at = 0; at < size && ok; at += INDEX_BYTES)
		ok = pwrite(fd, nothing, INDEX_BYTES, at) == INDEX_BYTES;
	if (fd != -1)
		close(fd);
	return ok;
}

bool
store_has_room(const char *path)
{
	struct buf	name = { 0 };
	int64_t		need;
	bool		has;

	need = (size_beside(path, "-wal") / INDEXED_BYTES + 1) * INDEX_BYTES;
	if (size_beside(path, "-shm") >= need)
		return true;
	buf_printf(&name, "%s-room", path);
	has = can_be_written(name.base, need);
	buf_done(&name);
	return has;
}

/*
 * For reading, a store whose log has no index and cannot get one: without a
 * log there is nothing to look up in it. Else the index is made in memory,
 * which keeps other processes out.
 */
static int
open_frozen(const char *path, sqlite3 **ret)
{
	struct buf	uri = { 0 };
	int		flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI, result;

	/* our own paths have nothing that a URI would misread */
	if (size_beside(path, "-wal") == 0) {
		flags |= SQLITE_OPEN_READONLY;
		buf_printf(&uri, "file:%s?immutable=1", path);
	} else {
		flags |= SQLITE_OPEN_READWRITE;
		buf_printf(&uri, "file:%s?vfs=unix-excl", path);
	}
	result = sqlite3_open_v2(uri.base, ret, flags, NULL);
	buf_done(&uri);
	return result;
}

static int
open_file(const char *path, bool read_only, sqlite3 **ret)
{
	int	flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE;

	if (!read_only)
		flags |= SQLITE_OPEN_CREATE;
	else if (!store_has_room(path))
		return open_frozen(path, ret);
	return sqlite3_open_v2(path, ret, flags, NULL);
}

/*
 * SQLite counts the memory that it has, and takes a lock each time; nothing
 * here reads the count. In a program that has used SQLite already this is
 * refused, which does no harm.
 */
static void
configure(void)
{
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

void
store_configure(void)
{
	static pthread_once_t	once = PTHREAD_ONCE_INIT;

	pthread_once(&once, configure);
}

static bool
prepare(sqlite3 *db, bool read_only)
{
	if (!read_only &&
	    store_try(db, "PRAGMA journal_mode = WAL") != SQLITE_OK)
		return false;
	if (store_try(db, "PRAGMA synchronous = FULL;"
	    "PRAGMA foreign_keys = ON;"
	    /* without it SQLite 3.40 lets no trigger use FTS5; a store is
	     * written by its own service alone */
	    "PRAGMA trusted_schema = ON;"
	    "PRAGMA cache_size = -16384;"	/* KiB */
	    /* a page that cannot be read is an error then, not a signal, and
	     * a large store is not counted as the process's memory */
	    "PRAGMA mmap_size = 0;"
	    "PRAGMA temp_store = MEMORY") != SQLITE_OK)
		return false;
	return !read_only ||
	    store_try(db, "PRAGMA query_only = ON") == SQLITE_OK;
}

static bool
try_open(const char *path, bool read_only, sqlite3 **ret)
{
	store_configure();
	/* files that SQLite makes are closed to others, as the store is */
	umask(077);
	if (open_file(path, read_only, ret) != SQLITE_OK)
		return false;
	sqlite3_extended_result_codes(*ret, 1);
	sqlite3_busy_timeout(*ret, BUSY_MS);
	return words_sql_add(*ret) == SQLITE_OK && prepare(*ret, read_only);
}

sqlite3 *
store_try_open(const char *path, bool read_only)
{
	sqlite3	*db;

	if (try_open(path, read_only, &db))
		return db;
	log_error("store %s: %s", path, sqlite3_errmsg(db));
	sqlite3_close(db);
	return NULL;
}

sqlite3 *
store_open(const char *path, bool read_only)
{
	sqlite3	*db;

	if (!try_open(path, read_only, &db))
		store_die(db, path);
	return db;
}

struct text
column_text(sqlite3_stmt *st, int column)
{
	const char	*base = (const char *)sqlite3_column_text(st, column);

	return (struct text){ base, (size_t)sqlite3_column_bytes(st, column) };
}
