/* Names and paths of backups, folders that are begun, search compared. */
#include "unit.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tools/flicketctl/backup/backup_files.h"
#include "tools/flicketctl/backup/verify.h"

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
		cmocka_unit_test(test_search),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
