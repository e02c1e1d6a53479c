/* gateway/cache/responses.c */
#include "unit.h"

#include "gateway/cache/responses.h"

#define MOST	(64 << 10)

static struct response_cache	*cache;
static h2o_mem_pool_t		 pool;		/* of a request */

static int
make(void **state)
{
	(void)state;
	cache = responses_new(MOST);
	h2o_mem_init_pool(&pool);
	return 0;
}

static int
unmake(void **state)
{
	(void)state;
	h2o_mem_clear_pool(&pool);
	responses_destroy(&cache);
	check_true("it is gone", cache == NULL);
	responses_destroy(&cache);
	return 0;
}

static struct response_key
key_of(const char *path, int64_t user_id, int64_t rights)
{
	return (struct response_key){ user_id, rights, text_of(path) };
}

static const struct cached_response *
find(const char *path, int64_t user_id, int64_t rights,
    bool *ret_asked_before)
{
	struct response_key	key = key_of(path, user_id, rights);

	return responses_find(cache, &key, &pool, ret_asked_before);
}

/* Ask; answer what is not kept, and keep that if it was asked before. */
static bool
ask(const char *path, int64_t user_id, int64_t rights, int64_t tag,
    const char *body)
{
	struct response_key		 key = key_of(path, user_id, rights);
	const struct cached_response	*r, *kept;
	bool				 asked_before;

	r = find(path, user_id, rights, &asked_before);
	if (r == NULL && asked_before) {
		kept = responses_keep(cache, &key, &pool, tag, 7,
		    text_of(body));
		if (kept != NULL)
			check_text(path, kept->body, text_of(body));
	} else if (r != NULL) {
		check_true(path, asked_before);
		check_text(path, r->body, text_of(body));
	}
	return r != NULL;
}

#define LIST	"/flicket-api/tickets/3/?status=Open"

static void
what_is_asked_for_twice_is_kept(void **state)
{
	const struct cached_response	*r;
	bool				 asked_before;

	(void)state;
	check_true("first", !ask(LIST, 1, 0, 0xabc, "what it was"));
	check_true("not kept", find(LIST, 1, 0, &asked_before) == NULL);
	check_true("it was noted", asked_before);
	check_true("second", !ask(LIST, 1, 0, 0xabc, "what it was"));
	check_true("third", ask(LIST, 1, 0, 0xabc, "what it was"));
	r = find(LIST, 1, 0, &asked_before);
	assert_non_null(r);
	check_number("tag", r->tag, 0xabc);
	check_string("as clients have it", r->etag, "\"0000000000000abc\"");
	check_number("total", r->total, 7);
}

static void
no_user_gets_the_response_of_another(void **state)
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

/* A new response takes the place of the one before, which may still be sent. */
static void
a_newer_response_takes_its_place(void **state)
{
	struct response_key		 key = key_of(LIST, 1, 0);
	const struct cached_response	*old;
	h2o_mem_pool_t			 other;
	bool				 asked_before;

	(void)state;
	ask(LIST, 1, 0, 1, "old");
	ask(LIST, 1, 0, 1, "old");
	old = find(LIST, 1, 0, &asked_before);
	assert_non_null(old);
	h2o_mem_init_pool(&other);
	check_true("found", responses_find(cache, &key, &other,
	    &asked_before) == old);
	check_text("kept", responses_keep(cache, &key, &other, 2, 7,
	    text_of("newer"))->body, text_of("newer"));
	h2o_mem_clear_pool(&other);
	check_text("being sent", old->body, text_of("old"));
	responses_clear(cache);
	check_text("all are dropped", old->body, text_of("old"));
	check_true("it was noted", !ask(LIST, 1, 0, 2, "newer"));
	check_true("and is kept", ask(LIST, 1, 0, 2, "newer"));
}

static void
the_least_recently_used_goes(void **state)
{
	static char	body[MOST / 9];
	char		path[64];
	int		kept = 0;
	bool		asked_before;

	(void)state;
	memset(body, 'x', sizeof(body) - 1);
	for (int i = 0; i < 100; i++) {
		snprintf(path, sizeof(path), "/flicket-api/tickets/%d/",
		    i + 1);
		ask(path, 1, 0, i + 1, body);
		ask(path, 1, 0, i + 1, body);
		/* one that is looked at all the time */
		check_true(path, ask("/flicket-api/tickets/1/", 1, 0, 1,
		    body));
	}
	for (int i = 99; i >= 0; i--) {
		snprintf(path, sizeof(path), "/flicket-api/tickets/%d/",
		    i + 1);
		kept += find(path, 1, 0, &asked_before) != NULL;
	}
	check_true("some are kept", kept >= 6 && kept <= 9);
}

static void
large_responses_are_not_kept(void **state)
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

/* It is found with the response, counted with it, and goes with it. */
static void
a_compressed_body_is_kept_beside_it(void **state)
{
	static char			 gzip[MOST / 3];
	struct text			 half = { gzip, sizeof(gzip) };
	const struct cached_response	*r, *other;
	bool				 asked_before;

	(void)state;
	memset(gzip, 'z', sizeof(gzip));
	for (int i = 0; i < 2; i++) {
		ask(LIST, 1, 0, 1, "a list");
		ask("/another", 1, 0, 1, "another list");
		ask("/third", 1, 0, 1, "third list");
	}
	r = find(LIST, 1, 0, &asked_before);
	assert_non_null(r);
	check_number("none at first", (int64_t)r->gzip.len, 0);
	responses_keep_gzip(cache, r, TEXT_OF(""));
	check_number("none that is empty", (int64_t)r->gzip.len, 0);
	responses_keep_gzip(cache, r, half);
	check_true("a copy", r->gzip.base != gzip);
	check_text("kept", r->gzip, half);
	responses_keep_gzip(cache, r, TEXT_OF("later"));
	check_text("the first stays", r->gzip, half);
	check_true("found with it", find(LIST, 1, 0, &asked_before) == r);

	other = find("/another", 1, 0, &asked_before);
	responses_keep_gzip(cache, other, half);
	check_true("there is room for two", find(LIST, 1, 0,
	    &asked_before) == r);
	responses_keep_gzip(cache, find("/third", 1, 0, &asked_before), half);
	check_true("not for three", find("/another", 1, 0,
	    &asked_before) == NULL);
	check_text("it is being sent", other->gzip, half);
	check_true("the others stay", find(LIST, 1, 0, &asked_before) == r);

	responses_clear(cache);
	responses_keep_gzip(cache, find(LIST, 1, 0, &asked_before) == NULL ?
	    other : NULL, TEXT_OF("late"));
	check_text("dropped before", other->gzip, half);
	for (int i = 0; i < 2; i++)
		ask(LIST, 1, 0, 1, "a list");
	check_true("all room is free again", ask(LIST, 1, 0, 1, "a list"));
}

int
main(void)
{
#define HERE(sentence, f) { sentence, f, make, unmake, NULL }
	const struct CMUnitTest	tests[] = {
		HERE("what is asked for twice is kept",
		    what_is_asked_for_twice_is_kept),
		HERE("no user gets the response of another",
		    no_user_gets_the_response_of_another),
		HERE("a newer response takes its place",
		    a_newer_response_takes_its_place),
		HERE("the least recently used goes",
		    the_least_recently_used_goes),
		HERE("large responses are not kept",
		    large_responses_are_not_kept),
		HERE("a compressed body is kept beside the body",
		    a_compressed_body_is_kept_beside_it),
	};

	return cmocka_run_group_tests_name("responses", tests, NULL, NULL);
}
