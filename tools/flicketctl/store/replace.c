/* A replacement of all stores, folder by folder. */
#include "tools/flicketctl/store/replace.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/log.h"
#include "base/paths.h"
#include "services/store/store.h"
#include "tools/flicketctl/store/mounts.h"
#include "tools/flicketctl/store/place.h"
#include "tools/flicketctl/store/tree.h"

#define STORES_MASK 0xfu /* the first four of record_parts */
#define FIRST	    (record_parts[0])
#define WORK_IN	    PATHS_STORES "/ticket" /* the largest of the stores */

static bool fail(struct replace *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool
fail(struct replace *r, const char *format, ...)
{
	va_list	ap;

	va_start(ap, format);
	vsnprintf(r->why, sizeof(r->why), format, ap);
	va_end(ap);
	return false;
}

static bool
fail_at(struct replace *r, const char *path)
{
	return fail(r, "%s: %s", path, strerror(errno));
}

static bool
has_part(const struct replace *r, int i)
{
	return (r->record.parts >> i & 1) != 0;
}

bool
replace_passes_over(const char *name)
{
	return place_passes_over(name);
}

/* --- which folders --------------------------------------------------------- */

enum replace_need
replace_is_needed(struct replace *r)
{
	char	other[PATH_MAX];
	bool	is = mounts_is_apart(PATHS_STORES);

	if (mounts_find(PATHS_STORES, record_parts, other, sizeof(other))) {
		fail(r,
		    "%s is a mount point: the stores cannot be replaced "
		    "around it; unmount it, or mount the folder of the store "
		    "instead",
		    other);
		return REPLACE_REFUSED;
	}
	for (int i = 0; i < RECORD_PARTS; i++)
		is = mounts_is_apart(record_parts[i]) || is;
	return is ? REPLACE_YES : REPLACE_NO;
}

/*
 * A folder in memory among others that are mounted: a container has some of the
 * volumes and not this one, and what is written there is gone with it.
 */
static bool
check_is_mounted(struct replace *r, int i)
{
	bool	others = false;

	if (mounts_is_apart(record_parts[i]) ||
	    !mounts_is_in_memory(record_parts[i]))
		return true;
	for (int k = 0; (STORES_MASK >> k & 1) != 0; k++)
		others = others || mounts_is_apart(record_parts[k]);
	return !others ||
	    fail(r,
		   "%s is in memory, while others of the stores "
		   "are mounted: mount its volume, too, or it would be lost",
		   record_parts[i]);
}

bool
replace_enter(struct replace *r)
{
	bool	made = false;

	r->record.parts = STORES_MASK;
	for (int i = 0; i < RECORD_PARTS; i++) {
		if (!has_part(r, i)) {
			if (mounts_is_apart(record_parts[i]))
				r->record.parts |= 1u << i;
			continue;
		}
		if (mkdir(record_parts[i], 0700) == 0)
			made = true;
		else if (errno != EEXIST)
			return fail_at(r, record_parts[i]);
		if (!check_is_mounted(r, i))
			return false;
	}
	return !made || folder_sync_at(AT_FDCWD, PATHS_STORES) ||
	    fail_at(r, PATHS_STORES);
}

/* --- the new files --------------------------------------------------------- */

static bool
is_free(const struct replace *r, const char *name)
{
	char	path[PLACE_PATH_SIZE];

	for (int i = 0; i < RECORD_PARTS; i++) {
		snprintf(path, sizeof(path), "%s/%s", record_parts[i], name);
		if (has_part(r, i) && access(path, F_OK) == 0)
			return false;
	}
	return true;
}

/* Old files that are not kept go to a name that place_clear() removes. */
static void
name_aside(struct replace *r)
{
	char		*name = r->record.aside;
	size_t		 size = sizeof(r->record.aside);
	time_t		 now = time(NULL);
	struct tm	 tm;
	char		 date[32];

	snprintf(name, size, ".flicket-gone-%s", r->record.id);
	if (!r->record.keeps)
		return;
	gmtime_r(&now, &tm);
	strftime(date, sizeof(date), "%Y%m%dT%H%M%SZ", &tm);
	snprintf(name, size, ".before-%s", date);
	for (int i = 2; !is_free(r, name); i++)
		snprintf(name, size, ".before-%s-%d", date, i);
}

/* Let r->work/NAME lead to the new files of a folder. */
static bool
link_part(struct replace *r, int i)
{
	char	new[PLACE_PATH_SIZE], target[PATH_MAX + PLACE_PATH_SIZE];
	char	here[PATH_MAX], name[PATH_MAX];

	if (getcwd(here, sizeof(here)) == NULL)
		return fail_at(r, PATHS_STORES);
	place_path(&r->record, record_parts[i], new);
	snprintf(target, sizeof(target), "%s/%s", here, new);
	snprintf(name, sizeof(name), "%s/%s", r->work,
	    record_parts[i] + strlen(PATHS_STORES "/"));
	return symlink(target, name) == 0 || fail_at(r, name);
}

static bool
make_parts(struct replace *r)
{
	for (int i = 0; i < RECORD_PARTS; i++)
		if (has_part(r, i) &&
		    (!place_make(&r->record, record_parts[i])))
			return fail_at(r, record_parts[i]);
	if (mkdir(r->work, 0700) == -1)
		return fail_at(r, r->work);
	for (int i = 0; i < RECORD_PARTS; i++)
		if (has_part(r, i) && !link_part(r, i))
			return false;
	return true;
}

bool
replace_begin(struct replace *r, const char *what, bool keeps)
{
	uint64_t	id;

	CHECK(getrandom(&id, sizeof(id), 0) == sizeof(id));
	for (int i = 0; i < RECORD_PARTS; i++)
		if (has_part(r, i))
			place_clear(record_parts[i]);
	snprintf(r->record.what, sizeof(r->record.what), "%s", what);
	snprintf(r->record.id, sizeof(r->record.id), "%016llx",
	    (unsigned long long)id);
	snprintf(r->work, sizeof(r->work), WORK_IN "/.flicket-work-%s",
	    r->record.id);
	r->record.keeps = keeps;
	name_aside(r);
	r->staged = true;
	return make_parts(r);
}

/* The links to folders of their own have been used, and are no files. */
static void
unlink_parts_below(const struct replace *r)
{
	char	name[PATH_MAX];

	for (int i = RECORD_PARTS - 1; i >= 0; i--) {
		snprintf(name, sizeof(name), "%s/%s", r->work,
		    record_parts[i] + strlen(PATHS_STORES "/"));
		if (has_part(r, i))
			(void)unlink(name);
	}
}

bool
replace_finish(struct replace *r, uid_t uid, gid_t gid)
{
	struct buf	failed = { 0 };
	bool		ok = true;

	unlink_parts_below(r);
	tree_remove(r->work, NULL);
	for (int i = 0; ok && i < RECORD_PARTS; i++)
		if (has_part(r, i))
			ok = place_finish(&r->record, record_parts[i], uid, gid,
				 &failed) ||
			     fail_at(r, failed.base);
	buf_done(&failed);
	return ok;
}

/* --- all of it ------------------------------------------------------------- */

bool
replace_prepare(struct replace *r)
{
	r->prepared = true;
	r->record.state = RECORD_PREPARED;
	for (int i = 0; i < RECORD_PARTS; i++)
		if (has_part(r, i) &&
		    !record_write(record_parts[i], &r->record))
			return fail_at(r, record_parts[i]);
	return true;
}

static bool
write_state(struct replace *r, enum record_state state)
{
	r->record.state = state;
	return record_write(FIRST, &r->record) || fail_at(r, FIRST);
}

/* Do something with every folder, the first one last. */
static bool
each_part(
    struct replace *r, bool (*do_part)(const struct record *, const char *))
{
	for (int i = RECORD_PARTS - 1; i >= 0; i--)
		if (has_part(r, i) && !do_part(&r->record, record_parts[i]))
			return fail_at(r, record_parts[i]);
	return true;
}

/* From a state on, as the first folder's record has it. */
static bool
go_on(struct replace *r)
{
	if (r->record.state == RECORD_DECIDED &&
	    (!each_part(r, place_switch) || !write_state(r, RECORD_PLACED)))
		return false;
	return each_part(r, place_end);
}

bool
replace_commit(struct replace *r)
{
	char	why[REPLACE_WHY_SIZE];

	r->decided = write_state(r, RECORD_DECIDED);
	if (r->decided)
		return go_on(r);
	/* it may be on disk all the same: only another write can tell */
	memcpy(why, r->why, sizeof(why));
	r->decided = !write_state(r, RECORD_PREPARED);
	memcpy(r->why, why, sizeof(why));
	return false;
}

void
replace_abandon(struct replace *r)
{
	char	why[REPLACE_WHY_SIZE];

	if (!r->staged || r->decided)
		return;
	memcpy(why, r->why, sizeof(why));
	unlink_parts_below(r);
	tree_remove(r->work, NULL);
	(void)each_part(r, place_undo);
	memcpy(r->why, why, sizeof(why));
	r->staged = false;
}

/* --- runs that were interrupted -------------------------------------------- */

bool
replace_is_pending(const char **ret)
{
	struct record	record;

	for (int i = 0; i < RECORD_PARTS; i++)
		if (record_read(record_parts[i], &record) != RECORD_ABSENT) {
			*ret = record_parts[i];
			return true;
		}
	return false;
}

/* Lock the stores, so that neither another run nor a service uses them. */
static bool
lock_all(struct replace *r, int lock[RECORD_PARTS])
{
	for (int i = 0; (STORES_MASK >> i & 1) != 0; i++) {
		if (access(record_parts[i], F_OK) == -1)
			continue;
		lock[i] = store_lock(record_parts[i]);
		if (lock[i] == -1 && errno == EWOULDBLOCK)
			return fail(r,
			    "%s is in use: a %s is under way, or a "
			    "service runs",
			    record_parts[i], r->record.what);
		if (lock[i] == -1)
			return fail_at(r, record_parts[i]);
	}
	return true;
}

static bool
fail_incomplete(struct replace *r, const char *folder, const char *is)
{
	return fail(r,
	    "a %s was interrupted, and %s %s: mount the folders "
	    "that it was given, or, if they are lost, restore a backup with "
	    "--force",
	    r->record.what, folder, is);
}

static bool
fail_unreadable(struct replace *r, const char *folder)
{
	return fail(r, "%s/" PATHS_REPLACING ": %s", folder,
	    errno != 0 ? strerror(errno) :
			 "it is damaged; restore a backup with --force");
}

/* See that every folder which has a record is of this replacement. */
static bool
check_parts(struct replace *r)
{
	struct record		record;
	enum record_found	found;

	for (int i = 0; i < RECORD_PARTS; i++) {
		found = record_read(record_parts[i], &record);
		if (found == RECORD_UNREADABLE)
			return fail_unreadable(r, record_parts[i]);
		if (found == RECORD_ABSENT && has_part(r, i) &&
		    r->record.state == RECORD_DECIDED)
			return fail_incomplete(r, record_parts[i],
			    "is not the folder that it had");
		if (found == RECORD_THERE &&
		    (!has_part(r, i) || strcmp(record.id, r->record.id) != 0))
			return fail_incomplete(
			    r, record_parts[i], "is of another one");
	}
	return true;
}

/* Read what the first folder knows. */
static bool
read_records(struct replace *r, const char *any)
{
	enum record_found	found = record_read(any, &r->record);

	if (found == RECORD_THERE)
		found = record_read(FIRST, &r->record);
	else
		return fail_unreadable(r, any);
	if (found == RECORD_ABSENT)
		return fail_incomplete(r, FIRST, "knows nothing of it");
	return (found == RECORD_THERE || fail_unreadable(r, FIRST)) &&
	    check_parts(r);
}

static enum replace_resumed
resume_locked(struct replace *r, const char *any)
{
	if (!read_records(r, any))
		return REPLACE_STUCK;
	if (r->record.state == RECORD_PREPARED)
		return each_part(r, place_undo) ? REPLACE_UNDONE :
						  REPLACE_STUCK;
	return go_on(r) ? REPLACE_DONE : REPLACE_STUCK;
}

static void
unlock_all(const int lock[RECORD_PARTS])
{
	for (int i = 0; i < RECORD_PARTS; i++)
		if (lock[i] != -1)
			close(lock[i]);
}

enum replace_resumed
replace_resume(struct replace *r)
{
	int			 lock[RECORD_PARTS] = { -1, -1, -1, -1, -1, -1 };
	enum replace_resumed	 resumed = REPLACE_STUCK;
	const char		*any;

	if (!replace_is_pending(&any))
		return REPLACE_NOTHING;
	snprintf(r->record.what, sizeof(r->record.what), "replacement");
	if (lock_all(r, lock))
		resumed = replace_is_pending(&any) ? resume_locked(r, any) :
						     REPLACE_NOTHING;
	unlock_all(lock);
	return resumed;
}

const char *
replace_outcome(enum replace_resumed resumed)
{
	return resumed == REPLACE_DONE ?
	    "done: its stores are in place" :
	    "undone: the stores are as before it";
}

bool
replace_tidy(struct replace *r)
{
	int		 lock[RECORD_PARTS] = { -1, -1, -1, -1, -1, -1 };
	const char	*any;
	bool		 ok;

	snprintf(r->record.what, sizeof(r->record.what), "restore");
	ok = lock_all(r, lock);
	for (int i = 0; ok && !replace_is_pending(&any) && i < RECORD_PARTS;
	     i++)
		place_clear(record_parts[i]);
	unlock_all(lock);
	return ok;
}
