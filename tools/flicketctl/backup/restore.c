/*
 * flicketctl restore: make a data folder's stores from a backup.
 *
 * All is copied to .restore-N beside stores/, its hashes compared on the way,
 * and put in the place of stores/ by one rename(2). Where that cannot be, as
 * folders of stores/ are mount points, the files in them are replaced (replace.h).
 * Stores that were there are moved aside, never removed.
 *
 * Streams. The desk went on after the backup; tags (ETags) that it gave out
 * since then were mixed from store, id and version, and versions are going to
 * be counted up again from those of the backup. So each store gets a new
 * number, which is also that of its stream of events. What the consumers knew
 * of the old stream holds for the new one, as the numbers of events go on:
 * their inboxes get a row for it. An event that was in the outbox, not
 * delivered or not acknowledged, is then sent under the new number; its
 * consumer does it if it is above what it had, and else acknowledges it, as
 * it would have done under the old one. So it is done once.
 *
 * Tokens. One that was ended after the backup, because it was stolen, would
 * be good again: so all are ended, unless --keep-tokens says otherwise.
 */
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/visible.h"
#include "services/store/now.h"
#include "services/store/store.h"
#include "tools/flicketctl/backup/backup_cut.h"
#include "tools/flicketctl/backup/backup_files.h"
#include "tools/flicketctl/backup/backup_judge.h"
#include "tools/flicketctl/backup/manifest.h"
#include "tools/flicketctl/cli/cli.h"
#include "tools/flicketctl/cli/member.h"
#include "tools/flicketctl/cli/stop.h"
#include "tools/flicketctl/store/peek.h"
#include "tools/flicketctl/store/replace.h"
#include "tools/flicketctl/store/select.h"
#include "tools/flicketctl/store/stores.h"

#define TOKEN_ID_MOST	INT32_MAX	/* a number above it is not ours */
#define WORK_PREFIX	".restore-"
#define REFUSALS_SHOWN	5

struct restore {
	struct settings	 settings;
	struct buf	 source;	/* DIR */
	json_t		*manifest;
	char		 work[REPLACE_WORK_SIZE];	/* "": not yet, or not
							 * ours any more */
	struct replace	 replace;
	bool		 in_place;	/* r->replace does it */
	char		 aside[96];	/* where the old stores went */
	int		 work_lock;
	int		 data;
	int		 serve;		/* serve.lock */
	int		 lock[SERVICE_END];
	int64_t		 streams[SERVICE_END];	/* new ones */
	unsigned	 refusals;
	bool		 there;		/* a desk was there */
	bool		 force;
	bool		 keep_tokens;
};

static struct restore	run;

/* --- the data folder ---------------------------------------------------------- */

/* Leaving WAL mode fails if another process has the database open. */
static bool
is_unused(const char *path)
{
	sqlite3	*db = NULL;
	int	 rc;

	rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, "PRAGMA journal_mode = DELETE", NULL,
		    NULL, NULL);
	sqlite3_close(db);
	/* a damaged store is a reason to restore */
	return rc != SQLITE_BUSY && rc != SQLITE_LOCKED;
}

static bool
fail_in_use(const struct restore *r, const char *what)
{
	return cli_fail("%s runs on %s; stop it first", what,
	    r->settings.data);
}

/* See that no service uses a store, and lock it. */
static bool
lock_unused_store(struct restore *r, enum service_id id, bool *ret_there)
{
	const char	*name = service_name(id);
	const char	*folder = paths_store_folder(id);
	const char	*path = paths_store(id);
	char		 what[48];

	snprintf(what, sizeof(what), "the %s service", name);
	if (access(folder, F_OK) == -1)
		return true;
	if (r->lock[id] == -1)
		r->lock[id] = store_lock(folder);
	if (r->lock[id] == -1)
		return errno == EWOULDBLOCK ? fail_in_use(r, what) :
		    cli_fail("%s/lock: %s", folder, strerror(errno));
	if (access(path, F_OK) == -1)
		return true;
	*ret_there = true;
	return !stores_is_file(path) || is_unused(path) || fail_in_use(r, what);
}

static bool
lock_unused_stores(struct restore *r)
{
	for (unsigned id = 1; id < SERVICE_END; id++)
		if (!lock_unused_store(r, (enum service_id)id, &r->there))
			return false;
	return !r->there || r->force || cli_fail("there is a desk in %s; "
	    "restore into another folder (--data), or say --force to move "
	    "its stores aside", r->settings.data);
}

static bool
enter_data(struct restore *r)
{
	if (!path_make(r->settings.data))
		return false;
	if (chdir(r->settings.data) == -1)
		return cli_fail("%s: %s", r->settings.data,
		    strerror(errno));
	r->data = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->data == -1 || flock(r->data, LOCK_EX | LOCK_NB) == -1)
		return cli_fail("%s: an import or another restore is under "
		    "way", r->settings.data);
	r->serve = open("serve.lock", O_RDWR | O_CLOEXEC);
	if (r->serve != -1 && flock(r->serve, LOCK_EX | LOCK_NB) == -1)
		return fail_in_use(r, "flicketctl serve");
	return true;
}

/* --- copying ------------------------------------------------------------------ */

static bool
make_store_folders(const struct restore *r)
{
	char	path[128];

	for (unsigned id = 1; id < SERVICE_END; id++) {
		snprintf(path, sizeof(path), "%s/%s", r->work,
		    service_name((enum service_id)id));
		if (!path_make(path))
			return false;
	}
	for (int i = 0; backup_folders[i].path != NULL; i++) {
		snprintf(path, sizeof(path), "%s/%s", r->work,
		    backup_folders[i].path);
		if (!path_make(path))
			return false;
	}
	return true;
}

static void
note_refusal(void *arg, const char *test, const char *what, const char *example)
{
	struct restore	*r = arg;

	(void)what;
	if (r->refusals++ < REFUSALS_SHOWN)
		cli_fail("%s: %s", test, example);
}

/* Copy the backup while it is judged: so the bytes are the same. */
static bool
copy_all(struct restore *r)
{
	struct judge	j = { .found = note_refusal, .arg = r,
			    .path = r->source.base, .copy = r->work };
	bool		ok = judge_backup(&j);

	r->manifest = j.manifest;
	if (r->refusals > REFUSALS_SHOWN)
		cli_fail("... and %u more", r->refusals - REFUSALS_SHOWN);
	return ok && r->refusals == 0;
}

/* --- streams and tokens --------------------------------------------------------- */

static bool
run_on_copy(sqlite3 *db, const char *what, const char *sql)
{
	return select_execute(db, sql) ||
	    cli_fail("%s: %s", what, select_error(db));
}

static bool
read_stream(sqlite3 *db, const char *path, int64_t *ret)
{
	return select_one_number(db, ret, "SELECT stream FROM identity") ||
	    cli_fail("%s: %s", path, select_error(db));
}

static sqlite3 *
open_copied_store(const struct restore *r, enum service_id id, char path[128])
{
	sqlite3	*db = NULL;

	snprintf(path, 128, "%s/%s", r->work, paths_store_below(id));
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) ==
	    SQLITE_OK)
		return db;
	cli_fail("%s: %s", path, sqlite3_errmsg(db));
	sqlite3_close(db);
	return NULL;
}

static bool
read_streams(const struct restore *r, int64_t ret[SERVICE_END])
{
	char	 path[128];
	sqlite3	*db;
	bool	 ok;

	for (unsigned id = 1; id < SERVICE_END; id++) {
		db = open_copied_store(r, (enum service_id)id, path);
		ok = db != NULL && read_stream(db, path, &ret[id]);
		sqlite3_close(db);
		if (!ok)
			return false;
	}
	return true;
}

/* A store of an older schema may have none. */
static bool
has_column(sqlite3 *db, const char *table, const char *column)
{
	return db != NULL && sqlite3_table_column_metadata(db, NULL, table,
	    column, NULL, NULL, NULL, NULL, NULL) == SQLITE_OK;
}

/* The highest id of a token in the stores that are replaced; 0: not known. */
static int64_t
newest_replaced_token(void)
{
	static const char *const	queries[] = {
		"SELECT max(token_id, ifnull((SELECT max(id) FROM tokens), 0)) "
		"FROM gone",
		"SELECT ifnull(max(id), 0) FROM tokens"	/* an older schema */
	};
	sqlite3				*db;
	int64_t				 id = 0;

	if (!stores_is_file(paths_store(SERVICE_USER)))
		return 0;
	db = peek_open(paths_store(SERVICE_USER));
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++)
		if (select_one_number(db, &id, "%s", queries[i]))
			break;
	peek_close(db);
	return id < 0 || id > TOKEN_ID_MOST ? 0 : id;
}

/*
 * Tokens that were made after the backup are not in it. Their ids are not given
 * again: numbers go on behind those of the stores that are replaced. If no
 * stores are replaced, they skip more numbers than tokens can have been made.
 */
static void
change_tokens(const struct restore *r, sqlite3 *db, struct buf *sql)
{
	if (!r->keep_tokens)
		buf_printf(sql, "INSERT INTO revocations (hash, date_added) "
		    "SELECT hash, %lld FROM tokens; DELETE FROM tokens;",
		    (long long)store_now());
	/* services/user/migrations/005_tokens.sql does it for older ones */
	if (has_column(db, "gone", "token_id"))
		buf_printf(sql, "UPDATE gone SET token_id = max(%lld, "
		    "token_id + 1000000, strftime('%%s', 'now') - 1767225600);",
		    (long long)newest_replaced_token());
}

/*
 * Give a store its new stream. What it knows of the others' old streams (inbox,
 * left_out) is told of their new ones, too.
 */
static bool
change_store(const struct restore *r, enum service_id id,
    const int64_t old[SERVICE_END])
{
	struct buf	 sql = { 0 };
	char		 path[128];
	sqlite3		*db = open_copied_store(r, id, path);
	bool		 ok, gaps = has_column(db, "left_out", "stream");

	buf_printf(&sql, "BEGIN IMMEDIATE; UPDATE identity SET stream = %lld;",
	    (long long)r->streams[id]);
	for (unsigned source = 1; source < SERVICE_END; source++) {
		buf_printf(&sql, "INSERT INTO inbox (source, stream, seq) "
		    "SELECT source, %lld, seq FROM inbox "
		    "WHERE source = %u AND stream = %lld;",
		    (long long)r->streams[source], source,
		    (long long)old[source]);
		if (gaps)
			buf_printf(&sql, "UPDATE left_out SET stream = %lld "
			    "WHERE source = %u AND stream = %lld;",
			    (long long)r->streams[source], source,
			    (long long)old[source]);
	}
	/* of a copy of an engine's store: it is one of its own from here on */
	if (has_column(db, "identity", "seq"))
		buf_put_text(&sql, "UPDATE identity SET seq = 0, reign = 0;");
	if (id == SERVICE_USER)
		change_tokens(r, db, &sql);
	buf_put_text(&sql, "COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
	buf_put_byte(&sql, '\0');
	ok = db != NULL && run_on_copy(db, path, sql.base);
	sqlite3_close(db);
	buf_done(&sql);
	return ok;
}

static bool
change_stores(struct restore *r)
{
	int64_t	old[SERVICE_END] = { 0 };

	if (!read_streams(r, old))
		return false;
	for (unsigned id = 1; id < SERVICE_END; id++) {
		randombytes_buf(&r->streams[id], sizeof(r->streams[id]));
		/* as common.sql makes them */
		r->streams[id] = (r->streams[id] >> 2 & INT64_MAX >> 2) + 1;
	}
	for (unsigned id = 1; id < SERVICE_END; id++)
		if (!change_store(r, (enum service_id)id, old))
			return false;
	return true;
}

/* --- in place ------------------------------------------------------------------ */

static void
name_aside(struct restore *r)
{
	time_t		now = time(NULL);
	struct tm	tm;
	char		date[32];

	gmtime_r(&now, &tm);
	strftime(date, sizeof(date), "%Y%m%dT%H%M%SZ", &tm);
	snprintf(r->aside, sizeof(r->aside), "stores.before-%s", date);
	for (int i = 2; access(r->aside, F_OK) == 0; i++)
		snprintf(r->aside, sizeof(r->aside), "stores.before-%s-%d",
		    date, i);
}

static bool
exchange_stores(struct restore *r)
{
	int	rc;

	rc = renameat2(AT_FDCWD, r->work, AT_FDCWD, "stores",
	    RENAME_NOREPLACE);
	if (rc == -1 && errno == EEXIST) {
		rc = renameat2(AT_FDCWD, r->work, AT_FDCWD, "stores",
		    RENAME_EXCHANGE);
		if (rc == 0) {
			name_aside(r);
			if (rename(r->work, r->aside) == -1)
				snprintf(r->aside, sizeof(r->aside), "%s",
				    r->work);
		}
	}
	if (rc == 0)
		return true;
	return cli_fail("%s/stores: %s%s", r->settings.data,
	    strerror(errno), errno == EBUSY || errno == EXDEV ?
	    "; it is a mount point: restore into another folder (--data) and "
	    "copy its stores/ there" : "");
}

/*
 * The marker is removed before the folder may come to hold the old stores:
 * without a marker it is never removed.
 */
static bool
rename_to_stores(struct restore *r)
{
	char	marker[REPLACE_WORK_SIZE + 32];
	bool	ok;

	snprintf(marker, sizeof(marker), "%s/" FOLDER_MARKER, r->work);
	if (unlink(marker) == -1)
		return cli_fail("%s: %s", marker, strerror(errno));
	ok = exchange_stores(r);
	if (ok)
		r->work[0] = '\0';
	if (ok && !folder_sync_fd(r->data))
		cli_fail("%s: %s; a power failure may undo this",
		    r->settings.data, strerror(errno));
	return ok;
}

static bool
fail_replacing(const struct restore *r)
{
	return cli_fail("%s/%s", r->settings.data, r->replace.why);
}

/*
 * A service that starts now finds the records, and does not open its store; one
 * that started before is found by lock_unused_stores().
 */
static bool
replace_files(struct restore *r)
{
	if (!replace_prepare(&r->replace))
		return fail_replacing(r);
	if (!lock_unused_stores(r))
		return false;
	if (stop_asked())
		return cli_fail("stopped");
	if (!replace_commit(&r->replace))
		return fail_replacing(r);
	if (r->there)
		snprintf(r->aside, sizeof(r->aside), "stores/*/%s",
		    r->replace.record.aside);
	r->work[0] = '\0';
	return true;
}

static bool
put_stores_in_place(struct restore *r)
{
	struct stat	st;

	if (fstat(r->data, &st) == -1)
		return cli_fail("%s: %s", r->settings.data,
		    strerror(errno));
	if (r->in_place)
		return (replace_finish(&r->replace, st.st_uid, st.st_gid) ||
		    fail_replacing(r)) && replace_files(r);
	if (!folder_finish(r->work, st.st_uid, st.st_gid) ||
	    !lock_unused_stores(r))
		return false;
	if (stop_asked())
		return cli_fail("stopped");
	return rename_to_stores(r);
}

static void
print_result(const struct restore *r)
{
	visible_printf(stdout, "%s/stores is as of %s.\n", r->settings.data,
	    member_text(r->manifest, "date"));
	if (r->aside[0] != '\0')
		visible_printf(stdout, "The stores before are in %s/%s.\n", r->settings.data,
		    r->aside);
	puts(r->keep_tokens ? "Tokens of that time are valid again, also those "
	    "that were ended since." : "All users have to log in again.");
}

static void
remove_work(void)
{
	if (run.in_place)
		replace_abandon(&run.replace);
	else if (run.work[0] != '\0')
		folder_remove(run.work);
}

/* Whether the source is a backup; asked before anything is made. */
static bool
is_backup(const struct restore *r)
{
	int	 dir = open(r->source.base, O_RDONLY | O_DIRECTORY |
		    O_CLOEXEC);
	json_t	*manifest;

	if (dir == -1)
		return cli_fail("%s is not a backup: %s", r->source.base,
		    strerror(errno));
	manifest = manifest_read(dir, r->source.base);
	close(dir);
	json_decref(manifest);
	return manifest != NULL;
}

/* Bring a run to its end that was interrupted. */
static bool
resume(struct restore *r)
{
	struct replace		earlier = { 0 };
	enum replace_resumed	resumed = replace_resume(&earlier);

	switch (resumed) {
	case REPLACE_UNDONE:
	case REPLACE_DONE:
		printf("A %s that was interrupted is %s.\n",
		    earlier.record.what, replace_outcome(resumed));
		break;
	case REPLACE_STUCK:
		cli_fail("%s/%s", r->settings.data, earlier.why);
		return r->force;
	case REPLACE_NOTHING:
		break;
	}
	return true;
}

/* How the stores can be put in place. */
static bool
choose_way(struct restore *r)
{
	enum replace_need	need = replace_is_needed(&r->replace);

	r->in_place = need == REPLACE_YES;
	return (need != REPLACE_REFUSED && (!r->in_place ||
	    replace_enter(&r->replace))) || fail_replacing(r);
}

static bool
begin_work(struct restore *r)
{
	folder_clear_all(WORK_PREFIX);
	if (r->in_place) {
		if (!replace_begin(&r->replace, "restore", r->there))
			return fail_replacing(r);
		memcpy(r->work, r->replace.work, sizeof(r->work));
		return true;
	}
	snprintf(r->work, sizeof(r->work), WORK_PREFIX "%ld-%08x",
	    (long)getpid(), randombytes_random());
	return folder_begin(r->work, &r->work_lock);
}

static bool
restore_all(struct restore *r)
{
	return is_backup(r) && enter_data(r) && resume(r) && choose_way(r) &&
	    lock_unused_stores(r) && begin_work(r) && make_store_folders(r) &&
	    copy_all(r) && change_stores(r) && put_stores_in_place(r);
}

/* `restore --continue`: nothing but the end of a run that was interrupted. */
static int
continue_only(struct restore *r)
{
	struct replace	left = { 0 };
	const char	*pending;
	bool		 was, ok;

	ok = enter_data(r);
	was = ok && replace_is_pending(&pending);
	ok = ok && resume(r);
	if (ok && !was)
		puts("Nothing was interrupted.");
	if (ok && !replace_tidy(&left))
		ok = cli_fail("%s/%s", r->settings.data, left.why);
	return ok ? STATUS_OK : STATUS_FAILED;
}

static void
print_failure(const struct restore *r)
{
	fputs(r->in_place && r->replace.decided ?
	    "The stores are replaced in part: mend the cause, then say "
	    "`flicketctl restore --continue`.\n" : "Nothing was restored.\n",
	    stderr);
}

int
restore_run(const struct cli *c)
{
	struct restore	*r = &run;
	bool		 ok;

	settings_load(&r->settings);
	r->force = cli_has(c, "force");
	r->keep_tokens = cli_has(c, "keep-tokens");
	for (unsigned id = 0; id < SERVICE_END; id++)
		r->lock[id] = -1;
	umask(077);
	if (cli_has(c, "continue"))
		return continue_only(r);
	if (c->count == 0)
		return cli_usage(c->command, "DIR, the backup, or --continue is missing");
	path_absolute(&r->source, cli_arg(c, 0, ""));
	CHECK(sodium_init() != -1);
	stop_catch_signals();
	CHECK(atexit(remove_work) == 0);
	ok = restore_all(r);
	if (ok)
		print_result(r);
	else
		print_failure(r);
	json_decref(r->manifest);
	return ok ? STATUS_OK : STATUS_FAILED;
}
