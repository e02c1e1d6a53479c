/*
 * Users, tickets and replies of any other desk, in files: their tables are built
 * in a temporary database, as those of a dump are.
 */
#include "tools/flicketctl/data/import/import_parts.h"

#include <sqlite3.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/visible.h"
#include "tools/flicketctl/data/records/records.h"

static int64_t	records_bytes;	/* of the one folder of this process */

static bool
goes_on(int64_t done)
{
	report_progress("files", done - done % 64, records_bytes);
	return import_goes_on();
}

static bool
fail_faults(const struct import *im, const struct records_faults *faults)
{
	report_clear();
	for (size_t i = 0; i < faults->count; i++)
		visible_printf(stderr, "%s\n", faults->line[i]);
	return report_fail("%s: %s%zu %s", im->path, faults->is_cut ?
	    "at least " : "", faults->count, faults->count == 1 ?
	    "fault in the files" : "faults in the files");
}

static bool
fail_database(const struct import *im, sqlite3 *db, const char *place)
{
	int	code = sqlite3_errcode(db) & 0xff;

	if (!import_goes_on())
		return false;
	if (code == SQLITE_FULL || code == SQLITE_IOERR)
		return report_fail("%s: no room for its tables in %s: name a "
		    "folder with more of it in TMPDIR", im->path, place);
	return report_fail("%s: %s", im->path, sqlite3_errmsg(db));
}

static bool
load(const struct import *im, const char *place, sqlite3 *db)
{
	struct records_options	options = { .goes_on = goes_on, .is_named = {
		[RECORDS_OPEN] = im->named[MEANING_OPEN] != NULL,
		[RECORDS_CLOSED] = im->named[MEANING_CLOSED] != NULL,
		[RECORDS_IN_WORK] = im->named[MEANING_IN_WORK] != NULL } };
	struct records_faults	faults = { 0 };
	bool			ok;

	records_bytes = records_size(im->path);
	ok = records_load(im->path, db, &options, &faults);
	if (!ok)
		ok = faults.count > 0 ? fail_faults(im, &faults) :
		    fail_database(im, db, place);
	records_faults_done(&faults);
	report_clear();
	return ok;
}

/* --- ids --------------------------------------------------------------------------- */

#define KINDS "CASE kind WHEN 0 THEN 'user' WHEN 2 THEN 'ticket' " \
	"WHEN 3 THEN 'post' END"
_Static_assert(RECORDS_USER == 0 && RECORDS_TICKET == 2 && RECORDS_POST == 3,
    "are in KINDS");

/* Without ids in users.csv, usernames stand for them. */
static const char ids_sql[] =
    "SELECT " KINDS " AS name, key, id FROM record_ids WHERE kind <> 1 OR "
    "NOT EXISTS (SELECT 1 FROM record_ids WHERE kind = 0) "
    "ORDER BY kind, id";

static void
put_cell(FILE *f, const char *text)
{
	fputc('"', f);
	for (; *text != '\0'; text++) {
		if (*text == '"')
			fputc('"', f);
		fputc(*text, f);
	}
	fputc('"', f);
}

static bool
put_ids(sqlite3 *db, FILE *f)
{
	sqlite3_stmt	*st;
	int		 rc;

	if (sqlite3_prepare_v2(db, ids_sql, -1, &st, NULL) != SQLITE_OK)
		return false;
	fputs("kind,old,new\r\n", f);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		const char	*name = (const char *)sqlite3_column_text(st,
				    0);

		fprintf(f, "%s,", name != NULL ? name : "user");
		put_cell(f, (const char *)sqlite3_column_text(st, 1));
		fprintf(f, ",%" PRId64 "\r\n", (int64_t)sqlite3_column_int64(
		    st, 2));
	}
	sqlite3_finalize(st);
	return rc == SQLITE_DONE;
}

/* A file that is there is not ours to replace. */
static bool
write_ids(struct import *im, sqlite3 *db)
{
	int	 fd;
	FILE	*f;
	bool	 ok;

	if (im->ids == NULL)
		return true;
	fd = open(im->ids, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1)
		return report_fail("--ids: %s: %s", im->ids, strerror(errno));
	im->ids_made = realpath(im->ids, NULL);
	f = fdopen(fd, "w");
	CHECK(f != NULL);
	ok = put_ids(db, f);
	ok = fflush(f) == 0 && fsync(fd) == 0 && ok;
	fclose(f);
	return ok || report_fail("--ids: %s cannot be written: %s", im->ids,
	    strerror(errno));
}

void
records_undo(const struct import *im)
{
	if (im->ids_made != NULL)
		unlink(im->ids_made);
}

static const char changed_sql[] =
    "SELECT count(*) FILTER (WHERE kind = 0), count(*) FILTER (WHERE kind = 2), "
    "count(*) FILTER (WHERE kind = 3) FROM record_ids "
    "WHERE CAST(id AS TEXT) <> key";

static bool
note_changed(struct import *im, sqlite3 *db)
{
	sqlite3_stmt	*st;
	int64_t		 count[3] = { 0 };

	if (sqlite3_prepare_v2(db, changed_sql, -1, &st, NULL) != SQLITE_OK)
		return false;
	if (sqlite3_step(st) == SQLITE_ROW)
		for (int i = 0; i < 3; i++)
			count[i] = sqlite3_column_int64(st, i);
	sqlite3_finalize(st);
	if (count[0] + count[1] + count[2] > 0)
		report_note(im, "Other ids than in the files: users %" PRId64
		    ", tickets %" PRId64 ", posts %" PRId64 ".%s", count[0],
		    count[1], count[2], im->ids != NULL ? "" : " A file lists "
		    "them, also afterwards with the same files: "
		    "--dry-run --ids FILE");
	return true;
}

bool
records_fill(struct import *im, const char path[PATH_MAX], sqlite3 *db)
{
	return load(im, path, db) && (note_changed(im, db) ||
	    fail_database(im, db, path)) && write_ids(im, db);
}
