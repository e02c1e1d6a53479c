/*
 * flicketctl engine put: take a SQLite desk over into an engine that has none.
 *
 * Everything is looked at before the first store is put. Each store is put in one
 * transaction of its own; where a later one fails, those before are removed
 * again. A store notes its place before it is put (copy_put()), so a run after
 * one that was killed knows by the place which stores are in the engine, and
 * puts the others.
 *
 * A desk that was used on its own meanwhile is not what was put: stores that
 * nobody has written to in the engine are put once more then.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/paths.h"
#include "base/visible.h"
#include "services/engine/copy.h"
#include "services/engine/engine.h"
#include "services/engine/survey.h"
#include "services/store/migrate.h"
#include "services/store/patch.h"
#include "services/store/tables.h"
#include "tools/flicketctl/cli/cli.h"
#include "tools/flicketctl/cli/progress.h"
#include "tools/flicketctl/cli/stop.h"
#include "tools/flicketctl/engine/engine_parts.h"
#include "tools/flicketctl/store/peek.h"
#include "tools/flicketctl/store/select.h"
#include "tools/flicketctl/store/stopped.h"
#include "tools/flicketctl/store/stores.h"

enum state {
	ABSENT,		/* the engine has no such store */
	OUTDATED,	/* it has one of a run before, and the desk's is another */
	PUT,		/* it has this very one, of this run or one before */
	IN_USE		/* it has this one, and the desk was kept there since */
};

struct part {
	const struct service	*service;
	const char		*name;
	const char		*path;
	enum state		 state;
	bool			 is_unsure;	/* it may yet come to be there */
	struct engine_place	 place;
	int64_t			 rows;
};

struct put {
	struct settings	 settings;
	struct stopped	 stopped;
	struct part	 parts[ENGINE_SERVICES];
};

static struct put	run;

/* --- the desk ---------------------------------------------------------------- */

static bool
enter_desk(struct put *p)
{
	if (chdir(p->settings.data) == -1)
		return cli_fail("%s: %s", p->settings.data, strerror(errno));
	return stopped_hold(&p->stopped) ||
	    cli_fail("%s: %s", p->settings.data, p->stopped.why);
}

static bool
is_whole(const struct part *part, const struct store_seen *seen)
{
	if (seen->state != STORE_THERE)
		return cli_fail("%s is no store of this desk%s%s; start the "
		    "desk once without FLICKET_ENGINE, or look with "
		    "`flicketctl check`", part->path,
		    seen->why[0] == '\0' ? "" : ": ", seen->why);
	return seen->known_by == SERVICE_ANY || cli_fail("%s is another "
	    "desk's: the %s service has heard of another store in its place",
	    part->path, service_name(seen->known_by));
}

static bool
is_newest(const struct part *part, struct sqlite3 *db)
{
	int64_t	newest = store_newest_schema(part->service), schema = -1;

	(void)select_one_number(db, &schema, "PRAGMA user_version");
	if (schema > newest)
		return cli_fail("%s has schema %lld, newer than this program's "
		    "%lld", part->path, (long long)schema, (long long)newest);
	return schema == newest || cli_fail("%s has schema %lld, these "
	    "programs make it %lld: start the desk once without FLICKET_ENGINE, "
	    "then stop it", part->path, (long long)schema, (long long)newest);
}

static bool
count_rows(struct part *part, struct sqlite3 *db, const struct tables *tables)
{
	int64_t	rows;

	part->rows = 0;
	for (size_t i = 0; i < tables->count; i++) {
		if (!select_one_number(db, &rows, "SELECT count(*) FROM "
		    "\"%s\"", tables->rows[i].name))
			return cli_fail("%s: %s", part->path,
			    select_error(db));
		part->rows += rows;
	}
	return true;
}

static bool
read_store(struct part *part, struct sqlite3 *db)
{
	struct tables	*tables;
	const char	*why;
	bool		 ok;

	if (!is_newest(part, db))
		return false;
	why = patch_missing(db);
	if (why != NULL)
		return cli_fail("%s: %s", part->path, why);
	part->place = copy_place(db);
	/* used alone since: what the engine has of it is found all the same */
	part->place.reign = llabs(part->place.reign);
	tables = tables_read(db);
	ok = tables != NULL && count_rows(part, db, tables);
	tables_destroy(&tables);
	return ok;
}

static bool
look_at_desk(struct put *p)
{
	static struct store_seen	seen[SERVICE_END];
	struct sqlite3			*db;
	bool				 ok = true;

	stores_look(seen);
	for (size_t i = 0; ok && i < ENGINE_SERVICES; i++) {
		ok = is_whole(&p->parts[i], &seen[p->parts[i].service->id]);
		if (!ok)
			break;
		db = peek_open(p->parts[i].path);
		ok = read_store(&p->parts[i], db);
		peek_close(db);
	}
	return ok;
}

/* --- the engine ----------------------------------------------------------------- */

static bool
fail_engine(const struct part *part, const struct engine *e)
{
	return cli_fail("%s: %s", part->name, engine_error(e));
}

static bool
has_room(const struct part *part, struct engine *e)
{
	struct engine_server	s;

	if (engine_survey(e, &s) != ENGINE_DONE)
		return fail_engine(part, e);
	if (!s.has_schema)
		return cli_fail("%s: the role %s has no schema flicket_%s to make "
		    "tables in: `flicketctl engine sql` prints what makes it",
		    part->name, s.role, part->name);
	return s.tables == 0 || part->state != ABSENT || cli_fail("%s: the "
	    "schema flicket_%s has %lld tables, which are no store", part->name,
	    part->name, (long long)s.tables);
}

/* The tables in which store and engine differ, at the same place. */
static bool
compare(const struct part *part, const char *conninfo, struct buf *ret)
{
	struct sqlite3	*db = peek_open(part->path);
	struct tables	*tables = tables_read(db);
	struct engine	*e = engine_new(conninfo, part->service->id, tables);
	bool		 ok;

	ok = tables != NULL && select_execute(db, "BEGIN") &&
	    (engine_compare(e, db, part->place, ret) == ENGINE_DONE ||
	    fail_engine(part, e));
	engine_destroy(&e);
	tables_destroy(&tables);
	peek_close(db);
	return ok;
}

/* The engine stands where the store says that it does. */
static bool
judge_same_place(struct part *part, const struct engine_head *head,
    const char *conninfo)
{
	struct buf	differ = { 0 };
	bool		ok = compare(part, conninfo, &differ);
	bool		is_new = head->last.seq == 1 &&
			    head->reign == part->place.reign;

	if (ok && differ.len == 0)
		part->state = is_new ? PUT : IN_USE;
	else if (ok && is_new)
		part->state = OUTDATED;
	else if (ok)
		ok = cli_fail("%s: the store differs from the engine's in %.*s, "
		    "and both were used", part->name, (int)differ.len,
		    differ.base);
	buf_done(&differ);
	return ok;
}

static bool
ignore_entry(void *arg, struct engine_place place, struct text patch)
{
	(void)arg, (void)place, (void)patch;
	return false;
}

static bool
judge_there(struct part *part, struct engine *e, const struct engine_head *head,
    const char *conninfo)
{
	enum engine_end	end;

	if (part->place.seq == head->last.seq &&
	    part->place.reign == head->last.reign)
		return judge_same_place(part, head, conninfo);
	end = part->place.seq == 0 ? ENGINE_GONE :
	    engine_since(e, part->place, ignore_entry, NULL);
	part->state = IN_USE;
	if (end == ENGINE_GONE)
		return cli_fail("%s: the engine has another desk's store; remove "
		    "it (DROP SCHEMA flicket_%s CASCADE), or take another "
		    "database", part->name, part->name);
	return end == ENGINE_DONE || end == ENGINE_STOPPED ||
	    fail_engine(part, e);
}

static bool
judge_missing(const struct part *part)
{
	return part->place.seq <= 1 || cli_fail("%s is a copy of an engine's "
	    "store, at entry %lld, and this engine has none: is FLICKET_ENGINE "
	    "right?", part->path, (long long)part->place.seq);
}

static bool
judge(struct part *part, struct engine *e, const char *conninfo)
{
	struct engine_head	head;

	switch (engine_look(e, &head)) {
	case ENGINE_DONE:
		return judge_there(part, e, &head, conninfo) &&
		    has_room(part, e);
	case ENGINE_MISSING:
		part->state = ABSENT;
		return judge_missing(part) && has_room(part, e);
	default:
		return fail_engine(part, e);
	}
}

/* A commit that no standby takes would end all this in the middle. */
static bool
can_commit(const struct part *part, struct engine *e)
{
	int64_t	ms;

	return engine_try_commit(e, &ms) == ENGINE_DONE ||
	    cli_fail("%s: a commit is not answered: %s: `flicketctl engine "
	    "check` tells more", part->name, engine_error(e));
}

static bool
look_at_engine(struct put *p)
{
	struct engine	*e;
	bool		 ok = true;

	for (size_t i = 0; ok && i < ENGINE_SERVICES; i++) {
		e = engine_new(p->settings.engine, p->parts[i].service->id,
		    NULL);
		ok = judge(&p->parts[i], e, p->settings.engine) &&
		    can_commit(&p->parts[i], e);
		engine_destroy(&e);
	}
	return ok;
}

/* --- putting -------------------------------------------------------------------- */

/*
 * What was put goes again. A store that is not seen there may yet come to be
 * there if its commit was not answered: it keeps its place.
 */
static bool
remove_part(struct part *part, const char *conninfo)
{
	struct engine	*e = engine_new(conninfo, part->service->id, NULL);
	enum engine_end	 end = engine_drop(e, part->place.reign);
	bool		 gone;

	gone = end == ENGINE_DONE ||
	    (end == ENGINE_MISSING && !part->is_unsure);
	if (!gone)
		fail_engine(part, e);
	engine_destroy(&e);
	if (gone && copy_leave(part->path))
		part->state = ABSENT;
	return gone;
}

static bool
remove_all(struct put *p)
{
	bool	all = true;

	for (size_t i = 0; i < ENGINE_SERVICES; i++)
		if (p->parts[i].state == PUT)
			all = remove_part(&p->parts[i], p->settings.engine) &&
			    all;
	return all;
}

static bool
show(void *arg, int64_t rows)
{
	const struct part	*part = arg;

	progress_show(part->name, rows, part->rows);
	return !stop_asked();
}

static void
read_place(struct part *part)
{
	int64_t	schema;

	part->place = copy_look(part->path, &schema);
}

static bool
put_part(struct part *part, const char *conninfo)
{
	struct buf	why = { 0 };
	enum engine_end	end;

	(void)show(part, 0);
	end = copy_put(part->service, conninfo, part->path, show, part, &why);
	buf_put_byte(&why, '\0');
	progress_clear();
	if (end == ENGINE_DONE || end == ENGINE_UNKNOWN) {
		part->state = PUT;
		part->is_unsure = end == ENGINE_UNKNOWN;
		read_place(part);
	}
	if (end == ENGINE_STOPPED)
		cli_fail("stopped");
	else if (end != ENGINE_DONE)
		cli_fail("%s: %s", part->name, why.base);
	else
		visible_printf(stdout, "%-7s %lld rows\n", part->name,
		    (long long)part->rows);
	buf_done(&why);
	return end == ENGINE_DONE;
}

static bool
put_all(struct put *p)
{
	struct part	*part;

	for (size_t i = 0; i < ENGINE_SERVICES; i++) {
		part = &p->parts[i];
		if (part->state == OUTDATED &&
		    !remove_part(part, p->settings.engine))
			return false;
		if (part->state == ABSENT && (stop_asked() ?
		    !cli_fail("stopped") : !put_part(part, p->settings.engine)))
			return false;
	}
	return true;
}

/* --- the command ------------------------------------------------------------------ */

static void
tell_found(const struct put *p)
{
	static const char *const	words[] = {
		[OUTDATED] = "was put before, and the desk was used since: it "
		    "is put again",
		[PUT] = "is there, of a run before",
		[IN_USE] = "is there, and in use",
	};

	for (size_t i = 0; i < ENGINE_SERVICES; i++)
		if (p->parts[i].state != ABSENT)
			printf("%-7s %s\n", p->parts[i].name,
			    words[p->parts[i].state]);
}

static void
tell_next(void)
{
	puts("\nThe engine has the desk. Start it with FLICKET_ENGINE set, here and "
	    "on the other\nhosts; the stores of this host are copies from now on. "
	    "Without FLICKET_ENGINE they\nwould become a desk of their own.");
}

static bool
put_desk(struct put *p)
{
	if (!enter_desk(p) || !look_at_desk(p) || !look_at_engine(p)) {
		fputs("Nothing was put.\n", stderr);
		return false;
	}
	tell_found(p);
	if (put_all(p))
		return true;
	fputs(remove_all(p) ? "The engine is as it was before.\n" :
	    "The engine has a part of the desk: when it can be reached, say "
	    "`flicketctl engine put` again.\n", stderr);
	return false;
}

int
engine_put_run(const struct cli *c)
{
	struct put	*p = &run;

	(void)c;
	if (!engine_settings(&p->settings))
		return STATUS_FAILED;
	for (size_t i = 0; i < ENGINE_SERVICES; i++)
		p->parts[i] = (struct part){ .service = engine_services[i],
		    .name = service_name(engine_services[i]->id),
		    .path = paths_store(engine_services[i]->id) };
	stop_catch_signals();
	if (!put_desk(p))
		return STATUS_FAILED;
	tell_next();
	return STATUS_OK;
}
