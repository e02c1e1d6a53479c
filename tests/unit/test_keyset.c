/* proto/keyset.h: sets of keys. */
#include "unit.h"

#include "proto/tables.h"

#define FOUR	ID, PAGE, DATA, LOADING

/* A set as the numbers of its keys, one truth for all of it. */
static void
fill(uint64_t *seed, bool ret[KEY_END], keyset *ret_set)
{
	*ret_set = K(NONE);
	for (unsigned k = 0; k < KEY_END; k++) {
		ret[k] = unit_random(seed) % 4 == 0;
		if (ret[k])
			keyset_add(ret_set, (enum key)k);
	}
}

static void
a_set_has_the_keys_that_it_names(void **state)
{
	static const keyset	some = K(FOUR, ID, IF_NONE_MATCH);

	(void)state;
	check_true("nothing", keyset_is_empty(K(NONE)));
	check_number("of none", keyset_count(K(NONE)), 0);
	check_number("each once", keyset_count(some), 5);
	for (unsigned k = 0; k < KEY_END; k++)
		check_true("these", keyset_has(some, (enum key)k) ==
		    (k == KEY_ID || k == KEY_PAGE || k == KEY_DATA ||
		    k == KEY_LOADING || k == KEY_IF_NONE_MATCH));
	check_number("all", keyset_count(KEYSET_ALL), KEY_END);
	check_number("32 names", keyset_count(K(ACTOR, NOW, LIMIT, OFFSET,
	    TOKEN_HASH, ADDRESS, EXPIRES, MESSAGE, RETRY_AFTER, RIGHTS, CLOCK,
	    WRITES, SEEN, REVOKED, SOURCE, STREAM, SEQ, AFTER, CONSUMER, EVENT,
	    ORIGINAL, PAYLOAD, ID, PAGE, PER_PAGE, TICKET_ID, TOPIC_ID,
	    POST_ID, USER_ID, CATEGORY_ID, DEPARTMENT_ID, LOADING)), 32);
}

static void
sets_are_combined_key_by_key(void **state)
{
	bool		a[KEY_END], b[KEY_END], within, meets;
	keyset		one, other;
	uint64_t	seed = 4;

	(void)state;
	for (int turn = 0; turn < 50; turn++) {
		fill(&seed, a, &one);
		fill(&seed, b, &other);
		if (turn % 3 == 0)
			other = keyset_difference(other, one);
		within = true;
		meets = false;
		for (unsigned k = 0; k < KEY_END; k++) {
			b[k] = keyset_has(other, (enum key)k);
			within = within && (!a[k] || b[k]);
			meets = meets || (a[k] && b[k]);
			check_true("union", keyset_has(keyset_union(one,
			    other), (enum key)k) == (a[k] || b[k]));
			check_true("intersection", keyset_has(
			    keyset_intersection(one, other), (enum key)k) ==
			    (a[k] && b[k]));
			check_true("difference", keyset_has(
			    keyset_difference(one, other), (enum key)k) ==
			    (a[k] && !b[k]));
		}
		check_true("within", keyset_is_within(one, other) == within);
		check_true("a part is within", keyset_is_within(
		    keyset_intersection(one, other), other));
		check_true("intersects", keyset_intersects(one, other) ==
		    meets);
		check_true("equals", keyset_equals(one, one) &&
		    !keyset_equals(one, keyset_difference(KEYSET_ALL, one)));
	}
}

static void
keys_are_met_in_order(void **state)
{
	bool		want[KEY_END];
	keyset		s, seen;
	enum key	k;
	uint64_t	seed = 6;

	(void)state;
	check_number("none", keyset_next(K(NONE), 0), KEY_END);
	check_number("beyond", keyset_next(KEYSET_ALL, KEY_END), KEY_END);
	for (unsigned i = 0; i < KEY_END; i++) {
		s = keyset_of((enum key)i);
		check_number("alone", keyset_next(s, 0), i);
		check_number("at its place", keyset_next(s, i), i);
		check_number("nothing behind it", keyset_next(s, i + 1),
		    KEY_END);
		keyset_remove(&s, (enum key)i);
		check_true("removed", keyset_is_empty(s));
	}
	for (int turn = 0; turn < 20; turn++) {
		fill(&seed, want, &s);
		seen = K(NONE);
		for (k = keyset_next(s, 0); k != KEY_END;
		    k = keyset_next(s, k + 1)) {
			check_true("is there", want[k]);
			keyset_add(&seen, k);
		}
		check_true("all", keyset_equals(seen, s));
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("a set has the keys that it names",
		    a_set_has_the_keys_that_it_names),
		TEST("sets are combined key by key",
		    sets_are_combined_key_by_key),
		TEST("keys are met in the order of their numbers",
		    keys_are_met_in_order),
	};

	return cmocka_run_group_tests_name("keyset", tests, NULL, NULL);
}
