/* An engine as its operator sees it. */
#include "services/engine/survey.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "services/engine/engine_private.h"

/* The columns, in the order of enum answer. */
static const char survey_sql[] =
    "SELECT current_setting('server_version'), current_user, "
    "coalesce(has_schema_privilege(current_schema(), 'CREATE'), false), "
    "(SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()), "
    "current_setting('fsync') = 'on', "
    "current_setting('full_page_writes') = 'on', "
    "current_setting('synchronous_commit') IN ('on', 'remote_apply'), "
    "current_setting('synchronous_standby_names'), "
    "(SELECT string_agg(application_name, ', ' ORDER BY application_name) "
    "FROM pg_stat_replication WHERE state = 'streaming' AND "
    "sync_state IN ('sync', 'quorum')), "
    "EXISTS (SELECT 1 FROM pg_stat_replication WHERE sync_state IS NULL), "
    "(SELECT string_agg(nspname, ' ' ORDER BY nspname) FROM pg_namespace "
    "WHERE nspname IN ('flicket_user', 'flicket_ticket', 'flicket_post', "
    "'flicket_lookup') AND nspname <> ";	/* … the own one */

enum answer {
	VERSION, ROLE, HAS_SCHEMA, TABLES, SYNCS, WRITES_PAGES, COMMITS_AT_ONCE,
	WAITS_FOR, STANDBYS, HIDES_STANDBYS, OTHERS
};

static const char measure_sql[] =
    "SELECT (SELECT count(*) FROM log), pg_total_relation_size('log'), "
    "CASE WHEN isfinite(until) THEN (extract(epoch FROM until - "
    "clock_timestamp()) * 1000)::bigint ELSE 0 END, NOT isfinite(until) "
    "FROM head";

static void
take_text(const PGresult *r, enum answer c, char *ret, size_t size)
{
	snprintf(ret, size, "%s", PQgetvalue(r, 0, (int)c));
}

static bool
is_true(const PGresult *r, int column)
{
	return PQgetvalue(r, 0, column)[0] == 't';
}

static int64_t
number_at(const PGresult *r, int column)
{
	return strtoll(PQgetvalue(r, 0, column), NULL, 10);
}

static void
read_server(const PGresult *r, struct engine_server *ret)
{
	take_text(r, VERSION, ret->version, sizeof(ret->version));
	take_text(r, ROLE, ret->role, sizeof(ret->role));
	ret->has_schema = is_true(r, HAS_SCHEMA);
	ret->tables = number_at(r, TABLES);
	ret->syncs = is_true(r, SYNCS);
	ret->writes_pages = is_true(r, WRITES_PAGES);
	ret->commits_at_once = is_true(r, COMMITS_AT_ONCE);
	take_text(r, WAITS_FOR, ret->waits_for, sizeof(ret->waits_for));
	take_text(r, STANDBYS, ret->standbys, sizeof(ret->standbys));
	ret->hides_standbys = is_true(r, HIDES_STANDBYS);
	take_text(r, OTHERS, ret->others, sizeof(ret->others));
}

/* Without a store there is a connection all the same. */
static enum engine_end
open_to_ask(struct engine *e)
{
	enum engine_end	end = engine_open(e);

	return end == ENGINE_MISSING ? ENGINE_DONE : end;
}

enum engine_end
engine_survey(struct engine *e, struct engine_server *ret)
{
	enum engine_end	 end = open_to_ask(e);
	struct buf	 sql = { 0 };
	PGresult	*r;

	if (end != ENGINE_DONE)
		return end;
	buf_printf(&sql, "%s'%s' AND has_schema_privilege(oid, 'USAGE'))",
	    survey_sql, e->role);
	r = link_query(e->link, sql.base);
	buf_done(&sql);
	if (r == NULL)
		return engine_failed(e);
	read_server(r, ret);
	PQclear(r);
	return ENGINE_DONE;
}

/* A message in the server's log of writes, which nobody reads, is what is synced. */
enum engine_end
engine_try_commit(struct engine *e, int64_t *ret_ms)
{
	enum engine_end	 end = open_to_ask(e);
	int64_t		 began_ms = clock_ms();
	PGresult	*r;

	if (end != ENGINE_DONE)
		return end;
	(void)link_take_warning(e->link);
	if (!link_do(e->link, "BEGIN") || !link_do(e->link, "SELECT "
	    "pg_logical_emit_message(true, 'flicket', '')")) {
		end = engine_failed(e);
		link_close(e->link);	/* and its transaction */
		return end;
	}
	r = link_run(e->link, "commit", NULL);
	if (r == NULL)
		end = engine_failed(e) == ENGINE_AWAY ? ENGINE_UNKNOWN :
		    ENGINE_FAILED;
	else if (link_take_warning(e->link)) {
		end = ENGINE_UNKNOWN;
		e->error.len = 0;
		buf_printf(&e->error, "the standby may not have it");
	}
	PQclear(r);
	*ret_ms = clock_ms() - began_ms;
	return end;
}

enum engine_end
engine_measure(struct engine *e, struct engine_log *ret)
{
	enum engine_end	 end = engine_open(e);
	PGresult	*r;

	if (end != ENGINE_DONE)
		return end;
	r = link_query(e->link, measure_sql);
	if (r == NULL)
		return engine_failed(e);
	end = PQntuples(r) == 1 ? ENGINE_DONE : ENGINE_MISSING;
	if (end == ENGINE_DONE) {
		ret->entries = number_at(r, 0);
		ret->bytes = number_at(r, 1);
		ret->lease_ms = number_at(r, 2);
		ret->was_resigned = is_true(r, 3);
	}
	PQclear(r);
	return end;
}
