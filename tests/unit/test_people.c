/* services/user/people.c: users found, chosen and sorted in a store. */
#include "desk.h"

#include <stdio.h>

#include "services/store/store.h"
#include "services/user/people.h"

/* Users 11 on, with their words; 1 and 2 are of every new store. */
static void
furnish(void)
{
	struct call	c;

	store_exec(desk.sqlite, "INSERT INTO users (id, username, name, email, "
	    "disabled) VALUES "
	    "(11, 'ann.lee', 'Ann Lee', 'ann@lee.example', 0), "
	    "(12, 'jose', 'Jos\xc3\xa9 \xc3\x84rmel', 'j.aermel@x.example', 0), "
	    "(13, 'annika', 'Annika Zoo', 'zoo@x.example', 1), "
	    "(14, 'xiaoming', '\xe7\x8e\x8b\xe5\xb0\x8f\xe6\x98\x8e', "
	    "'wang@x.example', 0), "
	    "(15, 'lee.ann2', 'bert Adams', 'bert@x.example', 0)");
	desk_begin(&c, OP_USERS_FOLD);
	check_number("forms", desk_call(&desk, &c), OK);
	desk_end(&c);
}

struct ask {
	const char	*q, *ids, *sort, *name;
	int		 disabled;	/* 0: not given; 1: no; 2: yes */
	int64_t		 page, per_page;	/* 0: 1 and 50 */
	int64_t		 rights;
};

static void
put_if(struct args *args, enum key key, const char *text)
{
	if (text != NULL)
		args_put_text(args, key, text_of(text));
}

static enum err
ask(struct call *c, const struct ask *a)
{
	struct args	*args = &c->request.args;

	desk_begin(c, OP_USER_LIST);
	c->request.rights = a->rights;
	args_put_number(args, KEY_PAGE, a->page == 0 ? 1 : a->page);
	args_put_number(args, KEY_PER_PAGE, a->per_page == 0 ? 50 : a->per_page);
	put_if(args, KEY_Q, a->q);
	put_if(args, KEY_WANTED_IDS, a->ids);
	put_if(args, KEY_SORT, a->sort);
	put_if(args, KEY_NAME, a->name);
	if (a->disabled != 0)
		args_put_number(args, KEY_DISABLED, a->disabled == 2);
	args_put_text(args, KEY_FIELDS, TEXT_OF("id"));
	return desk_call(&desk, c);
}

/* The ids of an answer as "11,13 of 2". */
static void
show(const struct call *c, char *ret, size_t size)
{
	const char	*p = c->answer.fragment.base;
	const char	*end = p + c->answer.fragment.len;
	size_t		 len = 0;

	ret[0] = '\0';
	for (; p < end && len + 1 < size; p++)
		if ((*p >= '0' && *p <= '9') || *p == ',')
			ret[len++] = *p;
	snprintf(ret + len, size - len, " of %lld",
	    (long long)c->answer.total);
}

static const struct {
	struct ask	 ask;
	const char	*want;
} questions[] = {
	{ { .q = "ann" }, "11,13,15 of 3" },
	{ { .q = "ann", .sort = "name" }, "11,13,15 of 3" },
	{ { .q = "ann", .sort = "name_desc" }, "15,13,11 of 3" },
	{ { .q = "ANN le" }, "11,15 of 2" },
	{ { .q = "le ann" }, "11,15 of 2" },
	{ { .q = "ann.lee" }, "11,15 of 2" },
	{ { .q = "ann@lee.ex" }, "11,15 of 2" },
	{ { .q = "jose arm" }, "12 of 1" },
	{ { .q = "\xef\xbc\xaaos\xc3\x89" }, "12 of 1" },	/* wide J */
	{ { .q = "\xe5\xb0\x8f" }, "14 of 1" },
	{ { .q = "\xe7\x8e\x8b\xe5\xb0\x8f" }, "14 of 1" },
	{ { .q = "\xe5\xb0\x8f\xe6\x98\x8e" }, "14 of 1" },
	{ { .q = "\xe6\x98\x8e\xe5\xb0\x8f" }, " of 0" },
	{ { .q = "nn" }, " of 0" },
	{ { .q = "%" }, " of 0" },
	{ { .q = "..." }, " of 0" },
	{ { .q = "  " }, "1,2,11,12,13,14,15 of 7" },
	{ { .q = "ann", .disabled = 1 }, "11,15 of 2" },
	{ { .q = "ann", .disabled = 2, .rights = RIGHT_ADMIN }, "13 of 1" },
	{ { .q = "ann", .ids = "13,14,99,11" }, "11,13 of 2" },
	{ { .q = "ann", .name = "zoo" }, "13 of 1" },
	{ { .q = "ann", .page = 2, .per_page = 2 }, "15 of 3" },
	{ { .ids = "15, 11,11,99,-4" }, "11,15 of 2" },
	{ { .ids = "15,11", .sort = "name_desc" }, "15,11 of 2" },
	{ { .disabled = 1 }, "1,2,11,12,14,15 of 6" },
	{ { .disabled = 2, .rights = RIGHT_ADMIN }, "13 of 1" },
	{ { .name = "ann", .disabled = 1 }, "11 of 1" },
	{ { .sort = "id_desc", .per_page = 3 }, "15,14,13 of 7" },
	{ { .sort = "username", .ids = "11,12,13,14,15" },
	    "11,13,12,15,14 of 5" },
	{ { .sort = "username_desc", .ids = "11,12,13" }, "12,13,11 of 3" },
	{ { .sort = "email", .ids = "11,12,13,14,15" },
	    "11,15,12,14,13 of 5" },
	{ { .sort = "email_desc", .ids = "11,15" }, "15,11 of 2" },
	{ { .sort = "name", .ids = "11,12,13,14,15" },
	    "11,13,15,12,14 of 5" },
};

static void
users_are_found(void **state)
{
	struct call	c;
	char		got[80];

	(void)state;
	furnish();
	for (size_t i = 0; i < LEN(questions); i++) {
		check_number(questions[i].want, ask(&c, &questions[i].ask),
		    OK);
		show(&c, got, sizeof(got));
		check_text(questions[i].ask.q != NULL ? questions[i].ask.q :
		    "without q", text_of(got), text_of(questions[i].want));
		desk_end(&c);
	}
}

static void
questions_have_bounds(void **state)
{
	char		q[2 * PEOPLE_Q_MOST + 8] = "", ids[500] = "1";
	struct call	c;
	const struct {
		struct ask	 ask;
		enum err	 want;
	} rows[] = {
		{ { .q = q }, ERR_BAD_REQUEST },
		{ { .q = q + 2 }, OK },
		{ { .q = "\xff" }, ERR_BAD_REQUEST },
		{ { .ids = ids }, ERR_BAD_REQUEST },
		{ { .ids = ids + 2 }, OK },
		{ { .ids = "1,,2" }, ERR_BAD_REQUEST },
		{ { .ids = "1,a" }, ERR_BAD_REQUEST },
		{ { .ids = "1,9223372036854775808" }, ERR_BAD_REQUEST },
		{ { .sort = "name_asc" }, ERR_BAD_REQUEST },
		{ { .sort = "NAME" }, ERR_BAD_REQUEST },
		{ { .disabled = 2 }, ERR_FORBIDDEN },
		{ { .disabled = 2, .rights = RIGHT_STAFF }, ERR_FORBIDDEN },
		{ { .q = "ann", .page = 2 }, ERR_NOT_FOUND },
		{ { .sort = "name", .page = INT64_MAX }, ERR_NOT_FOUND },
		{ { .sort = "name", .page = 1, .per_page = -1 },
		    ERR_NOT_FOUND },
	};

	(void)state;
	furnish();
	for (size_t i = 0; i <= PEOPLE_Q_MOST; i++)
		memcpy(q + 2 * i, "\xc3\xa9", 3);
	for (size_t i = 0; i < PEOPLE_IDS_MOST; i++)
		memcpy(ids + 1 + 2 * i, ",1", 3);
	for (size_t i = 0; i < LEN(rows); i++) {
		check_number(rows[i].ask.sort, ask(&c, &rows[i].ask),
		    rows[i].want);
		desk_end(&c);
	}
}

/* The words follow the user. */
static void
words_change_with_the_user(void **state)
{
	(void)state;
	furnish();
	check_number("words", desk_number(&desk, "SELECT count(*) FROM "
	    "user_words WHERE user_id = 11"), 3);
	store_exec(desk.sqlite, "UPDATE users SET name = 'Eve', "
	    "search_form = words('Eve ann.lee') WHERE id = 11");
	check_number("others", desk_number(&desk, "SELECT count(*) FROM "
	    "user_words WHERE user_id = 11 AND word IN ('eve', 'ann', 'lee')"),
	    3);
	check_number("not those of before", desk_number(&desk, "SELECT "
	    "count(*) FROM user_words WHERE user_id = 11"), 3);
	store_exec(desk.sqlite, "DELETE FROM users WHERE id = 11");
	check_number("none", desk_number(&desk, "SELECT count(*) FROM "
	    "user_words WHERE user_id = 11"), 0);
	check_number("of the others", desk_number(&desk, "SELECT count(*) > 0 "
	    "FROM user_words WHERE word = 'annika'"), 1);
}

int
main(void)
{
#define HERE(sentence, f) ON_DESK(&user_service, sentence, f)
	const struct CMUnitTest	tests[] = {
		HERE("users are found by words, ids and state",
		    users_are_found),
		HERE("questions have bounds", questions_have_bounds),
		HERE("words change with the user", words_change_with_the_user),
	};

	return cmocka_run_group_tests_name("people", tests, NULL, NULL);
}
