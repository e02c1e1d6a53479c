/* Whole stores: into the engine, out of it, and compared. */
#include <endian.h>
#include <sodium.h>
#include <sqlite3.h>
#include <string.h>

#include "base/log.h"
#include "services/engine/engine_private.h"
#include "services/engine/layout.h"
#include "services/engine/values.h"
#include "services/store/store.h"

#define IS_THERE	"42P07"		/* a table of this name */
#define IS_UNIQUE	"23505"		/* … that is being made by another */

#define CHUNK_BYTES	65536
#define PROGRESS_ROWS	10000

/* The head and the end of rows in COPY's binary form. */
static const char	copy_head[19] = "PGCOPY\n\377\r\n";
static const char	copy_end[2] = { '\377', '\377' };

struct transfer {
	struct engine	*e;
	sqlite3		*db;
	int64_t		 rows;
	engine_progress	*progress;
	void		*arg;
	enum engine_end	 end;
};

static bool
fail(struct transfer *t, enum engine_end end)
{
	t->end = end;
	return false;
}

static bool
fail_store(struct transfer *t, const char *table)
{
	t->e->error.len = 0;
	buf_printf(&t->e->error, "%s: %s", table, sqlite3_errmsg(t->db));
	return fail(t, ENGINE_FAILED);
}

static bool
fail_engine(struct transfer *t)
{
	return fail(t, engine_failed(t->e));
}

static bool
do_sql(struct transfer *t, const char *sql)
{
	return link_do(t->e->link, sql) || fail_engine(t);
}

static bool
do_sql_of(struct transfer *t, struct buf *sql)
{
	bool	ok = do_sql(t, sql->base);

	buf_done(sql);
	return ok;
}

/* After a row. */
static bool
report(struct transfer *t)
{
	return ++t->rows % PROGRESS_ROWS != 0 ||
	    t->progress(t->arg, t->rows) || fail(t, ENGINE_STOPPED);
}

static void
put_16(struct buf *b, int count)
{
	uint16_t	n = htobe16((uint16_t)count);

	buf_put(b, &n, sizeof(n));
}

/* Not to be told. */
static bool
go_on(void *arg, int64_t rows)
{
	(void)arg, (void)rows;
	return true;
}

/* The columns of a table, in their order. */
static sqlite3_stmt *
select_rows(struct transfer *t, const struct table *table)
{
	struct buf	 sql = { 0 };
	sqlite3_stmt	*st = NULL;

	buf_printf(&sql, "SELECT");
	for (int i = 0; i < table->count; i++)
		buf_printf(&sql, "%s \"%s\"", i == 0 ? "" : ",",
		    table->columns[i].name);
	buf_printf(&sql, " FROM \"%s\"", table->name);
	if (sqlite3_prepare_v2(t->db, sql.base, (int)sql.len, &st, NULL) !=
	    SQLITE_OK)
		fail_store(t, table->name);
	buf_done(&sql);
	return st;
}

/* A row in COPY's form. */
static bool
put_row(struct transfer *t, const struct table *table, sqlite3_stmt *st,
    struct buf *ret)
{
	put_16(ret, table->count);
	for (int i = 0; i < table->count; i++)
		if (!value_put(ret, table->columns[i].type,
		    sqlite3_column_value(st, i))) {
			t->e->error.len = 0;
			buf_printf(&t->e->error, "%s.%s has a value of another "
			    "type than its column", table->name,
			    table->columns[i].name);
			return fail(t, ENGINE_FAILED);
		}
	return true;
}

/* --- into the engine ------------------------------------------------------------------ */

static bool
send_chunk(struct transfer *t, struct buf *chunk, size_t least)
{
	if (chunk->len < least)
		return true;
	if (!link_copy_put(t->e->link, buf_text(chunk)))
		return fail_engine(t);
	chunk->len = 0;
	return true;
}

static bool
send_rows(struct transfer *t, const struct table *table, sqlite3_stmt *st)
{
	struct buf	chunk = { 0 };
	bool		ok = true;
	int		rc = SQLITE_ROW;

	buf_put(&chunk, copy_head, sizeof(copy_head));
	while (ok && (rc = sqlite3_step(st)) == SQLITE_ROW)
		ok = put_row(t, table, st, &chunk) &&
		    send_chunk(t, &chunk, CHUNK_BYTES) && report(t);
	if (ok && rc != SQLITE_DONE)
		ok = fail_store(t, table->name);
	buf_put(&chunk, copy_end, sizeof(copy_end));
	ok = ok && send_chunk(t, &chunk, 0);
	buf_done(&chunk);
	return ok && (link_copy_end(t->e->link) || fail_engine(t));
}

static bool
put_table(struct transfer *t, const struct table *table)
{
	struct buf	 sql = { 0 };
	sqlite3_stmt	*st = select_rows(t, table);
	bool		 ok = st != NULL;

	layout_put_copy_in(&sql, table);
	ok = ok && (link_copy_begin(t->e->link, sql.base, true) ||
	    fail_engine(t)) && send_rows(t, table, st);
	buf_done(&sql);
	sqlite3_finalize(st);
	return ok;
}

/* A store that is there goes, if it is this writer's. */
static bool
drop_store(struct transfer *t, int64_t reign)
{
	struct buf	 sql = { 0 };
	PGresult	*r;
	bool		 is_own;

	buf_printf(&sql, "SELECT one FROM head WHERE reign = %lld FOR UPDATE",
	    (long long)reign);
	r = link_query(t->e->link, sql.base);
	buf_done(&sql);
	if (r == NULL)
		return fail_engine(t);
	is_own = PQntuples(r) == 1;
	PQclear(r);
	if (!is_own)
		return fail(t, ENGINE_REFUSED);
	r = link_query(t->e->link, "SELECT 'DROP TABLE ' || "
	    "quote_ident(tablename) FROM pg_tables WHERE schemaname = "
	    "current_schema()");
	if (r == NULL)
		return fail_engine(t);
	for (int i = 0; i < PQntuples(r); i++)
		buf_printf(&sql, "%s;", PQgetvalue(r, i, 0));
	PQclear(r);
	return do_sql_of(t, &sql);
}

static bool
create_store(struct transfer *t)
{
	struct buf	sql = { 0 };

	buf_put_text(&sql, layout_own_sql);
	for (size_t i = 0; i < t->e->tables->count; i++)
		layout_put_create(&sql, &t->e->tables->rows[i]);
	if (do_sql_of(t, &sql))
		return true;
	if (strcmp(link_state(t->e->link), IS_THERE) == 0 ||
	    strcmp(link_state(t->e->link), IS_UNIQUE) == 0)
		t->end = ENGINE_REFUSED;
	return false;
}

/* The first entry changes nothing: the place of it is what counts. */
static bool
put_head(struct transfer *t, int64_t schema, struct engine_place place)
{
	struct buf	 counters = { 0 }, sql = { 0 };
	char		*quoted;

	if (!patch_put_counters(t->db, &counters))
		return fail_store(t, "sqlite_sequence");
	quoted = sqlite3_mprintf("%.*Q", (int)counters.len, counters.base);
	buf_printf(&sql, "INSERT INTO head VALUES (1, %lld, %lld, '', "
	    "'-infinity', %lld, %s); INSERT INTO log (seq, reign, patch, one) "
	    "VALUES (%lld, %lld, '', 1)", (long long)place.seq,
	    (long long)place.reign, (long long)schema, quoted,
	    (long long)place.seq, (long long)place.reign);
	sqlite3_free(quoted);
	buf_done(&counters);
	return do_sql_of(t, &sql);
}

static bool
put_store(struct transfer *t, int64_t schema, struct engine_place place,
    bool replace)
{
	if (!do_sql(t, "BEGIN") ||
	    (replace && !drop_store(t, place.reign)) || !create_store(t))
		return false;
	for (size_t i = 0; i < t->e->tables->count; i++)
		if (!put_table(t, &t->e->tables->rows[i]))
			return false;
	return put_head(t, schema, place);
}

static enum engine_end
commit_store(struct transfer *t)
{
	if (!do_sql(t, "COMMIT"))
		t->end = link_is_open(t->e->link) ? ENGINE_FAILED :
		    ENGINE_UNKNOWN;
	else if (link_take_warning(t->e->link)) {
		fail(t, ENGINE_UNKNOWN);
		t->e->error.len = 0;
		buf_printf(&t->e->error, "the standby may not have it");
	}
	link_close(t->e->link);		/* its statements are of the time before */
	return t->end;
}

enum engine_end
engine_put(struct engine *e, sqlite3 *db, int64_t schema,
    struct engine_place place, bool replace, engine_progress *progress,
    void *arg)
{
	struct transfer	t = { .e = e, .db = db, .progress = progress,
			    .arg = arg, .end = ENGINE_DONE };
	enum engine_end	end = engine_open(e);

	if (progress == NULL)
		t.progress = go_on;
	if (end == ENGINE_DONE && !replace)
		return ENGINE_REFUSED;
	if (end != ENGINE_DONE && end != ENGINE_MISSING)
		return end;
	(void)link_take_warning(e->link);
	if (!put_store(&t, schema, place, replace)) {
		link_close(e->link);	/* and its transaction */
		return t.end;
	}
	return commit_store(&t);
}

enum engine_end
engine_drop(struct engine *e, int64_t reign)
{
	struct transfer	t = { .e = e, .end = ENGINE_DONE };
	enum engine_end	end = engine_open(e);

	if (end != ENGINE_DONE)
		return end;
	(void)link_take_warning(e->link);
	if (!do_sql(&t, "BEGIN") || !drop_store(&t, reign)) {
		link_close(e->link);	/* and its transaction */
		return t.end;
	}
	return commit_store(&t);
}

/* --- out of the engine ------------------------------------------------------------------- */

static bool
take_16(struct text *rest, int *ret)
{
	uint16_t	n;

	if (rest->len < sizeof(n))
		return false;
	memcpy(&n, rest->base, sizeof(n));
	*ret = (int16_t)be16toh(n);
	*rest = (struct text){ rest->base + sizeof(n), rest->len - sizeof(n) };
	return true;
}

static bool
take_field(struct text *rest, struct text *ret)
{
	uint32_t	n;

	*ret = (struct text){ NULL, 0 };
	if (rest->len < sizeof(n))
		return false;
	memcpy(&n, rest->base, sizeof(n));
	n = be32toh(n);
	*rest = (struct text){ rest->base + sizeof(n), rest->len - sizeof(n) };
	if (n == UINT32_MAX)
		return true;
	if (n > rest->len)
		return false;
	*ret = (struct text){ rest->base, n };
	*rest = (struct text){ rest->base + n, rest->len - n };
	return true;
}

/*
 * What is done with a row of the engine: its fields in COPY's form. The end of
 * all rows is no row.
 */
typedef bool	take_row(struct transfer *, const struct table *,
		    struct text fields, void *arg);

/* PostgreSQL gives a row at a time, and the head with the first one or alone. */
static bool
read_rows(struct transfer *t, const struct table *table, take_row *take,
    void *arg)
{
	struct text	bytes, row;
	bool		first = true, ok = true, failed = false;
	int		count;

	while (ok && (bytes = link_copy_take(t->e->link, &failed)).base !=
	    NULL) {
		row = bytes;
		if (first && row.len >= sizeof(copy_head))
			row = (struct text){ row.base + sizeof(copy_head),
			    row.len - sizeof(copy_head) };
		first = false;
		if (row.len > 0 && !take_16(&row, &count))
			ok = fail(t, ENGINE_FAILED);
		else if (row.len > 0 && count != -1)
			ok = count == table->count ?
			    take(t, table, row, arg) : fail(t, ENGINE_FAILED);
		PQfreemem((void *)(uintptr_t)bytes.base);
	}
	return ok && (!failed || fail_engine(t));
}

static bool
copy_out(struct transfer *t, const struct table *table, take_row *take,
    void *arg)
{
	struct buf	sql = { 0 };
	bool		ok;

	layout_put_copy_out(&sql, table);
	ok = (link_copy_begin(t->e->link, sql.base, false) ||
	    fail_engine(t)) && read_rows(t, table, take, arg);
	buf_done(&sql);
	return ok;
}

static bool
insert_row(struct transfer *t, const struct table *table, struct text fields,
    void *arg)
{
	sqlite3_stmt	*st = arg;
	struct text	 value;

	for (int i = 0; i < table->count; i++)
		if (!take_field(&fields, &value) || !value_bind(st, i + 1,
		    table->columns[i].type, value))
			return fail_store(t, table->name);
	if (sqlite3_step(st) != SQLITE_DONE ||
	    sqlite3_reset(st) != SQLITE_OK)
		return fail_store(t, table->name);
	return report(t);
}

static bool
fetch_table(struct transfer *t, const struct table *table)
{
	struct buf	 sql = { 0 };
	sqlite3_stmt	*st = NULL;
	bool		 ok;

	buf_printf(&sql, "DELETE FROM \"%s\"", table->name);
	ok = store_try(t->db, sql.base) == SQLITE_OK;
	sql.len = 0;
	buf_printf(&sql, "INSERT INTO \"%s\" (", table->name);
	for (int i = 0; i < table->count; i++)
		buf_printf(&sql, "%s\"%s\"", i == 0 ? "" : ", ",
		    table->columns[i].name);
	buf_printf(&sql, ") VALUES (?");
	for (int i = 1; i < table->count; i++)
		buf_printf(&sql, ", ?");
	buf_put_byte(&sql, ')');
	ok = (ok && sqlite3_prepare_v2(t->db, sql.base, (int)sql.len, &st,
	    NULL) == SQLITE_OK) || fail_store(t, table->name);
	ok = ok && copy_out(t, table, insert_row, st);
	buf_done(&sql);
	sqlite3_finalize(st);
	return ok;
}

/* Their indexes are made at the end, which is faster. */
static bool
drop_indexes(struct transfer *t, struct buf *ret_create)
{
	struct buf	 drop = { 0 };
	sqlite3_stmt	*st = NULL;
	bool		 ok;

	ok = sqlite3_prepare_v2(t->db, "SELECT name, sql FROM sqlite_schema "
	    "WHERE type = 'index' AND sql IS NOT NULL", -1, &st, NULL) ==
	    SQLITE_OK;
	while (ok && sqlite3_step(st) == SQLITE_ROW) {
		buf_printf(&drop, "DROP INDEX \"%s\";",
		    (const char *)sqlite3_column_text(st, 0));
		buf_printf(ret_create, "%s;",
		    (const char *)sqlite3_column_text(st, 1));
	}
	sqlite3_finalize(st);
	buf_put_byte(&drop, '\0');
	buf_put_byte(ret_create, '\0');
	ok = ok && store_try(t->db, drop.base) == SQLITE_OK;
	buf_done(&drop);
	return ok || fail_store(t, "indexes");
}

/* The counters are not in a table. */
static bool
fetch_counters(struct transfer *t)
{
	PGresult	*r = link_query(t->e->link,
			    "SELECT counters FROM head");
	bool		 ok;

	if (r == NULL)
		return fail_engine(t);
	ok = PQntuples(r) == 1 && patch_set_counters(t->db,
	    link_bytes(r, 0, 0));
	PQclear(r);
	return ok || fail_store(t, "sqlite_sequence");
}

static bool
fetch_store(struct transfer *t)
{
	struct buf	indexes = { 0 };
	bool		ok = drop_indexes(t, &indexes);

	for (size_t i = 0; ok && i < t->e->tables->count; i++)
		ok = fetch_table(t, &t->e->tables->rows[i]);
	ok = ok && fetch_counters(t) &&
	    (store_try(t->db, indexes.base) == SQLITE_OK ||
	    fail_store(t, "indexes"));
	buf_done(&indexes);
	return ok;
}

/* All that is read is as of one entry. */
static enum engine_end
begin_reading(struct engine *e, struct engine_head *ret)
{
	enum engine_end	end = engine_open(e);

	if (end != ENGINE_DONE)
		return end;
	/* the store is worked on in between, for minutes if it is large */
	if (!link_do(e->link, "BEGIN ISOLATION LEVEL REPEATABLE READ READ "
	    "ONLY; SET LOCAL idle_in_transaction_session_timeout = 0"))
		return engine_failed(e);
	return engine_look(e, ret);
}

enum engine_end
engine_fetch(struct engine *e, sqlite3 *db, struct engine_head *ret,
    engine_progress *progress, void *arg)
{
	struct transfer	t = { .e = e, .db = db, .progress = progress,
			    .arg = arg, .end = ENGINE_DONE };
	enum engine_end	end = begin_reading(e, ret);

	if (progress == NULL)
		t.progress = go_on;
	if (end == ENGINE_DONE && !(fetch_store(&t) && do_sql(&t, "COMMIT")))
		end = t.end;
	if (end != ENGINE_DONE)
		link_close(e->link);	/* and its transaction */
	return end;
}

/* --- compared ------------------------------------------------------------------------------ */

/* Rows in any order: texts are ordered in another way by PostgreSQL. */
struct sum {
	uint64_t	low, high;
	int64_t		rows;
};

static void
add_row(struct sum *sum, struct text fields)
{
	unsigned char	digest[16];
	uint64_t	half[2];

	crypto_generichash(digest, sizeof(digest),
	    (const unsigned char *)fields.base, fields.len, NULL, 0);
	memcpy(half, digest, sizeof(half));
	sum->low += half[0];
	sum->high += half[1];
	sum->rows++;
}

static bool
sum_of_engine(struct transfer *t, const struct table *table, struct text fields,
    void *arg)
{
	(void)t, (void)table;
	add_row(arg, fields);
	return true;
}

static bool
sum_of_store(struct transfer *t, const struct table *table, struct sum *sum)
{
	struct buf	 row = { 0 };
	sqlite3_stmt	*st = select_rows(t, table);
	bool		 ok = st != NULL;

	while (ok && sqlite3_step(st) == SQLITE_ROW) {
		row.len = 0;
		ok = put_row(t, table, st, &row);
		if (ok)
			add_row(sum, (struct text){ row.base + sizeof(uint16_t),
			    row.len - sizeof(uint16_t) });
	}
	if (ok && sqlite3_reset(st) != SQLITE_OK)
		ok = fail_store(t, table->name);
	sqlite3_finalize(st);
	buf_done(&row);
	return ok;
}

static bool
compare_tables(struct transfer *t, struct buf *ret)
{
	for (size_t i = 0; i < t->e->tables->count; i++) {
		const struct table	*table = &t->e->tables->rows[i];
		struct sum		 a = { 0 }, b = { 0 };

		if (!sum_of_store(t, table, &a) ||
		    !copy_out(t, table, sum_of_engine, &b))
			return false;
		if (a.low != b.low || a.high != b.high || a.rows != b.rows)
			buf_printf(ret, "%s%s", ret->len == 0 ? "" : " ",
			    table->name);
	}
	return true;
}

enum engine_end
engine_compare(struct engine *e, sqlite3 *db, struct engine_place place,
    struct buf *ret)
{
	struct transfer		t = { .e = e, .db = db, .progress = go_on,
				    .end = ENGINE_DONE };
	struct engine_head	head = { { 0, 0 }, 0, 0, false, "" };
	enum engine_end		end = begin_reading(e, &head);

	if (end == ENGINE_DONE && (head.last.seq != place.seq ||
	    head.last.reign != place.reign))
		end = ENGINE_GONE;
	if (end == ENGINE_DONE && !(compare_tables(&t, ret) &&
	    do_sql(&t, "COMMIT")))
		end = t.end;
	if (end != ENGINE_DONE)
		link_close(e->link);
	return end;
}
