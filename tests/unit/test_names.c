/* services/user/names.c: folded names in a store. */
#include "desk.h"

#include <sqlite3.h>

#include "services/store/store.h"

static enum err
fold(void)
{
	struct call	c;
	enum err	e;

	desk_begin(&c, OP_USERS_FOLD);
	e = desk_call(&desk, &c);
	check_number("at once", c.answer.total, 0);
	desk_end(&c);
	return e;
}

static int64_t
count(const char *condition)
{
	char	query[300];

	snprintf(query, sizeof(query), "SELECT count(*) FROM users WHERE %s",
	    condition);
	return desk_number(&desk, query);
}

/* As an import or an earlier version leaves them. */
static void
furnish(void)
{
	store_exec(desk.sqlite, "UPDATE users SET username_form = NULL, "
	    "email_form = NULL;"
	    "INSERT INTO users (id, username, email) VALUES "
	    "(11, 'Bob', 'bob@example.test'), (12, 'bob', 'b@example.test'), "
	    "(13, 'BOB', 'BOB@example.test'), (14, NULL, NULL), "
	    "(15, NULL, NULL)");
}

static void
forms_are_filled_in(void **state)
{
	int64_t	before;

	(void)state;
	furnish();
	check_number("folded", fold(), OK);
	check_number("three alike", count("username_form = 'bob'"), 3);
	check_number("the first", count("id = 11 AND username_twin = 0 "
	    "AND email_twin = 0"), 1);
	check_number("another address", count("id = 12 AND username_twin = 12 "
	    "AND email_twin = 0"), 1);
	check_number("both", count("id = 13 AND username_twin = 13 "
	    "AND email_twin = 13"), 1);
	check_number("none", count("username IS NULL AND username_form IS NULL "
	    "AND username_twin = 0"), 2);
	before = sqlite3_total_changes(desk.sqlite);
	check_number("again", fold(), OK);
	check_number("no change", sqlite3_total_changes(desk.sqlite), before);
}

/* Of another version of the folding. */
static void
other_forms_are_replaced(void **state)
{
	(void)state;
	furnish();
	check_number("folded", fold(), OK);
	store_exec(desk.sqlite, "UPDATE users SET username_form = 'b0b' "
	    "WHERE id = 12; DELETE FROM users WHERE id = 11");
	check_number("again", fold(), OK);
	check_number("all", count("username_form = 'bob'"), 2);
	check_number("one of them is the first", count("username_form = 'bob' "
	    "AND username_twin = 0"), 1);
}

/* Beside the guards, which a later program may forget. */
static void
a_form_is_used_once(void **state)
{
	(void)state;
	check_number("folded", fold(), OK);
	check_true("no second", sqlite3_exec(desk.sqlite, "INSERT INTO users "
	    "(id, username, username_form) VALUES (21, 'ADMIN', 'admin')",
	    NULL, NULL, NULL) != SQLITE_OK);
}

int
main(void)
{
#define HERE(sentence, f) ON_DESK(&user_service, sentence, f)
	const struct CMUnitTest	tests[] = {
		HERE("forms are filled in", forms_are_filled_in),
		HERE("other forms are replaced", other_forms_are_replaced),
		HERE("a form is used once", a_form_is_used_once),
	};

	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
