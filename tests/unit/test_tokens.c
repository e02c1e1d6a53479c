/* gateway/cache/tokens.c */
#include "unit.h"

#include "gateway/cache/tokens.h"
#include "base/clock.h"

#define FOREVER	INT64_MAX

/* A hash; those with one set are kept in the same place of the table. */
struct hash {
	unsigned char	bytes[TOKEN_HASH_BYTES];
};

static struct hash
hash_of(unsigned char set, unsigned char number)
{
	struct hash	h = { { 0 } };

	h.bytes[0] = set;
	h.bytes[TOKEN_HASH_BYTES - 1] = number;
	return h;
}

static bool
has(struct tokens *t, struct hash h)
{
	int64_t	user_id, rights;

	return tokens_find(t, h.bytes, &user_id, &rights);
}

static void
keep(struct tokens *t, struct hash h)
{
	tokens_keep(t, h.bytes, 1, 0, FOREVER);
}

static void
what_is_kept_is_found(void **state)
{
	struct tokens	*t = tokens_new();
	struct hash	 a = hash_of(1, 1), b = hash_of(1, 2);
	int64_t		 user_id, rights;

	(void)state;
	check_true("unknown", !has(t, a));
	check_true("nor is none", !has(t, hash_of(0, 0)));
	tokens_keep(t, a.bytes, 5, 3, FOREVER);
	tokens_keep(t, b.bytes, 6, 0, FOREVER);
	check_true("first", tokens_find(t, a.bytes, &user_id, &rights));
	check_number("whose", user_id, 5);
	check_number("rights", rights, 3);
	check_true("second", tokens_find(t, b.bytes, &user_id, &rights));
	check_number("whose", user_id, 6);
	tokens_keep(t, a.bytes, 5, 1, FOREVER);
	check_true("anew", tokens_find(t, a.bytes, &user_id, &rights));
	check_number("rights", rights, 1);
	tokens_forget(t, a.bytes);
	tokens_forget(t, a.bytes);
	check_true("forgotten", !has(t, a));
	check_true("only that", has(t, b));
	tokens_destroy(&t);
	assert_null(t);
	tokens_destroy(&t);
}

static void
what_expired_is_not_found(void **state)
{
	struct tokens	*t = tokens_new();

	(void)state;
	tokens_keep(t, hash_of(1, 1).bytes, 5, 3, 1);
	check_true("long ago", !has(t, hash_of(1, 1)));
	tokens_keep(t, hash_of(1, 1).bytes, 5, 3, 0);
	check_true("at no time", !has(t, hash_of(1, 1)));
	tokens_destroy(&t);
}

/* A heartbeat of the user service, with its wall clock; INT64_MIN: without. */
static void
hear_wall(struct tokens *t, int64_t wall_told_us)
{
	struct answer	a = { .error = OK };

	args_put_number(&a.extra, KEY_SEEN, 1);
	if (wall_told_us != INT64_MIN)
		args_put_number(&a.extra, KEY_WALL, wall_told_us);
	tokens_hear(t, &a, clock_ms());
}

static void
the_user_service_says_what_time_it_is(void **state)
{
	static const struct { const char *name; int64_t ahead_s;
	    bool found; } rows[] = {
		{ "as late as here", 0, true }, { "later", 7200, false },
		{ "right again", 0, true }, { "earlier", -7200, true },
		{ "just over", 3601, false }, { "not yet", 3000, true },
	};
	struct tokens	*t = tokens_new();
	int64_t		 now_us = wall_us(), s_us = 1000000;

	(void)state;
	hear_wall(t, INT64_MIN);
	tokens_keep(t, hash_of(1, 1).bytes, 5, 3, now_us + 3600 * s_us);
	tokens_keep(t, hash_of(2, 2).bytes, 5, 3, now_us - 3600 * s_us);
	check_true("ours, where none is told", has(t, hash_of(1, 1)));
	for (size_t i = 0; i < LEN(rows); i++) {
		hear_wall(t, now_us + rows[i].ahead_s * s_us);
		check_number(rows[i].name, has(t, hash_of(1, 1)),
		    rows[i].found);
		check_number(rows[i].name, has(t, hash_of(2, 2)),
		    rows[i].ahead_s < -3600);
	}
	hear_wall(t, INT64_MAX);
	check_true("what no clock tells", has(t, hash_of(1, 1)));
	hear_wall(t, -1);
	check_true("nor this", !has(t, hash_of(2, 2)));
	tokens_destroy(&t);
}

static void
the_longest_unused_makes_room(void **state)
{
	struct tokens	*t = tokens_new();

	(void)state;
	for (unsigned char i = 1; i <= 4; i++)
		keep(t, hash_of(7, i));
	check_true("used again", has(t, hash_of(7, 1)));
	keep(t, hash_of(7, 5));
	check_true("made room", !has(t, hash_of(7, 2)));
	for (unsigned char i = 1; i <= 5; i++)
		if (i != 2)
			check_true("stayed", has(t, hash_of(7, i)));
	/* one that is there already needs no room */
	keep(t, hash_of(7, 3));
	check_true("all the same", has(t, hash_of(7, 1)) &&
	    has(t, hash_of(7, 4)) && has(t, hash_of(7, 5)));
	tokens_forget(t, hash_of(7, 4).bytes);
	keep(t, hash_of(7, 6));
	check_true("in the gap", has(t, hash_of(7, 1)) &&
	    has(t, hash_of(7, 3)) && has(t, hash_of(7, 5)));
	keep(t, hash_of(8, 1));
	check_true("elsewhere", has(t, hash_of(7, 6)));
	tokens_destroy(&t);
}

static struct answer
news(int64_t seen, const struct hash *revoked, size_t count)
{
	struct answer	a = { .error = OK };

	if (seen >= 0)
		args_put_number(&a.extra, KEY_SEEN, seen);
	if (count > 0)
		args_put_text(&a.extra, KEY_REVOKED, (struct text){
		    (const char *)revoked, count * sizeof(*revoked) });
	return a;
}

/* Two tokens are kept; what is heard then, and which of them stay. */
static void
heartbeats_are_heard(void **state)
{
	static const struct { const char *name; int64_t before, seen;
	    size_t revoked; enum err error; bool first, second;
	    int64_t told; } rows[] = {
		{ "the first of all", -1, 5, 0, OK, false, false, 5 },
		{ "nothing new", 5, 5, 0, OK, true, true, 5 },
		{ "one revoked", 5, 6, 1, OK, false, true, 6 },
		{ "both revoked", 5, 7, 2, OK, false, false, 7 },
		{ "more than is told", 5, 7, 1, OK, false, false, 7 },
		{ "none of it is told", 5, 6, 0, OK, false, false, 6 },
		{ "known in part", 5, 6, 2, OK, false, false, 6 },
		{ "a process that is behind", 5, 4, 2, OK, true, true, 5 },
		{ "an error", 5, 9, 2, ERR_STORE, true, true, 5 },
		{ "of an older service", 5, -1, 2, OK, true, true, 5 },
	};
	const struct hash	 both[] = { hash_of(1, 1), hash_of(2, 2) };
	struct tokens		*t;
	struct answer		 a;
	struct args		 args;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		t = tokens_new();
		args_clear(&args);
		tokens_tell(t, &args);
		check_number("nothing yet", args_number(&args, KEY_SEEN, 0),
		    -1);
		if (rows[i].before != -1) {
			a = news(rows[i].before, NULL, 0);
			tokens_hear(t, &a, 1);
		}
		keep(t, both[0]);
		keep(t, both[1]);
		a = news(rows[i].seen, both, rows[i].revoked);
		a.error = rows[i].error;
		tokens_hear(t, &a, 1);
		check_number(rows[i].name, has(t, both[0]), rows[i].first);
		check_number(rows[i].name, has(t, both[1]), rows[i].second);
		tokens_tell(t, &args);
		check_number(rows[i].name, args_number(&args, KEY_SEEN, -1),
		    rows[i].told);
		tokens_destroy(&t);
	}
}

/* Its revocations are numbered as those of the one before it were. */
static void
another_store_knows_none_of_them(void **state)
{
	struct tokens	*t = tokens_new();
	struct answer	 a = news(5, NULL, 0);

	(void)state;
	args_put_number(&a.extra, KEY_STREAM, 1);
	tokens_hear(t, &a, 1);
	keep(t, hash_of(1, 1));
	tokens_hear(t, &a, 2);
	check_true("the same store", has(t, hash_of(1, 1)));
	args_put_number(&a.extra, KEY_STREAM, 2);
	tokens_hear(t, &a, 3);
	check_true("another store", !has(t, hash_of(1, 1)));
	tokens_destroy(&t);
}

/* Revocations of others, however many, say nothing of a token. */
static void
an_answer_is_past_for_what_ended_since(void **state)
{
	static const struct { const char *name; unsigned char which;
	    int64_t as_of; bool want; } rows[] = {
		{ "before its end", 1, 5, true },
		{ "as of its end", 1, 6, false },
		{ "another's end", 2, 6, true },
		{ "nobody's", 3, 6, false },
		{ "of now", 2, 7, false },
		{ "of later", 1, 9, false },
		{ "before all that is known", 3, 4, true },
		{ "does not say", 1, -1, false },
	};
	const struct hash	 both[] = { hash_of(1, 1), hash_of(2, 2) };
	struct tokens		*t = tokens_new();
	struct answer		 a = news(5, NULL, 0), said;

	(void)state;
	tokens_hear(t, &a, 1);
	a = news(7, both, 2);
	tokens_hear(t, &a, 1);
	for (size_t i = 0; i < LEN(rows); i++) {
		said = (struct answer){ .error = OK };
		if (rows[i].as_of != -1)
			args_put_number(&said.extra, KEY_AS_OF, rows[i].as_of);
		check_number(rows[i].name, tokens_is_past(t,
		    hash_of(rows[i].which, rows[i].which).bytes, &said),
		    rows[i].want);
	}
	/* what is told of so many is not kept for ever */
	said = (struct answer){ .error = OK };
	args_put_number(&said.extra, KEY_AS_OF, 7);
	for (int64_t seq = 8; seq < 2000; seq++) {
		a = news(seq, &both[1], 1);
		tokens_hear(t, &a, 1);
		check_number("in time", tokens_is_past(t, hash_of(3, 3).bytes,
		    &said), seq > 7 + 1024);
		check_true("in any case", tokens_is_past(t, both[1].bytes,
		    &said));
	}
	a = news(3000, NULL, 0);
	tokens_hear(t, &a, 1);
	args_put_number(&said.extra, KEY_AS_OF, 2999);
	check_true("who knows", tokens_is_past(t, hash_of(3, 3).bytes, &said));
	tokens_destroy(&t);
}

/* A number that nobody is near any more was never right. */
static void
what_nobody_has_seen_was_not_so(void **state)
{
	const struct hash	 h = hash_of(1, 1);
	struct tokens		*t = tokens_new();
	struct answer		 a = news(INT64_MAX, NULL, 0);

	(void)state;
	tokens_hear(t, &a, 1000);
	keep(t, h);
	a = news(5, NULL, 0);
	tokens_hear(t, &a, 2000);
	check_true("behind for a moment", has(t, h));
	a = news(INT64_MAX, NULL, 0);
	tokens_hear(t, &a, 2900);
	a = news(5, NULL, 0);
	tokens_hear(t, &a, 3100);
	check_true("somebody was as far", has(t, h));
	tokens_hear(t, &a, 4200);
	check_true("behind for long", !has(t, h));
	tokens_destroy(&t);
}

/* A peer's bytes that are no whole number of hashes. */
static void
half_a_hash_is_none(void **state)
{
	const struct hash	 h = hash_of(1, 1);
	struct tokens		*t = tokens_new();
	struct answer		 a = news(1, NULL, 0);

	(void)state;
	tokens_hear(t, &a, 1);
	keep(t, h);
	args_put_text(&a.extra, KEY_REVOKED, (struct text){
	    (const char *)h.bytes, TOKEN_HASH_BYTES - 1 });
	tokens_hear(t, &a, 1);
	check_true("still there", has(t, h));
	tokens_destroy(&t);
}

static void
tell(const char *row, struct tokens *t, int64_t now_ms, const char *want)
{
	struct text	ids = { "", 0 };

	check_number(row, tokens_take_used(t, now_ms, &ids), *want != '\0');
	check_text(row, ids, text_of(want));
}

static void
use_is_told_once_a_minute(void **state)
{
	const struct hash	 a = hash_of(1, 1), b = hash_of(1, 2);
	struct tokens		*t = tokens_new();

	(void)state;
	keep(t, a);
	keep(t, b);
	check_true("used", has(t, a));
	tell("without a number", t, 1, "");
	tokens_number(t, a.bytes, 7);
	tokens_number(t, b.bytes, 8);
	tokens_number(t, hash_of(3, 3).bytes, 9);
	tell("not used since", t, 1, "");
	for (int i = 0; i < 3; i++)
		check_true("used", has(t, a));
	tell("at once", t, 1, "[7]");
	tell("nothing more", t, 1 + TOKENS_TELL_MS, "");
	tokens_use(t, b.bytes);
	check_true("used again", has(t, a));
	tell("not yet", t, TOKENS_TELL_MS, "");
	tell("both", t, 1 + TOKENS_TELL_MS, "[8,7]");
	/* kept anew: the same token, the same number */
	keep(t, a);
	check_true("used", has(t, a));
	tell("known", t, 1 + 2 * TOKENS_TELL_MS, "[7]");
	tokens_forget(t, a.bytes);
	keep(t, a);
	check_true("used", has(t, a));
	tell("forgotten", t, 1 + 3 * TOKENS_TELL_MS, "");
	tokens_destroy(&t);
}

static void
what_made_room_is_still_told(void **state)
{
	struct tokens	*t = tokens_new();

	(void)state;
	for (unsigned char i = 1; i <= 6; i++) {
		keep(t, hash_of(7, i));
		tokens_number(t, hash_of(7, i).bytes, i);
		tokens_use(t, hash_of(7, i).bytes);
	}
	check_true("made room", !has(t, hash_of(7, 1)));
	tell("all", t, 1, "[1,2,3,4,5,6]");
	tokens_destroy(&t);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("what is kept is found, until it is forgotten",
		    what_is_kept_is_found),
		TEST("what has expired is not found",
		    what_expired_is_not_found),
		TEST("the user service says what time it is",
		    the_user_service_says_what_time_it_is),
		TEST("what was not used for longest makes room",
		    the_longest_unused_makes_room),
		TEST("what a heartbeat says was revoked is forgotten",
		    heartbeats_are_heard),
		TEST("what was known of one store is not known of another",
		    another_store_knows_none_of_them),
		TEST("an answer is past for what has ended since",
		    an_answer_is_past_for_what_ended_since),
		TEST("half a hash is none", half_a_hash_is_none),
		TEST("what nobody has seen was not so",
		    what_nobody_has_seen_was_not_so),
		TEST("what was used is told, at most once a minute",
		    use_is_told_once_a_minute),
		TEST("what was used and made room is told as well",
		    what_made_room_is_still_told),
	};

	return cmocka_run_group_tests_name("tokens", tests, NULL, NULL);
}
