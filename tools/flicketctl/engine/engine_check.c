/*
 * flicketctl engine check: whether an engine keeps what it has acknowledged. Each
 * service's role is tried; what is the server's is told once. Nothing is changed.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "services/engine/engine.h"
#include "services/engine/survey.h"
#include "tools/flicketctl/cli/cli.h"
#include "tools/flicketctl/cli/findings.h"
#include "tools/flicketctl/engine/engine_parts.h"

#define LOG_WARN_BYTES	(10LL << 30)	/* an hour of writes is far less */

struct check {
	struct settings	settings;
	struct findings	findings;
	bool		allows_asynchronous;
	bool		told_server;
};

/* --- SQLite -------------------------------------------------------------------- */

static void
check_sqlite(struct check *k)
{
	if (sqlite3_compileoption_used("ENABLE_SESSION"))
		findings_add(&k->findings, CHECK_OK, "sqlite", NULL, "%s has "
		    "its session extension", sqlite3_libversion());
	else
		findings_add(&k->findings, CHECK_FAIL, "sqlite", "install one "
		    "that is built with SQLITE_ENABLE_SESSION", "%s was built "
		    "without its session extension", sqlite3_libversion());
}

/* --- the server ------------------------------------------------------------------ */

static void
check_disk(struct check *k, const struct engine_server *s)
{
	static const char	todo[] = "set it to on in postgresql.conf: a "
				    "power failure can lose or damage what was "
				    "acknowledged";

	if (!s->syncs)
		findings_add(&k->findings, CHECK_FAIL, "disk", todo,
		    "fsync is off");
	if (!s->writes_pages)
		findings_add(&k->findings, CHECK_FAIL, "disk", todo,
		    "full_page_writes is off");
	if (!s->commits_at_once)
		findings_add(&k->findings, CHECK_FAIL, "disk", "let the roles "
		    "set it to on", "synchronous_commit is off or less than "
		    "on in sessions of the services");
	if (s->syncs && s->writes_pages && s->commits_at_once)
		findings_add(&k->findings, CHECK_OK, "disk", NULL, "fsync, "
		    "full_page_writes and synchronous_commit are on");
}

static void
tell_standbys(struct check *k, const struct engine_server *s, int64_t ms)
{
	if (s->standbys[0] != '\0')
		findings_add(&k->findings, CHECK_OK, "standby", NULL, "a "
		    "commit is on one of %s after %lld ms", s->standbys,
		    (long long)ms);
	else if (s->hides_standbys)
		findings_add(&k->findings, CHECK_OK, "standby", NULL, "a "
		    "commit is on a standby after %lld ms; the role %s may not "
		    "see which (GRANT pg_read_all_stats TO %s)", (long long)ms,
		    s->role, s->role);
	else
		findings_add(&k->findings, CHECK_FAIL, "standby", "set "
		    "synchronous_standby_names so that it names standbys that "
		    "run", "no synchronous standby streams, although \"%s\" is "
		    "waited for", s->waits_for);
}

/* That a standby has it is seen by a commit, which waits for it. */
static void
check_standby(struct check *k, struct engine *e, const struct engine_server *s)
{
	enum engine_end	end;
	int64_t		ms = 0;

	if (s->waits_for[0] == '\0') {
		findings_add(&k->findings, k->allows_asynchronous ? CHECK_WARN :
		    CHECK_FAIL, "standby", "have a standby, and set "
		    "synchronous_standby_names = 'ANY 1 (...)' (Patroni: "
		    "synchronous_mode and synchronous_mode_strict)",
		    "synchronous_standby_names is empty: what was acknowledged "
		    "is lost with the server");
		return;
	}
	end = engine_try_commit(e, &ms);
	if (end == ENGINE_DONE)
		tell_standbys(k, s, ms);
	else
		findings_add(&k->findings, CHECK_FAIL, "standby", "see that a "
		    "standby of synchronous_standby_names streams",
		    "a commit is not answered, as \"%s\" is waited for: %s",
		    s->waits_for, engine_error(e));
}

static void
check_server(struct check *k, struct engine *e, const struct engine_server *s)
{
	findings_add(&k->findings, CHECK_OK, "server", NULL, "PostgreSQL %s "
	    "takes writes", s->version);
	check_disk(k, s);
	check_standby(k, e, s);
}

/* --- a service ------------------------------------------------------------------- */

static void
check_log(struct check *k, struct engine *e, const char *name)
{
	struct engine_log	log;
	enum engine_end		end = engine_measure(e, &log);

	if (end == ENGINE_MISSING)
		findings_add(&k->findings, CHECK_WARN, name, "`flicketctl "
		    "engine put` takes a desk over; a new desk is made at its "
		    "first start", "the engine has no store of it yet");
	else if (end != ENGINE_DONE)
		findings_add(&k->findings, CHECK_FAIL, name, NULL,
		    "the log cannot be read: %s", engine_error(e));
	else
		findings_add(&k->findings, log.bytes > LOG_WARN_BYTES ?
		    CHECK_WARN : CHECK_OK, name, log.bytes > LOG_WARN_BYTES ?
		    "see that the service runs: its writer trims the log" :
		    NULL, "the log has %lld entries, %lld MiB",
		    (long long)log.entries, (long long)(log.bytes >> 20));
}

static void
check_role(struct check *k, const struct engine_server *s, const char *name)
{
	static const char	todo[] = "run what `flicketctl engine sql` "
				    "prints";

	if (!s->has_schema)
		findings_add(&k->findings, CHECK_FAIL, name, todo, "the role %s "
		    "has no schema flicket_%s to make tables in", s->role,
		    name);
	else if (s->others[0] != '\0')
		findings_add(&k->findings, CHECK_WARN, name, "let FLICKET_ENGINE "
		    "name no user, and run what `flicketctl engine sql` prints",
		    "the role %s can look into the schemas of others: %s",
		    s->role, s->others);
	else
		findings_add(&k->findings, CHECK_OK, name, NULL, "the role %s "
		    "sees its own schema alone", s->role);
}

static void
check_service(struct check *k, const struct service *service)
{
	const char		*name = service_name(service->id);
	struct engine		*e;
	struct engine_server	 s;

	e = engine_new(k->settings.engine, service->id, NULL);
	if (engine_survey(e, &s) != ENGINE_DONE)
		findings_add(&k->findings, CHECK_FAIL, name, "look at "
		    "FLICKET_ENGINE, pg_hba.conf and the passfile; `flicketctl "
		    "engine sql` tells what they need", "no server that takes "
		    "writes lets it in: %s", engine_error(e));
	else {
		if (!k->told_server)
			check_server(k, e, &s);
		k->told_server = true;
		check_role(k, &s, name);
		if (s.has_schema)
			check_log(k, e, name);
	}
	engine_destroy(&e);
}

int
engine_check_run(const struct cli *c)
{
	static struct check	k;

	if (!engine_settings(&k.settings))
		return STATUS_FAILED;
	k.allows_asynchronous = cli_has(c, "allow-asynchronous");
	findings_begin(&k.findings);
	check_sqlite(&k);
	for (size_t i = 0; i < ENGINE_SERVICES; i++)
		check_service(&k, engine_services[i]);
	return findings_end(&k.findings, cli_has(c, "json"));
}
