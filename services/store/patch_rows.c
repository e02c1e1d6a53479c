/* Rows of a patchset: taken out, changed, and put back. */
#include "services/store/patch_rows.h"

#define SQLITE_ENABLE_SESSION
#define SQLITE_ENABLE_PREUPDATE_HOOK
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

struct row {
	char		*table;
	int		 count;
	struct row	*next;
	sqlite3_value	*values[];
};

struct change {
	const char	*table;
	int		 columns, op;
	unsigned char	*in_key;	/* a flag a column */
};

struct work {
	sqlite3		*db;
	sqlite3_changeset_iter	*at;
	struct row	*rows;		/* that come again */
	enum patch_end	 end;
};

static bool
fail(struct work *w, enum patch_end end)
{
	w->end = end;
	log_error("store %s: rows of a patch: %s",
	    sqlite3_db_filename(w->db, "main"), end == PATCH_MISFIT ?
	    "the copy is not as the store was" : sqlite3_errmsg(w->db));
	return false;
}

static bool
prepare(struct work *w, struct buf *sql, sqlite3_stmt **ret)
{
	int	rc = sqlite3_prepare_v2(w->db, sql->base, (int)sql->len, ret,
		    NULL);

	buf_done(sql);
	return rc == SQLITE_OK || fail(w, PATCH_MISFIT);
}

/* --- rows that go --------------------------------------------------------------- */

/* " WHERE a IS ? AND b IS ?", the columns of the key in their order. */
static bool
put_where(struct work *w, const struct change *c, struct buf *sql)
{
	sqlite3_stmt	*st;
	struct buf	 query = { 0 };
	const char	*word = " WHERE ";
	char		*name;

	buf_printf(&query, "SELECT name FROM pragma_table_info(?1) ORDER BY cid");
	if (!prepare(w, &query, &st))
		return false;
	sqlite3_bind_text(st, 1, c->table, -1, SQLITE_STATIC);
	for (int i = 0; i < c->columns && sqlite3_step(st) == SQLITE_ROW; i++) {
		if (!c->in_key[i])
			continue;
		name = sqlite3_mprintf("\"%w\"", sqlite3_column_text(st, 0));
		buf_printf(sql, "%s%s IS ?", word, name);
		sqlite3_free(name);
		word = " AND ";
	}
	sqlite3_finalize(st);
	return true;
}

static bool
prepare_on_key(struct work *w, const struct change *c, const char *what,
    sqlite3_stmt **ret)
{
	struct buf	 sql = { 0 };
	sqlite3_value	*value;
	int		 parameter = 0;

	buf_printf(&sql, "%s \"%s\"", what, c->table);
	if (!put_where(w, c, &sql)) {
		buf_done(&sql);
		return false;
	}
	if (!prepare(w, &sql, ret))
		return false;
	for (int i = 0; i < c->columns; i++)
		if (c->in_key[i] && sqlite3changeset_old(w->at, i, &value) ==
		    SQLITE_OK)
			sqlite3_bind_value(*ret, ++parameter, value);
	return true;
}

static struct row *
add_row(struct work *w, const struct change *c)
{
	struct row	*row = must_alloc(sizeof(*row) +
			    (size_t)c->columns * sizeof(row->values[0]));

	row->table = must_strdup(c->table);
	row->count = c->columns;
	row->next = w->rows;
	w->rows = row;
	return row;
}

/* Keep the row as it is in the copy, with what the patch changes of it. */
static bool
keep_changed(struct work *w, const struct change *c)
{
	sqlite3_stmt	*st;
	sqlite3_value	*value;
	struct row	*row;
	bool		 found;

	if (!prepare_on_key(w, c, "SELECT * FROM", &st))
		return false;
	found = sqlite3_step(st) == SQLITE_ROW;
	if (found) {
		row = add_row(w, c);
		for (int i = 0; i < c->columns; i++) {
			value = NULL;
			(void)sqlite3changeset_new(w->at, i, &value);
			row->values[i] = sqlite3_value_dup(value != NULL ?
			    value : sqlite3_column_value(st, i));
		}
	}
	sqlite3_finalize(st);
	return found || fail(w, PATCH_MISFIT);
}

static bool
keep_new(struct work *w, const struct change *c)
{
	struct row	*row = add_row(w, c);
	sqlite3_value	*value;

	for (int i = 0; i < c->columns; i++) {
		value = NULL;
		(void)sqlite3changeset_new(w->at, i, &value);
		row->values[i] = sqlite3_value_dup(value);
	}
	return true;
}

static bool
delete_row(struct work *w, const struct change *c)
{
	sqlite3_stmt	*st;
	int		 rc;

	if (!prepare_on_key(w, c, "DELETE FROM", &st))
		return false;
	rc = sqlite3_step(st);
	sqlite3_finalize(st);
	if (rc != SQLITE_DONE)
		return fail(w, PATCH_FAILED);
	return sqlite3_changes(w->db) == 1 || fail(w, PATCH_MISFIT);
}

static bool
take_out(struct work *w)
{
	struct change	c;
	int		columns, indirect;

	if (sqlite3changeset_op(w->at, &c.table, &c.columns, &c.op,
	    &indirect) != SQLITE_OK ||
	    sqlite3changeset_pk(w->at, &c.in_key, &columns) != SQLITE_OK)
		return fail(w, PATCH_MISFIT);
	switch (c.op) {
	case SQLITE_INSERT:
		return keep_new(w, &c);
	case SQLITE_UPDATE:
		return keep_changed(w, &c) && delete_row(w, &c);
	default:
		return delete_row(w, &c);
	}
}

/* --- rows that come ------------------------------------------------------------- */

static bool
put_in(struct work *w, const struct row *row)
{
	struct buf	 sql = { 0 };
	sqlite3_stmt	*st;
	int		 rc;

	buf_printf(&sql, "INSERT INTO \"%s\" VALUES (?", row->table);
	for (int i = 1; i < row->count; i++)
		buf_printf(&sql, ",?");
	buf_put_byte(&sql, ')');
	if (!prepare(w, &sql, &st))
		return false;
	for (int i = 0; i < row->count; i++)
		sqlite3_bind_value(st, i + 1, row->values[i]);
	rc = sqlite3_step(st);
	sqlite3_finalize(st);
	if (rc == SQLITE_DONE)
		return true;
	return fail(w, (rc & 0xff) == SQLITE_CONSTRAINT ? PATCH_MISFIT :
	    PATCH_FAILED);
}

static void
drop_rows(struct work *w)
{
	struct row	*row;

	while ((row = w->rows) != NULL) {
		w->rows = row->next;
		for (int i = 0; i < row->count; i++)
			sqlite3_value_free(row->values[i]);
		free(row->table);
		free(row);
	}
}

enum patch_end
patch_rows_apply(sqlite3 *db, struct text rows)
{
	struct work	w = { .db = db, .end = PATCH_DONE };
	bool		ok;

	/* SQLite takes it without const, and does not write to it */
	ok = sqlite3changeset_start(&w.at, (int)rows.len,
	    (char *)(uintptr_t)rows.base) == SQLITE_OK || fail(&w, PATCH_FAILED);
	while (ok && sqlite3changeset_next(w.at) == SQLITE_ROW)
		ok = take_out(&w);
	if (sqlite3changeset_finalize(w.at) != SQLITE_OK && ok)
		ok = fail(&w, PATCH_FAILED);
	for (struct row *row = w.rows; ok && row != NULL; row = row->next)
		ok = put_in(&w, row);
	drop_rows(&w);
	return w.end;
}
