/*
 * flicketctl backup: copy a desk, which may run, to a folder.
 *
 * The files of uploads and avatars never change, and their names are never
 * used again. Each is hard linked into a folder beside the stores: nearly all
 * before writes are held, the newest meanwhile. So a file that a row of the cut
 * names cannot be removed before it is copied.
 *
 * The backup is made in DIR.partial, which is renamed to DIR when everything
 * in it is on disk: an interrupted run is never taken for a backup.
 */
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/paths.h"
#include "base/visible.h"
#include "tools/flicketctl/backup/backup_cut.h"
#include "tools/flicketctl/backup/backup_files.h"
#include "tools/flicketctl/backup/manifest.h"
#include "tools/flicketctl/cli/cli.h"
#include "tools/flicketctl/cli/shell.h"
#include "tools/flicketctl/cli/stop.h"
#include "tools/flicketctl/desk/peers.h"
#include "tools/flicketctl/store/select.h"

#define STAGE_PREFIX	".backup-"
#define STEP_PAGES	1024	/* copied before signals are looked at */
#define FOLDERS		2

struct backup {
	struct settings	 settings;
	struct cut	 cut;
	struct buf	 target;	/* DIR */
	struct buf	 partial;	/* DIR.partial */
	int		 partial_lock;	/* -1: not ours */
	char		 stage[40];	/* in the data folder; "": not yet */
	int		 stage_lock;
	int		 from[FOLDERS];	/* of files, -1: there is none */
	int		 linked[FOLDERS];
	json_t		*files;		/* for the manifest */
	json_t		*missing;
	json_t		*stores;
	int64_t		 bytes;
	bool		 quiet;
};

static struct backup	run;

/* --- the folders of files ----------------------------------------------------- */

/* Link a file into the stage; copy it where there are no hard links. */
static bool
stage_file(const struct backup *b, int folder, const char *name)
{
	char	hash[HASH_TEXT_SIZE];
	int64_t	bytes;

	if (!file_is_safe(name) || linkat(b->from[folder], name,
	    b->linked[folder], name, 0) == 0 || errno == EEXIST ||
	    errno == ENOENT)
		return true;
	if (errno != EPERM && errno != EMLINK && errno != EOPNOTSUPP &&
	    errno != EXDEV)
		return cli_fail("%s: %s", name, strerror(errno));
	return file_copy(b->from[folder], name, b->linked[folder], name, hash,
	    &bytes);
}

static bool
stage_folder(struct backup *b, int folder)
{
	int		 fd = dup(b->from[folder]);
	DIR		*dir = fd == -1 ? NULL : fdopendir(fd);
	struct dirent	*e;
	bool		 ok = true;

	if (dir == NULL)
		return cli_fail("%s: %s", backup_folders[folder].path,
		    strerror(errno));
	while (ok && (e = readdir(dir)) != NULL)
		ok = e->d_type == DT_DIR || stage_file(b, folder, e->d_name);
	closedir(dir);
	return ok;
}

static bool
open_folders(struct backup *b, int i)
{
	char	path[128];

	snprintf(path, sizeof(path), PATHS_STORES "/%s",
	    backup_folders[i].path);
	b->from[i] = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	snprintf(path, sizeof(path), "%s/%d", b->stage, i);
	if (mkdir(path, 0700) == 0)
		b->linked[i] = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return b->linked[i] != -1 || cli_fail("%s: %s", path,
	    strerror(errno));
}

static bool
stage_begin(struct backup *b)
{
	folder_clear_all(STAGE_PREFIX);
	snprintf(b->stage, sizeof(b->stage), STAGE_PREFIX "%ld-%08x",
	    (long)getpid(), randombytes_random());
	if (!folder_begin(b->stage, &b->stage_lock))
		return false;
	for (int i = 0; i < FOLDERS; i++)
		if (!open_folders(b, i) ||
		    (b->from[i] != -1 && !stage_folder(b, i)))
			return false;
	return true;
}

/* Stage the files that were added since. Called while writes are held. */
static bool
stage_rest(struct cut *c, void *arg)
{
	struct backup	*b = arg;
	struct select	 r;
	bool		 ok = true;

	for (int i = 0; ok && i < FOLDERS; i++) {
		if (b->from[i] == -1)
			continue;
		r = select_begin(c->db, backup_folders[i].names);
		while (ok && select_next(&r))
			ok = stage_file(b, i, select_text(&r, 0));
		ok = (select_end(&r) || cli_fail("%s", select_error(c->db))) &&
		    ok;
	}
	return ok;
}

/* --- copying ------------------------------------------------------------------- */

static void
print_progress(const struct backup *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
print_progress(const struct backup *b, const char *format, ...)
{
	va_list	ap;

	if (b->quiet)
		return;
	va_start(ap, format);
	visible_vprintf(stdout, format, ap);
	va_end(ap);
	fflush(stdout);
}

static void
note_file(struct backup *b, const char *path, int64_t bytes, const char *hash)
{
	b->bytes += bytes;
	json_array_append_new(b->files, json_pack("{s:s, s:I, s:s}",
	    "path", path, "bytes", (json_int_t)bytes, "sha256", hash));
}

/* Copy the pages of the snapshot, which later writes do not change. */
static bool
copy_pages(struct backup *b, sqlite3 *to, const char *name)
{
	sqlite3_backup	*copy = sqlite3_backup_init(to, "main", b->cut.db,
			    name);
	int		 rc = copy == NULL ? sqlite3_errcode(to) : SQLITE_OK;

	while (rc == SQLITE_OK && !stop_asked())
		rc = sqlite3_backup_step(copy, STEP_PAGES);
	if (copy != NULL)
		(void)sqlite3_backup_finish(copy);
	if (stop_asked())
		return cli_fail("stopped");
	return rc == SQLITE_DONE || cli_fail("the %s store cannot be "
	    "copied: %s", name, sqlite3_errstr(rc));
}

static bool
copy_database(struct backup *b, const char *name, const char *path)
{
	sqlite3	*to = NULL;
	bool	 ok;

	ok = sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_CREATE, NULL) == SQLITE_OK ||
	    cli_fail("%s: %s", path, sqlite3_errmsg(to));
	/* an interrupted copy is thrown away */
	ok = ok && (sqlite3_exec(to, "PRAGMA journal_mode = OFF;"
	    "PRAGMA synchronous = OFF", NULL, NULL, NULL) == SQLITE_OK ||
	    cli_fail("%s: %s", path, sqlite3_errmsg(to)));
	ok = ok && copy_pages(b, to, name);
	sqlite3_close(to);
	return ok;
}

static bool
copy_store(struct backup *b, enum service_id id)
{
	const char	*name = service_name(id);
	struct buf	 path = { 0 };
	const char	*inside = paths_store_below(id);
	char		 hash[HASH_TEXT_SIZE];
	int64_t		 bytes, schema, undelivered;
	bool		 ok;

	buf_printf(&path, "%s/%s", b->partial.base, name);
	buf_put_byte(&path, '\0');
	ok = mkdir(path.base, 0700) == 0 || cli_fail("%s: %s", path.base,
	    strerror(errno));
	path.len = 0;
	buf_printf(&path, "%s/%s", b->partial.base, inside);
	buf_put_byte(&path, '\0');
	print_progress(b, "store %s ...", name);
	ok = ok && copy_database(b, name, path.base) &&
	    file_hash(path.base, true, hash, &bytes) &&
	    cut_number(&b->cut, &schema, "PRAGMA \"%s\".user_version",
	    name) && cut_number(&b->cut, &undelivered, "SELECT count(*) "
	    "FROM \"%s\".outbox", name);
	buf_done(&path);
	print_progress(b, "%s\n", ok ? " copied" : "");
	if (!ok)
		return false;
	note_file(b, inside, bytes, hash);
	json_object_set_new(b->stores, name, json_pack("{s:I, s:I}",
	    "schema", (json_int_t)schema,
	    "undelivered", (json_int_t)undelivered));
	return true;
}

/* A file that is not there was missing before; the manifest lists it. */
static bool
copy_file(struct backup *b, int folder, int to, const char *name)
{
	char		inside[NAME_MAX + 32], hash[HASH_TEXT_SIZE];
	struct stat	st;
	int64_t		bytes;

	snprintf(inside, sizeof(inside), "%s/%s", backup_folders[folder].path,
	    name);
	if (!file_is_safe(name) ||
	    fstatat(b->linked[folder], name, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    !S_ISREG(st.st_mode)) {
		json_array_append_new(b->missing, json_string(inside));
		return true;
	}
	if (!file_copy(b->linked[folder], name, to, name, hash, &bytes))
		return false;
	note_file(b, inside, bytes, hash);
	return true;
}

static bool
copy_folder(struct backup *b, int folder)
{
	const struct backup_folder	*f = &backup_folders[folder];
	struct buf			 path = { 0 };
	struct select			 r;
	int				 to = -1;
	bool				 ok;

	buf_printf(&path, "%s/%s", b->partial.base, f->path);
	buf_put_byte(&path, '\0');
	if (mkdir(path.base, 0700) == 0)
		to = open(path.base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ok = to != -1 || cli_fail("%s: %s", path.base, strerror(errno));
	r = select_begin(b->cut.db, f->names);
	while (ok && select_next(&r))
		ok = copy_file(b, folder, to, select_text(&r, 0));
	ok = (select_end(&r) || cli_fail("%s", select_error(b->cut.db))) && ok;
	if (to != -1)
		close(to);
	buf_done(&path);
	return ok;
}

static bool
write_manifest(const struct backup *b, time_t when)
{
	char		 date[MANIFEST_DATE_SIZE];
	json_t		*root;
	bool		 ok;

	manifest_date(when, date);
	root = json_pack("{s:i, s:s, s:s, s:I, s:i, s:I, s:O, s:O, s:O}",
	    "format", BACKUP_FORMAT, "program", FLICKET_VERSION, "date", date,
	    "bytes", (json_int_t)b->bytes, "held_ms", b->cut.held_ms,
	    "undelivered", (json_int_t)b->cut.undelivered,
	    "stores", b->stores, "missing", b->missing, "files", b->files);
	CHECK(root != NULL);
	ok = manifest_write(root, b->partial.base);
	json_decref(root);
	return ok;
}

/* --- the run ------------------------------------------------------------------ */

static int64_t
size_of_file(const char *path)
{
	struct stat	st;

	return stat(path, &st) == 0 ? (int64_t)st.st_size : 0;
}

/* Better to fail at once than after an hour of copying. */
static bool
check_room(const struct backup *b)
{
	struct statvfs	v;
	struct stat	st;
	struct dirent	*e;
	DIR		*dir;
	int64_t		 need = 0, room;

	for (unsigned id = 1; id < SERVICE_END; id++)
		need += size_of_file(paths_store((enum service_id)id));
	for (int i = 0; i < FOLDERS; i++) {
		dir = fdopendir(dup(b->linked[i]));
		while (dir != NULL && (e = readdir(dir)) != NULL)
			if (fstatat(b->linked[i], e->d_name, &st, 0) == 0)
				need += (int64_t)st.st_size;
		if (dir != NULL)
			closedir(dir);
	}
	if (statvfs(b->partial.base, &v) == -1)
		return cli_fail("%s: %s", b->partial.base, strerror(errno));
	room = (int64_t)v.f_bavail * (int64_t)v.f_frsize;
	return need <= room || cli_fail("%s: %lld MiB are needed, %lld are "
	    "free", b->partial.base, (long long)(need >> 20) + 1,
	    (long long)(room >> 20));
}

/* Sync everything, then make it a backup by one rename. */
static bool
rename_to_target(struct backup *b)
{
	struct buf	path = { 0 };
	char		*slash;
	bool		 ok;

	buf_printf(&path, "%s/" FOLDER_MARKER, b->partial.base);
	buf_put_byte(&path, '\0');
	ok = unlink(path.base) == 0 && folder_finish(b->partial.base,
	    geteuid(), getegid());
	buf_done(&path);
	if (ok && renameat2(AT_FDCWD, b->partial.base, AT_FDCWD,
	    b->target.base, RENAME_NOREPLACE) == -1)
		ok = cli_fail("%s: %s", b->target.base, strerror(errno));
	if (!ok)
		return false;
	close(b->partial_lock);
	b->partial_lock = -1;
	slash = strrchr(b->target.base, '/');
	buf_put(&path, b->target.base, slash == b->target.base ? 1 :
	    (size_t)(slash - b->target.base));
	buf_put_byte(&path, '\0');
	ok = folder_sync(path.base);
	buf_done(&path);
	return ok;
}

/*
 * Remove what a killed run left before it made its marker or after it removed
 * it.
 */
static void
remove_unmarked(const struct backup *b)
{
	struct buf	path = { 0 };

	buf_printf(&path, "%s/" MANIFEST, b->partial.base);
	buf_put_byte(&path, '\0');
	if (rmdir(b->partial.base) == -1 && errno == ENOTEMPTY &&
	    access(path.base, F_OK) == 0)
		folder_remove(b->partial.base);
	buf_done(&path);
}

/*
 * The folder above DIR is not made: if the backup disk is not mounted, the
 * backup would be on the disk that it is meant to replace.
 */
static bool
check_above(const struct backup *b)
{
	const char	*target = b->target.base;
	const char	*slash = strrchr(target, '/');
	struct buf	 above = { 0 }, word = { 0 };
	bool		 ok;

	if (slash == NULL)
		return true;	/* getcwd() failed, and mkdir() will */
	/* no more than the slash if that is the root, which is there */
	buf_put(&above, target, slash == target ? 1 : (size_t)(slash - target));
	buf_put_byte(&above, '\0');
	ok = access(above.base, F_OK) == 0 || errno != ENOENT ||
	    cli_fail("%s, the folder to make %s in, is not there: mount "
	    "the disk that it is on, or make it (install -d -m 700 %s), "
	    "and try again", above.base, slash + 1,
	    shell_word(&word, above.base));
	buf_done(&word);
	buf_done(&above);
	return ok;
}

static bool
begin_partial(struct backup *b, const char *dir)
{
	path_absolute(&b->target, dir);
	if (!check_above(b))
		return false;
	buf_printf(&b->partial, "%s.partial", b->target.base);
	buf_put_byte(&b->partial, '\0');
	if (access(b->target.base, F_OK) == 0)
		return cli_fail("%s is there already; a backup goes to a "
		    "folder of its own", b->target.base);
	if (!folder_clear(b->partial.base))
		return cli_fail("%s: another backup is under way",
		    b->partial.base);
	remove_unmarked(b);
	return folder_begin(b->partial.base, &b->partial_lock);
}

static bool
make_backup(struct backup *b)
{
	time_t	when;

	if (!peers_enter(&b->settings, NULL))
		return false;
	if (!cut_connect(&b->cut) || !stage_begin(b) || !check_room(b))
		return false;
	b->cut.while_held = stage_rest;
	b->cut.arg = b;
	if (!cut_make(&b->cut, &b->settings))
		return false;
	when = time(NULL);
	if (b->cut.runs)
		print_progress(b, "the desk as of now; writes were held for %d ms\n",
		    b->cut.held_ms);
	for (unsigned id = 1; id < SERVICE_END; id++)
		if (!copy_store(b, (enum service_id)id))
			return false;
	for (int i = 0; i < FOLDERS; i++)
		if (!copy_folder(b, i))
			return false;
	return write_manifest(b, when) && rename_to_target(b);
}

/* Runs at every exit except by a signal; the next run removes the rest. */
static void
remove_unfinished(void)
{
	if (run.stage[0] != '\0' && run.stage_lock != -1)
		folder_remove(run.stage);
	if (run.partial_lock != -1)
		folder_remove(run.partial.base);
}

static void
print_summary(const struct backup *b)
{
	size_t	missing = json_array_size(b->missing);

	print_progress(b, "%s: %zu files, %lld bytes\n", b->target.base,
	    json_array_size(b->files), (long long)b->bytes);
	if (b->cut.undelivered > 0)
		print_progress(b, "%lld events are not delivered yet, as a service is "
		    "down or slow; they are in the backup\n",
		    (long long)b->cut.undelivered);
	if (missing > 0)
		print_progress(b, "%zu files that rows name are not there, the first: "
		    "%s\n", missing,
		    json_string_value(json_array_get(b->missing, 0)));
}

int
backup_run(const struct cli *c)
{
	struct backup	*b = &run;
	bool		 ok;

	settings_load(&b->settings);
	b->quiet = cli_has(c, "quiet");
	b->partial_lock = b->stage_lock = -1;
	b->files = json_array();
	b->missing = json_array();
	b->stores = json_object();
	for (int i = 0; i < FOLDERS; i++)
		b->from[i] = b->linked[i] = -1;
	umask(077);
	CHECK(sodium_init() != -1);
	stop_catch_signals();
	CHECK(atexit(remove_unfinished) == 0);
	ok = begin_partial(b, cli_arg(c, 0, "")) && make_backup(b);
	if (ok)
		print_summary(b);
	cut_close(&b->cut);
	return ok ? STATUS_OK : STATUS_FAILED;
}
