/* The four stores of a data folder, seen from outside. */
#include "tools/flicketctl/desk/stores.h"

#include <sys/stat.h>

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/paths.h"
#include "tools/flicketctl/desk/peek.h"

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

/* The first number of a query; false if it has none. */
static bool
number_of(sqlite3 *db, const char *sql, const char *text, int64_t a, int64_t b,
    int64_t *ret)
{
	sqlite3_stmt	*st = NULL;
	bool		 ok;

	ok = sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK;
	if (ok && text != NULL)
		sqlite3_bind_text(st, 1, text, -1, SQLITE_STATIC);
	if (ok && text == NULL) {
		sqlite3_bind_int64(st, 1, a);
		sqlite3_bind_int64(st, 2, b);
	}
	ok = ok && sqlite3_step(st) == SQLITE_ROW;
	if (ok)
		*ret = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return ok;
}

static bool
has_mark(sqlite3 *db, enum service_id id)
{
	int64_t	n = 0;

	return number_of(db, "SELECT count(*) FROM sqlite_schema WHERE type = "
	    "'table' AND name = ?1", marks[id], 0, 0, &n) && n > 0;
}

static enum store_state
find_owner(sqlite3 *db, enum service_id id, struct store_seen *ret)
{
	int64_t	seeded = 0;

	for (unsigned other = 1; other < SERVICE_END; other++)
		if (other != id && has_mark(db, other) && !has_mark(db, id)) {
			ret->whose = other;
			return STORE_OTHERS;
		}
	if (!number_of(db, "SELECT stream FROM identity", NULL, 0, 0,
	    &ret->stream) || !number_of(db, "SELECT seeded FROM identity",
	    NULL, 0, 0, &seeded))
		return STORE_THERE;	/* for others to say what it lacks */
	ret->accepted = seeded == 2;
	return seeded == 0 ? STORE_BEGUN : STORE_THERE;
}

static bool
is_broken(sqlite3 *db)
{
	int	error = sqlite3_errcode(db);

	return error == SQLITE_NOTADB || error == SQLITE_CORRUPT;
}

static void
look_at(enum service_id id, struct store_seen *ret)
{
	const char	*path = paths_store(id);
	struct stat	 st;
	sqlite3		*db;
	int64_t		 objects = 0;

	if (lstat(path, &st) == -1 && errno == ENOENT)
		return;
	if (!stores_is_file(path)) {
		ret->state = STORE_ODD;
		snprintf(ret->why, sizeof(ret->why), "it is not a plain file");
		return;
	}
	db = peek_store(path);
	if (!number_of(db, "SELECT count(*) FROM sqlite_schema", NULL, 0, 0,
	    &objects)) {
		/* what may go by is for those to say who need it */
		ret->state = is_broken(db) ? STORE_ODD : STORE_THERE;
		snprintf(ret->why, sizeof(ret->why), "%s",
		    sqlite3_errmsg(db));
	} else if (objects > 0)
		ret->state = find_owner(db, id, ret);
	sqlite3_close(db);
}

/* What one store has heard of the others. */
static void
compare_inbox(enum service_id id, struct store_seen seen[SERVICE_END])
{
	static const char	ours[] = "SELECT count(*) FROM inbox WHERE "
				    "source = ?1 AND stream = ?2";
	static const char	any[] = "SELECT count(*) FROM inbox WHERE "
				    "source = ?1 AND seq > ?2";
	int64_t			all, this;
	sqlite3			*db;

	db = peek_store(paths_store(id));
	for (unsigned other = 1; other < SERVICE_END; other++) {
		struct store_seen	*s = &seen[other];

		all = this = 0;
		if (other == id || s->accepted || s->state == STORE_ODD ||
		    !number_of(db, any, NULL, other, 0, &all) ||
		    !number_of(db, ours, NULL, other, s->stream, &this))
			continue;
		if (all > 0 && this == 0)
			s->known_by = id;
	}
	sqlite3_close(db);
}

void
stores_look(struct store_seen ret[SERVICE_END])
{
	for (unsigned id = 1; id < SERVICE_END; id++) {
		ret[id] = (struct store_seen){ .state = STORE_ABSENT };
		look_at(id, &ret[id]);
	}
	for (unsigned id = 1; id < SERVICE_END; id++)
		if (ret[id].state == STORE_THERE)
			compare_inbox(id, ret);
}
