/*
 * services/op/row_cache.c: rows that are kept are those that would be made
 * anew, for whatever ids and whoever changes them.
 */
#include "desk.h"

#include <sqlite3.h>
#include <stdio.h>

#include "base/json.h"
#include "services/store/store.h"

#define USERS	9000	/* more than are kept at once */

static int
open_desk(void **state)
{
	(void)state;
	desk_open(&desk, &user_service);
	store_exec(desk.sqlite, "WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL "
	    "SELECT i + 1 FROM n WHERE i < 9000) INSERT INTO users "
	    "(id, username, name, email) SELECT i, 'user' || i, "
	    "'Überall ' || i, 'u' || i || '@example.com' FROM n "
	    "WHERE i % 7 <> 0");
	return 0;
}

/* The rows for ids are what op_bulk() makes of them; how long that is. */
static size_t
check_ids(const char *ids)
{
	struct call	kept, made;
	size_t		len;

	desk_begin(&kept, OP_USER_BULK);
	args_put_text(&kept.request.args, KEY_IDS, text_of(ids));
	made = kept;
	check_number(ids, desk_call(&desk, &kept), OK);
	made.session = kept.session;
	made.op = kept.op;
	check_number(ids, op_bulk(&made), OK);
	check_text(ids, buf_text(&kept.fragment), buf_text(&made.fragment));
	check_number(ids, kept.answer.tag, made.answer.tag);
	len = kept.fragment.len;
	desk_end(&kept);
	desk_end(&made);
	return len;
}

static void
they_are_what_would_be_made(void **state)
{
	static const char *const	rows[] = {
		"[1]", "[1]", "[3,2,1]", "[2,2,2,1,1]", "[7]", "[14,7,8]",
		"[987654321]", "[9223372036854775807]", "[1,987654321,3]",
		/* nobody puts them like this */
		"[]", "[ 1, 2 ]", "[-1,1]", "[1.0]", "[1,null,\"2\"]",
		"[[1]]", "1", "[0,1]", "[92233720368547758070,1]",
	};

	(void)state;
	for (int again = 0; again < 2; again++)
		for (size_t i = 0; i < LEN(rows); i++)
			check_ids(rows[i]);
}

static void
what_is_no_list_is_no_answer(void **state)
{
	static const char *const	rows[] = { "", "[", "[1", "[1,]", "x",
					    "[1]2]", "[1]]", "[01]", "[,1]" };
	struct call			c;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		desk_begin(&c, OP_USER_BULK);
		args_put_text(&c.request.args, KEY_IDS, text_of(rows[i]));
		check_true(rows[i], desk_call(&desk, &c) != OK);
		desk_end(&c);
	}
}

/* How often rows were made, ever. */
static int
count_made(void)
{
	sqlite3_stmt	*st = NULL;
	int		 count = 0;

	while ((st = sqlite3_next_stmt(desk.sqlite, st)) != NULL)
		if (strstr(sqlite3_sql(st), "json_each(:ids)) ORDER BY") !=
		    NULL)
			count += sqlite3_stmt_status(st,
			    SQLITE_STMTSTATUS_RUN, 0);
	return count;
}

static void
a_row_is_made_once(void **state)
{
	static const struct { const char *ids; int want; } rows[] = {
		{ "[1,2]", 1 }, { "[2,1]", 1 }, { "[1]", 1 },
		{ "[1,3]", 2 }, { "[1,2,3]", 2 },
	};
	struct call	c;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		desk_begin(&c, OP_USER_BULK);
		args_put_text(&c.request.args, KEY_IDS, text_of(rows[i].ids));
		check_number(rows[i].ids, desk_call(&desk, &c), OK);
		check_number(rows[i].ids, count_made(), rows[i].want);
		desk_end(&c);
	}
}

static void
a_change_is_seen(void **state)
{
	sqlite3	*other;
	size_t	 before;

	(void)state;
	before = check_ids("[1,2,3]");
	store_exec(desk.sqlite, "UPDATE users SET name = 'another' "
	    "WHERE id = 2");
	check_true("its own", check_ids("[1,2,3]") != before);
	before = check_ids("[1,2,3]");
	other = store_open(desk.path, false);
	store_exec(other, "DELETE FROM users WHERE id = 3");
	sqlite3_close(other);
	check_true("another's", check_ids("[1,2,3]") < before);
}

static void
more_than_are_kept(void **state)
{
	struct buf	ids = { 0 };

	(void)state;
	for (int from = 1; from < USERS; from += 1500) {
		ids.len = 0;
		for (int id = from + 2999; id >= from; id--) {
			buf_put_byte(&ids, ids.len == 0 ? '[' : ',');
			json_put_number(&ids, id);
		}
		buf_put(&ids, "]", 2);
		check_true("there are some", check_ids(ids.base) > 100000);
	}
	buf_done(&ids);
}

int
main(void)
{
#define HERE(sentence, f) { sentence, f, open_desk, desk_tear_down, NULL }
	const struct CMUnitTest	tests[] = {
		HERE("they are what would be made",
		    they_are_what_would_be_made),
		HERE("what is no list is no answer",
		    what_is_no_list_is_no_answer),
		HERE("a row is made once", a_row_is_made_once),
		HERE("a change is seen, whoever made it", a_change_is_seen),
		HERE("more than are kept", more_than_are_kept),
	};

	return cmocka_run_group_tests_name("kept", tests, NULL, NULL);
}
