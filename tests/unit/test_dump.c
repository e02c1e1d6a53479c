/* Dumps: what of them becomes which rows. */
#include "unit.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/flicketctl/data/dump/dump.h"

#define MYSQL_BEGIN	"-- MariaDB dump 10.19\nSET NAMES utf8mb4;\n"
#define MYSQL_END	"\n-- Dump completed\n"
#define POSTGRES_BEGIN	"-- PostgreSQL database dump\n" \
			"SET client_encoding = 'UTF8';\n"
#define POSTGRES_END	"\n-- PostgreSQL database dump complete\n"
#define GROUP		"CREATE TABLE flicket_group (id int, name text);\n"

static char	why[DUMP_WHY_SIZE];

static bool
go_on(int64_t done)
{
	return done >= 0;
}

/* The dump in a database; NULL: refused. */
static sqlite3 *
load(const char *dump)
{
	struct dump_head	 head;
	size_t			 len = strlen(dump);
	FILE			*f = fmemopen((void *)(uintptr_t)dump, len, "r");
	sqlite3			*db;
	bool			 ok;

	assert_non_null(f);
	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	ok = dump_look("x", (const unsigned char *)dump, len, &head, why) &&
	    dump_load(f, &head, db, go_on, why);
	fclose(f);
	if (ok)
		return db;
	sqlite3_close(db);
	return NULL;
}

/* See that the rows, each as SQL writes it, are these. */
static void
assert_rows(const char *dump, const char *columns, const char *wanted)
{
	sqlite3		*db = load(dump);
	sqlite3_stmt	*st;
	char		*sql = sqlite3_mprintf("SELECT group_concat(r, '|') FROM "
			    "(SELECT %s AS r FROM flicket_group)", columns);

	if (db == NULL)
		fail_msg("%s", why);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	assert_string_equal((const char *)sqlite3_column_text(st, 0), wanted);
	sqlite3_finalize(st);
	sqlite3_free(sql);
	sqlite3_close(db);
}

static void
assert_refused(const char *dump, const char *reason)
{
	assert_null(load(dump));
	if (strstr(why, reason) == NULL)
		fail_msg("%s", why);
}

static void
mysql_strings_have_escapes(void **state)
{
	(void)state;
	assert_rows(MYSQL_BEGIN GROUP "INSERT INTO `flicket_group` VALUES "
	    "(1,'a\\'b''c\\\\\\n\\t\\%'),(-2,NULL),(3,_binary 'x\\Z'),"
	    "(4,0x4142),(5,x'43'),(6,'');" MYSQL_END,
	    "id || quote(name)", "1'a''b''c\\\n\t\\%'|-2NULL|3'x\x1a'|4'AB'|"
	    "5'C'|6''");
}

static void
postgres_strings_have_their_own(void **state)
{
	(void)state;
	assert_rows(POSTGRES_BEGIN GROUP "INSERT INTO public.flicket_group "
	    "VALUES (1, 'a\\n''b'), (2, E'a\\n\\101\\x42\\u00e4\\'');"
	    POSTGRES_END, "id || quote(name)",
	    "1'a\\n''b'|2'a\nAB\xc3\xa4'''");
}

static void
copy_has_escapes_too(void **state)
{
	(void)state;
	assert_rows(POSTGRES_BEGIN GROUP "COPY public.flicket_group (name, id) "
	    "FROM stdin;\na\\tb\\\\\\101\t1\n\\N\t2\n\t3\n\\\\N\t4\n\\.\n"
	    POSTGRES_END, "id || quote(name)",
	    "1'a\tb\\A'|2NULL|3''|4'\\N'");
}

static void
types_are_converted(void **state)
{
	(void)state;
	assert_rows(POSTGRES_BEGIN "CREATE TABLE flicket_group (a boolean, "
	    "b bytea, c numeric(10,2), d bit(3), e timestamp without time "
	    "zone DEFAULT now());\nCOPY flicket_group FROM stdin;\n"
	    "t\t\\\\x0a41\t1.50\t101\t2024-02-29 00:00:00.5\n"
	    "f\ta\\\\000\\\\\\\\\t-3\t000\t\\N\n\\.\n" POSTGRES_END,
	    "quote(a) || quote(b) || quote(c) || quote(d) || quote(e)",
	    "1X'0A41'1.55'2024-02-29 00:00:00.5'|0X'61005C'-30NULL");
	assert_rows(MYSQL_BEGIN "CREATE TABLE `flicket_group` (`a` tinyint(1), "
	    "`b` blob, `c` bit(9), `key` int, KEY (`a`));\nINSERT INTO "
	    "`flicket_group` VALUES (1,'\\0\xff',b'100000001',2);" MYSQL_END,
	    "quote(a) || quote(b) || quote(c) || quote(\"key\")",
	    "1X'00FF'2572");
}

static void
character_sets_become_utf8(void **state)
{
	(void)state;
	assert_rows("-- MySQL dump 10.13\n/*!40101 SET NAMES latin1 */;\n"
	    GROUP "INSERT INTO flicket_group VALUES (1,'\xe4\x80\x81');"
	    MYSQL_END, "name", "\xc3\xa4\xe2\x82\xac\xc2\x81");
	assert_refused("-- MySQL dump 10.13\n" GROUP "INSERT INTO "
	    "flicket_group VALUES (1,'\xe4');" MYSQL_END, "line 3: a text is "
	    "not UTF-8");
}

/* The body of a trigger or a function has no rows of the desk. */
static void
bodies_are_passed_over(void **state)
{
	(void)state;
	assert_rows(MYSQL_BEGIN GROUP "DELIMITER ;;\n/*!50003 CREATE*/ "
	    "/*!50003 TRIGGER t BEGIN /* ; */ INSERT INTO flicket_group VALUES "
	    "(1, ';;'); END */;;\nDELIMITER ;\nINSERT INTO flicket_group "
	    "VALUES (2,'');" MYSQL_END, "id", "2");
	assert_rows(POSTGRES_BEGIN GROUP "CREATE FUNCTION f() BEGIN ATOMIC "
	    "INSERT INTO flicket_group VALUES (1, CASE WHEN a THEN 'a' END);\n"
	    "INSERT INTO flicket_group VALUES (1, 'b'); END;\nCREATE FUNCTION "
	    "g() AS $x$ ; INSERT INTO flicket_group VALUES (1, 'c'); $x$;\n"
	    "/* a /* b */ INSERT INTO flicket_group VALUES (1, 'd'); */"
	    "INSERT INTO flicket_group VALUES (2, '');" POSTGRES_END, "id",
	    "2");
}

static void
an_end_line_is_needed(void **state)
{
	(void)state;
	assert_refused(MYSQL_BEGIN GROUP, "ends before its end line");
	assert_refused(MYSQL_BEGIN GROUP MYSQL_END GROUP, "defined twice");
	assert_refused(MYSQL_BEGIN MYSQL_END GROUP, "ends before");
	assert_refused(MYSQL_BEGIN GROUP "INSERT INTO flicket_group VALUES "
	    "(1, '" MYSQL_END, "ends before");
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(mysql_strings_have_escapes),
		cmocka_unit_test(postgres_strings_have_their_own),
		cmocka_unit_test(copy_has_escapes_too),
		cmocka_unit_test(types_are_converted),
		cmocka_unit_test(character_sets_become_utf8),
		cmocka_unit_test(bodies_are_passed_over),
		cmocka_unit_test(an_end_line_is_needed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
