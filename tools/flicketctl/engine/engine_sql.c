/*
 * flicketctl engine sql: what a superuser of PostgreSQL does before a desk can be
 * kept there. Statements that change nothing if they are run again.
 */
#include <stdio.h>

#include "services/engine/engine.h"
#include "tools/flicketctl/cli/cli.h"
#include "tools/flicketctl/engine/engine_parts.h"

const struct service *const	engine_services[ENGINE_SERVICES] = {
	&user_service, &ticket_service, &post_service, &lookup_service,
};

bool
engine_settings(struct settings *s)
{
	const char	*why;

	settings_load(s);
	if (s->engine[0] == '\0')
		return cli_fail("FLICKET_ENGINE is not set: it says where the "
		    "engine is, such as \"host=a,b,c dbname=flicket "
		    "passfile=/etc/flicketd/pgpass\"");
	why = engine_refuse_conninfo(s->engine);
	return why == NULL || cli_fail("FLICKET_ENGINE: %s", why);
}

static const char head_sql[] =
    "-- Roles and schemas of a desk: one of each for each service, which sees no\n"
    "-- other. For a superuser, in the desk's database:\n"
    "--\n"
    "--   createdb flicket\n"
    "--   flicketctl engine sql | psql -d flicket\n"
    "--\n"
    "-- It can be run again. Roles have no password. To give them some:\n"
    "--\n"
    "--   \\password flicket_user      (in psql; and so the other three)\n"
    "--\n"
    "-- The services read passwords from a file of their user alone (chmod 600),\n"
    "-- named in FLICKET_ENGINE: passfile=/etc/flicketd/pgpass, a line each:\n"
    "--\n"
    "--   *:5432:flicket:flicket_user:PASSWORD\n"
    "--\n"
    "-- pg_hba.conf has to let the roles in from every host of the desk:\n"
    "--\n"
    "--   hostssl flicket flicket_user,flicket_ticket,flicket_post,flicket_lookup "
    "ADDRESSES scram-sha-256\n"
    "\n"
    "\\set ON_ERROR_STOP on\n"
    "BEGIN;\n"
    "SET LOCAL client_min_messages = warning;\n"
    "REVOKE ALL ON SCHEMA public FROM PUBLIC;\n";

static void
print_role(const char *name)
{
	printf("\nDO $$ BEGIN\n"
	    "  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = "
	    "'flicket_%s') THEN\n"
	    "    CREATE ROLE flicket_%s LOGIN;\n"
	    "  END IF;\n"
	    "  EXECUTE format('GRANT CONNECT ON DATABASE %%I TO flicket_%s', "
	    "current_database());\n"
	    "END $$;\n"
	    "ALTER ROLE flicket_%s LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE "
	    "NOBYPASSRLS;\n"
	    "CREATE SCHEMA IF NOT EXISTS flicket_%s AUTHORIZATION flicket_%s;\n"
	    "ALTER SCHEMA flicket_%s OWNER TO flicket_%s;\n", name, name, name,
	    name, name, name, name, name);
}

/* What may have been granted before; roles that are there by now. */
static void
print_revokes(enum service_id id)
{
	printf("REVOKE ALL ON SCHEMA flicket_%s FROM PUBLIC", service_name(id));
	for (size_t i = 0; i < ENGINE_SERVICES; i++)
		if (engine_services[i]->id != id)
			printf(", flicket_%s",
			    service_name(engine_services[i]->id));
	puts(";");
}

int
engine_sql_run(const struct cli *c)
{
	(void)c;
	fputs(head_sql, stdout);
	for (size_t i = 0; i < ENGINE_SERVICES; i++)
		print_role(service_name(engine_services[i]->id));
	putchar('\n');
	for (size_t i = 0; i < ENGINE_SERVICES; i++)
		print_revokes(engine_services[i]->id);
	puts("COMMIT;");
	return STATUS_OK;
}
