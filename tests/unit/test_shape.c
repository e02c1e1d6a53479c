/* services/op/shape.c: rows of statements on a store in memory. */
#include "unit.h"

#include <sqlite3.h>

#include "services/op/shape.h"

static sqlite3	*db;

static int
open_db(void **state)
{
	(void)state;
	return sqlite3_open(":memory:", &db);
}

static int
close_db(void **state)
{
	(void)state;
	return sqlite3_close(db);
}

/* Prepare, compile, step, put: all of a query's rows behind each other. */
static void
put_rows(const char *query, const struct member *members, struct buf *ret)
{
	const struct shape	 shape = { "thing", members };
	struct shape_plan	*plan;
	sqlite3_stmt		*st;

	if (sqlite3_prepare_v2(db, query, -1, &st, NULL) != SQLITE_OK)
		fail_msg("%s: %s", query, sqlite3_errmsg(db));
	plan = shape_compile(&shape, &(struct stmt){ .st = st }, "QUERY");
	while (sqlite3_step(st) == SQLITE_ROW)
		shape_put(plan, &(struct stmt){ .st = st }, ret);
	shape_plan_destroy(&plan);
	assert_null(plan);
	shape_plan_destroy(&plan);
	sqlite3_finalize(st);
}

#define API	PLACEHOLDER_API
#define ROOT	"\x01"

static void
each_kind_has_its_form(void **state)
{
	static const struct { const char *name; struct member member;
	    const char *query, *want; } rows[] = {
		{ "number", { "a", SHAPE_INT }, "SELECT -5 a", "-5" },
		{ "least number", { "a", SHAPE_INT },
		    "SELECT -9223372036854775808 a", "-9223372036854775808" },
		{ "no number", { "a", SHAPE_INT, .may_be_null = true },
		    "SELECT NULL a", "null" },
		{ "an empty number", { "a", SHAPE_INT }, "SELECT NULL a", "0" },
		{ "text", { "a", SHAPE_TEXT }, "SELECT 'x\"y' a",
		    "\"x\\\"y\"" },
		{ "empty text", { "a", SHAPE_TEXT }, "SELECT '' a", "\"\"" },
		{ "no text", { "a", SHAPE_TEXT, .may_be_null = true },
		    "SELECT NULL a", "null" },
		{ "text without a value", { "a", SHAPE_TEXT }, "SELECT NULL a",
		    "\"\"" },
		{ "text that is a number", { "a", SHAPE_TEXT },
		    "SELECT 12 a", "\"12\"" },
		{ "text with a placeholder", { "a", SHAPE_TEXT },
		    "SELECT char(1, 2, 3) a", "\"\\u0001\\u0002\\u0003\"" },
		{ "text with a NUL", { "a", SHAPE_TEXT },
		    "SELECT CAST(x'610062' AS TEXT) a", "\"a\\u0000b\"" },
		{ "known", { "a", SHAPE_UNKNOWN }, "SELECT 'x' a", "\"x\"" },
		{ "unknown", { "a", SHAPE_UNKNOWN }, "SELECT NULL a",
		    "\"unknown\"" },
		{ "empty is unknown", { "a", SHAPE_UNKNOWN }, "SELECT '' a",
		    "\"unknown\"" },
		{ "date", { "a", SHAPE_DATE }, "SELECT 784111777999999 a",
		    "\"Sun, 06 Nov 1994 08:49:37 GMT\"" },
		{ "no date", { "a", SHAPE_DATE, .may_be_null = true },
		    "SELECT NULL a", "null" },
		{ "an empty date", { "a", SHAPE_DATE }, "SELECT NULL a",
		    "\"Thu, 01 Jan 1970 00:00:00 GMT\"" },
		{ "hours", { "a", SHAPE_HOURS }, "SELECT 1234 a", "12.34" },
		{ "few hours", { "a", SHAPE_HOURS }, "SELECT 5 a", "0.05" },
		{ "most hours", { "a", SHAPE_HOURS }, "SELECT 9999999999 a",
		    "99999999.99" },
		{ "hours below 0", { "a", SHAPE_HOURS }, "SELECT -150 a",
		    "-1.50" },
		{ "no hours", { "a", SHAPE_HOURS, .may_be_null = true },
		    "SELECT NULL a", "null" },
		{ "empty hours", { "a", SHAPE_HOURS }, "SELECT NULL a", "0.00" },
		{ "true", { "a", SHAPE_BOOL }, "SELECT 1 a", "true" },
		{ "false", { "a", SHAPE_BOOL }, "SELECT 0 a", "false" },
		{ "neither", { "a", SHAPE_BOOL, .may_be_null = true },
		    "SELECT NULL a", "null" },
		{ "an empty truth", { "a", SHAPE_BOOL }, "SELECT NULL a",
		    "false" },
		{ "JSON", { "a", SHAPE_JSON }, "SELECT '{\"k\": [1]}' a",
		    "{\"k\": [1]}" },
		{ "no JSON", { "a", SHAPE_JSON, .may_be_null = true },
		    "SELECT NULL a", "null" },
		{ "empty JSON", { "a", SHAPE_JSON }, "SELECT NULL a", "{}" },
		{ "names", { "a", SHAPE_NAMES }, "SELECT '[\"x\"]' a",
		    "[\"x\"]" },
		{ "no names", { "a", SHAPE_NAMES }, "SELECT NULL a", "[]" },
		{ "another column", { "a", SHAPE_INT, "b" },
		    "SELECT 1 a, 2 b", "2" },
		{ "link", { "a", SHAPE_LINK, "id", API, "x/%" },
		    "SELECT 7 id", "\"" ROOT "x/7\"" },
		{ "link if there is one", { "a", SHAPE_LINK, "id", API, "xs/" },
		    "SELECT 7 id", "\"" ROOT "xs/\"" },
		{ "link if there is none", { "a", SHAPE_LINK, "id", API,
		    "xs/", .may_be_null = true }, "SELECT NULL id", "null" },
		{ "link with a tail", { "a", SHAPE_LINK, "id", API, "x/%/y" },
		    "SELECT 7 id", "\"" ROOT "x/7/y\"" },
		{ "link to nothing", { "a", SHAPE_LINK, "id", API, "x/%",
		    .may_be_null = true }, "SELECT NULL id", "null" },
		{ "link without its value", { "a", SHAPE_LINK, "id", API,
		    "x/%/y" }, "SELECT NULL id", "\"" ROOT "x/\"" },
		{ "link of an empty text", { "a", SHAPE_LINK, "id", API, "%",
		    .may_be_null = true }, "SELECT '' id", "null" },
		{ "link in its place", { "a", SHAPE_LINK, "id", PLACEHOLDER_AVATARS,
		    "%", "default.png" }, "SELECT NULL id",
		    "\"\x02" "default.png\"" },
		{ "link of 0", { "a", SHAPE_LINK, "id", API, "x/%" },
		    "SELECT 0 id", "\"" ROOT "x/0\"" },
		{ "the same link always", { "a", SHAPE_LINK, NULL, API, "xs/" },
		    "SELECT 1 id", "\"" ROOT "xs/\"" },
		{ "link of a column named as it", { "a", SHAPE_LINK, NULL, API,
		    "x/%" }, "SELECT 3 a", "\"" ROOT "x/3\"" },
	};
	struct member	members[2] = { 0 };
	struct buf	b = { 0 }, want = { 0 };

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		b.len = want.len = 0;
		members[0] = rows[i].member;
		put_rows(rows[i].query, members, &b);
		buf_printf(&want, "{\"a\":%s}", rows[i].want);
		check_text(rows[i].name, buf_text(&b), buf_text(&want));
	}
	buf_done(&b);
	buf_done(&want);
}

static void
texts_in_urls_are_encoded(void **state)
{
	static const struct { const char *in, *want; } rows[] = {
		{ "a-B_0.~/x+y&z=", "a-B_0.~/x+y&z=" },
		{ " ", "%20" },
		{ "\"", "%22" },
		{ "%", "%25" },
		{ "#?", "%23%3F" },
		{ "<>\\^`{|}", "%3C%3E%5C%5E%60%7B%7C%7D" },
		{ "\x01\x02\x03\x1f\x7f", "%01%02%03%1F\x7f" },
		{ "\xc3\xa9", "%C3%A9" },
	};
	static const struct member	members[] = {
		{ "a", SHAPE_LINK, "b", API, "%" }, { 0 }
	};
	struct buf	 b = { 0 }, want = { 0 };
	char		*query;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		b.len = want.len = 0;
		query = sqlite3_mprintf("SELECT %Q b", rows[i].in);
		put_rows(query, members, &b);
		sqlite3_free(query);
		buf_printf(&want, "{\"a\":\"" ROOT "%s\"}", rows[i].want);
		check_text(rows[i].in, buf_text(&b), buf_text(&want));
	}
	buf_done(&b);
	buf_done(&want);
}

static void
objects_nest_and_commas_stand_between(void **state)
{
	static const struct member	nothing[] = { { 0 } };
	static const struct member	constant[] = {
		{ "a", SHAPE_LINK, NULL, API, "b" },
		{ "c", SHAPE_LINK, NULL, PLACEHOLDER_UPLOADS, "d" }, { 0 }
	};
	static const struct member	nested[] = {
		{ "o", SHAPE_OPEN },
		{ "p", SHAPE_OPEN },
		{ "x", SHAPE_INT },
		{ NULL, SHAPE_CLOSE },
		{ "e", SHAPE_OPEN },
		{ NULL, SHAPE_CLOSE },
		{ "y", SHAPE_INT },
		{ NULL, SHAPE_CLOSE },
		{ "z", SHAPE_INT, .may_be_null = true },
		{ 0 }
	};
	static const struct { const char *name; const struct member *members;
	    const char *want; } rows[] = {
		{ "nothing", nothing, "{}{}" },
		{ "only text", constant, "{\"a\":\"\x01" "b\",\"c\":\"\x03"
		    "d\"}{\"a\":\"\x01" "b\",\"c\":\"\x03" "d\"}" },
		{ "nested", nested,
		    "{\"o\":{\"p\":{\"x\":1},\"e\":{},\"y\":2},\"z\":3}"
		    "{\"o\":{\"p\":{\"x\":4},\"e\":{},\"y\":5},\"z\":null}" },
	};
	struct buf	b = { 0 };

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		b.len = 0;
		put_rows("SELECT 1 x, 2 y, 3 z UNION ALL SELECT 4, 5, NULL",
		    rows[i].members, &b);
		check_text(rows[i].name, buf_text(&b), text_of(rows[i].want));
	}
	buf_done(&b);
}

static void
compile_lacking(const void *arg)
{
	const struct member	members[] = { *(const struct member *)arg,
				    { 0 } };
	struct buf		b = { 0 };

	put_rows("SELECT 1 id", members, &b);
}

static void
a_member_without_a_column_ends_it(void **state)
{
	static const struct { struct member member; const char *said; }
	rows[] = {
		{ { "a", SHAPE_INT }, "shape thing, member a: statement QUERY "
		    "has no column a" },
		{ { "a", SHAPE_INT, "b" }, "has no column b" },
		{ { "a", SHAPE_LINK, NULL, API, "x/%" }, "has no column a" },
		{ { "a", SHAPE_TEXT, "ID" }, "has no column ID" },
	};
	struct end	end;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		unit_run(compile_lacking, &rows[i].member, &end);
		check_number(rows[i].said, end.status, 1);
		check_part(rows[i].said, end.said, rows[i].said);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("each kind of member has its form",
		    each_kind_has_its_form),
		TEST("a text within a URL is percent-encoded",
		    texts_in_urls_are_encoded),
		TEST("objects nest, and commas stand between members",
		    objects_nest_and_commas_stand_between),
		TEST("a member without a column ends it, and is named",
		    a_member_without_a_column_ends_it),
	};

	return cmocka_run_group_tests_name("shape", tests, open_db, close_db);
}
