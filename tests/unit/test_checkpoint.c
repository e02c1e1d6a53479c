/* services/store/checkpoint.c. The test waits for its thread. */
#include "desk.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <unistd.h>

#include "base/clock.h"
#include "services/store/checkpoint_private.h"
#include "services/store/store.h"
#include "services/store/store.h"

#define PAGE		4096	/* bytes; two rows */
#define ROWS		"zeroblob(2000)"
#define WAIT_US		1000

static char			folder[FOLDER_SIZE], path[FOLDER_SIZE + 16];
static sqlite3			*db;
static struct checkpoint	*k;

static int
open_store(void **state)
{
	(void)state;
	unit_folder_make(folder);
	snprintf(path, sizeof(path), "%s/store.db", folder);
	db = store_open(path, false);
	store_exec(db, "CREATE TABLE t (id INTEGER PRIMARY KEY, bytes BLOB)");
	k = checkpoint_start(db, path);
	return 0;
}

static int
close_store(void **state)
{
	(void)state;
	checkpoint_stop(&k);
	check_true("it is gone", k == NULL);
	checkpoint_stop(&k);
	sqlite3_close(db);
	unit_folder_remove(folder);
	return 0;
}

static void
wait_for_thread(void)
{
	while (atomic_load(&k->busy))
		usleep(WAIT_US);
}

/* One transaction that makes the log so many pages longer, and some more. */
static void
commit_pages(int count)
{
	store_exec(db, "BEGIN IMMEDIATE");
	for (int i = 0; i < count; i++)
		store_exec(db, "INSERT INTO t (bytes) "
		    "VALUES (" ROWS "), (" ROWS ")");
	store_exec(db, "COMMIT");
}

/* What is in the store itself, its log not counted. */
static int64_t
pages_on_disk(void)
{
	struct stat	st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_size / PAGE;
}

static void
little_is_left_in_the_log(void **state)
{
	(void)state;
	for (int i = 0; i < 9; i++) {
		commit_pages(PASS_PAGES / 10);
		checkpoint_look(k);
	}
	check_true("nobody was asked", !k->passed);
	check_true("nothing is written back", pages_on_disk() < 10);
	check_true("nor by SQLite", k->pages >= PASS_PAGES / 10 * 9);
}

static void
a_thread_writes_much_back(void **state)
{
	(void)state;
	commit_pages(PASS_PAGES);
	checkpoint_look(k);
	check_true("the thread was asked", k->passed);
	wait_for_thread();
	check_true("it is in the store", pages_on_disk() > PASS_PAGES);
	check_number("all of it", atomic_load(&k->done), k->pages);
	commit_pages(1);
	check_true("the log began anew", k->pages < 100);
	checkpoint_look(k);
	check_number("which was seen", atomic_load(&k->done), 0);
}

/* As the thread meets it where commits go on: there is always an end of the log
 * that it does not have. */
static void
the_writer_ends_a_log_that_never_ends(void **state)
{
	sqlite3	*reader = store_open(path, true);
	int	 log;

	(void)state;
	while (k->pages < LOG_PAGES) {
		store_exec(reader, "BEGIN");
		store_exec(reader, "SELECT count(*) FROM t");
		commit_pages(100);
		checkpoint_look(k);
		wait_for_thread();
		store_exec(reader, "COMMIT");
	}
	check_true("most of it is written back",
	    k->pages - atomic_load(&k->done) < PASS_PAGES + 200);
	commit_pages(AGAIN_PAGES);
	log = k->pages;
	check_true("not all", atomic_load(&k->done) < log);
	checkpoint_look(k);
	check_true("no thread", !atomic_load(&k->busy));
	check_number("now it is", atomic_load(&k->done), log);
	commit_pages(1);
	check_true("the log began anew", k->pages < 100);
	sqlite3_close(reader);
}

static void
readers_hold_a_log_up_and_let_it_go(void **state)
{
	sqlite3		*reader = store_open(path, true);
	int		 longest = 0, least;

	(void)state;
	store_exec(reader, "BEGIN");
	store_exec(reader, "SELECT count(*) FROM t");
	for (int i = 0; i < 60; i++) {
		commit_pages(100);
		checkpoint_look(k);
		wait_for_thread();
		longest = k->pages > longest ? k->pages : longest;
	}
	check_true("it grows", longest > LOG_PAGES + PASS_PAGES);
	check_number("nothing of it is lost", pages_on_disk() < 10, 1);
	store_exec(reader, "COMMIT");
	least = k->pages;
	for (int i = 0; i < 5; i++) {
		commit_pages(100);
		checkpoint_look(k);
		wait_for_thread();
		least = k->pages < least ? k->pages : least;
	}
	check_true("it began anew", least < 500);
	sqlite3_close(reader);
}

static void
failures_are_told_and_not_repeated_at_once(void **state)
{
	int64_t	errors = log_count(LEVEL_ERROR);

	(void)state;
	commit_pages(PASS_PAGES);
	store_exec(db, "BEGIN IMMEDIATE");
	/* no connection can do it in a transaction */
	checkpoint_write_back(k, db);
	store_exec(db, "COMMIT");
	check_number("told", log_count(LEVEL_ERROR), errors + 1);
	checkpoint_look(k);
	check_true("nobody is asked", !k->passed);
	atomic_store(&k->pause_ms, clock_ms());
	checkpoint_look(k);
	check_true("after a while it is tried again", k->passed);
	wait_for_thread();
	check_number("and done", atomic_load(&k->done), k->pages);
}

int
main(void)
{
#define HERE(sentence, f) { sentence, f, open_store, close_store, NULL }
	const struct CMUnitTest	tests[] = {
		HERE("little is left in the log", little_is_left_in_the_log),
		HERE("a thread writes much back", a_thread_writes_much_back),
		HERE("the writer ends a log that never ends",
		    the_writer_ends_a_log_that_never_ends),
		HERE("readers hold a log up, and let it go",
		    readers_hold_a_log_up_and_let_it_go),
		HERE("failures are told, and not repeated at once",
		    failures_are_told_and_not_repeated_at_once),
	};

	return cmocka_run_group_tests_name("checkpoint", tests, NULL, NULL);
}
