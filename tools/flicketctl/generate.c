/*
 * `flicketctl generate`: the command line, and what is done with the tables:
 * they are imported into a data folder, or written as a Flicket database.
 */
#include "generate.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "generate_parts.h"
#include "import.h"
#include "proto/log.h"
#include "proto/settings.h"

static const char help[] =
"usage: flicketctl generate [--users N] [--tickets N] [--posts N] [--seed N]\n"
"                           [--password WORD] [--data DIR | --flicket FILE]\n"
"\n"
"Fill a data folder with a desk that nobody ever had, to measure and to try:\n"
"ten years of tickets and replies in several languages, short and long, most\n"
"of them closed, with subscriptions, assignments, actions and edits; no\n"
"files. The same numbers and seed make the same rows on every machine.\n"
"\n"
"  --users N        from 10 to 1000000 (default 1000)\n"
"  --tickets N      from 1 to 50000000 (default 10000)\n"
"  --posts N        replies, from 0 to 500000000 (default 5 for each ticket)\n"
"  --seed N         other rows of the same kind (default 1)\n"
"  --password WORD  of every user, up to 72 bytes (default \"generated\").\n"
"                   They are admin, notification, user3, user4, ...\n"
"  --data DIR       the data folder to fill, made if missing\n"
"                   (default: FLICKET_DATA, which is %s)\n"
"  --flicket FILE   write a Flicket database instead, for `flicketctl import`\n"
"  --help           this text\n"
"\n"
"A folder in use is refused, and one that holds more than the defaults of a\n"
"new installation. If it fails or is stopped, nothing was changed.\n"
"\n"
"  flicketctl generate --tickets 100000 --data trial\n"
"\n"
"Exit status: 0 done, 1 failed and nothing was changed, 2 bad usage.\n";

struct options {
	struct plan	 plan;
	const char	*data;
	const char	*flicket;	/* NULL: fill a data folder */
	int		 cost;		/* of the password's hash */
};

/* The numbers that can be given, and their bounds. */
static const struct number {
	const char	*name;
	size_t		 offset;	/* in struct plan */
	int64_t		 least;
	int64_t		 most;
} numbers[] = {
	{ "users", offsetof(struct plan, users), USERS_LEAST, USERS_MOST },
	{ "tickets", offsetof(struct plan, tickets), 1, TICKETS_MOST },
	{ "posts", offsetof(struct plan, posts), 0, POSTS_MOST },
	{ "seed", offsetof(struct plan, seed), 0, INT64_MAX },
};
#define NUMBERS	((int)(sizeof(numbers) / sizeof(numbers[0])))

static int
usage(const char *complaint, const char *what)
{
	fprintf(stderr, "flicketctl generate: %s%s\n"
	    "`flicketctl generate --help` says more.\n", complaint, what);
	return 2;
}

static bool
take_number(struct plan *plan, const struct number *n, const char *text)
{
	char		*end;
	long long	 value;

	errno = 0;
	value = strtoll(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 ||
	    value < n->least || value > n->most) {
		fprintf(stderr, "flicketctl generate: --%s: \"%s\" is no "
		    "number from %lld to %lld\n", n->name, text,
		    (long long)n->least, (long long)n->most);
		return false;
	}
	*(int64_t *)(void *)((char *)plan + n->offset) = value;
	return true;
}

enum { OPTION_DATA = NUMBERS, OPTION_FLICKET, OPTION_PASSWORD, OPTION_HELP };

static bool
take_option(struct options *o, int option)
{
	if (option < NUMBERS)
		return take_number(&o->plan, &numbers[option], optarg);
	if (optarg[0] == '\0' || (option == OPTION_PASSWORD &&
	    strlen(optarg) > 72)) {
		fprintf(stderr, "flicketctl generate: a value is empty or "
		    "too long\n");
		return false;
	}
	if (option == OPTION_DATA)
		o->data = optarg;
	else if (option == OPTION_FLICKET)
		o->flicket = optarg;
	else
		o->plan.password = optarg;
	return true;
}

/* Returns -1 to go on, or the exit status. */
static int
read_options(struct options *o, int argc, char **argv)
{
	static const struct option	options[] = {
		{ "users", required_argument, NULL, 0 },
		{ "tickets", required_argument, NULL, 1 },
		{ "posts", required_argument, NULL, 2 },
		{ "seed", required_argument, NULL, 3 },
		{ "data", required_argument, NULL, OPTION_DATA },
		{ "flicket", required_argument, NULL, OPTION_FLICKET },
		{ "password", required_argument, NULL, OPTION_PASSWORD },
		{ "help", no_argument, NULL, OPTION_HELP },
		{ 0 }
	};
	int				option;

	opterr = 0;
	optind = 0;	/* main has used getopt before */
	while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (option == OPTION_HELP) {
			printf(help, o->data);
			return 0;
		}
		if (option == '?' || option == ':')
			return usage(option == '?' ? "no such option: " :
			    "a value is missing: ", argv[optind - 1]);
		if (!take_option(o, option))
			return 2;
	}
	if (optind != argc)
		return usage("not understood: ", argv[optind]);
	if (o->plan.posts == -1)
		o->plan.posts = o->plan.tickets * 5;
	return -1;
}

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
	printf("In %s there are %lld users, %lld tickets and %lld replies.\n"
	    "Everybody's password is \"%s\"; one of them is admin.\n",
	    im->data, (long long)run.plan.users, (long long)run.plan.tickets,
	    (long long)run.plan.posts, run.plan.password);
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
run_sql(sqlite3 *db, char *sql)
{
	bool	ok;

	CHECK(sql != NULL);
	ok = sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
	sqlite3_free(sql);
	if (ok)
		return true;
	return report_fail("%s: %s", run.flicket, import_stopped() ?
	    "stopped" : sqlite3_errmsg(db));
}

static bool
write_table(sqlite3 *db, const struct generated_table *t)
{
	char	*columns = vtab_columns(t);
	bool	 ok;

	ok = run_sql(db, sqlite3_mprintf("CREATE TABLE main.%s (%s, %s)",
	    t->name, columns, t->constraints)) &&
	    run_sql(db, sqlite3_mprintf("INSERT INTO main.%s SELECT * FROM "
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
		ok = run_sql(db, sqlite3_mprintf("DROP TABLE temp.%s; %s",
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
	ok = vtab_attach(db, &o->plan) && run_sql(db, sqlite3_mprintf(
	    "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN")) &&
	    write_tables(db) && run_sql(db, sqlite3_mprintf("COMMIT"));
	ok = sqlite3_close(db) == SQLITE_OK && ok;
	if (ok && rename(path, o->flicket) == -1)
		ok = report_fail("%s: %s", o->flicket, strerror(errno));
	if (!ok)
		unlink(path);
	report_clear();
	return ok;
}

int
generate_main(int argc, char **argv)
{
	struct settings	settings;
	int		status;

	settings_load(&settings);
	run = (struct options){ .data = settings.data,
	    .cost = (int)settings.bcrypt_cost,
	    .plan = { .users = 1000, .tickets = 10000, .posts = -1, .seed = 1,
	    .password = "generated" } };
	status = read_options(&run, argc, argv);
	if (status != -1)
		return status;
	report_as("generate");
	if (run.flicket == NULL)
		status = import_run(phases, run.data, "the generated tables");
	else {
		import_catch_signals();
		status = write_flicket(&run) ? 0 : 1;
	}
	plan_free(&run.plan);
	return status;
}
