/*
 * The demo desk is a Flicket database that SQL makes in memory; it goes the way of an import, so that names, counts and
 * search are as in any other desk. Its files are written from that database, too.
 */
#include "tools/flicketctl/data/demo/demo.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/visible.h"
#include "services/user/password.h"
#include "tools/flicketctl/cli/cli.h"
#include "tools/flicketctl/cli/shell.h"
#include "tools/flicketctl/data/import/import_parts.h"

extern const char	demo_people_sql[], demo_texts_sql[], demo_tables_sql[];
extern const unsigned char demo_display_bytes[], demo_label_bytes[], demo_co2_bytes[], demo_parcel_bytes[];
extern const size_t	demo_display_size, demo_label_size, demo_co2_size, demo_parcel_size;

/* One database in memory, for all connections of the process. */
#define DEMO_URI	"file:/demo?vfs=memdb"

static struct {
	char	 password[PASSWORD_MOST_BYTES + 1];
	int	 cost;
	sqlite3	*db;
	bool	 has_login;	/* PATHS_DEMO is written */
} run;

static bool
fail_sql(sqlite3 *db)
{
	return report_fail("the demo desk cannot be made: %s", sqlite3_errmsg(db));
}

static bool
open_database(sqlite3 **ret)
{
	return sqlite3_open_v2(DEMO_URI, ret, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI |
	    SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK || fail_sql(*ret);
}

static bool
run_sql(const char *sql)
{
	return sqlite3_exec(run.db, sql, NULL, NULL, NULL) == SQLITE_OK || fail_sql(run.db);
}

/* Run a statement with a text and a blob; NULL: none. */
static bool
insert(const char *sql, const char *text, const void *bytes, size_t size)
{
	sqlite3_stmt	*st;
	bool		 ok;

	if (sqlite3_prepare_v2(run.db, sql, -1, &st, NULL) != SQLITE_OK)
		return fail_sql(run.db);
	sqlite3_bind_text(st, 1, text, -1, SQLITE_STATIC);
	if (bytes != NULL)
		sqlite3_bind_blob(st, 2, bytes, (int)size, SQLITE_STATIC);
	ok = sqlite3_step(st) == SQLITE_DONE;
	sqlite3_finalize(st);
	return ok || fail_sql(run.db);
}

static bool
insert_picture(const char *name, const unsigned char *bytes, size_t size)
{
	return insert("INSERT INTO file VALUES (?1, ?2)", name, bytes, size);
}

/* What the SQL needs and does not have of its own. */
static bool
make_given(void)
{
	char	hash[PASSWORD_HASH_SIZE];

	password_hash(run.password, run.cost, hash);
	return run_sql("CREATE TABLE given (hash); CREATE TABLE file (name PRIMARY KEY, bytes) WITHOUT ROWID") &&
	    insert("INSERT INTO given VALUES (CAST(?1 AS BLOB))", hash, NULL, 0) &&
	    insert_picture("display.png", demo_display_bytes, demo_display_size) &&
	    insert_picture("label.png", demo_label_bytes, demo_label_size) &&
	    insert_picture("co2.png", demo_co2_bytes, demo_co2_size) &&
	    insert_picture("parcel.png", demo_parcel_bytes, demo_parcel_size);
}

/* Everything is of one moment: 'now' is that of the transaction's statements, which take a tenth of a second. */
static bool
make_database(struct import *im)
{
	if (!open_database(&run.db) || !make_given() || !run_sql("BEGIN") || !run_sql(demo_people_sql) ||
	    !run_sql(demo_texts_sql) || !run_sql(demo_tables_sql) || !run_sql("COMMIT"))
		return false;
	for (int i = 0; i < LANES; i++) {
		if (!open_database(&im->lane[i].source))
			return false;
		sqlite3_progress_handler(im->lane[i].source, 10000, import_interrupts, NULL);
	}
	return true;
}

static bool
check_empty(struct import *im)
{
	struct stat	st;

	return (lstat(PATHS_STORES, &st) == -1 && errno == ENOENT) || report_fail("%s holds a desk already; a demo desk "
	    "needs a folder of its own", im->data);
}

static bool
write_file(struct import *im, const char *name, const void *bytes, int size)
{
	int	fd = openat(im->files[FILES_UPLOADS].to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool	ok = fd != -1 && write_all(fd, bytes, (size_t)size);

	if (!ok)
		report_fail("%s/%s: %s", im->data, name, strerror(errno));
	if (fd != -1)
		close(fd);
	return ok;
}

/* Into the folder that files_copy() fills in an import. Here it has no folder to copy from, and changes nothing. */
static bool
write_files(struct import *im)
{
	sqlite3_stmt	*st;
	bool		 ok = true;
	int		 rc = SQLITE_DONE;

	if (sqlite3_prepare_v2(run.db, "SELECT filename, bytes FROM flicket_uploads JOIN file ON name = original_filename",
	    -1, &st, NULL) != SQLITE_OK)
		return fail_sql(run.db);
	while (ok && (rc = sqlite3_step(st)) == SQLITE_ROW)
		ok = write_file(im, (const char *)sqlite3_column_text(st, 0), sqlite3_column_blob(st, 1),
		    sqlite3_column_bytes(st, 1));
	sqlite3_finalize(st);
	return ok && (rc == SQLITE_DONE || fail_sql(run.db));
}

/* Before the desk is in place: a desk that is a demo must say so. */
static bool
write_login(struct import *im)
{
	char	text[1024];
	int	len = snprintf(text, sizeof(text),
		    "This is a demo desk: its people and tickets are made up. Log in as\n\n"
		    "  admin     Ruth Adeyemi, an administrator\n"
		    "  marco     Marco Bellini, an agent\n"
		    "  claire    Claire Fontaine, an agent who reads French\n"
		    "  helen     Helen Marsh, who reports tickets\n\n"
		    "or as anybody on its page of people. Everybody's password: %s\n", run.password);

	run.has_login = file_replace(PATHS_DEMO, text, (size_t)len, 0600);
	return run.has_login || report_fail("%s/" PATHS_DEMO ": %s", im->data, strerror(errno));
}

static bool
print_done(struct import *im)
{
	struct buf	word = { 0 };
	int64_t		tickets = 0;

	report_clear();
	if (!source_count(im, "SELECT count(*) FROM flicket_topic", &tickets))
		return false;
	visible_printf(stdout, "In %s there is a demo desk of %lld tickets. `flicketctl serve --data %s` starts it, and says "
	    "how to log in.\n", im->data, (long long)tickets, shell_word(&word, im->data));
	buf_done(&word);
	sqlite3_close(run.db);
	return true;
}

/* As import.c's; the database is our own, and needs no checks. */
static bool (*const phases[])(struct import *) = {
	target_enter,
	check_empty,
	make_database,
	stores_make,
	write_files,
	kinds_copy,
	derive_all,
	stores_close,
	write_login,
	target_switch,
	print_done,
	NULL
};

int
demo_make(const char *data, const char *password, int cost)
{
	char	made_up[PASSWORD_RANDOM_SIZE];
	int	status;

	if (password == NULL) {
		password_random(made_up);
		password = made_up;
	}
	snprintf(run.password, sizeof(run.password), "%s", password);
	run.cost = cost;
	status = import_fill(phases, data, "the demo desk");
	if (status != STATUS_OK && run.has_login)
		unlink(PATHS_DEMO);
	return status;
}
