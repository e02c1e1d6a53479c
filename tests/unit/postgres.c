/* A PostgreSQL server of a test's own. */
#include "postgres.h"

#include <sys/wait.h>

#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "unit.h"

#define BIN	"/usr/lib/postgresql/15/bin/"

struct postgres {
	char	folder[FOLDER_SIZE];
	char	conninfo[2 * FOLDER_SIZE];
};

/* The server refuses to run as root. */
static void
run(const struct postgres *p, const char *command)
{
	struct buf	line = { 0 };
	struct passwd	*user = getpwnam("postgres");

	buf_printf(&line, "cd %s && ", p->folder);
	if (getuid() == 0 && user != NULL)
		buf_printf(&line, "setpriv --reuid %u --regid %u "
		    "--clear-groups -- ", (unsigned)user->pw_uid,
		    (unsigned)user->pw_gid);
	buf_printf(&line, "env LC_ALL=C.UTF-8 %s >> %s/out 2>&1", command,
	    p->folder);
	if (system(line.base) != 0)
		fprintf(stderr, "failed: %s\n", line.base);
	buf_done(&line);
}

void
postgres_again(struct postgres *p)
{
	struct buf	command = { 0 };

	buf_printf(&command, BIN "pg_ctl -s -w -D %s/data -l %s/log -o \"-k %s "
	    "-c listen_addresses='' -c fsync=off\" start", p->folder, p->folder,
	    p->folder);
	run(p, command.base);
	buf_done(&command);
}

struct postgres *
postgres_start(void)
{
	struct postgres	*p;
	struct buf	 command = { 0 };
	struct passwd	*user = getpwnam("postgres");

	if (access(BIN "postgres", X_OK) == -1)
		return NULL;
	p = must_alloc(sizeof(*p));
	snprintf(p->folder, sizeof(p->folder), "/tmp/flicket-pg-XXXXXX");
	if (mkdtemp(p->folder) == NULL || (user != NULL && getuid() == 0 &&
	    chown(p->folder, user->pw_uid, user->pw_gid) == -1))
		log_fatal("no folder for PostgreSQL");
	snprintf(p->conninfo, sizeof(p->conninfo), "host=%s dbname=postgres",
	    p->folder);
	buf_printf(&command, BIN "initdb -D %s/data -U postgres -A trust "
	    "--no-sync --no-instructions", p->folder);
	run(p, command.base);
	buf_done(&command);
	postgres_again(p);
	return p;
}

void
postgres_kill(const struct postgres *p)
{
	struct buf	 path = { 0 };
	char		 line[32];
	FILE		*f;
	pid_t		 pid;

	buf_printf(&path, "%s/data/postmaster.pid", p->folder);
	f = fopen(path.base, "re");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	pid = (pid_t)strtol(line, NULL, 10);
	fclose(f);
	buf_done(&path);
	/* its processes are a session of their own */
	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
	while (kill(pid, 0) == 0)
		usleep(1000);
}

void
postgres_stop(struct postgres **self_p)
{
	struct postgres	*p = *self_p;
	struct buf	 command = { 0 };

	if (p == NULL)
		return;
	buf_printf(&command, BIN "pg_ctl -s -w -m immediate -D %s/data stop",
	    p->folder);
	run(p, command.base);
	command.len = 0;
	buf_printf(&command, "rm -rf %s", p->folder);
	run(p, command.base);
	(void)rmdir(p->folder);
	buf_done(&command);
	free(p);
	*self_p = NULL;
}

const char *
postgres_conninfo(const struct postgres *p)
{
	return p->conninfo;
}

void
postgres_do(const struct postgres *p, const char *sql)
{
	struct buf	 conninfo = { 0 };
	PGconn		*conn;
	PGresult	*r;

	buf_printf(&conninfo, "%s user=postgres options='-c client_min_messages=warning'", p->conninfo);
	conn = PQconnectdb(conninfo.base);
	r = PQexec(conn, sql);
	if (PQresultStatus(r) != PGRES_COMMAND_OK &&
	    PQresultStatus(r) != PGRES_TUPLES_OK)
		fail_msg("%s: %s", sql, PQerrorMessage(conn));
	PQclear(r);
	PQfinish(conn);
	buf_done(&conninfo);
}
