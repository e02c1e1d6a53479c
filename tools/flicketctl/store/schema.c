/*
 * The texts of a schema are in every store as the migrations have them. So an
 * empty database with the same migrations tells what must be there.
 */
#include "tools/flicketctl/store/schema.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "services/store/migrate.h"
#include "services/store/service.h"
#include "services/store/store.h"
#include "tools/flicketctl/store/peek.h"
#include "tools/flicketctl/store/select.h"

#define ID_MOST		INT32_MAX	/* of rows that clients make: others
					 * are made of it (reply_index) */
#define NUMBER_MOST	(INT64_MAX / 2)	/* of events and the like */

struct comparison {
	struct sqlite3	*model;
	struct sqlite3	*late;		/* made by any later migration */
	struct select	*have;		/* of the store, by name */
	bool		 newest;
	void		(*found)(void *, const char *);
	void		*arg;
};

static void
tell_difference(const struct comparison *k, const char *format, const char *type,
    const char *name, const char *other)
{
	char	line[256];

	snprintf(line, sizeof(line), format, type, name, other);
	k->found(k->arg, line);
}

/* FTS5 makes its own tables, and writes their texts as its version does. */
static bool
is_made_by_fts5(const char *sql)
{
	return strncmp(sql, "CREATE TABLE '", 14) == 0;
}

static bool
has_object(struct sqlite3 *db, const char *type, const char *name)
{
	return select_finds(db, "SELECT 1 FROM sqlite_schema WHERE "
	    "type = ?1 AND name = ?2", type, name);
}

/* want: type, name, sql. */
static void
compare_object(const struct comparison *k, const struct select *want)
{
	const char	*type = select_text(want, 0), *name = select_text(want, 1);
	const char	*sql = select_text(want, 2);
	bool		 is_there;

	select_bind_text(k->have, 1, name);
	is_there = select_next(k->have);
	if (!is_there && !k->have->failed &&
	    (k->newest || !has_object(k->late, type, name)))
		tell_difference(k, "the %s %s is missing%s", type, name, "");
	else if (is_there && strcmp(select_text(k->have, 0), type) != 0)
		tell_difference(k, "the %s %s is a %s", type, name,
		    select_text(k->have, 0));
	else if (is_there && !is_made_by_fts5(sql) &&
	    strcmp(select_text(k->have, 1), sql) != 0)
		tell_difference(k, "the %s %s has another definition%s", type, name, "");
	select_again(k->have);
}

static bool
is_in_model(const struct comparison *k, const char *type, const char *name,
    const char *table)
{
	return has_object(k->model, type, name) || (strcmp(type, "index") == 0 &&
	    !has_object(k->model, "table", table));
}

/*
 * Objects that take part in our writes and are not ours: triggers, and indexes
 * of our tables, which may be UNIQUE. Those that SQLite makes itself have no
 * text.
 */
static bool
find_added(const struct comparison *k, struct sqlite3 *db, const char *name)
{
	struct select	r = select_begin_with(db, "SELECT type, name, tbl_name "
			    "FROM \"%s\".sqlite_schema WHERE type IN "
			    "('trigger', 'index') AND sql IS NOT NULL", name);

	while (select_next(&r))
		if (!is_in_model(k, select_text(&r, 0), select_text(&r, 1),
		    select_text(&r, 2)))
			tell_difference(k, "the %s %s is not part of a desk%s",
			    select_text(&r, 0), select_text(&r, 1), "");
	return select_end(&r);
}

static bool
has_column(struct sqlite3 *db, const char *table, const char *column)
{
	return select_finds(db, "SELECT 1 FROM pragma_table_info(?1) "
	    "WHERE name = ?2", table, column);
}

/*
 * SQLite counts the rows of a table with AUTOINCREMENT beside it. At the end of
 * all numbers every creation would be answered as on a full disk.
 */
static bool
has_numbers_left(const struct comparison *k, struct sqlite3 *db,
    const char *name, const char *table)
{
	int64_t		most = has_column(k->model, table, "id") ? ID_MOST :
			    NUMBER_MOST;
	struct select	r = select_begin_with(db, "SELECT max(rowid) FROM "
			    "\"%s\".\"%s\" UNION ALL SELECT seq FROM "
			    "\"%s\".sqlite_sequence WHERE name = '%s'", name,
			    table, name, table);
	bool		is = true;

	/* that there is no such table has been said */
	while (is && select_next(&r))
		is = select_number(&r, 0) < most;
	(void)select_end(&r);
	return is;
}

static void
find_spent(const struct comparison *k, struct sqlite3 *db, const char *name)
{
	struct select	r = select_begin(k->model, "SELECT name FROM "
			    "sqlite_schema WHERE type = 'table' AND "
			    "sql LIKE '% AUTOINCREMENT%'");

	while (select_next(&r))
		if (!has_numbers_left(k, db, name, select_text(&r, 0)))
			tell_difference(k, "the %s %s has no numbers left for new rows%s",
			    "table", select_text(&r, 0), "");
	CHECK(select_end(&r));
}

static bool
compare_model(const struct comparison *k)
{
	struct select	want = select_begin(k->model, "SELECT type, name, sql "
			    "FROM sqlite_schema WHERE name NOT LIKE "
			    "'sqlite\\_%' ESCAPE '\\'");

	while (!k->have->failed && select_next(&want))
		compare_object(k, &want);
	CHECK(select_end(&want));
	return !k->have->failed;
}

bool
schema_compare(struct sqlite3 *db, const char *name,
    const struct service *service, int64_t schema,
    void (*found)(void *, const char *line), void *arg)
{
	extern const char	common_late_sql[];
	struct select		have = select_begin_with(db, "SELECT type, sql "
				    "FROM \"%s\".sqlite_schema WHERE name = ?1",
				    name);
	struct comparison	k = { .found = found, .arg = arg, .have = &have,
				    .newest = service->migrations[schema] ==
				    NULL };
	bool			ok;

	k.model = store_open(":memory:", false);
	store_lay_out(k.model, service, schema);
	k.late = store_open(":memory:", false);
	store_exec(k.late, common_late_sql);
	ok = compare_model(&k) && find_added(&k, db, name);
	if (ok)
		find_spent(&k, db, name);
	(void)select_end(&have);
	peek_close(k.late);
	peek_close(k.model);
	return ok;
}
