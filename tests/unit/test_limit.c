/* The limit per token: gateway/cache/limit.c, gateway/stage/limit.c */
#include "exchange.h"
#include "fakes.h"

#include <pthread.h>

#include "gateway/cache/limit.h"
#include "gateway/stage/limit.h"

#define MS		INT64_C(1000000)
#define SECOND_NS	(1000 * MS)
#define WAYS		8	/* tokens of one set */

static void
hash_of(uint32_t set, uint32_t number, unsigned char ret[32])
{
	memset(ret, 0, 32);
	memcpy(ret, &set, sizeof(set));
	memcpy(ret + 4, &number, sizeof(number));
	ret[15] = 1;
}

static void
a_bucket_is_emptied_and_filled(void **state)
{
	/* six a minute: one each 10 s */
	static const struct { int64_t at_s; bool allowed; int64_t left,
	    full_s, wait_s; } rows[] = {
		{ 1000, true, 5, 10, 0 },
		{ 1000, true, 4, 20, 0 },
		{ 1000, true, 3, 30, 0 },
		{ 1004, true, 2, 36, 0 },
		{ 1004, true, 1, 46, 0 },
		{ 1004, true, 0, 56, 6 },
		{ 1004, false, 0, 56, 6 },
		{ 1009, false, 0, 51, 1 },
		{ 1010, true, 0, 60, 10 },
		{ 1010, false, 0, 60, 10 },
		{ 1035, true, 1, 45, 0 },
		{ 1035, true, 0, 55, 5 },
		{ 5000, true, 5, 10, 0 },	/* never more than full */
	};
	struct limits	*l = limits_new(6);
	unsigned char	 hash[32];
	struct limit	 is;
	char		 row[32];

	(void)state;
	hash_of(7, 1, hash);
	for (size_t i = 0; i < LEN(rows); i++) {
		snprintf(row, sizeof(row), "%zu at %lld", i,
		    (long long)rows[i].at_s);
		limits_take(l, hash, rows[i].at_s * SECOND_NS, &is);
		check_number(row, is.allowed, rows[i].allowed);
		check_number(row, is.left, rows[i].left);
		check_number(row, is.full_s, rows[i].full_s);
		check_number(row, is.wait_s, rows[i].wait_s);
	}
	limits_destroy(&l);
	check_true("gone", l == NULL);
}

static void
a_minute_has_as_many_as_it_should(void **state)
{
	static const int64_t	rates[] = { 1, 7, 60, 999, 1000000 };
	struct limits		*l;
	unsigned char		 hash[32];
	struct limit		 is;
	int64_t			 now = 50 * SECOND_NS, taken;

	(void)state;
	hash_of(3, 3, hash);
	for (size_t i = 0; i < LEN(rates); i++) {
		l = limits_new(rates[i]);
		for (taken = 0;; taken++) {
			limits_take(l, hash, now, &is);
			if (!is.allowed)
				break;
		}
		check_number("at once", taken, rates[i]);
		/* after the time it says there is one, not before it */
		limits_take(l, hash, now + is.wait_s * SECOND_NS, &is);
		check_true("and then", is.allowed);
		/* for ten minutes: a full bucket, and ten times the rate */
		for (taken = 0; rates[i] < 1000 && now < 650 * SECOND_NS;
		    now += 10 * MS) {
			limits_take(l, hash, now + 120 * SECOND_NS, &is);
			taken += is.allowed;
		}
		if (taken > 0)
			check_true("over time", taken <= rates[i] * 11 + 1 &&
			    taken >= rates[i] * 11 - 1);
		now = 50 * SECOND_NS;
		limits_destroy(&l);
	}
}

static void
tokens_do_not_share(void **state)
{
	struct limits	*l = limits_new(1);
	unsigned char	 hash[32];
	struct limit	 is;

	(void)state;
	/* all of one set, and none of them full when the next one comes */
	for (uint32_t i = 0; i < WAYS; i++) {
		hash_of(9, i, hash);
		limits_take(l, hash, SECOND_NS + i, &is);
		check_true("its own", is.allowed && is.left == 0);
	}
	for (uint32_t i = 0; i < WAYS; i++) {
		hash_of(9, i, hash);
		limits_take(l, hash, 2 * SECOND_NS, &is);
		check_true("used up", !is.allowed);
	}
	/* one too many: the one that is full soonest gives way */
	hash_of(9, 100, hash);
	limits_take(l, hash, 2 * SECOND_NS, &is);
	check_true("has its place", is.allowed);
	for (uint32_t i = 1; i < WAYS; i++) {
		hash_of(9, i, hash);
		limits_take(l, hash, 2 * SECOND_NS, &is);
		check_true("still used up", !is.allowed);
	}
	limits_destroy(&l);
}

#define THREADS	4
#define ROUNDS	1500000

static struct limits	*shared;

static void *
take_many(void *arg)
{
	unsigned char	hash[32];
	struct limit	is;
	int64_t		*taken = arg;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		hash_of(i % 3, 1, hash);
		limits_take(shared, hash, SECOND_NS, &is);
		taken[i % 3] += is.allowed;
	}
	return NULL;
}

/* Long enough for each to be interrupted while it takes. */
static void
threads_take_out_of_one_bucket(void **state)
{
	static int64_t	taken[THREADS][3];
	int64_t		sum;
	pthread_t	threads[THREADS];

	(void)state;
	shared = limits_new(1000000);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_many,
		    taken[i]), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int t = 0; t < 3; t++) {
		sum = 0;
		for (int i = 0; i < THREADS; i++)
			sum += taken[i][t];
		check_number("not one too many", sum, 1000000);
	}
	limits_destroy(&shared);
}

/* The field that was added last. */
static struct text
last_header(const struct visit *v, const char *name)
{
	const h2o_headers_t	*h = &v->req.res.headers;
	struct text		 last = { "", 0 };

	for (size_t i = 0; i < h->size; i++)
		if (h2o_memis(h->entries[i].name->base,
		    h->entries[i].name->len, name, strlen(name)))
			last = (struct text){ h->entries[i].value.base,
			    h->entries[i].value.len };
	return last;
}

static void
the_stage_says_what_is_left(void **state)
{
	struct visit	v;

	(void)state;
	visit_begin(&v, "GET", "/flicket-api/user/1");
	check_number("no limit", limit_begin(&v.x), FLOW_NEXT);
	check_number("no header", responded.headers, 0);
	v.settings.rate_limit = 2;
	v.gateway.limits = limits_new(2);
	v.x.user_id = 1;
	hash_of(1, 1, v.x.identity.token_hash);
	check_number("first", limit_begin(&v.x), FLOW_NEXT);
	check_text("first", last_header(&v, "ratelimit-policy"),
	    TEXT_OF("\"token\";q=2;w=60"));
	check_text("first", last_header(&v, "ratelimit"),
	    TEXT_OF("\"token\";r=1;t=30"));
	check_number("second", limit_begin(&v.x), FLOW_NEXT);
	check_text("second", last_header(&v, "ratelimit"),
	    TEXT_OF("\"token\";r=0;t=30"));
	check_number("third", limit_begin(&v.x), FLOW_DONE);
	check_number("third", responded.error, ERR_RATE_LIMITED);
	check_number("third", responded.retry_after, 30);
	check_text("third", last_header(&v, "ratelimit"),
	    TEXT_OF("\"token\";r=0;t=30"));
	limits_destroy(&v.gateway.limits);
	visit_end(&v);
	/* a login is not made with a token */
	visit_begin(&v, "POST", "/flicket-api/tokens");
	v.gateway.limits = limits_new(1);
	for (int i = 0; i < 3; i++)
		check_number("login", limit_begin(&v.x), FLOW_NEXT);
	limits_destroy(&v.gateway.limits);
	visit_end(&v);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("a bucket is emptied at once and filled evenly",
		    a_bucket_is_emptied_and_filled),
		TEST("a minute has as many requests as the limit says",
		    a_minute_has_as_many_as_it_should),
		TEST("tokens do not share, nor does a full table shut one out",
		    tokens_do_not_share),
		TEST("threads take out of one bucket",
		    threads_take_out_of_one_bucket),
		TEST("the stage says what is left",
		    the_stage_says_what_is_left),
	};

	return cmocka_run_group_tests_name("limit", tests, visit_routes, NULL);
}
