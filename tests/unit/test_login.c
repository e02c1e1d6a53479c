/*
 * services/user/login.c. Failures are made older than they are instead of
 * waiting for a minute.
 */
#include "desk.h"

#include <crypt.h>
#include <dlfcn.h>
#include <stdlib.h>

/* How much hashing was done: 2 to the cost of each. A clock would tell less. */
static uint64_t	rounds;

/* In the place of libcrypt's, which it calls. */
char *
crypt_r(const char *phrase, const char *setting, struct crypt_data *data)
{
	char	*(*real)(const char *, const char *, struct crypt_data *);

	*(void **)&real = dlsym(RTLD_NEXT, "crypt_r");
	assert_non_null(real);
	if (strlen(setting) > 6)
		rounds += UINT64_C(1) << strtoul(setting + 4, NULL, 10) % 64;
	return real(phrase, setting, data);
}

#include "services/store/store.h"
#include "services/user/password.h"
#include "services/user/login.h"

static int
open_desk(void **state)
{
	(void)state;
	desk_open(&desk, &user_service);
	store_exec(desk.sqlite, "UPDATE users SET password = "
	    "(SELECT password FROM users WHERE id = 1) WHERE id = 2;"
	    "INSERT INTO users (id, username, password, disabled) "
	    "SELECT 3, 'former', password, 1 FROM users WHERE id = 1;"
	    "INSERT INTO users (id, username) VALUES (4, 'nopass');"
	    "INSERT INTO users (id, username, email, password) "
	    "SELECT id, username, email, password FROM (SELECT 5 AS id, "
	    "'TWIN' AS username, 'twin@example.test' AS email UNION ALL "
	    "SELECT 6, 'Twin', 'TWIN@example.test' UNION ALL "
	    "SELECT 7, 'stra\u00dfe', 'seven@example.test' UNION ALL "
	    "SELECT 8, 'seven@example.test', 'eight@example.test'), "
	    "(SELECT password FROM users WHERE id = 1);"
	    "UPDATE users SET username_form = folded(username), email_form = "
	    "folded(email), username_twin = id, email_twin = id");
	return 0;
}

/* Log in; the seconds to wait, if any, in *ret_wait. */
static enum err
log_in(const char *name, const char *password, const char *address,
    int64_t *ret_wait)
{
	struct call	c;
	enum err	e;

	desk_begin(&c, OP_PASSWORD_CHECK);
	args_put_text(&c.request.args, KEY_USERNAME, text_of(name));
	args_put_text(&c.request.args, KEY_PASSWORD, text_of(password));
	args_put_text(&c.request.args, KEY_ADDRESS, text_of(address));
	e = desk_call(&desk, &c);
	if (ret_wait != NULL)
		*ret_wait = args_number(&c.answer.extra, KEY_RETRY_AFTER, 0);
	desk_end(&c);
	return e;
}

static void
good_logins_are_answered_with_who_and_what(void **state)
{
	static const struct { const char *name; int64_t id, rights; } rows[] = {
		{ "admin", 1, RIGHT_ADMIN | RIGHT_STAFF },
		{ "notification", 2, 0 },
		{ "ADMIN", 1, RIGHT_ADMIN | RIGHT_STAFF },
		{ "aDm\u200bin ", 1, RIGHT_ADMIN | RIGHT_STAFF },
		{ "\uff41\uff44\uff4d\uff49\uff4e", 1,
		    RIGHT_ADMIN | RIGHT_STAFF },
		{ "admin@localhost.localdomain", 1, RIGHT_ADMIN | RIGHT_STAFF },
		{ "Admin@LocalHost.LocalDomain", 1, RIGHT_ADMIN | RIGHT_STAFF },
		{ "TWIN", 5, 0 }, { "Twin", 6, 0 },
		{ "twin@example.test", 5, 0 }, { "TWIN@example.test", 6, 0 },
		{ "STRASSE", 7, 0 }, { "SEVEN@example.test", 0, 0 },
		{ "seven@example.test", 8, 0 },	/* a name before an address */
		{ "Eight@example.test", 8, 0 },
	};
	struct call	c;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		desk_begin(&c, OP_PASSWORD_CHECK);
		args_put_text(&c.request.args, KEY_USERNAME,
		    text_of(rows[i].name));
		args_put_text(&c.request.args, KEY_PASSWORD,
		    TEXT_OF("Password1"));
		args_put_text(&c.request.args, KEY_ADDRESS, TEXT_OF("::1"));
		check_number(rows[i].name, desk_call(&desk, &c),
		    rows[i].id == 0 ? ERR_UNAUTHORIZED : OK);
		check_number(rows[i].name, args_number(&c.answer.extra,
		    KEY_USER_ID, 0), rows[i].id);
		if (rows[i].id != 0)
			check_number(rows[i].name, args_number(&c.answer.extra,
			    KEY_RIGHTS, -1), rows[i].rights);
		desk_end(&c);
	}
}

static void
bad_logins_are_unauthorized(void **state)
{
	static const struct { const char *row, *name, *password; } rows[] = {
		{ "wrong password", "admin", "Password2" },
		{ "no password", "admin", "" },
		{ "nobody", "nobody", "Password1" },
		{ "another name", "Admi", "Password1" },
		{ "an accent", "\u00e1dmin", "Password1" },
		{ "several, and none exactly", "twin", "Password1" },
		{ "several addresses", "Twin@example.test", "Password1" },
		{ "a name of nobody, an address of several", "TWIN@EXAMPLE.test",
		    "Password1" },
		{ "no name", "", "Password1" },
		{ "disabled", "former", "Password1" },
		{ "has no password", "nopass", "" },
		{ "no SQL", "admin' --", "Password1" },
		{ "no pattern", "admi%", "Password1" },
	};
	int64_t		wait;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		check_number(rows[i].row, log_in(rows[i].name,
		    rows[i].password, "::1", &wait), ERR_UNAUTHORIZED);
		check_number(rows[i].row, wait, 0);
	}
}

/*
 * Whatever is wrong, the work is the same: that of the dearest hash there is.
 * New ones have cost 4 here, and one in the store is from dearer times.
 */
static void
every_no_is_the_same_work(void **state)
{
	static const struct { const char *row, *name, *password; } rows[] = {
		{ "a hash at our cost", "admin", "Password2" },
		{ "a dearer hash", "dearer", "Password2" },
		{ "a cheaper hash", "cheaper", "Password2" },
		{ "nobody", "nobody", "Password1" },
		{ "another case", "ADMIN", "Password2" },
		{ "an address", "Eight@example.test", "Password2" },
		{ "a name that fits several", "twin", "Password1" },
		{ "a password that is too short for another case", "SHORT", "pass" },
		{ "disabled", "former", "Password2" },
		{ "disabled, the right password", "former", "Password1" },
		{ "disabled, dearer, right", "dearer former", "Password3" },
		{ "a hash that is never run", "dearest", "Password1" },
		{ "a salt that is never run", "foreign", "Password1" },
		{ "no password", "nopass", "Password1" },
		{ "no bytes", "admin", "" },
		{ "more than bcrypt looks at", "admin", "12345678901234567890"
		    "123456789012345678901234567890123456789012345678901234" },
	};
	char		dear[PASSWORD_HASH_SIZE], cheap[PASSWORD_HASH_SIZE];
	char		brief[PASSWORD_HASH_SIZE];
	struct buf	sql = { 0 };

	(void)state;
	password_start(5);
	login_start(&desk.settings);	/* it knows no cost yet */
	password_hash("Password3", 7, dear);
	password_hash("Password3", 4, cheap);
	password_hash("pass", 4, brief);
	buf_printf(&sql, "INSERT INTO users (id, username, password, disabled) "
	    "VALUES (11, 'dearer', CAST('%s' AS BLOB), 0), "
	    "(12, 'dearer former', CAST('%s' AS BLOB), 1), "
	    "(13, 'cheaper', CAST('%s' AS BLOB), 0), "
	    "(14, 'dearest', CAST('$2b$31$%s' AS BLOB), 0), "
	    "(15, 'foreign', CAST('$6$rounds=999999999$s' AS BLOB), 0)", dear,
	    dear, cheap, cheap + 7);
	buf_put_byte(&sql, '\0');
	store_exec(desk.sqlite, sql.base);
	sql.len = 0;
	buf_printf(&sql, "INSERT INTO users (id, username, password, "
	    "username_form) VALUES (16, 'short', CAST('%s' AS BLOB), 'short')",
	    brief);
	buf_put_byte(&sql, '\0');
	store_exec(desk.sqlite, sql.base);
	buf_done(&sql);
	for (size_t i = 0; i < LEN(rows); i++) {
		rounds = 0;
		check_number(rows[i].row, log_in(rows[i].name,
		    rows[i].password, "::1", NULL), ERR_UNAUTHORIZED);
		check_number(rows[i].row, rounds, 1 << 7);
	}
}

static void
the_tenth_failure_of_a_name_is_one_too_many(void **state)
{
	int64_t	wait;

	(void)state;
	for (int i = 1; i <= 9; i++)
		check_number("wrong", log_in("admin", "x", "::1", NULL),
		    ERR_UNAUTHORIZED);
	check_number("nine may be", log_in("admin", "Password1", "::1", NULL),
	    OK);
	check_number("the tenth", log_in("admin", "x", "::1", &wait),
	    ERR_TOO_MANY);
	check_true("1 to 60 s", wait >= 1 && wait <= 60);
	check_number("and the right one", log_in("admin", "Password1", "::1",
	    &wait), ERR_TOO_MANY);
	check_true("1 to 60 s", wait >= 1 && wait <= 60);
	check_number("from elsewhere too", log_in("admin", "Password1", "::2",
	    NULL), ERR_TOO_MANY);
	check_number("others may", log_in("notification", "Password1", "::1",
	    NULL), OK);
	check_number("others' failures", log_in("notification", "x", "::1",
	    NULL), ERR_UNAUTHORIZED);
}

/* In whatever way the names are written: the last of ten is one too many. */
static void
a_user_is_limited_under_all_names(void **state)
{
	static const char *const	names[][10] = {
		{ "admin", "ADMIN", "Admin", "admin@localhost.localdomain",
		    "ADMIN@localhost.localdomain", "ad\u200bmin",
		    "\uff41dmin", " admin", "aDMIN", "admin" },
		{ "nobody", "NOBODY", "Nobody", "no\u200bbody", "nobody ",
		    "\uff4eobody", "nObody", "noBody", "nobOdy", "nobodY" },
		{ "twin", "tWin", "twIn", "twiN", "TwIn", "tWiN", "t\u200bwin",
		    "twin ", " twin", "TWiN" }
	};

	(void)state;
	for (size_t i = 0; i < LEN(names); i++)
		for (size_t j = 0; j < 10; j++)
			check_number(names[i][j], log_in(names[i][j], "x",
			    "::1", NULL), j < 9 ? ERR_UNAUTHORIZED :
			    ERR_TOO_MANY);
	check_number("another's address", log_in("Eight@example.test",
	    "Password1", "::1", NULL), OK);
}

static void
a_short_password_needs_the_exact_name(void **state)
{
	char	hash[PASSWORD_HASH_SIZE], sql[200];

	(void)state;
	password_hash("admin", 4, hash);
	snprintf(sql, sizeof(sql), "UPDATE users SET password = "
	    "CAST('%s' AS BLOB) WHERE id = 1", hash);
	store_exec(desk.sqlite, sql);
	check_number("its name", log_in("admin", "admin", "::1", NULL), OK);
	check_number("its address", log_in("admin@localhost.localdomain",
	    "admin", "::1", NULL), OK);
	check_number("as Flicket's API", log_in("ADMIN", "admin", "::1", NULL),
	    ERR_UNAUTHORIZED);
}

static void
an_unknown_name_is_limited_as_well(void **state)
{
	(void)state;
	for (int i = 1; i <= 9; i++)
		check_number("wrong", log_in("nobody", "x", "::1", NULL),
		    ERR_UNAUTHORIZED);
	check_number("the tenth", log_in("nobody", "x", "::1", NULL),
	    ERR_TOO_MANY);
}

static void
the_sixtieth_failure_from_an_address_is_one_too_many(void **state)
{
	char	name[16];
	int64_t	wait;

	(void)state;
	for (int i = 1; i <= 60; i++) {
		snprintf(name, sizeof(name), "name%d", i);
		check_number(name, log_in(name, "x", "::1", &wait),
		    i < 60 ? ERR_UNAUTHORIZED : ERR_TOO_MANY);
		check_number(name, wait >= 1 && wait <= 60, i == 60);
	}
	check_number("a good one", log_in("admin", "Password1", "::1", NULL),
	    ERR_TOO_MANY);
	check_number("from elsewhere", log_in("admin", "Password1", "::2",
	    NULL), OK);
	check_number("a failure there", log_in("name61", "x", "::2", NULL),
	    ERR_UNAUTHORIZED);
}

static void
good_logins_never_count(void **state)
{
	(void)state;
	for (int i = 0; i < 70; i++)
		check_number("good", log_in("admin", "Password1", "::1", NULL),
		    OK);
	for (int i = 1; i <= 9; i++)
		check_number("bad", log_in("admin", "x", "::1", NULL),
		    ERR_UNAUTHORIZED);
}

static void
refusals_do_not_count(void **state)
{
	(void)state;
	login_failures()->next = 0;
	for (int i = 0; i < 100; i++)
		log_in("admin", "x", "::1", NULL);
	check_number("ten are remembered", (int64_t)login_failures()->next, 10);
	check_number("the address is free", log_in("notification",
	    "Password1", "::1", NULL), OK);
}

/* Make all failures so much older. */
static void
age(int64_t ms)
{
	for (size_t i = 0; i < FAILURES_MOST; i++)
		login_failures()->ring[i].at_ms -= ms;
}

static void
after_a_minute_it_is_forgotten(void **state)
{
	int64_t	wait;

	(void)state;
	for (int i = 1; i <= 10; i++) {
		log_in("admin", "x", "::1", NULL);
		if (i == 5)
			age(40000);
	}
	/* five are 40 s old, five are new: five of ten have 20 s to go */
	check_number("too many", log_in("admin", "Password1", "::1", &wait),
	    ERR_TOO_MANY);
	check_true("20 s", wait >= 15 && wait <= 20);
	age(19000);
	check_number("still", log_in("admin", "Password1", "::1", &wait),
	    ERR_TOO_MANY);
	check_number("1 s", wait, 1);
	age(1000);
	check_number("no more", log_in("admin", "Password1", "::1", NULL), OK);
	for (int i = 1; i <= 4; i++)
		check_number("five are left", log_in("admin", "x", "::1",
		    NULL), ERR_UNAUTHORIZED);
	check_number("and five more", log_in("admin", "x", "::1", NULL),
	    ERR_TOO_MANY);
	age(60000);
	check_number("all is forgotten", log_in("admin", "x", "::1", NULL),
	    ERR_UNAUTHORIZED);
}

static void
the_ring_goes_round(void **state)
{
	(void)state;
	login_failures()->next = FAILURES_MOST - 4;
	for (int i = 1; i <= 9; i++)
		check_number("wrong", log_in("admin", "x", "::1", NULL),
		    ERR_UNAUTHORIZED);
	check_number("the tenth", log_in("admin", "x", "::1", NULL),
	    ERR_TOO_MANY);
	check_number("round", (int64_t)login_failures()->next, 6);
}

/* A hash that comes later tells itself. */
static void
a_dearer_hash_is_known_when_it_is_stored(void **state)
{
	struct call	c;
	char		dear[PASSWORD_HASH_SIZE];

	(void)state;
	password_start(4);
	check_number("before", log_in("nobody", "x", "::1", NULL),
	    ERR_UNAUTHORIZED);
	password_hash("Password3", 6, dear);
	desk_begin(&c, OP_USER_CREATE);
	c.request.actor = 1;
	c.request.rights = RIGHT_ADMIN;
	args_put_text(&c.request.args, KEY_USERNAME, TEXT_OF("later"));
	args_put_text(&c.request.args, KEY_NAME, TEXT_OF("Later"));
	args_put_text(&c.request.args, KEY_EMAIL, TEXT_OF("a@b.example"));
	args_put_text(&c.request.args, KEY_PASSWORD_HASH, text_of(dear));
	check_number("made", desk_call(&desk, &c), OK);
	desk_end(&c);
	rounds = 0;
	check_number("after", log_in("nobody", "x", "::1", NULL),
	    ERR_UNAUTHORIZED);
	check_number("as dear", rounds, 1 << 6);
}

/* --- new passwords ----------------------------------------------------- */

/* Ask for the hash of a new password; whether it is that password's. */
static enum err
change(int64_t actor, int64_t id, const char *old, const char *new,
    bool *ret_is)
{
	struct call	c;
	enum err	e;

	desk_begin(&c, OP_PASSWORD_CHANGE);
	c.request.actor = actor;
	c.request.rights = actor == 1 ? RIGHT_ADMIN : 0;
	args_put_number(&c.request.args, KEY_ID, id);
	if (old != NULL)
		args_put_text(&c.request.args, KEY_PASSWORD, text_of(old));
	args_put_text(&c.request.args, KEY_NEW_PASSWORD, text_of(new));
	e = desk_call(&desk, &c);
	*ret_is = e == OK && password_is(text_of(new),
	    args_text(&c.answer.extra, KEY_PASSWORD_HASH));
	desk_end(&c);
	return e;
}

static void
a_new_password_needs_the_old_one(void **state)
{
#define M10	"\xe5\xaf\x86\xe5\xaf\x86\xe5\xaf\x86\xe5\xaf\x86\xe5\xaf\x86"
	static const struct { const char *row; int64_t actor, id;
	    const char *old, *new; enum err want; } rows[] = {
		{ "own", 2, 2, "Password1", "Password2", OK },
		{ "own, wrong", 2, 2, "Password2", "Password2",
		    ERR_BAD_REQUEST },
		{ "own, none", 2, 2, NULL, "Password2", ERR_BAD_REQUEST },
		{ "an admin's own", 1, 1, NULL, "Password2", ERR_BAD_REQUEST },
		{ "by an admin", 1, 2, NULL, "Password2", OK },
		{ "by an admin, with what ever", 1, 2, "x", "Password2", OK },
		{ "another's", 2, 1, "Password1", "Password2", ERR_FORBIDDEN },
		{ "nobody's", 1, 99, NULL, "Password2", ERR_NOT_FOUND },
		{ "one that has none", 4, 4, "", "Password2", ERR_BAD_REQUEST },
		{ "too short", 1, 2, NULL, "short", ERR_BAD_REQUEST },
		{ "Chinese", 1, 2, NULL, M10 M10, OK },
		{ "more bytes than count", 1, 2, NULL, M10 M10 M10 M10 M10,
		    ERR_BAD_REQUEST },
	};
	bool	is;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		check_number(rows[i].row, change(rows[i].actor, rows[i].id,
		    rows[i].old, rows[i].new, &is), rows[i].want);
		check_number(rows[i].row, is, rows[i].want == OK);
	}
}

/* Its owner cannot show that it knows it; an admin need not. */
static void
a_hash_that_is_never_run_can_be_replaced(void **state)
{
	bool	is;

	(void)state;
	store_exec(desk.sqlite, "UPDATE users SET password = "
	    "CAST('$2b$31$' || substr(CAST(password AS TEXT), 8) AS BLOB) "
	    "WHERE id = 2");
	check_number("own", change(2, 2, "Password1", "Password2", &is),
	    ERR_BAD_REQUEST);
	check_number("by an admin", change(1, 2, NULL, "Password2", &is), OK);
	check_true("its hash", is);
}

static void
guesses_count_as_failed_logins(void **state)
{
	bool	is;

	(void)state;
	for (int i = 1; i <= 9; i++)
		check_number("wrong", change(2, 2, "x", "Password2", &is),
		    ERR_BAD_REQUEST);
	check_number("the tenth", change(2, 2, "x", "Password2", &is),
	    ERR_TOO_MANY);
	check_number("the right one", change(2, 2, "Password1", "Password2",
	    &is), ERR_TOO_MANY);
	check_number("a login", log_in("notification", "Password1", "::1",
	    NULL), ERR_TOO_MANY);
	check_number("others", log_in("admin", "Password1", "::1", NULL), OK);
	check_number("by an admin", change(1, 2, NULL, "Password2", &is), OK);
}

static void
a_first_password_is_hashed(void **state)
{
	static const struct { const char *password; enum err want; } rows[] = {
		{ "Password1", OK },
		{ "short", ERR_BAD_REQUEST },
		{ "", ERR_BAD_REQUEST },
		{ "\xff\xff\xff\xff\xff\xff", ERR_BAD_REQUEST },
	};
	struct call	c;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		desk_begin(&c, OP_PASSWORD_HASH);
		args_put_text(&c.request.args, KEY_PASSWORD,
		    text_of(rows[i].password));
		check_number(rows[i].password, desk_call(&desk, &c),
		    rows[i].want);
		if (rows[i].want == OK)
			check_true("its hash", password_is(
			    text_of(rows[i].password), args_text(
			    &c.answer.extra, KEY_PASSWORD_HASH)));
		desk_end(&c);
	}
}

int
main(void)
{
#define HERE(sentence, f) { sentence, f, open_desk, desk_tear_down, NULL }
	const struct CMUnitTest	tests[] = {
		HERE("a good login is answered with who it is and may",
		    good_logins_are_answered_with_who_and_what),
		HERE("a bad login is unauthorized, whyever",
		    bad_logins_are_unauthorized),
		HERE("every no is the same work",
		    every_no_is_the_same_work),
		HERE("a dearer hash is known when it is stored",
		    a_dearer_hash_is_known_when_it_is_stored),
		HERE("the tenth failure of a name is one too many",
		    the_tenth_failure_of_a_name_is_one_too_many),
		HERE("a user is limited under all names",
		    a_user_is_limited_under_all_names),
		HERE("a short password needs the exact name",
		    a_short_password_needs_the_exact_name),
		HERE("an unknown name is limited as well",
		    an_unknown_name_is_limited_as_well),
		HERE("the sixtieth failure from an address is one too many",
		    the_sixtieth_failure_from_an_address_is_one_too_many),
		HERE("good logins never count", good_logins_never_count),
		HERE("refusals do not count", refusals_do_not_count),
		HERE("after a minute a failure is forgotten",
		    after_a_minute_it_is_forgotten),
		HERE("the ring of failures goes round", the_ring_goes_round),
		HERE("a hash that is never run can be replaced",
		    a_hash_that_is_never_run_can_be_replaced),
		HERE("a new password needs the old one",
		    a_new_password_needs_the_old_one),
		HERE("guesses at an old password count as failed logins",
		    guesses_count_as_failed_logins),
		HERE("a first password is hashed", a_first_password_is_hashed),
	};

	return cmocka_run_group_tests_name("login", tests, NULL, NULL);
}
