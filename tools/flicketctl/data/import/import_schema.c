/*
 * The versions of Flicket whose tables can be read. A database does not say
 * which version it is of: it is known by its columns, which Flicket's own
 * migrations have added one after the other. The oldest is that of 0.2.0.
 */
#include "tools/flicketctl/data/import/import_parts.h"

#include <sqlite3.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

/* What later versions have added, in their order. */
static const struct change {
	const char	*version;
	const char	*table;
	const char	*column;
	const char	*report;	/* of all its rows without it, or NULL */
} changes[] = {
	{ "0.2.1", "flicket_ticket_action", "action", "actions: action, data: "
	    "made of the columns that Flicket had before 0.2.1" },
	{ "0.2.1", "flicket_ticket_action", "data", NULL },
	{ "0.2.1", "flicket_topic", "hours", "tickets: hours: Flicket had none "
	    "before 0.2.1: taken as 0" },
	{ "0.2.1", "flicket_post", "hours", "posts: hours: Flicket had none "
	    "before 0.2.1: taken as 0" },
	{ "0.2.2", "flicket_topic", "last_updated", "tickets: last_updated: "
	    "Flicket had it not before 0.2.2: set to the newest date of the "
	    "ticket, its replies and actions" },
	{ "0.2.3", "flicket_users", "disabled", "users: disabled: Flicket had "
	    "it not before 0.2.3: taken as 0" },
};

#define CHANGES	(sizeof(changes) / sizeof(changes[0]))

/* What an action was, before there was the column `action`. */
static const char *const old_columns[] = { "assigned", "claimed", "released",
	"closed", "opened", "status", "priority" };

#define OLD_COLUMNS	(sizeof(old_columns) / sizeof(old_columns[0]))

static bool
has(struct import *im, const struct change *c)
{
	return source_has_column(im, c->table, c->column);
}

static void
write_missing(FILE *f, const char *table, const char *column)
{
	fprintf(f, "%s no column %s in table %s", ftell(f) > 0 ? "," : "",
	    column, table);
}

/* Databases before 0.2.1 have all of the old columns, later ones have no old one. */
static void
find_old_columns(struct import *im, FILE *f)
{
	for (size_t i = 0; i < OLD_COLUMNS; i++) {
		bool	is_there = source_has_column(im,
			    "flicket_ticket_action", old_columns[i]);

		if (im->before_021 && !is_there)
			write_missing(f, "flicket_ticket_action",
			    old_columns[i]);
		else if (!im->before_021 && is_there)
			fprintf(f, "%s both action and %s in table "
			    "flicket_ticket_action, as an upgrade leaves them "
			    "that has stopped", ftell(f) > 0 ? "," : "",
			    old_columns[i]);
	}
}

/* Find the version; write what its tables lack. */
static void
find_version(struct import *im, FILE *missing)
{
	size_t	newest = CHANGES;	/* of what is there */

	while (newest > 0 && !has(im, &changes[newest - 1]))
		newest--;
	im->lacks = CHANGES - newest;
	im->before_021 = newest == 0;
	im->before_022 = newest < CHANGES - 1;	/* `disabled` came later */
	for (size_t i = 0; i < newest; i++)
		if (!has(im, &changes[i]))
			write_missing(missing, changes[i].table,
			    changes[i].column);
	find_old_columns(im, missing);
}

/* Whether another kind above this one is of the same table. */
static bool
is_named_before(const struct import *im, const struct kind *kind)
{
	for (const struct kind *k = im->kinds; k < kind; k++)
		if (strcmp(k->from, kind->from) == 0)
			return true;
	return false;
}

/* Write what a kind's table lacks. */
static void
find_missing(struct import *im, const struct kind *kind, FILE *f)
{
	if (!source_has_table(im, kind->from)) {
		if (!is_named_before(im, kind))
			fprintf(f, "%s no table %s", ftell(f) > 0 ? "," : "",
			    kind->from);
		return;
	}
	for (const struct column *c = kind->columns; c->to != NULL; c++)
		if (c->presence == MUST &&
		    !source_has_column(im, kind->from, c->from))
			write_missing(f, kind->from, c->from);
}

bool
schema_check(struct import *im)
{
	char	*missing;
	size_t	 size;
	FILE	*f = open_memstream(&missing, &size);
	bool	 ok;

	CHECK(f != NULL);
	for (const struct kind *k = im->kinds; k->one != NULL; k++)
		find_missing(im, k, f);
	if (ftell(f) == 0)
		find_version(im, f);
	CHECK(fclose(f) == 0);
	ok = size == 0;
	if (!ok)
		report_fail("%s is %s, but not one of Flicket 0.2.0 to 0.3.5. "
		    "It has:%s%s", im->path, im->dump ? "a dump" :
		    "an SQLite database", missing,
		    source_has_table(im, "flicket_users") ? ". If another "
		    "Flicket made it, upgrade that to 0.3.5, whose `flask db "
		    "upgrade` converts its database, and import it then" : "");
	free(missing);
	return ok;
}

/* A line for the rows that a query counts, unless there are none. */
static bool
report_count(struct import *im, const char *count, const char *report)
{
	int64_t	rows = 0;

	if (!source_count(im, count, &rows))
		return false;
	if (rows > 0)
		report_line(&im->lane[LANE_RUN], "%s: %" PRId64 " times",
		    report, rows);
	return true;
}

static bool
report_change(struct import *im, const struct change *c)
{
	char	count[64];

	if (c->report == NULL)
		return true;
	snprintf(count, sizeof(count), "SELECT count(*) FROM %s", c->table);
	return report_count(im, count, c->report);
}

static const char moved_sql[] =
    "SELECT count(*) FROM flicket_ticket_action a LEFT JOIN flicket_post p "
    "ON p.id = a.post_id WHERE a.post_id IS NOT NULL AND "
    "a.ticket_id IS NOT p.ticket_id";

/* Actions that do not say one thing, which Flicket's migration refuses. */
static const char odd_sql[] =
    "SELECT id, said FROM (SELECT id, (assigned IS NOT NULL) + (claimed IS NOT "
    "NULL) + (released IS NOT NULL) + (closed IS NOT NULL) + (opened IS NOT "
    "NULL) + (status IS NOT NULL) + (priority IS NOT NULL) AS said "
    "FROM flicket_ticket_action) WHERE said <> 1 ORDER BY id";

static bool
report_odd(struct import *im)
{
	sqlite3		*db = im->lane[LANE_RUN].source;
	sqlite3_stmt	*st;
	int		 rc;

	if (sqlite3_prepare_v2(db, odd_sql, -1, &st, NULL) != SQLITE_OK)
		return source_fail(im, db);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW)
		report_line(&im->lane[LANE_RUN], "action %lld: action: %s",
		    (long long)sqlite3_column_int64(st, 0),
		    sqlite3_column_int(st, 1) == 0 ? "it does not say what was "
		    "done: left empty" : "it says more than one thing: the "
		    "last that Flicket's upgrade would take is kept");
	sqlite3_finalize(st);
	return rc == SQLITE_DONE || source_fail(im, db);
}

bool
schema_report(struct import *im)
{
	size_t	had = CHANGES - im->lacks;

	if (had < CHANGES)
		report_note(im, "The database is of a Flicket before %s: its "
		    "rows were converted as Flicket's own upgrade does.",
		    changes[had].version);
	for (size_t i = had; i < CHANGES; i++)
		if (!report_change(im, &changes[i]))
			return false;
	return !im->before_021 || (report_count(im, moved_sql,
	    "actions: ticket_id: taken from the reply that they are of") &&
	    report_odd(im));
}
