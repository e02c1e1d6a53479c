/* Files of another desk: which rows they become. */
#include "unit.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/flicketctl/data/records/records_parts.h"

static const struct records_options	options;
static struct records_faults		faults;
static char				folder[FOLDER_SIZE];

static bool
go_on(int64_t done)
{
	return done >= 0;
}

static void
put(const char *name, const char *text)
{
	char	path[FOLDER_SIZE + 32];
	FILE	*f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (text == NULL) {
		remove(path);
		return;
	}
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* The files in a database; NULL: they were refused, as `faults` says. */
static sqlite3 *
load(const char *users, const char *tickets, const char *posts)
{
	struct records_options	now = options;
	sqlite3			*db;

	now.goes_on = go_on;
	put("users.csv", users);
	put("tickets.csv", tickets);
	put("posts.csv", posts);
	records_faults_done(&faults);
	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	if (records_load(folder, db, &now, &faults))
		return db;
	sqlite3_close(db);
	return NULL;
}

static void
check_value(const char *row, sqlite3 *db, const char *sql, const char *want)
{
	sqlite3_stmt	*st;
	const char	*have;

	assert_non_null(db);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	have = (const char *)sqlite3_column_text(st, 0);
	check_string(row, have != NULL ? have : "NULL", want);
	sqlite3_finalize(st);
}

#define TICKETS	"id,title,author,date_added"

static void
test_ids(void **unused)
{
	sqlite3	*db = load("id,username\nx,a\n5,b\n07,5\n", TICKETS "\n"
		    "9,t,x,2020-01-01\nT,t,b,2020-01-01\n3,t,5,2020-01-01\n",
		    "ticket,author,date_added\nT,a,2020-01-01\n");

	(void)unused;
	check_value("users", db, "SELECT group_concat(username || id) FROM "
	    "(SELECT * FROM flicket_users ORDER BY rowid)", "a6,b5,57");
	check_value("tickets", db, "SELECT group_concat(id) FROM (SELECT id "
	    "FROM flicket_topic ORDER BY rowid)", "9,10,3");
	check_value("authors, by id before username", db, "SELECT "
	    "group_concat(started_id) FROM (SELECT started_id FROM "
	    "flicket_topic ORDER BY rowid)", "6,5,5");
	check_value("replies", db, "SELECT id || ' ' || ticket_id || ' ' || "
	    "user_id FROM flicket_post", "1 10 6");
	check_value("totals", db, "SELECT group_concat(total_posts) FROM "
	    "(SELECT total_posts FROM flicket_users ORDER BY rowid)", "2,2,0");
	sqlite3_close(db);
}

static void
test_names(void **unused)
{
	sqlite3	*db = load("username,groups\na,\"SUPER_USER; x, x\"\n",
		    TICKETS ",status,priority,department,category\n"
		    "1,t,a,2020-01-01,,,,\n"
		    "2,t,a,2020-01-01,CLOSED,High,IT,Mail\n"
		    "3,t,a,2020-01-01,New,urgent,it,mail\n"
		    "4,t,a,2020-01-01,new,urgent,HR,mail\n"
		    "5,t,a,2020-01-01,\u00d6ffnen,\u0394,B\u00fcro,\u041f\n"
		    "6,t,a,2020-01-01,\u00f6ffnen,\u03b4,B\u00dcRO,\u043f\n",
		    NULL);

	(void)unused;
	check_value("statuses", db, "SELECT group_concat(status_id) FROM "
	    "flicket_topic", "1,2,5,5,6,6");
	check_value("the new one", db, "SELECT status FROM flicket_status "
	    "WHERE id = 5", "New");
	check_value("priorities", db, "SELECT group_concat(ticket_priority_id) "
	    "FROM flicket_topic", "1,3,4,4,5,5");
	check_value("categories", db, "SELECT group_concat(category_id) FROM "
	    "flicket_topic", "1,2,2,3,4,4");
	check_value("departments", db, "SELECT group_concat(department) FROM "
	    "flicket_department", "Imported,IT,HR,B\u00fcro");
	check_value("groups", db, "SELECT group_concat(group_id) FROM "
	    "flicket_groups", "2,3");
	sqlite3_close(db);
}

static void
test_faults(void **unused)
{
	static const struct {
		const char	*users;
		const char	*tickets;
		const char	*faults[3];
	} rows[] = {
		{ "usrname\na\n", NULL, { "users.csv: line 1: there is no "
		    "column \"usrname\" in users: did you mean username?",
		    "users.csv: line 1: the column \"username\" is missing" } },
		{ "username\na\na\n", NULL, { "users.csv: line 3: username: "
		    "\"a\" is that of line 2, too" } },
		{ "username,password\na,secret\n", NULL, { "users.csv: line 2: "
		    "password: it is not a bcrypt hash" } },
		{ "username\na\n", TICKETS ",hours\n1,,b,x,-1\n", {
		    "tickets.csv: line 2: title: it is missing",
		    "tickets.csv: line 2: date_added: \"x\" is not a date",
		    "tickets.csv: line 2: hours: \"-1\" is not a number" } },
	};

	(void)unused;
	for (size_t i = 0; i < LEN(rows); i++) {
		check_true(rows[i].users, load(rows[i].users, rows[i].tickets,
		    NULL) == NULL);
		for (size_t j = 0; j < 3 && rows[i].faults[j] != NULL; j++)
			check_part(rows[i].users, j < faults.count ?
			    faults.line[j] : "", rows[i].faults[j]);
	}
	put("user.csv", "username\n");
	check_true("a file of another name", load("username\na\n", NULL,
	    NULL) == NULL);
	check_part("a file of another name", faults.line[0],
	    "did you mean users?");
	put("user.csv", NULL);
}

static int
make_folder(void **unused)
{
	(void)unused;
	snprintf(folder, sizeof(folder), "/tmp/records-XXXXXX");
	return mkdtemp(folder) == NULL;
}

static int
remove_folder(void **unused)
{
	(void)unused;
	put("users.csv", NULL);
	put("tickets.csv", NULL);
	put("posts.csv", NULL);
	records_faults_done(&faults);
	return remove(folder);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("whole numbers stay ids, others get some", test_ids),
		TEST("what is named is found or made", test_names),
		TEST("what is wrong is named with its place", test_faults),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
