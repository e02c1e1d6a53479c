/*
 * The manifest of a backup: written, and read with as little trust as the
 * backup may deserve.
 */
#include "tools/flicketctl/backup/manifest.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/paths.h"
#include "services/store/migrate.h"
#include "tools/flicketctl/backup/backup_cut.h"
#include "tools/flicketctl/backup/backup_files.h"
#include "tools/flicketctl/cli/cli.h"
#include "tools/flicketctl/cli/member.h"

#define DATE_FORMAT	"%Y-%m-%dT%H:%M:%SZ"

/* --- writing ------------------------------------------------------------------ */

void
manifest_date(time_t when, char ret[MANIFEST_DATE_SIZE])
{
	struct tm	tm;

	gmtime_r(&when, &tm);
	strftime(ret, MANIFEST_DATE_SIZE, DATE_FORMAT, &tm);
}

bool
manifest_write(const json_t *root, const char *folder)
{
	struct buf	 path = { 0 };
	FILE		*f;
	bool		 ok;

	buf_printf(&path, "%s/" MANIFEST, folder);
	buf_put_byte(&path, '\0');
	f = fopen(path.base, "wxe");
	ok = f != NULL && json_dumpf(root, f, JSON_INDENT(1)) == 0 &&
	    fputc('\n', f) != EOF && fflush(f) == 0 && fsync(fileno(f)) == 0;
	if (!ok)
		cli_fail("%s: %s", path.base, strerror(errno));
	else if (ftello(f) > MANIFEST_MOST)
		ok = cli_fail("%s: the desk has more files than a manifest "
		    "of %d bytes can name", path.base, MANIFEST_MOST);
	if (f != NULL)
		fclose(f);
	buf_done(&path);
	return ok;
}

/* --- reading ------------------------------------------------------------------ */

static bool
is_database(const char *path)
{
	for (unsigned id = 1; id < SERVICE_END; id++)
		if (strcmp(path, paths_store_below((enum service_id)id)) == 0)
			return true;
	return false;
}

static bool
is_our_file(const char *path)
{
	size_t	len;

	if (is_database(path))
		return true;
	for (int i = 0; backup_folders[i].path != NULL; i++) {
		len = strlen(backup_folders[i].path);
		if (strncmp(path, backup_folders[i].path, len) == 0 &&
		    path[len] == '/' && file_is_safe(path + len + 1))
			return true;
	}
	return false;
}

static bool
is_hash(const json_t *value)
{
	const char	*s = json_string_value(value);

	return s != NULL && strlen(s) == HASH_TEXT_SIZE - 1 &&
	    strspn(s, "0123456789abcdef") == HASH_TEXT_SIZE - 1;
}

static bool
is_size(const json_t *value)
{
	return json_is_integer(value) && json_integer_value(value) >= 0;
}

/* A file must not be listed twice: its rows could contradict each other. */
static bool
is_row(const json_t *row, json_t *seen)
{
	const char	*name = json_string_value(json_object_get(row, "path"));

	return name != NULL && is_our_file(name) &&
	    is_size(json_object_get(row, "bytes")) &&
	    is_hash(json_object_get(row, "sha256")) &&
	    json_object_get(seen, name) == NULL &&
	    json_object_set_new(seen, name, json_true()) == 0;
}

static bool
check_files(const json_t *root, const char *path)
{
	const json_t	*row, *files = json_object_get(root, "files");
	json_t		*seen = json_object();
	int64_t		 bytes = 0;
	size_t		 i, databases = 0;
	bool		 ok = true;

	json_array_foreach(files, i, row) {
		ok = is_row(row, seen);
		if (!ok)
			break;
		bytes += member_number(row, "bytes");
		databases += is_database(member_text(row, "path"));
	}
	json_decref(seen);
	if (!ok)
		return cli_fail("%s/" MANIFEST ": entry %zu of \"files\" is "
		    "not a file of a backup", path, i);
	if (databases != SERVICE_END - 1)
		return cli_fail("%s/" MANIFEST ": there are %zu stores, not "
		    "%d", path, databases, SERVICE_END - 1);
	return bytes == member_number(root, "bytes") ||
	    cli_fail("%s/" MANIFEST ": \"bytes\" is not the sum of those "
	    "of \"files\"", path);
}

static bool
check_missing(const json_t *root, const char *path)
{
	const json_t	*row, *list = json_object_get(root, "missing");
	size_t		 i;

	if (!json_is_array(list))
		return cli_fail("%s/" MANIFEST ": \"missing\" is not a list",
		    path);
	json_array_foreach(list, i, row)
		if (!json_is_string(row))
			return cli_fail("%s/" MANIFEST ": entry %zu of "
			    "\"missing\" is not a path", path, i);
	return true;
}

/* As manifest_date() writes it. */
static bool
check_date(const json_t *root, const char *path)
{
	const char	*date = member_text(root, "date");
	struct tm	 tm = { 0 };
	const char	*end;
	char		 again[MANIFEST_DATE_SIZE];

	end = strptime(date, DATE_FORMAT, &tm);
	return (end != NULL && *end == '\0' && timegm(&tm) != -1 &&
	    strftime(again, sizeof(again), DATE_FORMAT, &tm) > 0 &&
	    strcmp(date, again) == 0) ||
	    cli_fail("%s/" MANIFEST ": \"date\" is not a date such as "
	    "2026-01-31T03:00:00Z", path);
}

static bool
check_schemas(const json_t *root, const char *path)
{
	const json_t	*store;
	const char	*name;
	json_int_t	 have;

	for (unsigned id = 1; id < SERVICE_END; id++) {
		name = service_name((enum service_id)id);
		store = json_object_get(json_object_get(root, "stores"), name);
		have = member_number(store, "schema");
		if (have < 1)
			return cli_fail("%s/" MANIFEST ": nothing is said "
			    "of the %s store", path, name);
		if (have > store_newest_schema(cut_services[id]))
			return cli_fail("%s: the %s store has schema %lld, "
			    "newer than this program's %lld: use the newer "
			    "program", path, name, (long long)have,
			    (long long)store_newest_schema(cut_services[id]));
	}
	return true;
}

/* It is read into memory as a whole. */
static bool
is_small_enough(int fd, const char *path)
{
	struct stat	st;

	if (fstat(fd, &st) == -1)
		return cli_fail("%s/" MANIFEST ": %s", path,
		    strerror(errno));
	return st.st_size <= MANIFEST_MOST || cli_fail("%s/" MANIFEST
	    ": it has %lld bytes; at most %d are read", path,
	    (long long)st.st_size, MANIFEST_MOST);
}

static json_t *
load_manifest(int dir, const char *path)
{
	const char	*why;
	json_error_t	 error;
	json_t		*root = NULL;
	int		 fd = file_open_below(dir, MANIFEST, &why);

	if (fd == -1 && (why == NULL || faccessat(dir, MANIFEST, F_OK,
	    AT_SYMLINK_NOFOLLOW) == 0))
		cli_fail("%s/" MANIFEST ": %s", path, why == NULL ?
		    strerror(errno) : why);
	else if (fd == -1)
		cli_fail("%s is not a backup: it has no " MANIFEST, path);
	if (fd == -1)
		return NULL;
	if (is_small_enough(fd, path)) {
		root = json_loadfd(fd, JSON_REJECT_DUPLICATES, &error);
		if (root == NULL)
			cli_fail("%s/" MANIFEST ": line %d: %s", path,
			    error.line, error.text);
	}
	close(fd);
	return root;
}

json_t *
manifest_read(int dir, const char *path)
{
	json_t	*root = load_manifest(dir, path);
	bool	 ok = root != NULL;

	if (ok && member_number(root, "format") != BACKUP_FORMAT)
		ok = cli_fail("%s: this program knows backups of format %d "
		    "only", path, BACKUP_FORMAT);
	if (ok && check_schemas(root, path) && check_files(root, path) &&
	    check_missing(root, path) && check_date(root, path))
		return root;
	json_decref(root);
	return NULL;
}
