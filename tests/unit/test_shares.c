/* gateway/bus/shares.c */
#include "unit.h"

#include <string.h>

#include "gateway/bus/shares.h"
#include "base/address.h"

static struct hash_key	key;

static unsigned
place_of(int64_t user, const char *address)
{
	struct in6_addr	a = { 0 };

	assert_true(address == NULL || address_read(text_of(address), &a));
	return shares_place(&key, user, &a);
}

/* Any address of a stranger, in an IPv4 or IPv6 network. */
static const char *
address_of(unsigned i)
{
	static char	text[ADDRESS_SIZE];

	snprintf(text, sizeof(text), i % 2 == 0 ? "10.0.%u.%u" :
	    "2001:%x:%x::1", i >> 8, i & 255);
	return text;
}

static void
no_stranger_shares_with_a_user(void **state)
{
	(void)state;
	for (int n = 0; n < 8; n++) {
		keyed_hash_make_key(&key);
		for (unsigned i = 0; i < 65536; i += 3)
			check_true(address_of(i), place_of(0, address_of(i)) >=
			    SHARES_USERS);
		for (int64_t user = 1; user < 10000; user++)
			check_true("a user", place_of(user, NULL) <
			    SHARES_USERS);
		check_true("within", place_of(INT64_MAX, NULL) < SHARES_USERS);
	}
}

/* So many that follow one another have a place each. */
static void
users_in_a_row_do_not_share(void **state)
{
	bool		taken[SHARES_USERS] = { false };
	unsigned	place;

	(void)state;
	keyed_hash_make_key(&key);
	for (int64_t i = 0; i < SHARES_USERS; i++) {
		place = place_of(SHARES_USERS + i, NULL);
		check_number("alone", taken[place], false);
		taken[place] = true;
	}
}

/* Which address of an IPv6 network it is does not matter. */
static void
an_address_has_one_place(void **state)
{
	unsigned	differ = 0;

	(void)state;
	keyed_hash_make_key(&key);
	check_number("one user, two addresses", place_of(7, "192.0.2.1"),
	    place_of(7, "2001:db8::1"));
	check_number("one /48", place_of(0, "2001:db8:1::1"),
	    place_of(0, "2001:db8:1:2:3:4:5:6"));
	check_number("again", place_of(0, "192.0.2.1"),
	    place_of(0, "192.0.2.1"));
	for (unsigned i = 0; i < 512; i++)
		differ += place_of(0, address_of(i)) !=
		    place_of(0, address_of(i + 512));
	check_true("networks differ", differ > 500);
}

/* Who shares with whom in one worker says nothing of the next. */
static void
nobody_can_tell_who_shares(void **state)
{
	unsigned	at[256], again[2] = { 0, 0 };
	unsigned	apart, was;

	(void)state;
	keyed_hash_make_key(&key);
	for (unsigned i = 0; i < LEN(at); i++)
		at[i] = place_of(0, address_of(i));
	was = (place_of(SHARES_USERS, NULL) - place_of(1, NULL)) %
	    SHARES_USERS;
	for (int n = 0; n < 4; n++) {
		keyed_hash_make_key(&key);
		for (unsigned i = 0; i < LEN(at); i++)
			again[0] += at[i] == place_of(0, address_of(i));
		apart = (place_of(SHARES_USERS, NULL) - place_of(1, NULL)) %
		    SHARES_USERS;
		again[1] += apart == was;
	}
	check_true("strangers", again[0] < 64);
	check_true("users of two blocks", again[1] < 4);
}

static void
what_waits_is_counted(void **state)
{
	static struct shares	s;

	(void)state;
	shares_begin(&s, 3, 100);
	shares_begin(&s, 3, 20);
	shares_begin(&s, SHARES - 1, 1);
	check_number("places", (int64_t)s.users, 2);
	check_number("waiting", (int64_t)s.of[3].waiting, 2);
	check_number("bytes", (int64_t)s.of[3].bytes, 120);
	shares_end(&s, 3, 100);
	check_number("one is left", (int64_t)s.users, 2);
	shares_end(&s, 3, 20);
	shares_end(&s, SHARES - 1, 1);
	check_number("none", (int64_t)s.users, 0);
	check_number("no bytes", (int64_t)s.of[3].bytes, 0);
}

static void
who_comes_finds_some_left(void **state)
{
	static const struct { const char *name; size_t own, all, most;
	    bool left; } rows[] = {
		{ "nothing waits", 0, 0, 64, true },
		{ "alone: the last", 63, 63, 64, true },
		{ "alone: one too many", 64, 64, 64, false },
		{ "another", 0, 64, 64, true },
		{ "another: as much again", 63, 64, 64, true },
		{ "another: one too many", 64, 65, 64, false },
		{ "little is left", 8, 70, 64, true },
		{ "... for who has little", 16, 70, 64, false },
		{ "full", 0, 72, 64, false },
	};

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++)
		check_number(rows[i].name, shares_leave_some(rows[i].own,
		    rows[i].all, rows[i].most), rows[i].left);
	check_number("with others", (int64_t)shares_with_others(64), 72);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("no stranger shares with a user",
		    no_stranger_shares_with_a_user),
		TEST("users in a row do not share",
		    users_in_a_row_do_not_share),
		TEST("an address has one place", an_address_has_one_place),
		TEST("nobody can tell who shares", nobody_can_tell_who_shares),
		TEST("what waits is counted", what_waits_is_counted),
		TEST("who comes finds some left", who_comes_finds_some_left),
	};

	return cmocka_run_group_tests_name("shares", tests, NULL, NULL);
}
