/*
 * The generated tables as SQLite reads them: virtual tables whose rows are
 * numbered from 1 and whose values are made when they are asked for.
 */
#include "tools/flicketctl/data/generate/generate_parts.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

struct table {
	sqlite3_vtab			 base;
	const struct generated_table	*what;
	const struct plan		*plan;
};

struct cursor {
	sqlite3_vtab_cursor	 base;
	int64_t			 count;
	struct cell		 cell;
};

char *
vtab_columns(const struct generated_table *t)
{
	sqlite3_str	*s = sqlite3_str_new(NULL);
	char		*text;

	for (const struct generated_column *c = t->columns; c->name != NULL;
	    c++)
		sqlite3_str_appendf(s, "%s%s %s", c == t->columns ? "" : ", ",
		    c->name, c->type);
	text = sqlite3_str_finish(s);
	CHECK(text != NULL);
	return text;
}

static const struct generated_table *
find_table(const char *name)
{
	const struct generated_table	*t = generated_tables;

	while (t->name != NULL && strcmp(t->name, name) != 0)
		t++;
	CHECK(t->name != NULL);
	return t;
}

/* argv[2] is the table's name. */
static int
vtab_connect(sqlite3 *db, void *plan, int argc, const char *const *argv,
    sqlite3_vtab **ret, char **ret_error)
{
	struct table	*t = calloc(1, sizeof(*t));
	char		*columns, *sql;
	int		 rc;

	(void)argc;
	(void)ret_error;
	CHECK(t != NULL);
	t->plan = plan;
	t->what = find_table(argv[2]);
	columns = vtab_columns(t->what);
	sql = sqlite3_mprintf("CREATE TABLE t (%s)", columns);
	CHECK(sql != NULL);
	rc = sqlite3_declare_vtab(db, sql);
	sqlite3_free(sql);
	sqlite3_free(columns);
	*ret = &t->base;
	return rc;
}

static int
vtab_disconnect(sqlite3_vtab *base)
{
	free(base);
	return SQLITE_OK;
}

/* Rows come as they are counted, which is the order of the first column. */
static int
vtab_best_index(sqlite3_vtab *base, sqlite3_index_info *info)
{
	const struct table	*t = (const struct table *)base;

	info->estimatedRows = t->what->count(t->plan);
	info->estimatedCost = (double)info->estimatedRows;
	info->orderByConsumed = info->nOrderBy == 1 &&
	    info->aOrderBy[0].iColumn == 0 && !info->aOrderBy[0].desc;
	return SQLITE_OK;
}

static int
vtab_open(sqlite3_vtab *base, sqlite3_vtab_cursor **ret)
{
	const struct table	*t = (const struct table *)base;
	struct cursor		*c = calloc(1, sizeof(*c));

	CHECK(c != NULL);
	c->cell.plan = t->plan;
	c->count = t->what->count(t->plan);
	*ret = &c->base;
	return SQLITE_OK;
}

static int
vtab_close(sqlite3_vtab_cursor *base)
{
	free(base);
	return SQLITE_OK;
}

static int
vtab_filter(sqlite3_vtab_cursor *base, int number, const char *text, int argc,
    sqlite3_value **argv)
{
	(void)number;
	(void)text;
	(void)argc;
	(void)argv;
	((struct cursor *)base)->cell.n = 1;
	return SQLITE_OK;
}

static int
vtab_next(sqlite3_vtab_cursor *base)
{
	struct cursor		*c = (struct cursor *)base;
	const struct table	*t = (const struct table *)base->pVtab;

	if (t->plan->shows)
		report_progress(t->what->name, c->cell.n, c->count);
	c->cell.n++;
	return SQLITE_OK;
}

static int
vtab_eof(sqlite3_vtab_cursor *base)
{
	const struct cursor	*c = (const struct cursor *)base;

	return c->cell.n > c->count;
}

/* A function that sets no result leaves NULL. */
static int
vtab_column(sqlite3_vtab_cursor *base, sqlite3_context *ctx, int n)
{
	struct cursor		*c = (struct cursor *)base;
	const struct table	*t = (const struct table *)base->pVtab;

	t->what->columns[n].value(&c->cell, ctx);
	return SQLITE_OK;
}

static int
vtab_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *ret)
{
	*ret = ((const struct cursor *)base)->cell.n;
	return SQLITE_OK;
}

static const sqlite3_module	module = {
	.xCreate = vtab_connect,
	.xConnect = vtab_connect,
	.xBestIndex = vtab_best_index,
	.xDisconnect = vtab_disconnect,
	.xDestroy = vtab_disconnect,
	.xOpen = vtab_open,
	.xClose = vtab_close,
	.xFilter = vtab_filter,
	.xNext = vtab_next,
	.xEof = vtab_eof,
	.xColumn = vtab_column,
	.xRowid = vtab_rowid,
};

bool
vtab_attach(sqlite3 *db, const struct plan *plan)
{
	char	*sql;
	bool	 ok;

	ok = sqlite3_create_module(db, "generated", &module,
	    (void *)(uintptr_t)plan) == SQLITE_OK;
	for (const struct generated_table *t = generated_tables;
	    ok && t->name != NULL; t++) {
		sql = sqlite3_mprintf("CREATE VIRTUAL TABLE temp.%s USING "
		    "generated", t->name);
		CHECK(sql != NULL);
		ok = sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
		sqlite3_free(sql);
	}
	return ok || report_fail("the tables cannot be made: %s",
	    sqlite3_errmsg(db));
}
