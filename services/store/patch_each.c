/* The rows that a patch changes. */
#include "services/store/patch_each.h"

#define SQLITE_ENABLE_SESSION
#define SQLITE_ENABLE_PREUPDATE_HOOK
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "services/store/patch_private.h"

struct patch_each {
	sqlite3			*db;
	const struct tables	*tables;
	sqlite3_stmt		**rows;		/* one a table, when it is used */
	sqlite3_value		**values;	/* of the widest table */
	sqlite3_value		**key;
	sqlite3_changeset_iter	*at;
	patch_row		*row;
	void			*arg;
};

struct patch_each *
patch_each_new(sqlite3 *db, const struct tables *tables)
{
	struct patch_each	*e = must_alloc(sizeof(*e));
	int			 widest = 1;

	for (size_t i = 0; i < tables->count; i++)
		if (tables->rows[i].count > widest)
			widest = tables->rows[i].count;
	e->db = db;
	e->tables = tables;
	e->rows = must_alloc((tables->count + 1) * sizeof(sqlite3_stmt *));
	e->values = must_alloc((size_t)widest * sizeof(sqlite3_value *));
	e->key = must_alloc((size_t)widest * sizeof(sqlite3_value *));
	return e;
}

void
patch_each_destroy(struct patch_each **self_p)
{
	struct patch_each	*e = *self_p;

	if (e == NULL)
		return;
	for (size_t i = 0; i < e->tables->count; i++)
		sqlite3_finalize(e->rows[i]);
	free(e->rows);
	free(e->values);
	free(e->key);
	free(e);
	*self_p = NULL;
}

static bool
fail(struct patch_each *e, const char *what)
{
	log_error("store %s: rows of a patch: %s: %s",
	    sqlite3_db_filename(e->db, "main"), what, sqlite3_errmsg(e->db));
	return false;
}

/* The statement that finds a row of a table by its key. */
static sqlite3_stmt *
finder(struct patch_each *e, const struct table *t)
{
	sqlite3_stmt	**st = &e->rows[t - e->tables->rows];
	struct buf	 sql = { 0 };

	if (*st != NULL)
		return *st;
	buf_printf(&sql, "SELECT * FROM \"%s\"", t->name);
	for (int i = 0; i < t->keys; i++)
		buf_printf(&sql, "%s \"%s\" = ?%d", i == 0 ? " WHERE" : " AND",
		    t->columns[t->key[i]].name, i + 1);
	if (sqlite3_prepare_v3(e->db, sql.base, (int)sql.len,
	    SQLITE_PREPARE_PERSISTENT, st, NULL) != SQLITE_OK)
		fail(e, t->name);
	buf_done(&sql);
	return *st;
}

static bool
give_gone(struct patch_each *e, const struct table *t)
{
	for (int i = 0; i < t->keys; i++)
		if (sqlite3changeset_old(e->at, t->key[i], &e->key[i]) !=
		    SQLITE_OK)
			return fail(e, t->name);
	return e->row(e->arg, t, NULL, e->key);
}

static bool
give_new(struct patch_each *e, const struct table *t)
{
	for (int i = 0; i < t->count; i++)
		if (sqlite3changeset_new(e->at, i, &e->values[i]) !=
		    SQLITE_OK)
			return fail(e, t->name);
	for (int i = 0; i < t->keys; i++)
		e->key[i] = e->values[t->key[i]];
	return e->row(e->arg, t, e->values, e->key);
}

/* A patchset has only those values of a row that were changed. */
static bool
give_changed(struct patch_each *e, const struct table *t)
{
	sqlite3_stmt	*st = finder(e, t);
	bool		 ok = st != NULL;

	for (int i = 0; i < t->keys && ok; i++)
		ok = sqlite3changeset_old(e->at, t->key[i], &e->key[i]) ==
		    SQLITE_OK && sqlite3_bind_value(st, i + 1, e->key[i]) ==
		    SQLITE_OK;
	if (!ok || sqlite3_step(st) != SQLITE_ROW) {
		fail(e, t->name);
		sqlite3_reset(st);
		return false;
	}
	for (int i = 0; i < t->count; i++)
		e->values[i] = sqlite3_column_value(st, i);
	ok = e->row(e->arg, t, e->values, e->key);
	sqlite3_reset(st);
	return ok;
}

static bool
give(struct patch_each *e)
{
	const struct table	*t;
	const char		*name;
	int			 columns, op, indirect;

	if (sqlite3changeset_op(e->at, &name, &columns, &op, &indirect) !=
	    SQLITE_OK)
		return fail(e, "change");
	t = tables_find(e->tables, name);
	if (t == NULL || t->count != columns)
		return fail(e, name);
	if (op == SQLITE_INSERT)
		return give_new(e, t);
	return op == SQLITE_DELETE ? give_gone(e, t) : give_changed(e, t);
}

bool
patch_each(struct patch_each *e, struct text patch, patch_row *row, void *arg)
{
	struct text	rows = patch_split(patch).rows;
	bool		ok = true;

	if (rows.len == 0)
		return true;
	/* SQLite takes it without const, and does not write to it */
	if (sqlite3changeset_start(&e->at, (int)rows.len,
	    (char *)(uintptr_t)rows.base) != SQLITE_OK)
		return fail(e, "patch");
	e->row = row;
	e->arg = arg;
	while (ok && sqlite3changeset_next(e->at) == SQLITE_ROW)
		ok = give(e);
	if (sqlite3changeset_finalize(e->at) != SQLITE_OK)
		return fail(e, "patch");
	return ok;
}

struct text
patch_counters(struct text patch)
{
	return patch_split(patch).counters;
}
