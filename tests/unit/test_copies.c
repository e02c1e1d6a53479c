/* gateway/cache/copies.c */
#include "exchange.h"

#include "gateway/cache/copies.c"

#define MOST	(64 << 10)

static struct copies	*copies;

static int
make(void **state)
{
	(void)state;
	routes_init();
	copies = copies_new(MOST);
	return 0;
}

static int
unmake(void **state)
{
	(void)state;
	copies_destroy(&copies);
	check_true("it is gone", copies == NULL);
	copies_destroy(&copies);
	return 0;
}

static void
begin(struct visit *v, const char *url, int64_t user, int64_t rights)
{
	visit_begin(v, "GET", url);
	assert_non_null(v->x.route);
	v->x.user_id = user;
	v->x.rights = rights;
}

/* Ask, and answer what there is no copy of. Whether there was one. */
static bool
ask(const char *url, int64_t user, int64_t rights, int64_t tag,
    const char *body)
{
	struct visit		 v;
	const struct copy	*c;
	struct text		 kept;

	begin(&v, url, user, rights);
	c = copies_find(copies, &v.x);
	if (c == NULL) {
		kept = copies_keep(copies, &v.x, tag, 7, text_of(body));
		if (kept.len > 0)
			check_text(url, kept, text_of(body));
	} else
		check_text(url, c->body, text_of(body));
	visit_end(&v);
	return c != NULL;
}

#define LIST	"/flicket-api/tickets/3/?status=Open"

static void
who_asks_twice_gets_a_copy(void **state)
{
	struct visit		 v;
	const struct copy	*c;

	(void)state;
	check_true("first", !ask(LIST, 1, 0, 0xabc, "what it was"));
	check_number("not kept", (int64_t)copies->bytes, 0);
	check_true("second", !ask(LIST, 1, 0, 0xabc, "what it was"));
	check_true("third", ask(LIST, 1, 0, 0xabc, "what it was"));
	begin(&v, LIST, 1, 0);
	c = copies_find(copies, &v.x);
	check_number("tag", c->tag, 0xabc);
	check_string("as clients have it", c->etag, "\"0000000000000abc\"");
	check_number("total", c->total, 7);
	visit_end(&v);
}

static void
nobody_gets_what_somebody_else_asked_for(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		ask(LIST, 1, 0, 1, "of user 1");
	check_true("same", ask(LIST, 1, 0, 1, "of user 1"));
	check_true("another user", !ask(LIST, 2, 0, 1, ""));
	check_true("other rights", !ask(LIST, 1, 2, 1, ""));
	check_true("another page", !ask("/flicket-api/tickets/4/?status=Open",
	    1, 0, 1, ""));
	check_true("another filter",
	    !ask("/flicket-api/tickets/3/?status=Closed", 1, 0, 1, ""));
	check_true("no filter", !ask("/flicket-api/tickets/3/", 1, 0, 1, ""));
}

static void
only_lists_that_can_be_compared(void **state)
{
	static const struct {
		const char	*method, *url;
		enum key	 key;	/* NONE: no argument */
		bool		 included;
	} rows[] = {
		{ "GET", "/flicket-api/ticket/3", KEY_NONE, false },
		{ "POST", "/flicket-api/tickets/", KEY_NONE, false },
		{ "GET", "/flicket-api/tickets/", KEY_CURSOR, false },
		{ "GET", "/flicket-api/tickets/?include=users", KEY_NONE,
		    true },
	};
	struct included		*any = (struct included *)(uintptr_t)rows;
	struct visit		 v;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++)
		for (int j = 0; j < 3; j++) {
			visit_begin(&v, rows[i].method, rows[i].url);
			if (rows[i].key != KEY_NONE)
				args_put_text(&v.x.args, rows[i].key,
				    TEXT_OF("c"));
			v.x.included = rows[i].included ? any : NULL;
			check_true(rows[i].url,
			    copies_find(copies, &v.x) == NULL);
			v.x.asked_before = true;
			check_number(rows[i].url, (int64_t)copies_keep(copies,
			    &v.x, 1, 1, text_of("body")).len, 0);
			visit_end(&v);
		}
}

/* What changed takes the place of what was kept, which may still be sent. */
static void
a_newer_answer_takes_its_place(void **state)
{
	struct visit		 v, w;
	const struct copy	*old;

	(void)state;
	ask(LIST, 1, 0, 1, "old");
	ask(LIST, 1, 0, 1, "old");
	begin(&v, LIST, 1, 0);
	old = copies_find(copies, &v.x);
	begin(&w, LIST, 1, 0);
	check_true("found", copies_find(copies, &w.x) == old);
	check_text("kept", copies_keep(copies, &w.x, 2, 7, text_of("newer")),
	    text_of("newer"));
	visit_end(&w);
	check_text("being sent", old->body, text_of("old"));
	copies_clear(copies);
	check_text("all are given back", old->body, text_of("old"));
	check_number("none is left", (int64_t)copies->bytes, 0);
	visit_end(&v);
	check_true("it was noted", !ask(LIST, 1, 0, 2, "newer"));
	check_true("and is kept", ask(LIST, 1, 0, 2, "newer"));
}

static void
the_least_recently_used_goes(void **state)
{
	static char	 body[MOST / 9];
	char		 url[64];
	int		 kept = 0;

	(void)state;
	memset(body, 'x', sizeof(body) - 1);
	for (int i = 0; i < 100; i++) {
		snprintf(url, sizeof(url), "/flicket-api/tickets/%d/", i + 1);
		ask(url, 1, 0, i + 1, body);
		ask(url, 1, 0, i + 1, body);
		/* one that is looked at all the time */
		check_true(url, ask("/flicket-api/tickets/1/", 1, 0, 1, body));
		check_true(url, copies->bytes <= MOST);
	}
	for (int i = 99; i >= 0; i--) {
		struct visit	v;

		snprintf(url, sizeof(url), "/flicket-api/tickets/%d/", i + 1);
		begin(&v, url, 1, 0);
		kept += copies_find(copies, &v.x) != NULL;
		visit_end(&v);
	}
	check_true("some are kept", kept >= 6 && kept <= 9);
}

static void
what_is_large_is_not_kept(void **state)
{
	static char	body[MOST / 8 + 2];

	(void)state;
	memset(body, 'x', sizeof(body) - 1);
	for (int i = 0; i < 4; i++)
		check_true("never", !ask(LIST, 1, 0, 1, body));
	body[MOST / 8] = '\0';
	check_true("smaller by one", !ask(LIST, 1, 0, 1, body));
	check_true("is", ask(LIST, 1, 0, 1, body));
}

int
main(void)
{
#define HERE(sentence, f) { sentence, f, make, unmake, NULL }
	const struct CMUnitTest	tests[] = {
		HERE("who asks twice gets a copy", who_asks_twice_gets_a_copy),
		HERE("nobody gets what somebody else asked for",
		    nobody_gets_what_somebody_else_asked_for),
		HERE("only lists that can be compared",
		    only_lists_that_can_be_compared),
		HERE("a newer answer takes its place",
		    a_newer_answer_takes_its_place),
		HERE("the least recently used goes", the_least_recently_used_goes),
		HERE("what is large is not kept", what_is_large_is_not_kept),
	};

	return cmocka_run_group_tests_name("copies", tests, NULL, NULL);
}
