/* tools/flicketctl/store/select.c */
#include "tools/flicketctl/store/select.h"

#include "unit.h"

#include "tools/flicketctl/store/peek.h"

/* A database in memory: three rows, one of them null. */
static struct sqlite3 *
make_database(void)
{
	struct sqlite3	*db = peek_open(":memory:");

	check_true("filled", select_execute(db, "CREATE TEMP TABLE t (n, text); "
	    "INSERT INTO t VALUES (1, 'one'), (2, NULL), (3, x'6100')"));
	return db;
}

static void
rows_are_read(void **state)
{
	struct sqlite3	*db = make_database();
	struct select	 r = select_begin_with(db, "SELECT n, text FROM %s.t "
			    "ORDER BY n", "temp");

	(void)state;
	check_true("first", select_next(&r));
	check_number("first", select_number(&r, 0), 1);
	check_string("first", select_text(&r, 1), "one");
	check_true("second", select_next(&r));
	check_string("a null", select_text(&r, 1), "");
	check_number("a null", select_number(&r, 1), 0);
	check_number("a null", select_bytes(&r, 1).len, 0);
	check_true("third", select_next(&r));
	check_number("bytes", select_bytes(&r, 1).len, 2);
	check_true("no more", !select_next(&r));
	check_true("still none", !select_next(&r));
	select_again(&r);
	check_true("again", select_next(&r) && select_number(&r, 0) == 1);
	check_true("all went well", select_end(&r));
	peek_close(db);
}

static void
parameters_are_bound(void **state)
{
	struct sqlite3	*db = make_database();
	struct select	 r = select_begin(db, "SELECT n FROM t WHERE text = ?1 "
			    "OR n = ?2");

	(void)state;
	select_bind_text(&r, 1, "one");
	select_bind_number(&r, 2, 0);
	check_true("by text", select_next(&r) && select_number(&r, 0) == 1);
	select_again(&r);
	select_bind_text(&r, 1, "none");
	select_bind_number(&r, 2, 3);
	check_true("by number", select_next(&r) && select_number(&r, 0) == 3);
	check_true("one row", !select_next(&r) && select_end(&r));
	peek_close(db);
}

static void
failures_are_told(void **state)
{
	struct sqlite3	*db = make_database();
	struct select	 r = select_begin(db, "SELECT n FROM missing");
	int64_t		 n = 7;

	(void)state;
	select_bind_number(&r, 1, 1);
	check_true("no rows", !select_next(&r));
	check_true("it failed", !select_end(&r));
	check_part("why", select_error(db), "no such table");
	r = select_begin(db, "SELECT abs(-9223372036854775807 - 1)");
	check_true("a row fails", !select_next(&r) && !select_end(&r));
	check_part("why", select_error(db), "overflow");
	check_true("no statement", !select_execute(db, "nonsense"));
	check_true("no row", !select_one_number(db, &n, "SELECT n FROM t "
	    "WHERE n = %d", 9));
	check_number("as it was", n, 7);
	check_true("a number", select_one_number(db, &n, "SELECT count(*) "
	    "FROM t"));
	check_number("a number", n, 3);
	peek_close(db);
	db = peek_open("/nonexistent/store.db");
	check_true("cannot be opened", !select_one_number(db, &n, "SELECT 1 "
	    "FROM sqlite_schema"));
	check_true("not broken", !peek_is_broken(db));
	peek_close(db);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("rows are read, nulls as nothing", rows_are_read),
		TEST("parameters are bound", parameters_are_bound),
		TEST("queries that fail say so", failures_are_told),
	};

	return cmocka_run_group_tests_name("select", tests, NULL, NULL);
}
