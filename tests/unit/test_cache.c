/*
 * services/op/cache.c: an answer that is given again is the one that would
 * be made, for whoever asks whatever, and whoever changes the store.
 */
#include "desk.h"

#include <malloc.h>
#include <stdio.h>

#include "services/op/cache.h"

static int
open_desk(void **state)
{
	(void)state;
	desk_open(&desk, &user_service);
	store_exec(desk.lane.db, "WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL "
	    "SELECT i + 1 FROM n WHERE i < 500) INSERT INTO users "
	    "(id, username, name, email) SELECT i, 'user' || i, "
	    "'Überall ' || i, 'u' || i || '@example.com' FROM n");
	return 0;
}

static int
open_lending(void **state)
{
	open_desk(state);
	cache_lend(&desk.lane);
	return 0;
}

/* The end of a call, whose fragment may be lent. */
static void
end(struct call *c)
{
	cache_return(c);
	desk_end(c);
}

struct question {
	int64_t		 actor, page, per_page;
	const char	*name, *fields;
};

static void
begin(struct call *c, const struct question *q)
{
	desk_begin(c, OP_USER_LIST);
	c->request.actor = q->actor;
	args_put_number(&c->request.args, KEY_PAGE, q->page);
	args_put_number(&c->request.args, KEY_PER_PAGE, q->per_page);
	if (q->name != NULL)
		args_put_text(&c->request.args, KEY_NAME, text_of(q->name));
	if (q->fields != NULL)
		args_put_text(&c->request.args, KEY_FIELDS,
		    text_of(q->fields));
}

/* Ask, and compare with the same question to a lane without a past. */
static void
check_question(const struct question *q)
{
	struct call	 c, made;
	struct lane	 fresh;
	char		 row[64];

	snprintf(row, sizeof(row), "actor %d, page %d of %d", (int)q->actor,
	    (int)q->page, (int)q->per_page);
	begin(&c, q);
	begin(&made, q);
	lane_open(&fresh, &desk.tables, desk.path, false);
	op_call(&fresh, &made);
	check_number(row, desk_call(&desk, &c), made.answer.error);
	check_text(row, c.answer.fragment, made.answer.fragment);
	check_number(row, c.answer.total, made.answer.total);
	check_number(row, c.answer.tag, made.answer.tag);
	end(&c);
	end(&made);
	lane_close(&fresh);
}

static const struct question	questions[] = {
	{ 1, 1, 50, NULL, NULL }, { 1, 2, 50, NULL, NULL },
	{ 1, 1, 2, NULL, NULL }, { 2, 1, 50, NULL, NULL },
	{ 1, 1, 50, "all", NULL }, { 1, 1, 50, "", NULL },
	{ 1, 1, 50, "Überall 4", NULL }, { 1, 1, 50, NULL, "id,disabled" },
	{ 2, 1, 50, NULL, "id,disabled" }, { 1, 99, 50, NULL, NULL },
	{ 1, 1, 50, NULL, "id,nothing" }, { 1, 1, 50, "nobody", NULL },
	{ 1, 1, 500, NULL, NULL },
};

static void
an_answer_is_what_would_be_made(void **state)
{
	(void)state;
	for (int again = 0; again < 4; again++)
		for (size_t i = 0; i < LEN(questions); i++)
			check_question(&questions[i]);
}

static void
a_change_is_seen(void **state)
{
	sqlite3	*other = store_open(desk.path, false);

	(void)state;
	for (int again = 0; again < 3; again++)
		check_question(&questions[0]);
	store_exec(desk.lane.db, "UPDATE users SET name = 'own' WHERE id = 5");
	for (int again = 0; again < 3; again++)
		check_question(&questions[0]);
	store_exec(other, "UPDATE users SET name = 'other' WHERE id = 6");
	for (int again = 0; again < 3; again++)
		check_question(&questions[0]);
	sqlite3_close(other);
}

/* How often a page of users was read, ever. */
static int
count_made(void)
{
	sqlite3_stmt	*st = NULL;
	int		 count = 0;

	while ((st = sqlite3_next_stmt(desk.lane.db, st)) != NULL)
		if (strstr(sqlite3_sql(st), "FROM users ORDER BY") != NULL)
			count += sqlite3_stmt_status(st,
			    SQLITE_STMTSTATUS_RUN, 0);
	return count;
}

static void
it_is_made_twice_and_then_given(void **state)
{
	static const struct { int question, want; } rows[] = {
		{ 0, 1 }, { 0, 2 }, { 0, 2 }, { 0, 2 }, { 1, 3 }, { 0, 3 },
		{ 1, 4 }, { 1, 4 }, { 3, 5 }, { 3, 6 }, { 3, 6 },
	};
	struct call	c;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		begin(&c, &questions[rows[i].question]);
		check_number("users", desk_call(&desk, &c), OK);
		check_number("made", count_made(), rows[i].want);
		end(&c);
	}
}

static void
what_is_lent_is_not_copied(void **state)
{
	struct call	 c;
	const char	*lent = NULL;

	(void)state;
	for (int i = 0; i < 4; i++) {
		begin(&c, &questions[0]);
		check_number("users", desk_call(&desk, &c), OK);
		check_true("an answer", c.answer.fragment.len > 1000);
		if (i == 3)
			check_true("where it was", c.answer.fragment.base ==
			    lent);
		lent = c.answer.fragment.base;
		cache_return(&c);
		if (i > 1)
			check_true("the call's own is back", c.fragment.base ==
			    NULL && c.answer.fragment.len == 0);
		end(&c);
	}
}

static void
ask_twice(const void *arg)
{
	struct call	c;

	(void)arg;
	for (int i = 0; i < 4; i++) {
		begin(&c, &questions[0]);
		desk_call(&desk, &c);
	}
}

static void
what_is_lent_must_come_back(void **state)
{
	struct end	e;

	(void)state;
	unit_run(ask_twice, NULL, &e);
	check_part("died", e.said, "k->lent");
}

/* More than it may hold, and more questions than there are places. */
static void
it_does_not_grow(void **state)
{
	struct question	q = { 1, 1, 500, "all", NULL };
	char		name[32];

	(void)state;
	q.name = name;
	for (int i = 0; i < 1500; i++) {
		/* wildcards work: all of these are everybody */
		snprintf(name, sizeof(name), "%.*s", 1 + i % 20,
		    "%%%%%%%%%%%%%%%%%%%%");
		q.actor = 1 + i / 40;
		q.per_page = i % 3 == 0 ? 500 : 1 + i % 7;
		if (i % 50 == 0)
			check_question(&q);
		else {
			struct call	c;

			begin(&c, &q);
			check_number(name, desk_call(&desk, &c), OK);
			end(&c);
		}
	}
}

static size_t
ask_for_all(int64_t actor)
{
	const struct question	q = { actor, 1, 500, NULL, NULL };
	struct call		c;
	size_t			len = 0;

	for (int again = 0; again < 2; again++) {
		begin(&c, &q);
		check_number("asked", desk_call(&desk, &c), OK);
		len = c.answer.fragment.len;
		end(&c);
	}
	return len;
}

/* 4 MB, and one answer more; a sanitizer's own malloc tells nothing. */
static void
it_holds_so_much_at_most(void **state)
{
	size_t	before, len = ask_for_all(1);

	(void)state;
	check_true("an answer that is kept", len > 50000 && len < 256 << 10);
	before = mallinfo2().uordblks;
	for (int64_t actor = 2; actor * (int64_t)len < 20 << 20; actor++)
		ask_for_all(actor);
	check_true("no more", mallinfo2().uordblks <= before + (6 << 20));
}

int
main(void)
{
#define HERE(sentence, f) { sentence, f, open_desk, desk_tear_down, NULL }
#define LENT(sentence, f) { sentence, f, open_lending, desk_tear_down, NULL }
	const struct CMUnitTest	tests[] = {
		HERE("an answer is what would be made",
		    an_answer_is_what_would_be_made),
		HERE("a change is seen, whoever made it", a_change_is_seen),
		HERE("it is made twice and then given",
		    it_is_made_twice_and_then_given),
		HERE("it does not grow", it_does_not_grow),
		HERE("it holds so much at most", it_holds_so_much_at_most),
		LENT("an answer that is lent is what would be made",
		    an_answer_is_what_would_be_made),
		LENT("lending, too, a change is seen", a_change_is_seen),
		LENT("lending, too, it does not grow", it_does_not_grow),
		LENT("what is lent is not copied", what_is_lent_is_not_copied),
		LENT("what is lent must come back before the next call",
		    what_is_lent_must_come_back),
	};

	return cmocka_run_group_tests_name("cache", tests, NULL, NULL);
}
