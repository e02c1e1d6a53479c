/* services/runtime/lane/batch.c, and lanes.c with its threads, through pipes. */
#include "desk.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "services/runtime/lane/batch.h"
#include "services/runtime/lane/lanes.h"
#include "services/runtime/lane/pipe.h"
#include "services/store/store.h"
#include "services/store/store.h"

/* A batch of departments to create, and what is to come of each. */
struct row {
	const char	*department;
	enum err	 want;
};

#define BATCH	4

static void
begin_batch(const struct row *rows, struct call *calls, struct call **batch)
{
	for (size_t i = 0; i < BATCH; i++) {
		desk_begin(&calls[i], OP_DEPARTMENT_CREATE);
		calls[i].request.id = i;
		args_put_text(&calls[i].request.args, KEY_DEPARTMENT,
		    text_of(rows[i].department));
		batch[i] = &calls[i];
	}
}

static void
check_batch(const struct row *rows, struct call *calls)
{
	char	*query;

	for (size_t i = 0; i < BATCH; i++) {
		check_number(rows[i].department, (int64_t)calls[i].answer.id,
		    (int64_t)i);
		check_number(rows[i].department, calls[i].answer.error,
		    rows[i].want);
		check_number(rows[i].department,
		    calls[i].answer.fragment.len != 0, rows[i].want == OK);
		query = sqlite3_mprintf("SELECT count(*) FROM departments "
		    "WHERE department = %Q", rows[i].department);
		check_number(query, desk_number(&desk, query),
		    rows[i].want == OK ||
		    strcmp(rows[i].department, "IT") == 0);
		sqlite3_free(query);
		desk_end(&calls[i]);
	}
}

/* "IT" is there from the beginning: a guard refuses it. */
static const struct row	one_fails[BATCH] = {
	{ "First", OK }, { "IT", ERR_BAD_REQUEST }, { "x", ERR_BAD_REQUEST },
	{ "Last", OK }
};
static const struct row	all_fail[BATCH] = {
	{ "First", ERR_STORE }, { "Second", ERR_STORE },
	{ "Third", ERR_STORE }, { "Last", ERR_STORE }
};

static void
a_failing_call_leaves_the_others(void **state)
{
	struct call	calls[BATCH], *batch[BATCH];

	(void)state;
	begin_batch(one_fails, calls, batch);
	check_number("done", batch_write(&desk.session, NULL, batch, BATCH),
	    BATCH_DONE);
	check_true("committed", sqlite3_get_autocommit(desk.sqlite));
	check_batch(one_fails, calls);
}

/* What a call wrote before it failed goes, what others wrote stays. */
static void
what_a_failing_call_wrote_goes(void **state)
{
	static const struct row	rows[BATCH] = {
		{ "First", OK }, { "Wrong", ERR_STORE }, { "Third", OK },
		{ "Last", OK }
	};
	struct call	calls[BATCH], *batch[BATCH];

	(void)state;
	store_exec(desk.sqlite, "CREATE TABLE noted (name TEXT);"
	    "CREATE TRIGGER note BEFORE INSERT ON departments "
	    "BEGIN INSERT INTO noted VALUES (new.department); END;"
	    "CREATE TRIGGER fail AFTER INSERT ON departments "
	    "WHEN new.department = 'Wrong' "
	    "BEGIN SELECT RAISE(FAIL, 'wrong'); END");
	begin_batch(rows, calls, batch);
	check_number("done", batch_write(&desk.session, NULL, batch, BATCH),
	    BATCH_DONE);
	check_batch(rows, calls);
	check_number("noted", desk_number(&desk,
	    "SELECT count(*) FROM noted"), 3);
	check_number("but not", desk_number(&desk,
	    "SELECT count(*) FROM noted WHERE name = 'Wrong'"), 0);
}

/* Send a batch as the writer does, and take the answers it would send. */
static void
run_batch_here(struct call **batch)
{
	zsock_t		*ours, *theirs = zsys_create_pipe(&ours);
	bool		 terminated;

	batch_run(&desk.session, NULL, theirs, batch, BATCH);
	for (size_t i = 0; i < BATCH; i++)
		assert_ptr_equal(lane_receive(ours, true, &terminated),
		    batch[i]);
	assert_null(lane_receive(ours, false, &terminated));
	assert_false(terminated);
	zsock_destroy(&ours);
	zsock_destroy(&theirs);
}

/* Ways to make a store fail when it comes to it. */
static void
a_commit_that_fails_is_answered_with_store(void **state)
{
	static const struct { const char *name, *how, *undo; } rows[] = {
		{ "COMMIT is refused",
		    "CREATE TABLE t (id REFERENCES departments (id) "
		    "DEFERRABLE INITIALLY DEFERRED);"
		    "CREATE TRIGGER fail AFTER INSERT ON departments "
		    "WHEN new.department = 'Third' "
		    "BEGIN INSERT INTO t VALUES (-1); END",
		    "DROP TRIGGER fail; DROP TABLE t" },
		{ "rolled back behind our back",
		    "CREATE TRIGGER fail AFTER INSERT ON departments "
		    "WHEN new.department = 'Third' "
		    "BEGIN SELECT RAISE(ROLLBACK, 'gone'); END",
		    "DROP TRIGGER fail" },
		{ "rolled back by the last",
		    "CREATE TRIGGER fail AFTER INSERT ON departments "
		    "WHEN new.department = 'Last' "
		    "BEGIN SELECT RAISE(ROLLBACK, 'gone'); END",
		    "DROP TRIGGER fail" },
		{ "nothing can be written", "PRAGMA query_only = ON",
		    "PRAGMA query_only = OFF" },
	};
	struct call	calls[BATCH], *batch[BATCH];

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		store_exec(desk.sqlite, rows[i].how);
		begin_batch(all_fail, calls, batch);
		for (size_t j = 0; j < BATCH; j++)
			calls[j].emitted = 5;
		run_batch_here(batch);
		check_true(rows[i].name, sqlite3_get_autocommit(desk.sqlite));
		for (size_t j = 0; j < BATCH; j++)
			check_true(rows[i].name, calls[j].emitted == 0 &&
			    !calls[j].tallied &&
			    keyset_is_empty(
			    args_keys(&calls[j].answer.extra)));
		check_batch(all_fail, calls);
		store_exec(desk.sqlite, rows[i].undo);
	}
	/* and then it goes on */
	begin_batch(one_fails, calls, batch);
	run_batch_here(batch);
	check_batch(one_fails, calls);
}

/* A disk that is full, as SQLite sees it. */
static void
a_full_disk_is_answered_with_store(void **state)
{
	struct call	 c;
	struct call	*batch[] = { &c };
	char		 names[30 + 1], *sql;
	int		 n = 0;
	zsock_t		*ours, *theirs = zsys_create_pipe(&ours);
	bool		 terminated;

	(void)state;
	sql = sqlite3_mprintf("PRAGMA max_page_count = %lld",
	    (long long)desk_number(&desk, "PRAGMA page_count"));
	store_exec(desk.sqlite, sql);
	sqlite3_free(sql);
	do {
		snprintf(names, sizeof(names), "Department number %08d", n);
		desk_begin(&c, OP_DEPARTMENT_CREATE);
		args_put_text(&c.request.args, KEY_DEPARTMENT, text_of(names));
		batch_run(&desk.session, NULL, theirs, batch, 1);
		assert_ptr_equal(lane_receive(ours, true, &terminated), &c);
		desk_end(&c);
		assert_true(n++ < 100000);
	} while (c.answer.error == OK);
	check_number("full", c.answer.error, ERR_STORE);
	check_number("all that were answered OK are there", desk_number(&desk,
	    "SELECT count(*) FROM departments "
	    "WHERE department LIKE 'Department number %'"), n - 1);
	store_exec(desk.sqlite, "PRAGMA max_page_count = 1073741823");
	batch_run(&desk.session, NULL, theirs, batch, 1);
	assert_ptr_equal(lane_receive(ours, true, &terminated), &c);
	check_number("with room again", c.answer.error, OK);
	desk_end(&c);
	zsock_destroy(&ours);
	zsock_destroy(&theirs);
}

/* A descriptor that takes no writes stands for a file system that does not. */
static void
a_commit_that_may_be_lost_is_answered_as_unknown(void **state)
{
	struct call	 c, *batch[] = { &c };
	zsock_t		*ours, *theirs = zsys_create_pipe(&ours);
	bool		 terminated;
	int		 lock = desk.session.lock;

	(void)state;
	desk.session.lock = open(desk.path, O_RDONLY | O_CLOEXEC);
	desk_begin(&c, OP_DEPARTMENT_CREATE);
	args_put_text(&c.request.args, KEY_DEPARTMENT, TEXT_OF("Post"));
	batch_run(&desk.session, NULL, theirs, batch, 1);
	assert_ptr_equal(lane_receive(ours, true, &terminated), &c);
	check_number("may be lost", c.answer.error, ERR_OUTCOME_UNKNOWN);
	close(desk.session.lock);
	desk.session.lock = lock;
	batch_run(&desk.session, NULL, theirs, batch, 1);
	assert_ptr_equal(lane_receive(ours, true, &terminated), &c);
	check_number("is there", desk_number(&desk, "SELECT count(*) "
	    "FROM departments WHERE department = 'Post'"), 1);
	desk_end(&c);
	zsock_destroy(&ours);
	zsock_destroy(&theirs);
}

static void
what_nobody_waits_for_is_not_done(void **state)
{
	static const struct row	rows[BATCH] = {
		{ "First", ERR_EXPIRED }, { "Second", OK }, { "Third", OK },
		{ "Last", OK }
	};
	struct call	calls[BATCH], *batch[BATCH];

	(void)state;
	begin_batch(rows, calls, batch);
	calls[0].request.expires_ms = 1;
	calls[1].request.expires_ms = clock_ms() + 60000;
	check_number("done", batch_write(&desk.session, NULL, batch, BATCH),
	    BATCH_DONE);
	check_batch(rows, calls);
}

/* --- threads ----------------------------------------------------------- */

static zactor_t *
start_writer(void)
{
	static struct lane_args	args;

	args = (struct lane_args){ &desk.tables, desk.path,
	    .lock = desk.session.lock };
	return writer_start(&args);
}

static void
the_writer_answers_after_its_commit(void **state)
{
	zactor_t		*writer = start_writer();
	struct call		 calls[BATCH], *batch[BATCH];
	bool			 terminated;

	(void)state;
	begin_batch(one_fails, calls, batch);
	for (size_t i = 0; i < BATCH; i++)
		lane_send(writer, batch[i]);
	for (size_t i = 0; i < BATCH; i++)
		assert_ptr_equal(lane_receive(writer, true, &terminated),
		    batch[i]);
	check_batch(one_fails, calls);	/* over a connection of its own */
	zactor_destroy(&writer);
}

static int64_t
size_of_log(void)
{
	struct stat	st;
	char		path[sizeof(desk.path) + 8];

	snprintf(path, sizeof(path), "%s-wal", desk.path);
	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

/* One transaction. */
static void
write_department(zactor_t *writer, int number)
{
	struct call	c;
	char		name[32];
	bool		terminated;

	snprintf(name, sizeof(name), "of number %d", number);
	desk_begin(&c, OP_DEPARTMENT_CREATE);
	args_put_text(&c.request.args, KEY_DEPARTMENT, text_of(name));
	lane_send(writer, &c);
	assert_ptr_equal(lane_receive(writer, true, &terminated), &c);
	check_number(name, c.answer.error, OK);
	desk_end(&c);
}

/* Much more is written than the log may have: some 4,000 pages of it. */
static void
the_writer_has_its_log_written_back(void **state)
{
	zactor_t		*writer = start_writer();
	int64_t			 began = size_of_log(), each, most = 20 << 20;
	int			 n = 0;

	(void)state;
	while (n < 20)
		write_department(writer, n++);
	each = (size_of_log() - began) / n;
	check_true("it grows", each > 4096);
	while (n * each < most + (most >> 2))
		write_department(writer, n++);
	check_true("it is not what was written", size_of_log() < most);
	zactor_destroy(&writer);
}

/* While it cannot begin calls pile up; then they are one transaction. */
static void
the_writer_waits_for_the_store(void **state)
{
	zactor_t		*writer = start_writer();
	struct call		 calls[BATCH], *batch[BATCH];
	bool			 terminated;

	(void)state;
	store_exec(desk.sqlite, "BEGIN IMMEDIATE");
	begin_batch(one_fails, calls, batch);
	for (size_t i = 0; i < BATCH; i++)
		lane_send(writer, batch[i]);
	assert_null(lane_receive(writer, false, &terminated));
	store_exec(desk.sqlite, "COMMIT");
	for (size_t i = 0; i < BATCH; i++)
		assert_ptr_equal(lane_receive(writer, true, &terminated),
		    batch[i]);
	check_batch(one_fails, calls);
	zactor_destroy(&writer);
}

static void
the_slow_lane_reads_and_does_not_write(void **state)
{
	struct lane_args	 args = { .tables = &desk.tables,
				    .path = desk.path, .waiting = slow_new() };
	zactor_t		*slow = slow_start(&args);
	struct call		 calls[3];
	bool			 terminated;

	(void)state;
	desk_begin(&calls[0], OP_STATUS_GET);
	args_put_number(&calls[0].request.args, KEY_ID, 1);
	desk_begin(&calls[1], OP_STATUS_GET);
	args_put_number(&calls[1].request.args, KEY_ID, 1);
	calls[1].request.expires_ms = 1;
	desk_begin(&calls[2], OP_DEPARTMENT_CREATE);
	args_put_text(&calls[2].request.args, KEY_DEPARTMENT,
	    TEXT_OF("Post"));
	slow_wake(slow);	/* for none */
	for (int i = 0; i < 3; i++) {
		assert_null(slow_put(args.waiting, &calls[i], false));
		slow_wake(slow);
	}
	for (int i = 0; i < 3; i++)
		assert_ptr_equal(lane_receive(slow, true, &terminated),
		    &calls[i]);
	check_number("a read", calls[0].answer.error, OK);
	check_number("an expired one", calls[1].answer.error, ERR_EXPIRED);
	check_number("a write", calls[2].answer.error, ERR_STORE);
	zactor_destroy(&slow);
	slow_destroy(&args.waiting);
	for (int i = 0; i < 3; i++)
		desk_end(&calls[i]);
}

/* --- aside -------------------------------------------------------------------- */

static op_run	aside;

static int	made_here;

/* Rows without an end, or none where the call says so. */
static enum err
aside(struct call *c)
{
	sqlite3_stmt	*st;
	int		 result = SQLITE_ROW;

	if (c->request.id == 0) {
		c->made = &made_here;
		return OK;
	}
	assert_int_equal(sqlite3_prepare_v2(db_sqlite(c->session->db),
	    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM "
	    "n) SELECT count(*) "
	    "FROM n", -1, &st, NULL), SQLITE_OK);
	result = sqlite3_step(st);
	assert_int_equal(result, SQLITE_INTERRUPT);
	sqlite3_finalize(st);
	return op_refuse(c, ERR_EXPIRED, "It takes longer.");
}

static const struct op	aside_row = { .op = OP_STATUS_LIST, .aside = aside };

static void
begin_aside(struct call *c, uint64_t id)
{
	desk_begin(c, OP_STATUS_LIST);
	c->request.id = id;
	c->op = &aside_row;
}

static void
what_is_aside_ends_with_its_time(void **state)
{
	struct lane_args	 args = { &desk.tables, desk.path,
				    .most_us = 20000 };
	zactor_t		*lane = aside_start(&args);
	struct call		 calls[3];
	bool			 terminated;

	(void)state;
	for (uint64_t i = 0; i < 3; i++)
		begin_aside(&calls[i], i);
	calls[2].request.expires_ms = 1;
	for (int i = 0; i < 3; i++)
		lane_send(lane, &calls[i]);
	for (int i = 0; i < 3; i++)
		assert_ptr_equal(lane_receive(lane, true, &terminated),
		    &calls[i]);
	check_number("a quick one", calls[0].answer.error, OK);
	assert_ptr_equal(calls[0].made, &made_here);
	check_number("a long one", calls[1].answer.error, ERR_EXPIRED);
	check_true("a long one", calls[1].ran_over && args_has(
	    &calls[1].answer.extra, KEY_MESSAGE));
	check_number("an expired one", calls[2].answer.error, ERR_EXPIRED);
	check_true("an expired one", !calls[2].ran_over);
	zactor_destroy(&lane);
	for (int i = 0; i < 3; i++)
		desk_end(&calls[i]);
}

static void
what_is_aside_is_broken_off_at_the_end(void **state)
{
	struct lane_args	 args = { &desk.tables, desk.path,
				    .most_us = INT64_C(3600000000) };
	zactor_t		*lane = aside_start(&args);
	struct call		 c;
	bool			 terminated;

	(void)state;
	begin_aside(&c, 1);
	lane_send(lane, &c);
	atomic_store(&args.stopping, true);
	assert_ptr_equal(lane_receive(lane, true, &terminated), &c);
	check_number("refused", c.answer.error, ERR_UNAVAILABLE);
	check_true("refused", !c.ran_over);
	zactor_destroy(&lane);
	desk_end(&c);
}

int
main(void)
{
#define HERE(sentence, f) ON_DESK(&lookup_service, sentence, f)
	const struct CMUnitTest	tests[] = {
		HERE("a failing call leaves what others wrote",
		    a_failing_call_leaves_the_others),
		HERE("what a failing call wrote goes",
		    what_a_failing_call_wrote_goes),
		HERE("a commit that fails is answered with STORE, to all",
		    a_commit_that_fails_is_answered_with_store),
		HERE("a full disk is answered with STORE, and can be left",
		    a_full_disk_is_answered_with_store),
		HERE("a commit that may be lost is answered as unknown",
		    a_commit_that_may_be_lost_is_answered_as_unknown),
		HERE("what nobody waits for any more is not done",
		    what_nobody_waits_for_is_not_done),
		HERE("the writer answers after its commit",
		    the_writer_answers_after_its_commit),
		HERE("the writer has its log written back",
		    the_writer_has_its_log_written_back),
		HERE("the writer waits for the store",
		    the_writer_waits_for_the_store),
		HERE("the slow lane reads, and does not write",
		    the_slow_lane_reads_and_does_not_write),
		HERE("what is aside ends with its time",
		    what_is_aside_ends_with_its_time),
		HERE("what is aside is broken off at the end",
		    what_is_aside_is_broken_off_at_the_end),
	};

	zsys_handler_set(NULL);
	zsys_set_pipehwm(0);
	return cmocka_run_group_tests_name("lanes", tests, NULL, NULL);
}
