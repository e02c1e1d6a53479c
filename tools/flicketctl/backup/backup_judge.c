/*
 * Whether a folder is a backup that can be restored.
 *
 * A backup may come from elsewhere. Its files are opened one folder after the
 * other, no link is followed, and only plain files are read. SQLite opens a
 * store only after that.
 */
#include "tools/flicketctl/backup/backup_judge.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "services/store/migrate.h"
#include "services/store/store.h"
#include "tools/flicketctl/backup/backup_cut.h"
#include "tools/flicketctl/backup/backup_files.h"
#include "tools/flicketctl/backup/manifest.h"
#include "tools/flicketctl/backup/verify.h"
#include "tools/flicketctl/cli/cli.h"
#include "tools/flicketctl/cli/member.h"
#include "tools/flicketctl/cli/stop.h"
#include "tools/flicketctl/store/select.h"
#include "tools/flicketctl/store/schema.h"

enum {
	LINE_SIZE = 512,
	PATH_SIZE = 128		/* of a store's file, below a folder */
};

static const char	changed[] = "files that have changed since the backup "
			    "was made";
static const char	odd[] = "files of the backup that cannot be read";

static void add_finding(struct judge *, const char *test, const char *what,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

static void
add_finding(struct judge *j, const char *test, const char *what, const char *format,
    ...)
{
	char	line[LINE_SIZE];
	va_list	ap;

	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	j->found(j->arg, test, what, line);
}

/* --- files -------------------------------------------------------------------- */

/*
 * Open the file that a copy goes to; *ret is -1 if none is made. False after a
 * message.
 */
static bool
open_copy_of_file(const struct judge *j, const char *name, int *ret)
{
	struct buf	path = { 0 };

	*ret = -1;
	if (j->copy == NULL)
		return true;
	buf_printf(&path, "%s/%s", j->copy, name);
	buf_put_byte(&path, '\0');
	*ret = open(path.base, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (*ret == -1)
		cli_fail("%s: cannot be made: %s", path.base,
		    strerror(errno));
	buf_done(&path);
	return *ret != -1;
}

static bool
is_store(const char *name)
{
	const struct backup_folder	*f = backup_folders;
	size_t				 len = strlen(name);

	for (; f->path != NULL; f++)
		if (strncmp(name, f->path, strlen(f->path)) == 0)
			return false;
	return len > 3 && strcmp(name + len - 3, ".db") == 0;
}

/* Compare an open file with its row. False after a message. */
static bool
judge_bytes(struct judge *j, const json_t *row, int from)
{
	const char	*name = member_text(row, "path");
	int64_t		 want = member_number(row, "bytes");
	char		 hash[HASH_TEXT_SIZE];
	int64_t		 bytes;
	int		 to;
	bool		 ok;

	if (!open_copy_of_file(j, name, &to))
		return false;
	ok = file_pass(from, to, name, hash, &bytes);
	if (to != -1)
		close(to);
	if (ok && bytes != want)
		add_finding(j, "checksums", changed, "%s: it has %lld bytes, not %lld",
		    name, (long long)bytes, (long long)want);
	else if (ok && strcmp(hash, member_text(row, "sha256")) != 0)
		add_finding(j, "checksums", changed, "%s: its checksum differs",
		    name);
	return ok;
}

static bool
judge_file(struct judge *j, int dir, const json_t *row)
{
	const char	*name = member_text(row, "path"), *why;
	int		 from = file_open_below(dir, name, &why);
	bool		 ok;

	if (from == -1) {
		add_finding(j, why == NULL ? "files" : "checksums", why == NULL ? odd :
		    changed, "%s: %s", name, why == NULL ? strerror(errno) :
		    why);
		j->is_sound = j->is_sound && !is_store(name);
		return true;
	}
	ok = judge_bytes(j, row, from);
	close(from);
	return ok;
}

static bool
judge_files(struct judge *j, int dir)
{
	const json_t	*row;
	size_t		 i;

	json_array_foreach(json_object_get(j->manifest, "files"), i, row)
		if (!judge_file(j, dir, row))
			return false;
	return true;
}

/* --- stores ------------------------------------------------------------------- */

struct place {
	struct judge	*judge;
	const char	*store;
	bool		 sound;
};

static void
add_schema_difference(void *arg, const char *line)
{
	struct place	*p = arg;

	p->sound = false;
	add_finding(p->judge, "schema", "stores that are not as this program makes "
	    "them", "%s: %s", p->store, line);
}

static bool
fail_store(const struct cut *c, const char *name)
{
	return cli_fail("the %s store cannot be read: %s", name,
	    select_error(c->db));
}

/* Report each row of a check, except "ok". */
static bool
run_check(struct judge *j, const struct cut *c, const char *name,
    const char *test, const char *pragma)
{
	struct select	 r = select_begin_with(c->db, "PRAGMA \"%s\".%s", name,
			    pragma);
	const char	*line;

	while (!stop_asked() && select_next(&r)) {
		line = select_text(&r, 0);
		if (line[0] != '\0' && strcmp(line, "ok") != 0)
			add_finding(j, test, name, "%s", line);
	}
	if (!select_end(&r))
		return fail_store(c, name);
	return !stop_asked() || cli_fail("stopped");
}

static bool
judge_schema(struct judge *j, const struct cut *c, enum service_id id,
    bool *ret_sound)
{
	struct place	place = { j, service_name(id), true };
	char		line[96];
	int64_t		have = 0, streams = 0;

	*ret_sound = false;
	if (!cut_number(c, &have, "PRAGMA \"%s\".user_version", place.store))
		return false;
	if (have < 1 || have > store_newest_schema(cut_services[id])) {
		snprintf(line, sizeof(line), "it has schema %lld, this program "
		    "knows 1 to %lld", (long long)have,
		    (long long)store_newest_schema(cut_services[id]));
		add_schema_difference(&place, line);
		return true;
	}
	if (!schema_compare(c->db, place.store, cut_services[id], have,
	    add_schema_difference, &place))
		return fail_store(c, place.store);
	if (place.sound && !cut_number(c, &streams, "SELECT count(*) FROM "
	    "\"%s\".identity", place.store))
		return false;
	if (place.sound && streams != 1)
		add_schema_difference(&place, "it has no identity, or more than one");
	*ret_sound = place.sound;
	return true;
}

bool
judge_store(struct judge *j, const struct cut *c, enum service_id id,
    bool *ret_sound)
{
	const char	*name = service_name(id);

	return judge_schema(j, c, id, ret_sound) &&
	    run_check(j, c, name, "integrity", j->quick ? "quick_check(100)" :
	    "integrity_check(100)") &&
	    run_check(j, c, name, "foreign keys", "foreign_key_check");
}

/* Compare a store's schema with what the manifest says. */
static bool
judge_manifest(struct judge *j, const struct cut *c, enum service_id id)
{
	const char	*name = service_name(id);
	int64_t		 said = member_number(json_object_get(json_object_get(
			    j->manifest, "stores"), name), "schema");
	int64_t		 have = 0;

	if (!cut_number(c, &have, "PRAGMA \"%s\".user_version", name))
		return false;
	if (have != said)
		add_finding(j, "schema", "stores that are not as this program makes "
		    "them", "%s: it has schema %lld, " MANIFEST " says %lld",
		    name, (long long)have, (long long)said);
	return true;
}

static bool
judge_stores(struct judge *j, const struct cut *c)
{
	bool	all = true, sound;

	for (unsigned id = 1; id < SERVICE_END; id++) {
		if (!judge_manifest(j, c, (enum service_id)id) ||
		    !judge_store(j, c, (enum service_id)id, &sound))
			return false;
		all = all && sound;
	}
	j->is_sound = all;
	return true;
}

/* --- files that rows name -------------------------------------------------------- */

/* A set of names, as an object. */
static json_t *
names_of(const json_t *list, const char *member)
{
	json_t		*set = json_object();
	const json_t	*row;
	const char	*name;
	size_t		 i;

	json_array_foreach(list, i, row) {
		name = member == NULL ? json_string_value(row) :
		    member_text(row, member);
		json_object_set_new(set, name, json_true());
	}
	return set;
}

/*
 * Files that the manifest lists as missing may be missing: a desk that was
 * taken over from Flicket may have none of them.
 */
static bool
judge_named(struct judge *j, const struct cut *c, json_t *files,
    const json_t *missing, const struct backup_folder *folder)
{
	struct select	r = select_begin(c->db, folder->names);
	char		inside[LINE_SIZE];

	while (select_next(&r)) {
		snprintf(inside, sizeof(inside), "%s/%s", folder->path,
		    select_text(&r, 0));
		if (json_object_del(files, inside) == -1 &&
		    json_object_get(missing, inside) == NULL)
			add_finding(j, "files", "files that rows name and that are "
			    "not there", "%s", inside);
	}
	return select_end(&r) || fail_store(c, folder->path);
}

static bool
judge_names(struct judge *j, const struct cut *c)
{
	json_t		*files = names_of(json_object_get(j->manifest,
			    "files"), "path");
	json_t		*missing = names_of(json_object_get(j->manifest,
			    "missing"), NULL);
	const char	*name;
	json_t		*value;
	bool		 ok = true;

	for (int i = 0; ok && backup_folders[i].path != NULL; i++)
		ok = judge_named(j, c, files, missing, &backup_folders[i]);
	if (ok)
		json_object_foreach(files, name, value)
			if (!is_store(name))
				add_finding(j, "files", "files that no row names",
				    "%s", name);
	json_decref(files);
	json_decref(missing);
	return ok;
}

/* --- all of it -------------------------------------------------------------------- */

static bool
judge_below(struct judge *j, int dir)
{
	struct cut	c = { 0 };
	bool		ok;

	j->is_sound = true;
	j->manifest = manifest_read(dir, j->path);
	if (j->manifest == NULL || !judge_files(j, dir))
		return false;
	if (!j->is_sound)	/* a store is not there */
		return true;
	ok = cut_connect_backup(&c, j->copy == NULL ? j->path : j->copy) &&
	    judge_stores(j, &c) && (!j->is_sound || judge_names(j, &c));
	cut_close(&c);
	return ok;
}

bool
judge_backup(struct judge *j)
{
	int	dir = open(j->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool	ok;

	if (dir == -1)
		return cli_fail("%s is not a backup: %s", j->path,
		    strerror(errno));
	ok = judge_below(j, dir);
	close(dir);
	return ok;
}
