/* The tables of a store. */
#include "services/store/tables.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"

/* Tables with rows of their own, and whether their columns have types. */
static const char tables_sql[] =
    "SELECT l.name, l.strict FROM pragma_table_list AS l WHERE l.schema = "
    "'main' AND l.type IN ('table', 'shadow') AND l.name NOT LIKE "
    "'sqlite\\_%' ESCAPE '\\' ORDER BY l.name";

static const char columns_sql[] =
    "SELECT name, type, pk FROM pragma_table_info(?1) ORDER BY cid";

/* A key of one INTEGER column is the row's number, in any table. */
static const char is_rowid_sql[] =
    "SELECT count(*) = 1 AND max(upper(type)) = 'INTEGER' FROM "
    "pragma_table_info(?1) WHERE pk > 0";

static sqlite3_stmt *
prepare(sqlite3 *db, const char *sql, const char *table)
{
	sqlite3_stmt	*st;

	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK &&
	    (table == NULL || sqlite3_bind_text(st, 1, table, -1,
	    SQLITE_STATIC) == SQLITE_OK))
		return st;
	log_error("store %s: tables: %s", sqlite3_db_filename(db, "main"),
	    sqlite3_errmsg(db));
	sqlite3_finalize(st);
	return NULL;
}

static bool
read_is_rowid(sqlite3 *db, const char *table, bool *ret)
{
	sqlite3_stmt	*st = prepare(db, is_rowid_sql, table);
	bool		 read = st != NULL && sqlite3_step(st) == SQLITE_ROW;

	*ret = read && sqlite3_column_int(st, 0) != 0;
	sqlite3_finalize(st);
	return read;
}

static enum column_type
type_of(const char *declared, bool strict, bool is_rowid)
{
	if (is_rowid)
		return COLUMN_INTEGER;
	if (!strict)
		return COLUMN_ANY;
	if (sqlite3_stricmp(declared, "TEXT") == 0)
		return COLUMN_TEXT;
	if (sqlite3_stricmp(declared, "BLOB") == 0)
		return COLUMN_BLOB;
	return sqlite3_strnicmp(declared, "INT", 3) == 0 ? COLUMN_INTEGER :
	    COLUMN_ANY;
}

static void
add_column(struct table *t, sqlite3_stmt *st, bool strict, bool is_rowid)
{
	int	place = sqlite3_column_int(st, 2);

	t->columns = must_resize(t->columns, (size_t)(t->count + 1) *
	    sizeof(t->columns[0]));
	t->key = must_resize(t->key, (size_t)(t->count + 1) *
	    sizeof(t->key[0]));
	t->columns[t->count] = (struct column){
		.name = must_strdup((const char *)sqlite3_column_text(st, 0)),
		.type = type_of((const char *)sqlite3_column_text(st, 1), strict,
		    is_rowid && place > 0),
	};
	t->count++;
	if (place > t->keys)
		t->keys = place;
}

/* Once the table has all of its columns: which of them are its key. */
static void
note_key(struct table *t, sqlite3_stmt *st)
{
	for (int i = 0; i < t->count && sqlite3_step(st) == SQLITE_ROW; i++)
		if (sqlite3_column_int(st, 2) > 0)
			t->key[sqlite3_column_int(st, 2) - 1] = i;
}

static bool
read_columns(sqlite3 *db, struct table *t, bool strict)
{
	sqlite3_stmt	*st = prepare(db, columns_sql, t->name);
	bool		 is_rowid, read;

	read = st != NULL && read_is_rowid(db, t->name, &is_rowid);
	while (read && sqlite3_step(st) == SQLITE_ROW)
		add_column(t, st, strict, is_rowid);
	if (read && sqlite3_reset(st) == SQLITE_OK)
		note_key(t, st);
	sqlite3_finalize(st);
	if (read && t->keys == 0)
		log_error("store %s: table %s has no primary key",
		    sqlite3_db_filename(db, "main"), t->name);
	return read && t->keys > 0;
}

static bool
read_tables(sqlite3 *db, sqlite3_stmt *st, struct tables *ret)
{
	struct table	*t;

	while (sqlite3_step(st) == SQLITE_ROW) {
		ret->rows = must_resize(ret->rows, (ret->count + 1) *
		    sizeof(ret->rows[0]));
		t = &ret->rows[ret->count++];
		*t = (struct table){ .name = must_strdup(
		    (const char *)sqlite3_column_text(st, 0)) };
		if (!read_columns(db, t, sqlite3_column_int(st, 1) != 0))
			return false;
	}
	return sqlite3_reset(st) == SQLITE_OK;
}

struct tables *
tables_read(sqlite3 *db)
{
	struct tables	*tables = must_alloc(sizeof(*tables));
	sqlite3_stmt	*st = prepare(db, tables_sql, NULL);

	if (st == NULL || !read_tables(db, st, tables))
		tables_destroy(&tables);
	sqlite3_finalize(st);
	return tables;
}

void
tables_destroy(struct tables **self_p)
{
	struct tables	*tables = *self_p;

	for (size_t i = 0; tables != NULL && i < tables->count; i++) {
		for (int k = 0; k < tables->rows[i].count; k++)
			free(tables->rows[i].columns[k].name);
		free(tables->rows[i].columns);
		free(tables->rows[i].key);
		free(tables->rows[i].name);
	}
	if (tables != NULL)
		free(tables->rows);
	free(tables);
	*self_p = NULL;
}

static int
compare(const void *name, const void *table)
{
	return strcmp(name, ((const struct table *)table)->name);
}

const struct table *
tables_find(const struct tables *tables, const char *name)
{
	return bsearch(name, tables->rows, tables->count,
	    sizeof(tables->rows[0]), compare);
}
