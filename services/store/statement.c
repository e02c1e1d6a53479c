/* Runs of prepared statements, on SQLite. */
#include "services/store/statement.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "services/store/store.h"

#define LOOK_STEPS	1000	/* of SQLite's machine, between calls of
				 * is_over() */

/* Which of a statement's parameters is which key. */
struct binding {
	int		parameter;
	enum key	key;
	enum key_type	type;	/* the key's */
};

struct statement {
	sqlite3_stmt	*st;
	struct binding	*bindings;
	size_t		 count;
	bool		 writes;
};

struct db {
	sqlite3			*sqlite;
	const struct service	*service;
	struct statement	*statements;	/* by number */
	bool			 owned;		/* the connection is */
	bool			 read_only;
	int64_t			 version;	/* in this transaction; 0: not
						 * known */
	bool			(*is_over)(void *arg);
	void			*is_over_arg;
};

/* --- connections ------------------------------------------------------------ */

const struct sql *
store_sql(const struct service *service, int sql)
{
	static const struct sql	common[SQL_COMMON_END] = {
		[SQL_NONE] = { "NONE", "" },
#define SQL(NAME, text) [SQL_##NAME] = { #NAME, text },
#include "services/store/sql.tbl"
#undef SQL
	};

	return sql < SQL_COMMON_END ? &common[sql] :
	    &service->sql[sql - SQL_COMMON_END];
}

static void
find_bindings(struct statement *s, const struct sql *sql)
{
	int		 count = sqlite3_bind_parameter_count(s->st);
	const char	*name;
	enum key	 key;

	s->bindings = must_alloc((size_t)(count + 1) * sizeof(s->bindings[0]));
	for (int i = 1; i <= count; i++) {
		name = sqlite3_bind_parameter_name(s->st, i);
		key = name == NULL ? KEY_END : key_find(name + 1, KEYSET_ALL);
		if (key == KEY_END)
			log_fatal("statement %s: parameter %s is not a key",
			    sql->name, name == NULL ? "?" : name);
		s->bindings[s->count++] = (struct binding){ i, key,
		    key_info(key)->type };
	}
}

/* Prepare all statements; NULL, or the name of the one that does not fit. */
static const char *
prepare(struct db *db)
{
	const struct sql	*row;
	struct statement	*s;

	for (int i = SQL_NONE + 1; i < db->service->sql_end; i++) {
		row = store_sql(db->service, i);
		s = &db->statements[i];
		if (sqlite3_prepare_v3(db->sqlite, row->text, -1,
		    SQLITE_PREPARE_PERSISTENT, &s->st, NULL) != SQLITE_OK)
			return row->name;
		s->writes = !sqlite3_stmt_readonly(s->st);
		find_bindings(s, row);
	}
	return NULL;
}

static struct db *
db_new(const struct service *service, sqlite3 *sqlite)
{
	struct db	*db = must_alloc(sizeof(*db));

	db->sqlite = sqlite;
	db->service = service;
	db->statements = must_alloc((size_t)service->sql_end *
	    sizeof(db->statements[0]));
	return db;
}

struct db *
db_over(const struct service *service, sqlite3 *sqlite)
{
	struct db	*db = db_new(service, sqlite);
	const char	*wrong = prepare(db);

	if (wrong != NULL)
		log_fatal("statement %s does not fit the schema: %s", wrong,
		    sqlite3_errmsg(sqlite));
	return db;
}

/* A store of another schema may have taken the place of the one of the start. */
struct db *
db_try_open(const struct service *service, const char *path, bool read_only)
{
	sqlite3		*sqlite = store_try_open(path, read_only);
	struct db	*db;
	const char	*wrong;

	if (sqlite == NULL)
		return NULL;
	db = db_new(service, sqlite);
	db->owned = true;
	db->read_only = read_only;
	wrong = prepare(db);
	if (wrong != NULL) {
		log_error("store %s: statement %s does not fit its schema: %s",
		    path, wrong, sqlite3_errmsg(sqlite));
		db_close(&db);
	}
	return db;
}

struct db *
db_open(const struct service *service, const char *path, bool read_only)
{
	struct db	*db = db_over(service, store_open(path, read_only));

	db->owned = true;
	db->read_only = read_only;
	return db;
}

void
db_close(struct db **self_p)
{
	struct db	*db = *self_p;

	if (db == NULL)
		return;
	for (int i = SQL_NONE + 1; i < db->service->sql_end; i++) {
		sqlite3_finalize(db->statements[i].st);
		free(db->statements[i].bindings);
	}
	free(db->statements);
	if (db->owned)
		sqlite3_close(db->sqlite);
	free(db);
	*self_p = NULL;
}

const char *
db_error(const struct db *db)
{
	return sqlite3_errmsg(db->sqlite);
}

bool
db_refused_values(const struct db *db)
{
	int	code = sqlite3_errcode(db->sqlite) & 0xff;

	return code == SQLITE_CONSTRAINT || code == SQLITE_MISMATCH ||
	    code == SQLITE_TOOBIG;
}

const char *
db_path(const struct db *db)
{
	return sqlite3_db_filename(db->sqlite, "main");
}

bool
db_is_in_place(const struct db *db)
{
	return store_is_in_place(db->sqlite);
}

sqlite3 *
db_sqlite(const struct db *db)
{
	return db->sqlite;
}

static int
look(void *arg)
{
	struct db	*db = arg;

	return db->is_over(db->is_over_arg);
}

void
db_end_when(struct db *db, bool (*is_over)(void *arg), void *arg)
{
	db->is_over = is_over;
	db->is_over_arg = arg;
	sqlite3_progress_handler(db->sqlite, LOOK_STEPS, look, db);
}

keyset
db_keys(const struct db *db, int sql)
{
	const struct statement	*s = &db->statements[sql];
	keyset			 keys = K(NONE);

	for (size_t i = 0; i < s->count; i++)
		keyset_add(&keys, s->bindings[i].key);
	return keys;
}

/* --- transactions ----------------------------------------------------------- */

static bool
run_plain(struct db *db, int sql)
{
	sqlite3_stmt	*st = db->statements[sql].st;
	int		 result = sqlite3_step(st);

	db->version = 0;
	sqlite3_reset(st);
	if (result != SQLITE_DONE)
		log_error("store: %s: %s", store_sql(db->service, sql)->name,
		    sqlite3_errmsg(db->sqlite));
	return result == SQLITE_DONE;
}

bool
db_begin_read(struct db *db)
{
	return run_plain(db, SQL_BEGIN);
}

bool
db_begin_write(struct db *db)
{
	return run_plain(db, SQL_BEGIN_WRITE);
}

bool
db_commit(struct db *db)
{
	return run_plain(db, SQL_COMMIT);
}

bool
db_is_in_doubt(const struct db *db)
{
	return sqlite3_extended_errcode(db->sqlite) == SQLITE_IOERR_FSYNC;
}

bool
db_rollback(struct db *db)
{
	return run_plain(db, SQL_ROLLBACK);
}

bool
db_savepoint(struct db *db)
{
	return run_plain(db, SQL_SAVEPOINT);
}

bool
db_savepoint_undo(struct db *db)
{
	return run_plain(db, SQL_ROLLBACK_TO);
}

bool
db_savepoint_end(struct db *db)
{
	return run_plain(db, SQL_RELEASE);
}

bool
db_in_transaction(const struct db *db)
{
	return !sqlite3_get_autocommit(db->sqlite);
}

/*
 * SQLite counts commits of other connections, and changes of this one. A
 * transaction that only reads has one version to its end.
 */
int64_t
db_version(struct db *db)
{
	struct stmt	st;
	int64_t		version = 0;

	if (db->version != 0 && db_in_transaction(db))
		return db->version;
	st = stmt_begin(db, SQL_DATA_VERSION, NULL);
	if (stmt_next(&st))
		version = (int64_t)(((uint64_t)stmt_number(&st, 0) << 32) +
		    (uint64_t)sqlite3_total_changes64(db->sqlite) + 1);
	if (!stmt_end(&st))
		return 0;
	if (db->read_only && db_in_transaction(db))
		db->version = version;
	return version;
}

int64_t
db_rows_changed(const struct db *db)
{
	return sqlite3_total_changes64(db->sqlite);
}

int64_t
db_last_id(const struct db *db)
{
	return sqlite3_last_insert_rowid(db->sqlite);
}

/* --- runs ------------------------------------------------------------------- */

static void
bind_text(sqlite3_stmt *st, const struct binding *b, struct text t)
{
	if (b->type == KEY_TEXT)
		sqlite3_bind_text(st, b->parameter, t.base, (int)t.len,
		    SQLITE_STATIC);
	else
		sqlite3_bind_blob(st, b->parameter, t.base, (int)t.len,
		    SQLITE_STATIC);
}

struct stmt
stmt_begin(struct db *db, int sql, const struct args *args)
{
	const struct statement	*s = &db->statements[sql];
	const struct binding	*b = s->bindings;
	const union value	*v;

	for (size_t i = 0; i < s->count && args != NULL; i++, b++) {
		v = args_value(args, b->key);
		if (v == NULL)
			continue;	/* null, as stmt_end() left it */
		if (b->type == KEY_INT)
			sqlite3_bind_int64(s->st, b->parameter, v->number);
		else
			bind_text(s->st, b, v->text);
	}
	return (struct stmt){ .db = db, .st = s->st, .sql = sql };
}

static const struct binding *
find_binding(const struct stmt *st, enum key key)
{
	const struct statement	*s = &st->db->statements[st->sql];

	for (size_t i = 0; i < s->count; i++)
		if (s->bindings[i].key == key)
			return &s->bindings[i];
	log_fatal("statement %s has no parameter %s",
	    store_sql(st->db->service, st->sql)->name, key_info(key)->name);
}

void
stmt_bind_number(struct stmt *st, enum key key, int64_t number)
{
	const struct binding	*b = find_binding(st, key);

	CHECK(b->type == KEY_INT);
	sqlite3_bind_int64(st->st, b->parameter, number);
}

void
stmt_bind_text(struct stmt *st, enum key key, struct text t)
{
	const struct binding	*b = find_binding(st, key);

	CHECK(b->type != KEY_INT);
	bind_text(st->st, b, t);
}

void
stmt_bind_null(struct stmt *st, enum key key)
{
	sqlite3_bind_null(st->st, find_binding(st, key)->parameter);
}

/* A step after the last row would begin anew. */
bool
stmt_next(struct stmt *st)
{
	int	result;

	if (st->ended || st->failed)
		return false;
	st->begun = true;
	result = sqlite3_step(st->st);
	st->ended = result == SQLITE_DONE;
	st->failed = result != SQLITE_ROW && result != SQLITE_DONE;
	return result == SQLITE_ROW;
}

int64_t
stmt_number(const struct stmt *st, int column)
{
	return sqlite3_column_int64(st->st, column);
}

struct text
stmt_text(const struct stmt *st, int column)
{
	return column_text(st->st, column);
}

struct text
stmt_bytes(const struct stmt *st, int column)
{
	const char	*base = sqlite3_column_blob(st->st, column);

	return (struct text){ base, (size_t)sqlite3_column_bytes(st->st,
	    column) };
}

bool
stmt_is_null(const struct stmt *st, int column)
{
	return sqlite3_column_type(st->st, column) == SQLITE_NULL;
}

bool
stmt_is_number(const struct stmt *st, int column)
{
	return sqlite3_column_type(st->st, column) == SQLITE_INTEGER;
}

int
stmt_changed(const struct stmt *st)
{
	return sqlite3_changes(st->db->sqlite);
}

int
stmt_find(const struct stmt *st, const char *name)
{
	for (int i = 0; i < sqlite3_column_count(st->st); i++)
		if (strcmp(sqlite3_column_name(st->st, i), name) == 0)
			return i;
	return -1;
}

void
stmt_args(const struct stmt *st, struct args *args)
{
	enum key	key;

	for (int i = 0; i < sqlite3_column_count(st->st); i++) {
		key = key_find(sqlite3_column_name(st->st, i), KEYSET_ALL);
		CHECK(key != KEY_END);
		if (stmt_is_null(st, i))
			continue;
		if (key_info(key)->type == KEY_INT)
			args_put_number(args, key, stmt_number(st, i));
		else
			args_put_text(args, key, stmt_text(st, i));
	}
}

/*
 * INSERT ... RETURNING gives its rows before it has written to the end. The
 * reset of a run that failed says so again.
 */
bool
stmt_end(struct stmt *st)
{
	const struct statement	*s = &st->db->statements[st->sql];

	while (s->writes && st->begun && stmt_next(st))
		continue;
	if (sqlite3_reset(st->st) != SQLITE_OK)
		st->failed = true;
	sqlite3_clear_bindings(st->st);
	return !st->failed;
}
