/* The engine's claims and entries. */
#include "services/engine/engine.h"

#include <sys/random.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "services/engine/engine_private.h"
#include "services/engine/layout.h"
#include "services/engine/rows.h"

#define NO_TABLE	"42P01"
#define NO_SCHEMA	"3F000"
#define CHECK_FAILED	"23514"		/* log_is_next, layout.c */

#define HEAD_COLUMNS	"seq, reign, schema, until < clock_timestamp(), owner, " \
	"(SELECT reign FROM log WHERE log.seq = head.seq)"
/* the same in what an UPDATE returns */
#define HEAD_RETURNED	"head.seq, head.reign, head.schema, false, head.owner, " \
	"(SELECT log.reign FROM log WHERE log.seq = head.seq)"

static const struct {
	const char	*name, *sql;
} statements[] = {
	{ "begin", "BEGIN ISOLATION LEVEL READ COMMITTED" },
	{ "commit", "COMMIT" },
	{ "look", "SELECT " HEAD_COLUMNS " FROM head" },
	{ "claim", "UPDATE head SET reign = $1::bigint, owner = $2::text, "
	    "until = clock_timestamp() + " LEASE_SQL " WHERE until < "
	    "clock_timestamp() OR owner = $2::text RETURNING " HEAD_RETURNED },
	{ "renew", "UPDATE head SET until = clock_timestamp() + " LEASE_SQL
	    " WHERE reign = $1::bigint RETURNING seq" },
	{ "resign", "UPDATE head SET until = '-infinity' "
	    "WHERE reign = $1::bigint" },
	{ "extend", "UPDATE head SET until = clock_timestamp() + "
	    "interval '10 minutes' WHERE reign = $1::bigint RETURNING seq" },
	/* an hour of entries, and no more than a million of them; some at a
	 * time, the oldest first */
	{ "trim", "DELETE FROM log WHERE seq IN (SELECT oldest.seq FROM (SELECT "
	    "seq, date FROM log ORDER BY seq LIMIT 2000) AS oldest, head WHERE "
	    "head.reign = $1::bigint AND oldest.seq < head.seq AND (oldest.date "
	    "< clock_timestamp() - interval '1 hour' OR oldest.seq < head.seq - "
	    "1000000))" },
	{ "append", "WITH h AS (UPDATE head SET seq = $1::bigint, "
	    "counters = coalesce(nullif($4::text, ''), counters), "
	    "until = clock_timestamp() + " LEASE_SQL
	    " WHERE reign = $2::bigint AND seq = $1::bigint - 1 RETURNING 1) "
	    "INSERT INTO log (seq, reign, patch, one) SELECT $1::bigint, "
	    "$2::bigint, $3::bytea, (SELECT count(*) FROM h)" },
	/* the place itself comes first, to see that it is there; then one entry
	 * at least, and 8 MB at most */
	{ "since", "SELECT seq, reign, patch FROM (SELECT seq, reign, patch, "
	    "sum(octet_length(patch)) OVER (ORDER BY seq) AS bytes FROM (SELECT "
	    "seq, reign, CASE WHEN seq > $1::bigint THEN patch END AS patch "
	    "FROM log WHERE seq >= $1::bigint ORDER BY seq LIMIT 64) AS next) "
	    "AS entry WHERE seq <= $1::bigint + 1 OR bytes <= 8388608 "
	    "ORDER BY seq" },
};

/* --- connection ------------------------------------------------------------------- */

void
engine_statement_name(char kind, size_t table, char ret[24])
{
	snprintf(ret, 24, "%c%zu", kind, table);
}

static bool
prepare_rows(struct engine *e)
{
	char		name[24];
	struct buf	sql = { 0 };
	bool		ok = true;

	for (size_t i = 0; ok && i < e->tables->count; i++) {
		sql.len = 0;
		layout_put_upsert(&sql, &e->tables->rows[i]);
		engine_statement_name('u', i, name);
		ok = link_prepare(e->link, name, sql.base);
		sql.len = 0;
		layout_put_delete(&sql, &e->tables->rows[i]);
		engine_statement_name('d', i, name);
		ok = ok && link_prepare(e->link, name, sql.base);
	}
	buf_done(&sql);
	return ok;
}

/* A connection is also of use where no store is yet. */
static bool
prepare_all(void *arg)
{
	struct engine	*e = arg;
	bool		 ok = true;

	e->has_rows = false;
	for (size_t i = 0; ok && i < sizeof(statements) /
	    sizeof(statements[0]); i++)
		ok = link_prepare(e->link, statements[i].name,
		    statements[i].sql);
	e->is_missing = !ok && (strcmp(link_state(e->link), NO_TABLE) == 0 ||
	    strcmp(link_state(e->link), NO_SCHEMA) == 0);
	return ok || e->is_missing;
}

static void
set_error(struct engine *e, const char *why)
{
	e->error.len = 0;
	buf_printf(&e->error, "%s", why);
}

enum engine_end
engine_open(struct engine *e)
{
	if (link_is_open(e->link) && e->is_missing)
		link_close(e->link);	/* it may be there by now */
	if (!link_open(e->link, prepare_all, e)) {
		set_error(e, link_error(e->link));
		return ENGINE_AWAY;
	}
	if (e->is_missing)
		set_error(e, "the engine has no store of this service");
	return e->is_missing ? ENGINE_MISSING : ENGINE_DONE;
}

enum engine_end
engine_failed(struct engine *e)
{
	set_error(e, link_error(e->link));
	return link_is_open(e->link) ? ENGINE_FAILED : ENGINE_AWAY;
}

struct engine *
engine_new(const char *conninfo, enum service_id id,
    const struct tables *tables)
{
	struct engine	*e = must_alloc(sizeof(*e));

	snprintf(e->role, sizeof(e->role), "flicket_%s", service_name(id));
	e->link = link_new(conninfo, e->role);
	e->tables = tables;
	if (tables != NULL)
		e->rows = rows_new(tables);
	return e;
}

void
engine_destroy(struct engine **self_p)
{
	struct engine	*e = *self_p;

	if (e == NULL)
		return;
	link_destroy(&e->link);
	rows_destroy(&e->rows);
	buf_done(&e->error);
	free(e);
	*self_p = NULL;
}

const char *
engine_error(const struct engine *e)
{
	return e->error.base != NULL ? e->error.base : "";
}

static const char *
value_of(const PQconninfoOption *options, const char *keyword)
{
	for (; options->keyword != NULL; options++)
		if (strcmp(options->keyword, keyword) == 0)
			return options->val;
	return NULL;
}

/* Settings are shown; and each role has a password of its own. */
const char *
engine_refuse_conninfo(const char *conninfo)
{
	static _Thread_local char	 why[200];
	PQconninfoOption		*options;
	char				*message = NULL;
	bool				 has_password, has_service;

	options = PQconninfoParse(conninfo, &message);
	if (options == NULL) {
		snprintf(why, sizeof(why), "%s", message != NULL ? message :
		    "no memory");
		why[strcspn(why, "\n")] = '\0';
		PQfreemem(message);
		return why;
	}
	has_password = value_of(options, "password") != NULL ||
	    value_of(options, "sslpassword") != NULL;
	has_service = value_of(options, "service") != NULL;
	PQconninfoFree(options);
	if (has_service)
		return "service= names a file that is not read here: write what "
		    "it has";
	return has_password ? "it has a password: put it into a file, and name "
	    "that with passfile=" : NULL;
}

void
engine_each_file(const char *conninfo, void (*file)(const char *path))
{
	static const char *const	names[] = { "passfile", "sslcert",
		"sslkey", "sslrootcert", "sslcrl", "sslcrldir" };
	PQconninfoOption		*options, *o;

	options = PQconninfoParse(conninfo, NULL);
	for (o = options; o != NULL && o->keyword != NULL; o++)
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (o->val != NULL && strcmp(o->keyword, names[i]) == 0)
				file(o->val);
	PQconninfoFree(options);
}

/* --- who writes ------------------------------------------------------------------- */

static void
read_head(const PGresult *r, struct engine_head *ret)
{
	struct text	owner = link_bytes(r, 0, 4);

	ret->last.seq = link_number(r, 0, 0);
	ret->reign = link_number(r, 0, 1);
	ret->schema = link_number(r, 0, 2);
	ret->is_free = link_bytes(r, 0, 3).base[0] != 0;
	ret->last.reign = link_number(r, 0, 5);
	snprintf(ret->owner, sizeof(ret->owner), "%.*s", (int)owner.len,
	    owner.base);
}

enum engine_end
engine_look(struct engine *e, struct engine_head *ret)
{
	enum engine_end	 end = engine_open(e);
	PGresult	*r;

	if (end != ENGINE_DONE)
		return end;
	r = link_run(e->link, "look", NULL);
	if (r == NULL)
		return engine_failed(e);
	end = PQntuples(r) == 1 ? ENGINE_DONE : ENGINE_MISSING;
	if (end == ENGINE_DONE)
		read_head(r, ret);
	PQclear(r);
	return end;
}

/* Not 0, and no number that a process is likely to have had before. */
int64_t
engine_new_reign(void)
{
	uint64_t	n;

	CHECK(getrandom(&n, sizeof(n), 0) == sizeof(n));
	return (int64_t)(n >> 2 | 1);
}

enum engine_end
engine_claim(struct engine *e, const char *owner, struct engine_head *ret)
{
	enum engine_end	 end = engine_open(e);
	struct params	 p = { 0 };
	PGresult	*r;

	if (end != ENGINE_DONE)
		return end;
	params_put_number(&p, engine_new_reign());
	params_put_bytes(&p, text_of(owner));
	(void)link_take_warning(e->link);
	r = link_run(e->link, "claim", &p);
	if (r == NULL)
		return engine_failed(e);
	end = PQntuples(r) == 1 ? ENGINE_DONE : ENGINE_REFUSED;
	if (end == ENGINE_DONE)
		read_head(r, ret);
	PQclear(r);
	/* nothing is known of what the standby has until a claim is there */
	if (link_take_warning(e->link))
		end = ENGINE_UNKNOWN;
	return end;
}

/* Run a statement whose one parameter is a reign. How many rows, -1: it failed. */
static int
run_with_reign(struct engine *e, const char *name, int64_t reign)
{
	struct params	 p = { 0 };
	PGresult	*r;
	int		 rows;

	params_put_number(&p, reign);
	r = link_run(e->link, name, &p);
	rows = r == NULL ? -1 : PQntuples(r);
	PQclear(r);
	return rows;
}

/* Set the end of the lease, if the reign is the last one. */
static enum engine_end
keep_lease(struct engine *e, const char *name, int64_t reign)
{
	enum engine_end	end = engine_open(e);
	int		rows;

	if (end != ENGINE_DONE)
		return end;
	rows = run_with_reign(e, name, reign);
	if (rows == -1)
		return engine_failed(e);
	return rows == 1 ? ENGINE_DONE : ENGINE_REFUSED;
}

enum engine_end
engine_renew(struct engine *e, int64_t reign)
{
	return keep_lease(e, "renew", reign);
}

enum engine_end
engine_extend(struct engine *e, int64_t reign)
{
	return keep_lease(e, "extend", reign);
}

void
engine_resign(struct engine *e, int64_t reign)
{
	if (link_is_open(e->link) && !e->is_missing)
		(void)run_with_reign(e, "resign", reign);
}

void
engine_trim(struct engine *e, int64_t reign)
{
	if (link_is_open(e->link) && !e->is_missing &&
	    run_with_reign(e, "trim", reign) == -1)
		log_warn("engine: the log cannot be trimmed: %s",
		    link_error(e->link));
}

/* --- entries ---------------------------------------------------------------------- */

static bool
send_rows(struct engine *e)
{
	struct params	p;
	char		name[24];

	for (size_t i = 0; i < e->tables->count; i++) {
		engine_statement_name('d', i, name);
		if (rows_gone(e->rows, i, &p) && !link_send(e->link, name, &p))
			return false;
		engine_statement_name('u', i, name);
		if (rows_changed(e->rows, i, &p) &&
		    !link_send(e->link, name, &p))
			return false;
	}
	return true;
}

/* All of the entry in one go, so that a writer that stops in it holds no lock. */
static enum link_end
send_entry(struct engine *e, struct engine_place place, struct text patch)
{
	struct params	p = { 0 };

	params_put_number(&p, place.seq);
	params_put_number(&p, place.reign);
	params_put_bytes(&p, patch);
	params_put_bytes(&p, patch_counters(patch));
	if (!link_begin(e->link) || !link_send(e->link, "begin", NULL) ||
	    !link_send(e->link, "append", &p) || !send_rows(e) ||
	    !link_send(e->link, "commit", NULL))
		return LINK_LOST;
	return link_finish(e->link);
}

/* An error of the server's aborts the transaction; without an answer it may have
 * been committed. */
static enum engine_end
end_of_entry(struct engine *e, enum link_end end)
{
	if (end == LINK_DONE && !link_take_warning(e->link))
		return ENGINE_DONE;
	set_error(e, end == LINK_DONE ? "the standby may not have it" :
	    link_error(e->link));
	if (end != LINK_FAILED)
		return ENGINE_UNKNOWN;
	if (strcmp(link_state(e->link), CHECK_FAILED) == 0)
		return ENGINE_REFUSED;
	log_error("engine: an entry is refused: %s (%s)", link_error(e->link),
	    link_state(e->link));
	return ENGINE_FAILED;
}

enum engine_end
engine_append(struct engine *e, struct engine_place place, struct text patch,
    struct patch_each *each)
{
	enum engine_end	end;

	if (!rows_read(e->rows, each, patch)) {
		set_error(e, "its rows cannot be read");
		return ENGINE_FAILED;
	}
	end = engine_open(e);
	if (end != ENGINE_DONE)
		return end;
	if (!e->has_rows && !prepare_rows(e))
		return engine_failed(e);
	e->has_rows = true;
	(void)link_take_warning(e->link);
	return end_of_entry(e, send_entry(e, place, patch));
}

static enum engine_end
give_entries(const PGresult *r, struct engine_place place, engine_take *take,
    void *arg)
{
	if (PQntuples(r) == 0 || link_number(r, 0, 0) != place.seq ||
	    link_number(r, 0, 1) != place.reign)
		return ENGINE_GONE;
	for (int i = 1; i < PQntuples(r); i++) {
		place.seq++;
		if (link_number(r, i, 0) != place.seq)
			return ENGINE_GONE;
		place.reign = link_number(r, i, 1);
		if (!take(arg, place, link_bytes(r, i, 2)))
			return ENGINE_STOPPED;
	}
	return ENGINE_DONE;
}

enum engine_end
engine_since(struct engine *e, struct engine_place place, engine_take *take,
    void *arg)
{
	enum engine_end	 end = engine_open(e);
	struct params	 p = { 0 };
	PGresult	*r;

	if (end != ENGINE_DONE)
		return end;
	params_put_number(&p, place.seq);
	r = link_run(e->link, "since", &p);
	if (r == NULL)
		return engine_failed(e);
	end = give_entries(r, place, take, arg);
	PQclear(r);
	return end;
}
