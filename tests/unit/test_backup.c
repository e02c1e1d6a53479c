/*
 * Names and paths of backups, folders that are begun, files that are copied,
 * manifests, search compared. fsync() notes here what it was told.
 */
#include "unit.h"

#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/paths.h"
#include "services/store/migrate.h"
#include "tools/flicketctl/backup/backup_cut.h"
#include "tools/flicketctl/backup/backup_files.h"
#include "tools/flicketctl/backup/manifest.h"
#include "tools/flicketctl/backup/verify.h"

static char	synced[8][PATH_MAX];	/* files, as they are named */
static size_t	synced_count;

int
fsync(int fd)
{
	char	link[32];
	ssize_t	len;

	assert_true(synced_count < LEN(synced));
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, synced[synced_count], sizeof(synced[0]) - 1);
	assert_true(len > 0);
	synced[synced_count++][len] = '\0';
	return 0;
}

static bool
was_synced(const char *folder, const char *name)
{
	char	path[FOLDER_SIZE + 32];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	for (size_t i = 0; i < synced_count; i++)
		if (strcmp(synced[i], path) == 0)
			return true;
	return false;
}

static void
test_names(void **state)
{
	char	long_name[300];

	(void)state;
	assert_true(file_is_safe("a.txt"));
	assert_true(file_is_safe("a..b"));
	assert_false(file_is_safe(""));
	assert_false(file_is_safe("."));
	assert_false(file_is_safe(".."));
	assert_false(file_is_safe(".hidden"));
	assert_false(file_is_safe("a/b"));
	assert_false(file_is_safe("/a"));
	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	assert_false(file_is_safe(long_name));
	long_name[255] = '\0';
	assert_true(file_is_safe(long_name));
}

static void
test_paths(void **state)
{
	struct buf	b = { 0 };
	char		here[4096];

	(void)state;
	path_absolute(&b, "/a/b//");
	assert_string_equal(b.base, "/a/b");
	path_absolute(&b, "/");
	assert_string_equal(b.base, "/");
	path_absolute(&b, "a/");
	assert_non_null(getcwd(here, sizeof(here)));
	assert_int_equal(strncmp(b.base, here, strlen(here)), 0);
	assert_string_equal(b.base + strlen(here), "/a");
	buf_done(&b);
}

/* Only what has the marker, and is nobody's any more, is removed. */
static void
test_folders(void **state)
{
	char	name[] = "/tmp/test-backup-XXXXXX", path[128];
	int	lock;

	(void)state;
	assert_non_null(mkdtemp(name));
	snprintf(path, sizeof(path), "%s/work", name);
	assert_true(folder_begin(path, &lock));
	assert_false(folder_clear(path));
	assert_int_equal(access(path, F_OK), 0);
	close(lock);
	assert_true(folder_clear(path));
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/work/inside", name);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/work", name);
	assert_true(folder_clear(path));
	assert_int_equal(access(path, F_OK), 0);
	folder_remove(name);
	assert_int_equal(access(name, F_OK), -1);
}

/* --- files ---------------------------------------------------------------- */

#define BYTES	10000

/* A folder with a file "from" of BYTES; its descriptor. */
static int
make_source(char ret[FOLDER_SIZE])
{
	static char	bytes[BYTES];
	int		dir, fd;

	unit_folder_make(ret);
	dir = open(ret, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(dir != -1);
	fd = openat(dir, "from", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
	close(fd);
	return dir;
}

static void
test_copy_is_on_disk(void **state)
{
	char	folder[FOLDER_SIZE], hash[HASH_TEXT_SIZE];
	int64_t	bytes;
	int	dir = make_source(folder);

	(void)state;
	synced_count = 0;
	assert_true(file_copy(dir, "from", dir, "to", hash, &bytes));
	assert_int_equal(bytes, BYTES);
	assert_true(was_synced(folder, "to"));
	close(dir);
	unit_folder_remove(folder);
}

/* As on a disk that is full, in a process of its own. */
static void
copy_to_little_room(const void *arg)
{
	const struct rlimit	room = { BYTES / 2, BYTES / 2 };
	char			hash[HASH_TEXT_SIZE];
	int64_t			bytes;
	int			dir = *(const int *)arg;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &room), 0);
	_exit(file_copy(dir, "from", dir, "to", hash, &bytes) ? 0 : 1);
}

static void
test_copy_that_is_cut_short(void **state)
{
	char		folder[FOLDER_SIZE];
	struct end	end;
	int		dir = make_source(folder);

	(void)state;
	unit_run(copy_to_little_room, &dir, &end);
	assert_int_equal(end.status, 1);
	check_part("said", end.said, "from: cannot be written: ");
	close(dir);
	unit_folder_remove(folder);
}

/* --- manifests ------------------------------------------------------------ */

/* Of a backup without files, one of its stores of a newer or older schema. */
static json_t *
make_manifest(unsigned store, int newer)
{
	static const char	 hash[] = "00000000000000000000000000000000"
				   "00000000000000000000000000000000";
	json_t			*stores = json_object(), *files = json_array();

	for (unsigned id = 1; id < SERVICE_END; id++) {
		json_object_set_new(stores, service_name((enum service_id)id),
		    json_pack("{s:I}", "schema",
			(json_int_t)store_newest_schema(cut_services[id]) +
			    (id == store ? newer : 0)));
		json_array_append_new(
		    files, json_pack("{s:s, s:i, s:s}", "path",
			       paths_store_below((enum service_id)id), "bytes",
			       0, "sha256", hash));
	}
	return json_pack("{s:i, s:s, s:i, s:o, s:o, s:[]}", "format",
	    BACKUP_FORMAT, "date", "2026-01-31T03:00:00Z", "bytes", 0, "stores",
	    stores, "files", files, "missing");
}

/* Write a manifest, and say whether it is read as that of a backup. */
static bool
is_read(unsigned store, int newer)
{
	char	 folder[FOLDER_SIZE];
	json_t	*manifest = make_manifest(store, newer), *read;
	int	 dir;

	unit_folder_make(folder);
	dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	synced_count = 0;
	assert_true(manifest_write(manifest, folder));
	assert_true(was_synced(folder, MANIFEST));
	read = manifest_read(dir, folder);
	assert_true(read == NULL || json_equal(read, manifest));
	close(dir);
	json_decref(manifest);
	json_decref(read);
	unit_folder_remove(folder);
	return read != NULL;
}

static void
test_newer_backups_are_refused(void **state)
{
	(void)state;
	assert_true(is_read(0, 0));
	for (unsigned id = 1; id < SERVICE_END; id++) {
		check_true(service_name((enum service_id)id), !is_read(id, 1));
		check_true(service_name((enum service_id)id), is_read(id, -1));
	}
}

/* --- search --------------------------------------------------------------- */

static void
run(sqlite3 *db, const char *sql)
{
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

static void
test_search(void **state)
{
	sqlite3	*db;
	int64_t	 doc = 0, count;

	(void)state;
	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	run(db, "CREATE VIRTUAL TABLE a USING fts5 (t, content = '');"
	    "CREATE VIRTUAL TABLE b USING fts5 (t, content = '');"
	    "CREATE VIRTUAL TABLE v_a USING fts5vocab (a, instance);"
	    "CREATE VIRTUAL TABLE v_b USING fts5vocab (b, instance)");
	assert_true(verify_search(db, "v", &doc, &count));
	assert_int_equal(count, 0);
	run(db, "INSERT INTO a (rowid, t) VALUES (1, 'one two'), (9, 'two');"
	    "INSERT INTO b (rowid, t) VALUES (1, 'one two'), (9, 'two')");
	assert_true(verify_search(db, "v", &doc, &count));
	assert_int_equal(count, 0);
	run(db, "INSERT INTO b (rowid, t) VALUES (7, 'three')");
	assert_true(verify_search(db, "v", &doc, &count));
	assert_int_equal(count, 1);
	assert_int_equal(doc, 7);
	run(db, "INSERT INTO a (rowid, t) VALUES (5, 'one')");
	assert_true(verify_search(db, "v", &doc, &count));
	assert_int_equal(count, 2);
	assert_int_equal(doc, 5);
	assert_false(verify_search(db, "none", &doc, &count));
	sqlite3_close(db);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_folders),
		cmocka_unit_test(test_copy_is_on_disk),
		cmocka_unit_test(test_copy_that_is_cut_short),
		cmocka_unit_test(test_newer_backups_are_refused),
		cmocka_unit_test(test_search),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
