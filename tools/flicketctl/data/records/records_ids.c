/*
 * The ids that rows had where they come from, and those they get. A whole
 * number stays what it was, so that links stay; any other key gets a number
 * beyond the largest of those.
 */
#include <sqlite3.h>
#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "base/number.h"
#include "tools/flicketctl/data/records/records_parts.h"

#define ID_MOST	((int64_t)1 << 30)	/* as the import has it */

/* --- statements ---------------------------------------------------------------------- */

sqlite3_stmt *
records_statement(struct records *r, const char *sql)
{
	size_t	i = 0;

	while (r->statements[i].sql != NULL && r->statements[i].sql != sql)
		CHECK(++i < RECORDS_STATEMENTS_MOST);
	if (r->statements[i].st == NULL && sqlite3_prepare_v2(r->db, sql, -1,
	    &r->statements[i].st, NULL) != SQLITE_OK)
		return NULL;
	r->statements[i].sql = sql;
	return r->statements[i].st;
}

void
records_statements_done(struct records *r)
{
	for (size_t i = 0; i < RECORDS_STATEMENTS_MOST; i++)
		sqlite3_finalize(r->statements[i].st);
}

void
records_bind(sqlite3_stmt *st, int n, struct text t)
{
	if (t.base == NULL)
		sqlite3_bind_null(st, n);
	else
		sqlite3_bind_text64(st, n, t.base, t.len, SQLITE_STATIC,
		    SQLITE_UTF8);
}

bool
records_step(sqlite3_stmt *st)
{
	bool	ok = sqlite3_step(st) == SQLITE_DONE;

	sqlite3_reset(st);
	return ok;
}

bool
records_run(struct records *r, const char *sql)
{
	return sqlite3_exec(r->db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

int64_t
records_ask(sqlite3_stmt *st)
{
	int64_t	value = 0;

	if (sqlite3_step(st) == SQLITE_ROW)
		value = sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	return value;
}

/* --- keys ---------------------------------------------------------------------------- */

/* Without zeros before it or a sign: "007" is a key, not 7. */
int64_t
ids_number(struct text key)
{
	int64_t	id;

	return key.len > 0 && key.base[0] != '0' &&
	    number_read(key, 1, ID_MOST, &id) ? id : 0;
}

struct found {
	int64_t	id;
	int64_t	line;
};

/* Find the row that a key names. False: no row has the key. */
static bool
find(struct records *r, enum records_kind kind, struct text key,
    struct found *ret)
{
	static const char	 sql[] = "SELECT id, line FROM record_ids "
				    "WHERE kind = ? AND key = ?";
	sqlite3_stmt		*st = records_statement(r, sql);
	bool			 found;

	*ret = (struct found){ 0 };
	if (st == NULL)
		return false;
	sqlite3_bind_int(st, 1, kind);
	records_bind(st, 2, key);
	found = sqlite3_step(st) == SQLITE_ROW;
	if (found)
		*ret = (struct found){ sqlite3_column_int64(st, 0),
		    sqlite3_column_int64(st, 1) };
	sqlite3_reset(st);
	return found;
}

bool
ids_note(struct records *r, enum records_kind kind, int column, int64_t row,
    int64_t id)
{
	static const char	 sql[] = "INSERT INTO record_ids (kind, key, "
				    "line, row, id) VALUES (?, ?, ?, ?, "
				    "nullif(?, 0))";
	struct text		 key = r->value[column];
	struct found		 other;
	sqlite3_stmt		*st;

	if (find(r, kind, key, &other))
		return records_fault(r, column, "\"%.*s\" is that of line %"
		    PRId64 ", too", (int)key.len, key.base, other.line);
	st = records_statement(r, sql);
	if (st == NULL)
		return false;
	sqlite3_bind_int(st, 1, kind);
	records_bind(st, 2, key);
	sqlite3_bind_int64(st, 3, (int64_t)r->line);
	sqlite3_bind_int64(st, 4, row);
	sqlite3_bind_int64(st, 5, id);
	return records_step(st);
}

/* New ids follow the largest one that is kept, which may be the last. */
static bool
check_most(struct records *r, enum records_kind kind)
{
	static const char	 sql[] = "SELECT max(id) FROM record_ids "
				    "WHERE kind = ?";
	sqlite3_stmt		*st = records_statement(r, sql);

	if (st == NULL)
		return false;
	sqlite3_bind_int(st, 1, kind);
	return records_ask(st) <= ID_MOST || records_fault_of(r,
	    r->file[r->table], "ids that are not numbers get some behind the "
	    "largest one, which leaves none: an id is at most %" PRId64,
	    ID_MOST);
}

/* Rows that have no key at all, too. */
bool
ids_give(struct records *r, enum records_kind first, enum records_kind last,
    const char *table)
{
	char	*sql;
	bool	 ok;

	sql = sqlite3_mprintf("CREATE TEMP TABLE given AS SELECT rowid AS row, "
	    "(SELECT coalesce(max(id), 0) FROM %s) + row_number() OVER (ORDER "
	    "BY rowid) AS id FROM %s WHERE id IS NULL;"
	    "UPDATE %s SET id = given.id FROM given WHERE %s.rowid = given.row;"
	    "CREATE UNIQUE INDEX temp.given_row ON given (row);"
	    "UPDATE record_ids SET id = (SELECT id FROM given WHERE given.row = "
	    "record_ids.row) WHERE kind BETWEEN %d AND %d AND id IS NULL;"
	    "DROP TABLE given; CREATE INDEX index_of_%s ON %s (id)",
	    table, table, table, table, (int)first, (int)last, table, table);
	CHECK(sql != NULL);
	ok = records_run(r, sql);
	sqlite3_free(sql);
	return ok && check_most(r, last);
}

int64_t
ids_find(struct records *r, int column, enum records_kind kind,
    enum records_table table)
{
	struct text	key = r->value[column];
	struct found	found;

	if (key.base == NULL)
		return 0;
	if (!find(r, kind, key, &found))
		records_fault(r, column, "\"%.*s\" is not among the %s",
		    (int)key.len, key.base, records_name(table));
	return found.id;
}

int64_t
ids_find_user(struct records *r, int column, struct text key)
{
	struct found	found;

	if (key.base == NULL)
		return 0;
	if (!find(r, RECORDS_USER, key, &found) &&
	    !find(r, RECORDS_USERNAME, key, &found))
		records_fault(r, column, "\"%.*s\" is not among the users, "
		    "neither as an id nor as a username", (int)key.len,
		    key.base);
	return found.id;
}
