/* Files of uploads and avatars, compared with the rows that name them. */
#include "tools/flicketctl/backup/verify_findings.h"

#include <sys/stat.h>

#include <dirent.h>
#include <stdio.h>
#include <time.h>

#include "base/paths.h"
#include "tools/flicketctl/backup/backup_files.h"
#include "tools/flicketctl/store/stores.h"

#define NEW_FILE_S	120	/* a file may have no row yet */

static void
check_named(struct verify *v, const struct backup_folder *folder)
{
	struct found	 f = { 0 }, old = { 0 };
	struct buf	 path = { 0 };
	char		 inside[512];
	struct select	 r = select_begin(v->cut.db, folder->names);

	while (verify_next(v, &r)) {
		snprintf(inside, sizeof(inside), "%s/%s", folder->path,
		    select_text(&r, 0));
		path.len = 0;
		buf_printf(&path, PATHS_STORES "/%s", inside);
		buf_put_byte(&path, '\0');
		if (file_is_safe(select_text(&r, 0)) &&
		    stores_is_file(path.base))
			continue;
		verify_found(v->taken_over ? &old : &f, inside);
	}
	buf_done(&path);
	verify_found_done(v->findings, "files", "files that rows name and that are "
	    "not there", &f);
	if (old.count > 0)
		verify_note(v, "%lld files that rows name are not in %s: the desk was "
		    "taken over from Flicket, perhaps without them",
		    (long long)old.count, folder->path);
	json_decref(old.examples);
}

static bool
is_new(const char *path)
{
	struct stat	st;

	return lstat(path, &st) == -1 ||
	    st.st_mtime > time(NULL) - NEW_FILE_S;
}

static bool
is_named(struct select *r, const char *name)
{
	bool	is;

	select_bind_text(r, 1, name);
	is = select_next(r);
	select_again(r);
	return is;
}

static void
check_nameless_in(struct verify *v, const struct backup_folder *folder,
    DIR *dir)
{
	struct found	 f = { 0 };
	struct buf	 path = { 0 };
	struct select	 r = select_begin_with(v->cut.db, "WITH n (name) AS (%s) "
			    "SELECT 1 FROM n WHERE name = ?1", folder->names);
	struct dirent	*e;

	while (!r.failed && (e = readdir(dir)) != NULL) {
		path.len = 0;
		buf_printf(&path, PATHS_STORES "/%s/%s", folder->path,
		    e->d_name);
		buf_put_byte(&path, '\0');
		if (e->d_name[0] != '.' && !is_new(path.base) &&
		    !is_named(&r, e->d_name))
			verify_found(&f, e->d_name);
	}
	if (!select_end(&r))
		verify_fail(v, select_error(v->cut.db));
	buf_done(&path);
	verify_found_done(v->findings, "files", "files that no row names", &f);
}

static void
check_nameless(struct verify *v, const struct backup_folder *folder)
{
	char	 path[64];
	DIR	*dir;

	snprintf(path, sizeof(path), PATHS_STORES "/%s", folder->path);
	dir = opendir(path);
	if (dir == NULL)
		return;
	check_nameless_in(v, folder, dir);
	closedir(dir);
}

void
verify_files(struct verify *v)
{
	for (int i = 0; backup_folders[i].path != NULL; i++) {
		check_named(v, &backup_folders[i]);
		check_nameless(v, &backup_folders[i]);
	}
}
