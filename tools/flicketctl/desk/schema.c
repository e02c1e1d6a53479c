/*
 * The texts of a schema are in every store as the migrations have them. So an
 * empty database with the same migrations tells what must be there.
 */
#include "tools/flicketctl/desk/schema.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "services/store/migrate.h"
#include "services/store/service.h"
#include "services/store/store.h"

#define ID_MOST		INT32_MAX	/* of rows that clients make: others
					 * are made of it (reply_index) */
#define NUMBER_MOST	(INT64_MAX / 2)	/* of events and the like */

struct comparison {
	sqlite3		*model;
	sqlite3		*late;		/* what comes with any migration */
	sqlite3_stmt	*have;		/* of the store, by name */
	bool		 newest;
	void		(*found)(void *, const char *);
	void		*arg;
};

static const char *
column_string(sqlite3_stmt *st, int column)
{
	const char	*s = (const char *)sqlite3_column_text(st, column);

	return s == NULL ? "" : s;
}

static void
say(const struct comparison *k, const char *format, const char *type,
    const char *name, const char *other)
{
	char	line[256];

	snprintf(line, sizeof(line), format, type, name, other);
	k->found(k->arg, line);
}

/* What FTS5 makes for itself is in its own words. */
static bool
has_own_words(const char *sql)
{
	return strncmp(sql, "CREATE TABLE '", 14) == 0;
}

static bool
has(sqlite3 *db, const char *type, const char *name)
{
	sqlite3_stmt	*st = NULL;
	bool		 is;

	is = sqlite3_prepare_v2(db, "SELECT 1 FROM sqlite_schema WHERE "
	    "type = ?1 AND name = ?2", -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_bind_text(st, 1, type, -1, SQLITE_STATIC) == SQLITE_OK &&
	    sqlite3_bind_text(st, 2, name, -1, SQLITE_STATIC) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW;
	sqlite3_finalize(st);
	return is;
}

/* want: type, name, sql. */
static int
compare_one(const struct comparison *k, sqlite3_stmt *want)
{
	const char	*type = column_string(want, 0), *name = column_string(want, 1);
	const char	*sql = column_string(want, 2);
	int		 rc;

	sqlite3_bind_text(k->have, 1, name, -1, SQLITE_STATIC);
	rc = sqlite3_step(k->have);
	if (rc == SQLITE_DONE && (k->newest || !has(k->late, type, name)))
		say(k, "the %s %s is missing%s", type, name, "");
	else if (rc == SQLITE_ROW && strcmp(column_string(k->have, 0), type) != 0)
		say(k, "the %s %s is another thing: a %s", type, name,
		    column_string(k->have, 0));
	else if (rc == SQLITE_ROW && !has_own_words(sql) &&
	    strcmp(column_string(k->have, 1), sql) != 0)
		say(k, "the %s %s is another one%s", type, name, "");
	sqlite3_reset(k->have);
	return rc;
}

static bool
is_known(const struct comparison *k, const char *type, const char *name,
    const char *table)
{
	return has(k->model, type, name) || (strcmp(type, "index") == 0 &&
	    !has(k->model, "table", table));
}

/*
 * What takes part in our writes and is not ours: triggers, and indexes of our
 * tables, which may be UNIQUE. Those that SQLite makes itself have no text.
 */
static bool
find_more(const struct comparison *k, sqlite3 *db, const char *name)
{
	sqlite3_stmt	*st = NULL;
	char		 sql[160];
	int		 rc;

	snprintf(sql, sizeof(sql), "SELECT type, name, tbl_name FROM "
	    "\"%s\".sqlite_schema WHERE type IN ('trigger', 'index') AND sql IS NOT NULL", name);
	rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);
	while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		if (!is_known(k, column_string(st, 0), column_string(st, 1),
		    column_string(st, 2)))
			say(k, "the %s %s is none of a desk's%s",
			    column_string(st, 0), column_string(st, 1), "");
		rc = SQLITE_OK;
	}
	sqlite3_finalize(st);
	return rc == SQLITE_DONE;
}

/*
 * A table whose rows are numbered for good, which SQLite counts beside it. At
 * the end of all numbers every creation would be answered as on a full disk.
 */
static bool
has_numbers_left(const struct comparison *k, sqlite3 *db, const char *name,
    const char *table)
{
	sqlite3_stmt	*st = NULL;
	bool		 is_id, is = true;
	char		 sql[320];

	is_id = sqlite3_table_column_metadata(k->model, NULL, table, "id",
	    NULL, NULL, NULL, NULL, NULL) == SQLITE_OK;
	snprintf(sql, sizeof(sql), "SELECT max(rowid) FROM \"%s\".\"%s\" "
	    "UNION ALL SELECT seq FROM \"%s\".sqlite_sequence "
	    "WHERE name = '%s'", name, table, name, table);
	/* that there is no such table has been said */
	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK)
		while (is && sqlite3_step(st) == SQLITE_ROW)
			is = sqlite3_column_int64(st, 0) <
			    (is_id ? ID_MOST : NUMBER_MOST);
	sqlite3_finalize(st);
	return is;
}

static void
find_spent(const struct comparison *k, sqlite3 *db, const char *name)
{
	sqlite3_stmt	*st = NULL;
	const char	*table;

	CHECK(sqlite3_prepare_v2(k->model, "SELECT name FROM sqlite_schema "
	    "WHERE type = 'table' AND sql LIKE '% AUTOINCREMENT%'", -1, &st,
	    NULL) == SQLITE_OK);
	while (sqlite3_step(st) == SQLITE_ROW) {
		table = column_string(st, 0);
		if (!has_numbers_left(k, db, name, table))
			say(k, "the %s %s has no numbers left for new rows%s",
			    "table", table, "");
	}
	sqlite3_finalize(st);
}

static bool
compare_model(const struct comparison *k)
{
	sqlite3_stmt	*want = NULL;
	int		 rc;

	CHECK(sqlite3_prepare_v2(k->model, "SELECT type, name, sql FROM "
	    "sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'", -1,
	    &want, NULL) == SQLITE_OK);
	rc = SQLITE_DONE;
	while (sqlite3_step(want) == SQLITE_ROW) {
		rc = compare_one(k, want);
		if (rc != SQLITE_ROW && rc != SQLITE_DONE)
			break;
	}
	sqlite3_finalize(want);
	return rc == SQLITE_ROW || rc == SQLITE_DONE;
}

bool
schema_compare(sqlite3 *db, const char *name, const struct service *service,
    int64_t schema, void (*found)(void *, const char *line), void *arg)
{
	extern const char	common_late_sql[];
	struct comparison	k = { .found = found, .arg = arg,
				    .newest = service->migrations[schema] ==
				    NULL };
	char			sql[128];
	bool			ok;

	snprintf(sql, sizeof(sql), "SELECT type, sql FROM "
	    "\"%s\".sqlite_schema WHERE name = ?1", name);
	k.model = store_open(":memory:", false);
	store_lay_out(k.model, service, schema);
	k.late = store_open(":memory:", false);
	store_exec(k.late, common_late_sql);
	ok = sqlite3_prepare_v2(db, sql, -1, &k.have, NULL) == SQLITE_OK &&
	    compare_model(&k) && find_more(&k, db, name);
	if (ok)
		find_spent(&k, db, name);
	sqlite3_finalize(k.have);
	sqlite3_close(k.late);
	sqlite3_close(k.model);
	return ok;
}
