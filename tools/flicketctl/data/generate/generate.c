/*
 * `flicketctl generate`: the command line, and what is done with the tables:
 * they are imported into a data folder, or written as a Flicket database.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

#include <sqlite3.h>

#include "base/settings.h"
#include "base/visible.h"
#include "tools/flicketctl/cli/cli.h"
#include "tools/flicketctl/cli/stop.h"
#include "tools/flicketctl/data/demo/demo.h"
#include "tools/flicketctl/data/generate/generate_parts.h"

struct options {
	struct plan	 plan;
	const char	*data;
	const char	*flicket;	/* NULL: fill a data folder */
	int		 cost;		/* of the password's hash */
};

/* Read by each lane of an import, as Flicket's database is. */
static bool
open_lanes(struct import *im, const struct plan *plan)
{
	for (int i = 0; i < LANES; i++) {
		CHECK(sqlite3_open_v2(":memory:", &im->lane[i].source,
		    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) ==
		    SQLITE_OK);
		sqlite3_progress_handler(im->lane[i].source, 10000,
		    import_interrupts, NULL);
		if (!vtab_attach(im->lane[i].source, plan))
			return false;
	}
	return true;
}

static struct options	run;

static bool
make_plan(struct import *im)
{
	(void)im;
	return plan_make(&run.plan, run.cost);
}

static bool
make_tables(struct import *im)
{
	return open_lanes(im, &run.plan);
}

static bool
print_done(struct import *im)
{
	report_clear();
	visible_printf(stdout, "In %s there are %lld users, %lld tickets and "
	    "%lld replies.\n", im->data, (long long)run.plan.users,
	    (long long)run.plan.tickets, (long long)run.plan.posts);
	visible_printf(stdout, "Everybody's password is \"%s\"; one of them "
	    "is admin.\n", run.plan.password);
	return true;
}

/* As import.c's, with other tables. */
static bool (*const phases[])(struct import *) = {
	target_enter,
	target_check,
	make_plan,
	make_tables,
	stores_make,
	kinds_copy,
	derive_all,
	stores_close,
	target_switch,
	print_done,
	NULL
};

/* Takes the text, which SQLite has made. */
static bool
run_and_free(sqlite3 *db, char *sql)
{
	bool	ok;

	CHECK(sql != NULL);
	ok = sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
	sqlite3_free(sql);
	if (ok)
		return true;
	return report_fail("%s: %s", run.flicket, stop_asked() ?
	    "stopped" : sqlite3_errmsg(db));
}

static bool
write_table(sqlite3 *db, const struct generated_table *t)
{
	char	*columns = vtab_columns(t);
	bool	 ok;

	ok = run_and_free(db, sqlite3_mprintf("CREATE TABLE main.%s (%s, %s)",
	    t->name, columns, t->constraints)) &&
	    run_and_free(db, sqlite3_mprintf("INSERT INTO main.%s SELECT * FROM "
	    "temp.%s", t->name, t->name));
	sqlite3_free(columns);
	return ok;
}

/* Indexes name tables without a schema: the virtual ones have to go first. */
static bool
write_indexes(sqlite3 *db)
{
	bool	ok = true;

	for (const struct generated_table *t = generated_tables;
	    ok && t->name != NULL; t++)
		ok = run_and_free(db, sqlite3_mprintf("DROP TABLE temp.%s; %s",
		    t->name, t->indexes));
	return ok;
}

static bool
write_tables(sqlite3 *db)
{
	for (const struct generated_table *t = generated_tables;
	    t->name != NULL; t++)
		if (!write_table(db, t))
			return false;
	return write_indexes(db);
}

/* Under another name until it is whole. */
static bool
write_flicket(struct options *o)
{
	char		 path[PATH_MAX];
	sqlite3		*db;
	bool		 ok;

	if (access(o->flicket, F_OK) == 0)
		return report_fail("%s is there already", o->flicket);
	if (snprintf(path, sizeof(path), "%s.part", o->flicket) >=
	    (int)sizeof(path))
		return report_fail("%s: the path is too long", o->flicket);
	unlink(path);
	o->plan.shows = true;
	if (!plan_make(&o->plan, o->cost))
		return false;
	if (sqlite3_open(path, &db) != SQLITE_OK)
		return report_fail("%s: %s", path, sqlite3_errmsg(db));
	sqlite3_progress_handler(db, 10000, import_interrupts, NULL);
	ok = vtab_attach(db, &o->plan) && run_and_free(db, sqlite3_mprintf(
	    "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN")) &&
	    write_tables(db) && run_and_free(db, sqlite3_mprintf("COMMIT"));
	ok = sqlite3_close(db) == SQLITE_OK && ok;
	if (ok && rename(path, o->flicket) == -1)
		ok = report_fail("%s: %s", o->flicket, strerror(errno));
	if (!ok)
		unlink(path);
	report_clear();
	return ok;
}

/* The demo desk is what it is: numbers do not go with it. */
static int
run_demo(const struct cli *c, const struct settings *settings)
{
	static const char *const	others[] = { "users", "tickets", "posts", "seed", "flicket" };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (cli_has(c, others[i]))
			return cli_usage(c->command, "--demo makes one desk, and does not go with --%s", others[i]);
	return demo_make(settings->data, cli_value(c, "password"), (int)settings->bcrypt_cost);
}

static bool
is_password(const char *password)
{
	return password == NULL || (password[0] != '\0' && strlen(password) <= 72) || cli_fail("--password: 1 to 72 bytes");
}

int
generate_run(const struct cli *c)
{
	struct settings	settings;
	int64_t		tickets = cli_number(c, "tickets", 10000);
	int		status;

	if (!cli_has(c, "data") && !cli_has(c, "flicket") &&
	    getenv("FLICKET_DATA") == NULL)
		return cli_usage(c->command, "--data is missing: the folder "
		    "to fill");
	if (!is_password(cli_value(c, "password")))
		return STATUS_USAGE;
	settings_load(&settings);
	if (cli_has(c, "demo"))
		return run_demo(c, &settings);
	run = (struct options){ .data = settings.data,
	    .cost = (int)settings.bcrypt_cost,
	    .flicket = cli_value(c, "flicket"),
	    .plan = { .users = cli_number(c, "users", 1000),
	    .tickets = tickets,
	    .posts = cli_number(c, "posts", tickets * 5),
	    .seed = (uint64_t)cli_number(c, "seed", 1),
	    .password = cli_value(c, "password") } };
	if (run.plan.password == NULL)
		run.plan.password = "generated";
	if (run.flicket == NULL)
		status = import_fill(phases, run.data, "the generated tables");
	else {
		stop_catch_signals();
		status = write_flicket(&run) ? STATUS_OK : STATUS_FAILED;
	}
	plan_free(&run.plan);
	return status;
}
