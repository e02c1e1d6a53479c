/* The four stores of a data folder, seen from outside. */
#include "tools/flicketctl/store/stores.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/paths.h"
#include "tools/flicketctl/store/peek.h"
#include "tools/flicketctl/store/select.h"

/* A table that no other service's store has. */
static const char *const marks[SERVICE_END] = {
	[SERVICE_USER] = "users",
	[SERVICE_TICKET] = "tickets",
	[SERVICE_POST] = "posts",
	[SERVICE_LOOKUP] = "departments",
};

bool
stores_is_file(const char *path)
{
	struct stat	st;

	return lstat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static bool
has_mark(struct sqlite3 *db, enum service_id id)
{
	int64_t	n = 0;

	return select_one_number(db, &n, "SELECT count(*) FROM sqlite_schema "
	    "WHERE type = 'table' AND name = '%s'", marks[id]) && n > 0;
}

static enum store_state
find_owner(struct sqlite3 *db, enum service_id id, struct store_seen *ret)
{
	int64_t	seeded = 0;

	for (unsigned other = 1; other < SERVICE_END; other++)
		if (other != id && has_mark(db, other) && !has_mark(db, id)) {
			ret->whose = other;
			return STORE_OTHERS;
		}
	if (!select_one_number(db, &ret->stream, "SELECT stream FROM identity") ||
	    !select_one_number(db, &seeded, "SELECT seeded FROM identity"))
		return STORE_THERE;	/* the check of its schema says what it
					 * lacks */
	ret->accepted = seeded == 2;
	return seeded == 0 ? STORE_BEGUN : STORE_THERE;
}

static void
look_at_store(enum service_id id, struct store_seen *ret)
{
	const char	*path = paths_store(id);
	struct stat	 st;
	struct sqlite3	*db;
	int64_t		 objects = 0;

	if (lstat(path, &st) == -1 && errno == ENOENT)
		return;
	if (!stores_is_file(path)) {
		ret->state = STORE_ODD;
		snprintf(ret->why, sizeof(ret->why), "it is not a plain file");
		return;
	}
	db = peek_open(path);
	if (!select_one_number(db, &objects,
	    "SELECT count(*) FROM sqlite_schema")) {
		/* other errors may be temporary */
		ret->state = peek_is_broken(db) ? STORE_ODD : STORE_THERE;
		snprintf(ret->why, sizeof(ret->why), "%s",
		    select_error(db));
	} else if (objects > 0)
		ret->state = find_owner(db, id, ret);
	peek_close(db);
}

/* Compare the streams that one store has heard of with those of the others. */
static void
compare_inbox(enum service_id id, struct store_seen seen[SERVICE_END])
{
	struct sqlite3	*db = peek_open(paths_store(id));
	int64_t		 all, this;

	for (unsigned other = 1; other < SERVICE_END; other++) {
		struct store_seen	*s = &seen[other];

		all = this = 0;
		if (other == id || s->accepted || s->state == STORE_ODD ||
		    !select_one_number(db, &all, "SELECT count(*) FROM inbox "
		    "WHERE source = %u AND seq > 0", other) ||
		    !select_one_number(db, &this, "SELECT count(*) FROM inbox "
		    "WHERE source = %u AND stream = %lld", other,
		    (long long)s->stream))
			continue;
		if (all > 0 && this == 0)
			s->known_by = id;
	}
	peek_close(db);
}

void
stores_look(struct store_seen ret[SERVICE_END])
{
	for (unsigned id = 1; id < SERVICE_END; id++) {
		ret[id] = (struct store_seen){ .state = STORE_ABSENT };
		look_at_store(id, &ret[id]);
	}
	for (unsigned id = 1; id < SERVICE_END; id++)
		if (ret[id].state == STORE_THERE)
			compare_inbox(id, ret);
}
