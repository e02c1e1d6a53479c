/* Copies of stores. */
#include "services/engine/copy.h"

#include <sqlite3.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/durable.h"
#include "base/log.h"
#include "services/store/migrate.h"
#include "services/store/store.h"

struct copy {
	sqlite3			*db;
	struct engine_place	 place;
	bool			 is_open;	/* a transaction, with entries */
	bool			 misfits;
};

/* --- where it stands ---------------------------------------------------------------- */

struct engine_place
copy_place(sqlite3 *db)
{
	struct engine_place	 place = { 0, 0 };
	sqlite3_stmt		*st;

	if (sqlite3_prepare_v2(db, "SELECT seq, reign FROM identity", -1, &st,
	    NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW) {
		place.seq = sqlite3_column_int64(st, 0);
		place.reign = sqlite3_column_int64(st, 1);
	}
	sqlite3_finalize(st);
	return place;
}

struct engine_place
copy_look(const char *path, int64_t *ret_schema)
{
	sqlite3			*db = store_open(path, true);
	struct engine_place	 place = copy_place(db);

	*ret_schema = store_schema(db);
	sqlite3_close(db);
	return place;
}

bool
copy_set_place(sqlite3 *db, struct engine_place place)
{
	struct buf	sql = { 0 };
	bool		ok;

	buf_printf(&sql, "UPDATE identity SET seq = %lld, reign = %lld",
	    (long long)place.seq, (long long)place.reign);
	ok = store_try(db, sql.base) == SQLITE_OK;
	buf_done(&sql);
	if (!ok)
		log_error("store %s: its place cannot be noted: %s",
		    sqlite3_db_filename(db, "main"), sqlite3_errmsg(db));
	return ok;
}

/* --- following ------------------------------------------------------------------------ */

struct copy *
copy_open(const char *path)
{
	struct copy	*c;

	if (access(path, F_OK) == -1)
		log_fatal("engine: there is no copy in %s; this process starts "
		    "anew", path);
	c = must_alloc(sizeof(*c));
	c->db = store_open(path, false);
	/* the engine has what a power failure takes from it */
	store_exec(c->db, "PRAGMA synchronous = NORMAL");
	if (!patch_prepare(c->db))
		store_die(c->db, path);
	c->place = copy_place(c->db);
	return c;
}

void
copy_close(struct copy **self_p)
{
	struct copy	*c = *self_p;

	if (c == NULL)
		return;
	sqlite3_close(c->db);
	free(c);
	*self_p = NULL;
}

struct engine_place
copy_stands_at(const struct copy *c)
{
	return c->place;
}

/* Entries that come together are applied in one transaction. */
static bool
apply_entry(void *arg, struct engine_place place, struct text patch)
{
	struct copy	*c = arg;
	enum patch_end	 end;

	if (!c->is_open && store_try(c->db, "BEGIN IMMEDIATE") != SQLITE_OK)
		return false;
	c->is_open = true;
	end = patch_apply(c->db, patch);
	c->misfits = end == PATCH_MISFIT;
	/* an entry that changes nothing says no place */
	return end == PATCH_DONE && (patch.len > 0 ||
	    copy_set_place(c->db, place));
}

static bool
end_entries(struct copy *c, bool keep)
{
	bool	kept = true;

	if (c->is_open)
		kept = store_try(c->db, keep ? "COMMIT" : "ROLLBACK") ==
		    SQLITE_OK && keep;
	if (c->is_open && !kept && !sqlite3_get_autocommit(c->db))
		(void)store_try(c->db, "ROLLBACK");
	c->is_open = false;
	return kept;
}

enum engine_end
copy_follow(struct copy *c, struct engine *engine, bool *ret_more)
{
	int64_t		before = c->place.seq;
	enum engine_end	end;

	c->misfits = false;
	end = engine_since(engine, c->place, apply_entry, c);
	if (!end_entries(c, end == ENGINE_DONE) && end == ENGINE_DONE)
		end = ENGINE_FAILED;
	if (end == ENGINE_STOPPED)
		end = c->misfits ? ENGINE_GONE : ENGINE_FAILED;
	if (end == ENGINE_DONE)
		c->place = copy_place(c->db);
	*ret_more = end == ENGINE_DONE && c->place.seq != before;
	return end;
}

/* --- making ----------------------------------------------------------------------------- */

static void
remove_beside(const char *path, const char *suffix)
{
	struct buf	name = { 0 };

	buf_printf(&name, "%s%s", path, suffix);
	(void)unlink(name.base);
	buf_done(&name);
}

void
copy_remove(const char *path)
{
	remove_beside(path, "");
	remove_beside(path, "-wal");
	remove_beside(path, "-shm");
}

/* Said now and then, as it may take minutes. */
struct progress {
	int64_t	said_ms;
};

static bool
log_progress(void *arg, int64_t rows)
{
	struct progress	*p = arg;
	int64_t		 now_ms = clock_ms();

	if (now_ms - p->said_ms >= 5000) {
		p->said_ms = now_ms;
		log_info("engine: %lld rows so far", (long long)rows);
	}
	return true;
}

/* An empty store of that schema, which no process has open yet. */
static sqlite3 *
lay_out(const struct service *service, const char *path, int64_t schema)
{
	struct buf	 sql = { 0 };
	sqlite3		*db;

	copy_remove(path);
	db = store_open(path, false);
	/* it is synced as a whole */
	store_exec(db, "PRAGMA journal_mode = DELETE; "
	    "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF");
	store_lay_out(db, service, schema);
	buf_printf(&sql, "PRAGMA user_version = %lld", (long long)schema);
	store_exec(db, sql.base);
	buf_done(&sql);
	if (!patch_prepare(db))
		store_die(db, path);
	return db;
}

static bool
sync_file(const char *path)
{
	int	fd = open(path, O_RDWR | O_CLOEXEC);
	bool	ok = fd != -1 && fsync(fd) == 0;

	if (fd != -1)
		close(fd);
	return ok;
}

/* The new file is whole: it takes the old one's place. */
static bool
take_place(const char *from, const char *path)
{
	if (!sync_file(from)) {
		log_error("%s: %s", from, strerror(errno));
		return false;
	}
	copy_remove(path);
	if (rename(from, path) == 0)
		return true;
	log_error("%s: %s", path, strerror(errno));
	return false;
}

static enum engine_end
fetch_into(sqlite3 *db, const struct service *service, const char *conninfo,
    struct engine_head *ret)
{
	struct tables	*tables = tables_read(db);
	struct progress	 p = { clock_ms() };
	struct engine	*engine;
	enum engine_end	 end = ENGINE_FAILED;
	int64_t		 schema = ret->schema;

	if (tables == NULL)
		return end;
	engine = engine_new(conninfo, service->id, tables);
	if (store_try(db, "BEGIN") == SQLITE_OK)
		end = engine_fetch(engine, db, ret, log_progress, &p);
	/* another program may have brought it to a newer schema meanwhile */
	if (end == ENGINE_DONE && (ret->schema != schema ||
	    store_try(db, "COMMIT") != SQLITE_OK))
		end = ENGINE_FAILED;
	if (end != ENGINE_DONE)
		log_warn("engine: the copy cannot be fetched: %s",
		    engine_error(engine));
	engine_destroy(&engine);
	tables_destroy(&tables);
	return end;
}

static enum engine_end
look(const struct service *service, const char *conninfo,
    struct engine_head *ret)
{
	struct engine	*engine = engine_new(conninfo, service->id, NULL);
	enum engine_end	 end = engine_look(engine, ret);

	engine_destroy(&engine);
	return end;
}

enum engine_end
copy_fetch(const struct service *service, const char *conninfo,
    const char *path, struct engine_head *ret)
{
	struct buf	 new = { 0 };
	sqlite3		*db;
	enum engine_end	 end = look(service, conninfo, ret);

	if (end != ENGINE_DONE)
		return end;
	log_info("engine: fetching a copy of the %s store",
	    service_name(service->id));
	buf_printf(&new, "%s.new", path);
	db = lay_out(service, new.base, ret->schema);
	end = fetch_into(db, service, conninfo, ret);
	sqlite3_close(db);
	if (end == ENGINE_DONE && !take_place(new.base, path))
		end = ENGINE_FAILED;
	if (end != ENGINE_DONE)
		copy_remove(new.base);
	else
		log_info("engine: the copy is there, at entry %lld",
		    (long long)ret->last.seq);
	buf_done(&new);
	return end;
}

/* --- into the engine ----------------------------------------------------------------------- */

/*
 * In one transaction of the copy, which is committed behind the engine's. Where
 * it is not, the copy does not stand where the engine does, and is made anew.
 */
static enum engine_end
put_as(sqlite3 *db, const struct service *service, const char *conninfo,
    struct engine_place place, bool replace, engine_progress *progress,
    void *arg, struct buf *ret_error)
{
	struct tables	*tables = tables_read(db);
	struct engine	*engine;
	enum engine_end	 end = ENGINE_FAILED;

	if (tables == NULL)
		return end;
	engine = engine_new(conninfo, service->id, tables);
	if (store_try(db, "BEGIN IMMEDIATE") == SQLITE_OK) {
		if (copy_set_place(db, place))
			end = engine_put(engine, db, store_schema(db), place,
			    replace, progress, arg);
		store_exec(db, end == ENGINE_DONE ? "COMMIT" : "ROLLBACK");
	}
	if (end != ENGINE_DONE && ret_error != NULL)
		buf_printf(ret_error, "%s", engine_error(engine));
	engine_destroy(&engine);
	tables_destroy(&tables);
	return end;
}

enum engine_end
copy_put(const struct service *service, const char *conninfo, const char *path,
    engine_progress *progress, void *arg, struct buf *ret_error)
{
	struct engine_place	 none = { 0, 0 }, place = { 1, engine_new_reign() };
	sqlite3			*db = store_open(path, false);
	enum engine_end		 end = ENGINE_FAILED;

	if (copy_set_place(db, place))
		end = put_as(db, service, conninfo, place, false, progress,
		    arg, ret_error);
	if (end != ENGINE_DONE && end != ENGINE_UNKNOWN)
		(void)copy_set_place(db, none);
	sqlite3_close(db);
	return end;
}

bool
copy_use_alone(const char *path)
{
	sqlite3			*db = store_open(path, false);
	struct engine_place	 place = copy_place(db);
	bool			 ok;

	if (place.reign > 0)
		place.reign = -place.reign;
	ok = copy_set_place(db, place);
	sqlite3_close(db);
	return ok;
}

bool
copy_leave(const char *path)
{
	sqlite3	*db = store_open(path, false);
	bool	 ok = copy_set_place(db, (struct engine_place){ 0, 0 });

	sqlite3_close(db);
	return ok;
}

enum engine_end
copy_upgrade(const struct service *service, const char *conninfo,
    const char *path, int64_t reign)
{
	sqlite3			*db = store_open(path, false);
	struct engine_place	 place = { copy_place(db).seq + 1, reign };
	struct progress		 p = { clock_ms() };
	enum engine_end		 end;

	store_migrate(db, service, path);
	end = put_as(db, service, conninfo, place, true, log_progress, &p,
	    NULL);
	sqlite3_close(db);
	return end;
}
