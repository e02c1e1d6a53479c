/* What the engine holds is what was appended, by one writer at a time. */
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "postgres.h"
#include "services/engine/engine.h"
#include "services/store/store.h"
#include "unit.h"

/* Tables of each kind that stores have, with a full-text index. */
static const char schema[] =
    "CREATE TABLE tickets (id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT, "
    "  hours INTEGER, data BLOB) STRICT;"
    "CREATE TABLE members (user INTEGER, team TEXT, PRIMARY KEY (user, team)) "
    "  STRICT, WITHOUT ROWID;"
    "CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT UNIQUE) STRICT;"
    "CREATE INDEX tickets_hours ON tickets (hours);"
    "CREATE VIRTUAL TABLE words USING fts5 (title, content = '');"
    "CREATE TRIGGER tickets_words AFTER INSERT ON tickets BEGIN "
    "  INSERT INTO words (rowid, title) VALUES (new.id, new.title); END;"
    "INSERT INTO names VALUES (1, 'a'), (2, 'b'), (3, NULL);"
    "INSERT INTO tickets (title, hours, data) VALUES ('one', 7, NULL), "
    "  ('二', NULL, x'00ff0a');"
    "INSERT INTO members VALUES (1, 'x'), (2, 'y');";

static struct postgres	*server;

/* A store, and an engine for it. */
struct desk {
	sqlite3			*db;
	struct tables		*tables;
	struct patch_each	*each;
	struct engine		*engine;
	struct engine_place	 place;
	int64_t			 reign;
};

static sqlite3 *
new_store(const char *sql)
{
	sqlite3	*db;

	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	store_exec(db, sql);
	return db;
}

/* The server has nothing but an empty schema of the role. */
static struct desk
open_desk(void)
{
	struct desk	d = { .db = new_store(schema), .place = { 1, 77 } };

	postgres_do(server, "DROP SCHEMA IF EXISTS flicket_ticket CASCADE;"
	    "CREATE SCHEMA flicket_ticket AUTHORIZATION flicket_ticket");
	d.tables = tables_read(d.db);
	d.each = patch_each_new(d.db, d.tables);
	d.engine = engine_new(postgres_conninfo(server), SERVICE_TICKET,
	    d.tables);
	return d;
}

static void
close_desk(struct desk *d)
{
	engine_destroy(&d->engine);
	patch_each_destroy(&d->each);
	tables_destroy(&d->tables);
	sqlite3_close(d->db);
}

/* With the store in it, and its writer. */
static struct desk
open_writer(void)
{
	struct desk		d = open_desk();
	struct engine_head	head;

	check_number("put", engine_put(d.engine, d.db, 5, d.place, false, NULL,
	    NULL), ENGINE_DONE);
	check_number("claim", engine_claim(d.engine, "host-a", &head),
	    ENGINE_DONE);
	check_number("at", head.last.seq, 1);
	d.reign = head.reign;
	return d;
}

/* Run SQL as a batch of the writer, and append it; commit if it is DONE. */
static enum engine_end
write_as(struct desk *d, const char *sql, int64_t reign, struct buf *ret)
{
	struct engine_place	 place = { d->place.seq + 1, reign };
	struct buf		 patch = { 0 };
	struct patch		*p;
	enum engine_end		 end;

	store_exec(d->db, "BEGIN IMMEDIATE");
	p = patch_begin(d->db);
	store_exec(d->db, sql);
	assert_true(patch_take(p, &patch));
	patch_end(&p);
	end = engine_append(d->engine, place, buf_text(&patch), d->each);
	store_exec(d->db, end == ENGINE_DONE ? "COMMIT" : "ROLLBACK");
	if (end == ENGINE_DONE)
		d->place = place;
	if (ret != NULL)
		*ret = patch;
	else
		buf_done(&patch);
	return end;
}

/* The tables of the store and of the engine that are not the same. */
static void
check_same(const char *row, struct desk *d)
{
	struct buf	differ = { 0 };

	check_number(row, engine_compare(d->engine, d->db, d->place, &differ),
	    ENGINE_DONE);
	check_text(row, buf_text(&differ), ((struct text){ "", 0 }));
	buf_done(&differ);
}

static int64_t
select_number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt	*st;
	int64_t		 n;

	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return n;
}

/* --- whole stores ----------------------------------------------------------------- */

static void
puts_once(void **state)
{
	struct desk		d = open_desk();
	struct engine_head	head;

	(void)state;
	check_number("empty", engine_look(d.engine, &head), ENGINE_MISSING);
	check_number("put", engine_put(d.engine, d.db, 5, d.place, false, NULL,
	    NULL), ENGINE_DONE);
	check_number("look", engine_look(d.engine, &head), ENGINE_DONE);
	check_number("seq", head.last.seq, 1);
	check_number("reign", head.last.reign, 77);
	check_number("schema", head.schema, 5);
	check_true("nobody writes", head.is_free);
	check_number("twice", engine_put(d.engine, d.db, 5, d.place, false,
	    NULL, NULL), ENGINE_REFUSED);
	check_same("put", &d);
	close_desk(&d);
}

static bool
stop_at_once(void *arg, int64_t rows)
{
	(void)arg, (void)rows;
	return false;
}

static void
puts_all_or_nothing(void **state)
{
	struct desk		d = open_desk();
	struct engine_head	head;

	(void)state;
	store_exec(d.db, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT "
	    "i + 1 FROM n WHERE i < 20000) INSERT INTO names SELECT i + 10, i "
	    "FROM n");
	check_number("stopped", engine_put(d.engine, d.db, 5, d.place, false,
	    stop_at_once, NULL), ENGINE_STOPPED);
	check_number("nothing", engine_look(d.engine, &head), ENGINE_MISSING);
	check_number("put", engine_put(d.engine, d.db, 5, d.place, false, NULL,
	    NULL), ENGINE_DONE);
	check_same("all", &d);
	close_desk(&d);
}

static void
drops_what_nobody_has_claimed(void **state)
{
	struct desk		d = open_desk();
	struct engine_head	head;

	(void)state;
	check_number("nothing", engine_drop(d.engine, 77), ENGINE_MISSING);
	check_number("put", engine_put(d.engine, d.db, 5, d.place, false, NULL,
	    NULL), ENGINE_DONE);
	check_number("another", engine_drop(d.engine, 78), ENGINE_REFUSED);
	check_same("left alone", &d);
	check_number("drop", engine_drop(d.engine, 77), ENGINE_DONE);
	check_number("gone", engine_look(d.engine, &head), ENGINE_MISSING);
	check_number("again", engine_put(d.engine, d.db, 5, d.place, false,
	    NULL, NULL), ENGINE_DONE);
	check_number("claim", engine_claim(d.engine, "host-a", &head),
	    ENGINE_DONE);
	check_number("in use", engine_drop(d.engine, 77), ENGINE_REFUSED);
	check_same("used", &d);
	close_desk(&d);
}

static void
fetches_a_copy(void **state)
{
	struct desk		d = open_writer();
	struct engine_head	head;
	struct buf		differ = { 0 };
	sqlite3			*copy = new_store(schema);
	sqlite3_stmt		*st;

	(void)state;
	check_number("write", write_as(&d, "INSERT INTO tickets (title) VALUES "
	    "('three'); DELETE FROM tickets WHERE id = 3; DELETE FROM members "
	    "WHERE user = 1; UPDATE names SET name = id", d.reign, NULL),
	    ENGINE_DONE);
	store_exec(copy, "DROP TRIGGER tickets_words; BEGIN");
	check_number("fetch", engine_fetch(d.engine, copy, &head, NULL, NULL),
	    ENGINE_DONE);
	store_exec(copy, "COMMIT");
	check_number("seq", head.last.seq, 2);
	check_number("reign", head.last.reign, d.reign);
	check_number("compare", engine_compare(d.engine, copy, head.last,
	    &differ), ENGINE_DONE);
	check_text("same", buf_text(&differ), ((struct text){ "", 0 }));
	/* an id that was given is not given again */
	sqlite3_prepare_v2(copy, "INSERT INTO tickets (title) VALUES ('x') "
	    "RETURNING id", -1, &st, NULL);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	check_number("next id", sqlite3_column_int64(st, 0), 4);
	sqlite3_finalize(st);
	store_exec(copy, "INSERT INTO words (words) VALUES ('integrity-check')");
	buf_done(&differ);
	sqlite3_close(copy);
	close_desk(&d);
}

static void
finds_a_difference(void **state)
{
	struct desk	d = open_writer();
	struct buf	differ = { 0 };

	(void)state;
	postgres_do(server, "UPDATE flicket_ticket.names SET name = 'z' "
	    "WHERE id = 2");
	check_number("compare", engine_compare(d.engine, d.db, d.place,
	    &differ), ENGINE_DONE);
	check_text("table", buf_text(&differ), text_of("names"));
	buf_done(&differ);
	close_desk(&d);
}

/* --- entries ----------------------------------------------------------------------- */

struct taken {
	sqlite3			*copy;
	struct engine_place	 place;
};

static bool
take(void *arg, struct engine_place place, struct text patch)
{
	struct taken	*t = arg;

	store_exec(t->copy, "BEGIN");
	check_number("applied", patch_apply(t->copy, patch), PATCH_DONE);
	store_exec(t->copy, "COMMIT");
	t->place = place;
	return true;
}

static void
follows(void **state)
{
	static const char *const	writes[] = {
		"INSERT INTO tickets (title, data) VALUES ('x', x''), ('', x'00')",
		"UPDATE names SET name = CASE id WHEN 1 THEN 'b' ELSE 'a' END "
		    "WHERE id < 3 AND 0; UPDATE tickets SET title = NULL",
		"UPDATE members SET team = team || 'z'",
		"DELETE FROM tickets; DELETE FROM members",
		/* terms of the index that are longer than a key of PostgreSQL's */
		"INSERT INTO tickets (title) SELECT w || 'a ' || w || 'b ' || w "
		    "|| 'c' FROM (SELECT hex(randomblob(3000)) AS w)",
		"INSERT INTO words (words) VALUES ('optimize')",
		"INSERT INTO tickets (title) VALUES ('last')",
	};
	struct desk			 d = open_writer();
	struct taken			 t = { new_store(schema), d.place };

	(void)state;
	assert_true(patch_prepare(t.copy));
	for (size_t i = 0; i < LEN(writes); i++)
		check_number(writes[i], write_as(&d, writes[i], d.reign, NULL),
		    ENGINE_DONE);
	check_number("since", engine_since(d.engine, t.place, take, &t),
	    ENGINE_DONE);
	check_number("all", t.place.seq, 1 + LEN(writes));
	check_true("a long term", select_number(d.db,
	    "SELECT max(length(term)) FROM words_idx") > 2704);
	check_same("tables", &d);
	sqlite3_close(d.db);
	d.db = t.copy;
	patch_each_destroy(&d.each);
	check_same("copy", &d);
	close_desk(&d);
}

static void
refuses_an_earlier_writer(void **state)
{
	struct desk		d = open_writer();
	struct engine		*other = engine_new(postgres_conninfo(server),
				    SERVICE_TICKET, d.tables);
	struct engine_head	head;

	(void)state;
	check_number("lease", engine_claim(other, "host-b", &head),
	    ENGINE_REFUSED);
	engine_resign(d.engine, d.reign);
	check_number("claim", engine_claim(other, "host-b", &head),
	    ENGINE_DONE);
	check_number("earlier", write_as(&d, "DELETE FROM names", d.reign, NULL),
	    ENGINE_REFUSED);
	check_number("renew", engine_renew(d.engine, d.reign), ENGINE_REFUSED);
	check_same("nothing of it is there", &d);
	check_number("later", write_as(&d, "DELETE FROM names", head.reign,
	    NULL), ENGINE_DONE);
	check_same("all of it is", &d);
	engine_destroy(&other);
	close_desk(&d);
}

static void
tells_histories_apart(void **state)
{
	struct desk	d = open_writer();
	struct taken	t = { NULL, { 1, 78 } };

	(void)state;
	check_number("another reign", engine_since(d.engine, t.place, take, &t),
	    ENGINE_GONE);
	t.place = (struct engine_place){ 2, d.reign };
	check_number("of the future", engine_since(d.engine, t.place, take, &t),
	    ENGINE_GONE);
	check_number("write", write_as(&d, "DELETE FROM names", d.reign, NULL),
	    ENGINE_DONE);
	engine_trim(d.engine, d.reign);
	t.place = (struct engine_place){ 2, d.reign };
	check_number("an hour of entries stays", engine_since(d.engine, t.place,
	    take, &t), ENGINE_DONE);
	postgres_do(server, "UPDATE flicket_ticket.log SET date = 'epoch'");
	engine_trim(d.engine, d.reign);
	t.place = (struct engine_place){ 1, 77 };
	check_number("trimmed", engine_since(d.engine, t.place, take, &t),
	    ENGINE_GONE);
	check_number("the last one stays", engine_since(d.engine, d.place, take,
	    &t), ENGINE_DONE);
	close_desk(&d);
}

/* --- servers that fail ---------------------------------------------------------------- */

static void
comes_back(void **state)
{
	struct desk		d = open_writer();
	struct engine_head	head;

	(void)state;
	check_number("write", write_as(&d, "DELETE FROM members", d.reign, NULL),
	    ENGINE_DONE);
	postgres_kill(server);
	check_number("killed", write_as(&d, "DELETE FROM names", d.reign, NULL),
	    ENGINE_UNKNOWN);
	check_number("away", engine_look(d.engine, &head), ENGINE_AWAY);
	postgres_again(server);
	check_number("claim", engine_claim(d.engine, "host-a", &head),
	    ENGINE_DONE);
	check_number("it is not done", head.last.seq, 2);
	check_number("again", write_as(&d, "DELETE FROM names", head.reign,
	    NULL), ENGINE_DONE);
	check_same("done", &d);
	close_desk(&d);
}

/* As an operator may do it, when no standby answers. */
static void *
cancel_wait(void *arg)
{
	(void)arg;
	postgres_do(server, "DO $$ BEGIN FOR i IN 1..500 LOOP PERFORM "
	    "pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = "
	    "'SyncRep'; EXIT WHEN FOUND; PERFORM pg_sleep(0.01); PERFORM "
	    "pg_stat_clear_snapshot(); END LOOP; END $$");
	return NULL;
}

static void
knows_what_is_not_known(void **state)
{
	struct desk		d = open_writer();
	struct engine_head	head;
	pthread_t		thread;

	(void)state;
	postgres_do(server, "ALTER SYSTEM SET synchronous_standby_names = "
	    "'ANY 1 (nobody)'");
	postgres_do(server, "SELECT pg_reload_conf(), pg_sleep(0.2)");
	pthread_create(&thread, NULL, cancel_wait, NULL);
	check_number("cancelled", write_as(&d, "DELETE FROM names", d.reign,
	    NULL), ENGINE_UNKNOWN);
	pthread_join(thread, NULL);
	d.place = (struct engine_place){ 2, d.reign };
	check_number("unanswered", write_as(&d, "DELETE FROM members", d.reign,
	    NULL), ENGINE_UNKNOWN);
	postgres_do(server, "ALTER SYSTEM RESET synchronous_standby_names");
	postgres_do(server, "SELECT pg_reload_conf(), pg_sleep(0.2)");
	check_number("claim", engine_claim(d.engine, "host-a", &head),
	    ENGINE_DONE);
	check_number("both were done after all", head.last.seq, 3);
	check_number("as its reign tells", head.last.reign, d.reign);
	close_desk(&d);
}

static void
reads_conninfos(void **state)
{
	(void)state;
	assert_null(engine_refuse_conninfo("host=a,b port=1,2 dbname=x"));
	check_part("password", engine_refuse_conninfo("host=a password=x"),
	    "passfile=");
	check_part("key", engine_refuse_conninfo("host=a sslpassword=x"),
	    "passfile=");
	check_part("service", engine_refuse_conninfo("service=desk"), "service=");
	check_part("wrong", engine_refuse_conninfo("host=a hots=b"), "hots");
}

static int
start(void **state)
{
	(void)state;
	server = postgres_start();
	if (server == NULL)
		return 0;
	postgres_do(server, "CREATE ROLE flicket_ticket LOGIN");
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	postgres_stop(&server);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("a store is put into an engine once", puts_once),
		TEST("… whole or not at all", puts_all_or_nothing),
		TEST("a store that was put can be removed", drops_what_nobody_has_claimed),
		TEST("a copy that is fetched is the same", fetches_a_copy),
		TEST("a row that differs is found", finds_a_difference),
		TEST("a copy follows the log, and so do the tables", follows),
		TEST("an earlier writer is refused", refuses_an_earlier_writer),
		TEST("another history is no place to go on from",
		    tells_histories_apart),
		TEST("a server that is killed did all or nothing", comes_back),
		TEST("what the standby may not have is not known",
		    knows_what_is_not_known),
		TEST("a conninfo is read", reads_conninfos),
	};

	if (access("/usr/lib/postgresql/15/bin/postgres", X_OK) == -1) {
		fprintf(stderr, "PostgreSQL 15 is not installed\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, start, stop);
}
