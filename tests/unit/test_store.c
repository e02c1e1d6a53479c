/* services/store/store.c */
#include "desk.h"

#include <sqlite3.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <unistd.h>

#include "base/log.h"
#include "services/store/migrate.h"
#include "services/store/now.h"
#include "services/store/statement.h"
#include "services/store/store.h"

static char	folder[FOLDER_SIZE], path[FOLDER_SIZE + 16];

static int
make_folder(void **state)
{
	(void)state;
	unit_folder_make(folder);
	snprintf(path, sizeof(path), "%s/store.db", folder);
	return 0;
}

static int
remove_folder(void **state)
{
	(void)state;
	unit_folder_remove(folder);
	return 0;
}

static int64_t
number(sqlite3 *db, const char *query)
{
	sqlite3_stmt	*st;
	int64_t		 n;

	assert_int_equal(sqlite3_prepare_v2(db, query, -1, &st, NULL),
	    SQLITE_OK);
	n = sqlite3_step(st) == SQLITE_ROW ? sqlite3_column_int64(st, 0) : -1;
	sqlite3_finalize(st);
	return n;
}

static void
one_holds_the_lock(void **state)
{
	char	stores[FOLDER_SIZE + 16], none[FOLDER_SIZE + 16];
	int	first, second;

	(void)state;
	snprintf(stores, sizeof(stores), "%s/stores", folder);
	snprintf(none, sizeof(none), "%s/not/there", folder);
	first = store_lock(stores);
	assert_true(first != -1);
	second = store_lock(stores);
	check_number("a second", second, -1);
	check_number("says why", errno, EWOULDBLOCK);
	close(first);
	second = store_lock(stores);
	check_true("when the first is gone", second != -1);
	close(second);
	check_number("no such place", store_lock(none), -1);
	check_number("says so", errno, ENOENT);
}

static const char	*swapped;	/* moved away before the next lock */

/* libc's, with somebody in between who moves the folder away. */
int
flock(int fd, int operation)
{
	char	elsewhere[FOLDER_SIZE + 32];

	if (swapped != NULL) {
		snprintf(elsewhere, sizeof(elsewhere), "%s.old", swapped);
		CHECK(rename(swapped, elsewhere) == 0);
		swapped = NULL;
	}
	return (int)syscall(SYS_flock, fd, operation);
}

static void
a_lock_that_was_moved_away_does_not_count(void **state)
{
	char	stores[FOLDER_SIZE + 16];
	int	fd;

	(void)state;
	snprintf(stores, sizeof(stores), "%s/stores", folder);
	fd = store_lock(stores);
	assert_true(fd != -1);
	close(fd);
	swapped = stores;
	check_number("moved away", store_lock(stores), -1);
	check_number("as if in use", errno, EWOULDBLOCK);
	fd = store_lock(stores);
	check_true("the new one", fd != -1);
	close(fd);
}

static void
connections_are_set_up(void **state)
{
	static const struct { const char *query; int64_t want; } rows[] = {
		{ "PRAGMA synchronous", 2 },
		{ "PRAGMA foreign_keys", 1 },
		{ "PRAGMA trusted_schema", 1 },
		{ "PRAGMA busy_timeout", 5000 },
		{ "PRAGMA temp_store", 2 },
	};
	sqlite3		*db = store_open(path, false), *reader;
	sqlite3_stmt	*st;
	struct stat	 stat_of;

	(void)state;
	store_exec(db, "CREATE TABLE t (x)");
	reader = store_open(path, true);
	for (size_t i = 0; i < LEN(rows); i++) {
		check_number(rows[i].query, number(db, rows[i].query),
		    rows[i].want);
		check_number(rows[i].query, number(reader, rows[i].query),
		    rows[i].want);
	}
	sqlite3_prepare_v2(reader, "PRAGMA journal_mode", -1, &st, NULL);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	check_string("journal",
	    (const char *)sqlite3_column_text(st, 0), "wal");
	sqlite3_finalize(st);
	check_number("a reader does not write",
	    store_try(reader, "INSERT INTO t VALUES (1)"), SQLITE_READONLY);
	assert_int_equal(stat(path, &stat_of), 0);
	check_number("closed to others", stat_of.st_mode & 077, 0);
	sqlite3_close(reader);
	sqlite3_close(db);
}

static void
open_nothing(const void *arg)
{
	(void)arg;
	store_open(path, true);
}

static void
exec_nonsense(const void *arg)
{
	(void)arg;
	store_exec(store_open(path, false), "NONSENSE");
}

static void
write_page_of_text(void)
{
	FILE	*f = fopen(path, "w");

	assert_non_null(f);
	for (int i = 0; i < 512; i++)
		fputs("no store", f);
	assert_int_equal(fclose(f), 0);
}

static void
open_text(const void *arg)
{
	(void)arg;
	store_open(path, false);
}

static void
failures_at_start_end_it(void **state)
{
	struct end	end;

	(void)state;
	unit_run(open_nothing, NULL, &end);
	check_number("nothing to read", end.status, 1);
	check_part("nothing to read", end.said, "unable to open");
	unit_run(exec_nonsense, NULL, &end);
	check_number("nonsense", end.status, 1);
	check_part("nonsense", end.said, "syntax error");
	write_page_of_text();
	unit_run(open_text, NULL, &end);
	check_number("another file", end.status, 2);
	check_part("another file", end.said, "is not a database");
}

/* --- migrations -------------------------------------------------------- */

static const char *const	one[] = {
	"CREATE TABLE a (x); INSERT INTO a VALUES (1)", NULL
};
static const char *const	two[] = {
	"CREATE TABLE a (x); INSERT INTO a VALUES (1)",
	"ALTER TABLE a ADD COLUMN y DEFAULT 2; UPDATE a SET x = x + 1", NULL
};
static const char *const	broken[] = {
	"CREATE TABLE a (x); INSERT INTO a VALUES (1)",
	"UPDATE a SET x = 99; CREATE TABLE a (x)", NULL
};

static void
migrate(const void *migrations)
{
	const struct service	 service = { .id = SERVICE_LOOKUP,
				    .migrations = migrations, .seed = "" };
	sqlite3			*db = store_open(path, false);

	store_migrate(db, &service, path);
	sqlite3_close(db);
}

static void
migrations_run_once_each(void **state)
{
	sqlite3	*db;

	(void)state;
	migrate(one);
	migrate(one);
	db = store_open(path, false);
	check_number("first", number(db, "SELECT x FROM a"), 1);
	check_number("number", number(db, "PRAGMA user_version"), 1);
	check_number("the common tables", number(db,
	    "SELECT count(*) FROM sqlite_schema WHERE name IN "
	    "('outbox', 'inbox', 'identity')"), 3);
	sqlite3_close(db);
	migrate(two);
	migrate(two);
	db = store_open(path, false);
	check_number("second", number(db, "SELECT x FROM a WHERE y = 2"), 2);
	check_number("number", number(db, "PRAGMA user_version"), 2);
	check_number("one identity", number(db,
	    "SELECT count(*) FROM identity"), 1);
	sqlite3_close(db);
}

static void
a_migration_is_whole_or_not_at_all(void **state)
{
	struct end	 end;
	sqlite3		*db;

	(void)state;
	unit_run(migrate, broken, &end);
	check_number("it ends", end.status, 1);
	check_part("it says why", end.said, "table a already exists");
	db = store_open(path, false);
	check_number("the one before", number(db, "PRAGMA user_version"), 0);
	check_number("nothing of it", number(db,
	    "SELECT count(*) FROM sqlite_schema"), 0);
	sqlite3_close(db);
}

static void
a_newer_store_is_left_alone(void **state)
{
	struct end	end;

	(void)state;
	migrate(two);
	unit_run(migrate, one, &end);
	check_number("for good", end.status, 2);
	check_part("it says why", end.said, "has schema 2, newer than this "
	    "program's 1");
	check_part("and where", end.said, path);
}

/* A thread that opens a store again may find another one: it goes on. */
static void
another_schema_does_not_end_a_second_try(void **state)
{
	const struct service	 service = { .id = SERVICE_LOOKUP,
				    .migrations = one, .seed = "" };
	const struct settings	 settings = desk_settings();

	(void)state;
	store_make(&service, &settings, path, false);
	assert_null(db_try_open(&lookup_service, path, false));
}

/* --- seeds ------------------------------------------------------------- */

static int	seeded;

static void
count_seeded(struct db *db, const struct settings *s)
{
	check_number("settings", s->bcrypt_cost, 4);
	check_number("after the seed", number(db_sqlite(db), "SELECT count(*) FROM a"), 2);
	seeded++;
}

static void
a_store_is_seeded_once(void **state)
{
	const struct service	 service = { .id = SERVICE_LOOKUP,
				    .migrations = one, .seeded = count_seeded,
				    .seed = "INSERT INTO a VALUES (5)" };
	const struct settings	 settings = desk_settings();
	sqlite3			*db = store_open(path, false);

	(void)state;
	seeded = 0;
	store_migrate(db, &service, path);
	store_seed(db, &service, &settings);
	store_seed(db, &service, &settings);
	check_number("seed", number(db, "SELECT count(*) FROM a"), 2);
	check_number("called", seeded, 1);
	check_true("no transaction is open", sqlite3_get_autocommit(db));
	sqlite3_close(db);
}

static void
each_store_has_a_stream(void **state)
{
	const struct service	 service = { .id = SERVICE_LOOKUP,
				    .migrations = one };
	sqlite3			*db[2];
	int64_t			 stream[2];
	char			 other[FOLDER_SIZE + 16];

	(void)state;
	snprintf(other, sizeof(other), "%s/other.db", folder);
	for (int i = 0; i < 2; i++) {
		db[i] = store_open(i == 0 ? path : other, false);
		store_migrate(db[i], &service, path);
		stream[i] = store_stream(db[i]);
		check_true("positive", stream[i] > 0);
		check_number("stays", store_stream(db[i]), stream[i]);
		sqlite3_close(db[i]);
	}
	check_true("its own", stream[0] != stream[1]);
}

/* --- statements and time ----------------------------------------------- */

static void
statements_have_numbers(void **state)
{
	(void)state;
	check_string("none", store_sql(&lookup_service, SQL_NONE)->text, "");
	check_string("common", store_sql(&lookup_service, SQL_COMMIT)->text,
	    "COMMIT");
	check_string("the last common one", store_sql(&lookup_service,
	    SQL_COMMON_END - 1)->name, "INBOX_PUT");
	check_string("the service's first", store_sql(&lookup_service,
	    SQL_COMMON_END)->name, "DEPARTMENT_BY_ID");
	check_string("its last", store_sql(&lookup_service,
	    lookup_service.sql_end - 1)->name, lookup_service.sql[
	    lookup_service.sql_end - 1 - SQL_COMMON_END].name);
}

static void
now_is_never_twice(void **state)
{
	int64_t	before = store_now(), now, first = before;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		now = store_now();
		assert_true(now > before);
		before = now;
	}
	check_true("microseconds since 1970", first >
	    INT64_C(1700000000) * 1000000);
}

int
main(void)
{
#define HERE(sentence, f) { sentence, f, make_folder, remove_folder, NULL }
	const struct CMUnitTest	tests[] = {
		HERE("one process holds a store's lock", one_holds_the_lock),
		HERE("a lock that was moved away does not count",
		    a_lock_that_was_moved_away_does_not_count),
		HERE("every connection is set up alike",
		    connections_are_set_up),
		HERE("what fails at start ends it", failures_at_start_end_it),
		HERE("migrations run once each, in order",
		    migrations_run_once_each),
		HERE("a migration is done whole or not at all",
		    a_migration_is_whole_or_not_at_all),
		HERE("a store newer than the program is left alone",
		    a_newer_store_is_left_alone),
		HERE("another schema does not end a second try",
		    another_schema_does_not_end_a_second_try),
		HERE("a store is seeded once", a_store_is_seeded_once),
		HERE("each store has a stream of its own",
		    each_store_has_a_stream),
		HERE("common statements come before the service's",
		    statements_have_numbers),
		HERE("now is never the same twice", now_is_never_twice),
	};

	log_set_level(LEVEL_ERROR);
	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
