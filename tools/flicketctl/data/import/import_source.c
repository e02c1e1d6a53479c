/*
 * Flicket's database: is it there, is it SQLite's or a dump, is it whole, is it
 * Flicket's. It is opened for reading only and its schema is not trusted.
 *
 * One transaction in each lane spans the import, so that all tables are of one
 * moment even while Flicket runs. What a `-wal` file beside the database holds is
 * part of it and is read; SQLite may then make a `-shm` file beside it. A
 * database in WAL mode without a `-wal` file is not in use: it is opened
 * as immutable, so that nothing is made beside it. A `-journal` left by a
 * crash would have to be rolled back first, which takes writing: refused.
 */
#include "tools/flicketctl/data/import/import_parts.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "tools/flicketctl/cli/stop.h"

#define HEADER_BYTES	100

struct head {
	unsigned char	bytes[DUMP_HEAD_BYTES];
	struct dump_head dump;		/* if import->dump */
	off_t		size;		/* of the file */
	bool		has_wal;	/* a -wal file is beside it */
};

static uint32_t
big_endian(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

static bool
look_at_dump(struct import *im, struct head *ret, size_t len)
{
	char	why[DUMP_WHY_SIZE];

	im->dump = dump_look(im->path, ret->bytes, len, &ret->dump, why);
	return im->dump || report_fail("%s", why);
}

static bool
read_head(struct import *im, struct head *ret)
{
	const char	*path = im->path;
	ssize_t		 got;
	int		 fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		return report_fail("%s: %s", path, strerror(errno));
	got = read(fd, ret->bytes, sizeof(ret->bytes));
	close(fd);
	if (got == -1)
		return report_fail("%s: %s", path, strerror(errno));
	if (got < 16 || memcmp(ret->bytes, "SQLite format 3", 16) != 0)
		return look_at_dump(im, ret, (size_t)got);
	if (got < HEADER_BYTES)
		return report_fail("%s is cut short: it has %zd bytes", path,
		    got);
	return true;
}

/* With a -wal file the database file may rightly be shorter than it says. */
static bool
check_size(const char *path, const struct head *head)
{
	const unsigned char	*b = head->bytes;
	off_t			 page = b[16] << 8 | b[17], whole;

	if (page == 1)
		page = 65536;
	if (head->has_wal || big_endian(b + 24) != big_endian(b + 92))
		return true;	/* the count of pages is not kept here */
	whole = page * (off_t)big_endian(b + 28);
	if (head->size < whole)
		return report_fail("%s is cut short: it has %lld of %lld "
		    "bytes", path, (long long)head->size, (long long)whole);
	return true;
}

static bool
look_at_file(struct import *im, struct head *ret)
{
	const char	*path = im->path;
	struct stat	 st;
	char		 wal[PATH_MAX], why[DUMP_WHY_SIZE];

	if (dump_is_elsewhere(path, why))
		return report_fail("%s", why);
	if (stat(path, &st) == -1)
		return report_fail("%s: %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return report_fail("%s is a folder, not a database. A folder of "
		    "users.csv, tickets.csv and posts.csv is taken over with "
		    "--csv", path);
	if (!S_ISREG(st.st_mode))
		return report_fail("%s is not a file", path);
	ret->size = st.st_size;
	if (snprintf(wal, sizeof(wal), "%s-wal", path) >= (int)sizeof(wal))
		return report_fail("%s: the path is too long", path);
	ret->has_wal = stat(wal, &st) == 0;
	/* SQLite would wait for a pipe */
	if (ret->has_wal && !S_ISREG(st.st_mode))
		return report_fail("%s is not a file", wal);
	return read_head(im, ret) && (im->dump || check_size(path, ret));
}

/* "file:" and the path, with what has a meaning in a URI escaped. */
static char *
make_uri(const char *path, bool immutable)
{
	char	*uri;
	size_t	 size;
	FILE	*f = open_memstream(&uri, &size);

	CHECK(f != NULL);
	fprintf(f, "file:");
	for (const char *p = path; *p != '\0'; p++) {
		if (isalnum((unsigned char)*p) || strchr("/._-", *p) != NULL)
			fputc(*p, f);
		else
			fprintf(f, "%%%02x", (unsigned)(unsigned char)*p);
	}
	fprintf(f, immutable ? "?mode=ro&immutable=1" : "?mode=ro");
	CHECK(fclose(f) == 0);
	return uri;
}

bool
source_fail(struct import *im, sqlite3 *db)
{
	const char	*why = sqlite3_errmsg(db);
	char		 escaped[QUOTE_SIZE];

	switch (sqlite3_extended_errcode(db)) {
	case SQLITE_INTERRUPT:
		return report_fail("stopped");
	case SQLITE_READONLY_ROLLBACK:
	case SQLITE_READONLY_RECOVERY:
		return report_fail("%s: a program stopped while it wrote to "
		    "this database; let Flicket or sqlite3 open it once, then "
		    "import again", im->path);
	default:
		text_escape(escaped, why, strlen(why));
		return report_fail("%s cannot be read: %s", im->path, escaped);
	}
}

static bool
prepare_on_source(struct import *im, sqlite3 *db, const char *sql,
    sqlite3_stmt **ret)
{
	if (sqlite3_prepare_v2(db, sql, -1, ret, NULL) != SQLITE_OK)
		return source_fail(im, db);
	return true;
}

/*
 * Read the file from its beginning to its end: quick_check reads it backwards,
 * page by page, which takes a disk many times as long if the file is not in
 * memory. SQLite will report read errors.
 */
static void
read_ahead(const char *path)
{
	static char	buf[1 << 20];
	int		fd = open(path, O_RDONLY | O_CLOEXEC);

	while (fd != -1 && !stop_asked() &&
	    read(fd, buf, sizeof(buf)) > 0)
		continue;
	if (fd != -1)
		close(fd);
}

/* quick_check's first row is "ok" or the first thing it found. */
static bool
check_whole(struct import *im, sqlite3 *db)
{
	sqlite3_stmt	*st;
	const char	*found;
	char		 escaped[QUOTE_SIZE];
	bool		 ok;

	if (!prepare_on_source(im, db, "PRAGMA quick_check(1)", &st))
		return false;
	if (sqlite3_step(st) != SQLITE_ROW) {
		sqlite3_finalize(st);
		return source_fail(im, db);
	}
	found = (const char *)sqlite3_column_text(st, 0);
	CHECK(found != NULL);
	ok = strcmp(found, "ok") == 0;
	text_escape(escaped, found, strlen(found));
	if (!ok)
		report_fail("%s is damaged: %s", im->path, escaped);
	sqlite3_finalize(st);
	return ok;
}

static bool
run_on_source(struct import *im, sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ||
	    source_fail(im, db);
}

/*
 * CHECK constraints are Flicket's business: a row that breaks one is still a
 * row.
 */
static const char settings_sql[] =
    "PRAGMA trusted_schema = OFF; PRAGMA query_only = ON;"
    "PRAGMA cell_size_check = ON; PRAGMA ignore_check_constraints = ON";

static bool
open_lane(struct import *im, const char *uri, sqlite3 **ret)
{
	int	rc = sqlite3_open_v2(uri, ret, SQLITE_OPEN_READONLY |
		    SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL);

	CHECK(*ret != NULL);
	if (rc != SQLITE_OK)
		return source_fail(im, *ret);
	sqlite3_db_config(*ret, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_busy_timeout(*ret, 5000);
	sqlite3_progress_handler(*ret, 10000, import_interrupts, NULL);
	return run_on_source(im, *ret, settings_sql);
}

/* A number that changes when another process has changed the database. */
static bool
read_version(struct import *im, sqlite3 *db, int *ret)
{
	sqlite3_stmt	*st;
	bool		 ok;

	if (!prepare_on_source(im, db, "PRAGMA data_version", &st))
		return false;
	ok = sqlite3_step(st) == SQLITE_ROW;
	if (ok)
		*ret = sqlite3_column_int(st, 0);
	sqlite3_finalize(st);
	return ok || source_fail(im, db);
}

/* BEGIN takes effect with the first statement that reads. */
static const char begin_sql[] = "BEGIN; SELECT 1 FROM sqlite_schema";

/*
 * Begin to read in both lanes. If nothing changed from before one began to
 * after the other did, they see the same.
 */
static bool
begin_together(struct import *im, sqlite3 *a, sqlite3 *b, bool *ret_same)
{
	int	before = 0, after = 0;

	if (!read_version(im, a, &before) || !run_on_source(im, b, begin_sql) ||
	    !run_on_source(im, a, begin_sql) || !read_version(im, a, &after))
		return false;
	*ret_same = before == after;
	return *ret_same || (run_on_source(im, a, "ROLLBACK") &&
	    run_on_source(im, b, "ROLLBACK"));
}

static bool
open_lanes(struct import *im, const char *path, bool immutable)
{
	char	*uri = make_uri(path, immutable);
	bool	 ok = true;

	for (int i = 0; ok && i < LANES; i++)
		ok = open_lane(im, uri, &im->lane[i].source);
	free(uri);
	return ok;
}

static bool
begin_lanes(struct import *im)
{
	bool	same = false;

	while (!same)
		if (!import_goes_on() || !begin_together(im,
		    im->lane[0].source, im->lane[1].source, &same))
			return false;
	return true;
}

/* A dump, or without a head other files. */
static bool
open_copy(struct import *im, const struct head *head)
{
	sqlite3	*db = NULL;
	char	 path[PATH_MAX] = "";
	bool	 ok;

	ok = dump_make(im, path, &db) && open_lanes(im, path, false);
	if (path[0] != '\0')
		dump_hide(path);
	ok = ok && (head == NULL ? records_fill(im, path, db) :
	    dump_fill(im, &head->dump, head->size, path, db));
	sqlite3_close(db);
	return ok && begin_lanes(im);
}

static bool
open_database(struct import *im, const struct head *head)
{
	char	path[PATH_MAX];

	if (realpath(im->path, path) == NULL)
		return report_fail("%s: %s", im->path, strerror(errno));
	if (!open_lanes(im, path, head->bytes[19] == 2 && !head->has_wal) ||
	    !begin_lanes(im))
		return false;
	read_ahead(path);
	return check_whole(im, im->lane[0].source);
}

bool
source_open(struct import *im)
{
	struct head	head = { 0 };

	if (im->records)
		return open_copy(im, NULL);
	if (!look_at_file(im, &head))
		return false;
	return im->dump ? open_copy(im, &head) : open_database(im, &head);
}

/* Does `sql`, about a table and a column of it or NULL, have a row? */
static bool
has(sqlite3 *db, const char *sql, const char *table, const char *column)
{
	sqlite3_stmt	*st;
	int		 rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);

	/* a failure must not pass for a column that is not there */
	if (rc != SQLITE_OK)
		log_fatal("%s: %s", table, sqlite3_errmsg(db));
	sqlite3_bind_text(st, 1, table, -1, SQLITE_STATIC);
	if (column != NULL)
		sqlite3_bind_text(st, 2, column, -1, SQLITE_STATIC);
	rc = sqlite3_step(st);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		log_fatal("%s: %s", table, sqlite3_errmsg(db));
	sqlite3_finalize(st);
	return rc == SQLITE_ROW;
}

/* Views and virtual tables could run anything: they are no tables here. */
static bool
has_source_table(sqlite3 *db, const char *table)
{
	return has(db, "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND "
	    "name = ?1 COLLATE NOCASE AND sql NOT LIKE 'CREATE VIRTUAL%'",
	    table, NULL);
}

bool
source_has_table(struct import *im, const char *table)
{
	return has_source_table(im->lane[LANE_RUN].source, table);
}

static bool
has_source_column(sqlite3 *db, const char *table, const char *column)
{
	return has(db, "SELECT 1 FROM pragma_table_info(?1) WHERE "
	    "name = ?2 COLLATE NOCASE", table, column);
}

bool
source_has_column(struct import *im, const char *table, const char *column)
{
	return has_source_column(im->lane[LANE_RUN].source, table, column);
}

bool
source_count(struct import *im, const char *sql, int64_t *ret)
{
	sqlite3		*db = im->lane[LANE_RUN].source;
	sqlite3_stmt	*st;
	bool		 ok;

	if (!prepare_on_source(im, db, sql, &st))
		return false;
	ok = sqlite3_step(st) == SQLITE_ROW;
	if (ok)
		*ret = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return ok || source_fail(im, db);
}

static char *
make_select(struct import *im, sqlite3 *db, const struct kind *kind)
{
	char	*sql;
	size_t	 size;
	FILE	*f = open_memstream(&sql, &size);

	CHECK(f != NULL);
	fprintf(f, "SELECT %s", kind->label != NULL ? kind->label : "id");
	for (const struct column *c = kind->columns; c->to != NULL; c++)
		if (im->before_021 && c->before_021 != NULL)
			fprintf(f, ", %s", c->before_021);
		else if (has_source_column(db, kind->from, c->from))
			fprintf(f, ", \"%s\"", c->from);
		else
			fprintf(f, ", NULL");
	fprintf(f, " FROM %s WHERE %s ORDER BY %s", kind->from,
	    kind->where != NULL ? kind->where : "1",
	    kind->order != NULL ? kind->order : "id");
	CHECK(fclose(f) == 0);
	return sql;
}

static bool
count_rows(struct import *im, sqlite3 *db, const struct kind *kind,
    int64_t *ret)
{
	sqlite3_stmt	*st;
	char		*sql;
	bool		 ok;

	sql = sqlite3_mprintf("SELECT count(*) FROM %s WHERE %s", kind->from,
	    kind->where != NULL ? kind->where : "1");
	CHECK(sql != NULL);
	ok = prepare_on_source(im, db, sql, &st);
	sqlite3_free(sql);
	if (!ok)
		return false;
	ok = sqlite3_step(st) == SQLITE_ROW;
	if (ok)
		*ret = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return ok || source_fail(im, db);
}

bool
source_select(struct import *im, struct lane *lane, const struct kind *kind,
    sqlite3_stmt **ret_select, int64_t *ret_count)
{
	char	*sql = make_select(im, lane->source, kind);
	bool	 ok;

	ok = count_rows(im, lane->source, kind, ret_count) &&
	    prepare_on_source(im, lane->source, sql, ret_select);
	free(sql);
	return ok;
}
