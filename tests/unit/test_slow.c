/*
 * services/runtime/lane/slow.c. Turns are counted, no time is taken. Calls are
 * written as "Ax", a login from the address A with the name x, or as "1", what
 * the user 1 asks for.
 */
#include "unit.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/address.h"
#include "base/log.h"
#include "proto/peer/replica.h"
#include "services/runtime/lane/slow.h"

static struct slow	*queue;
static struct call	*calls;		/* by their id */
static unsigned		 made;

#define CALLS_MOST	4096

static int
start(void **state)
{
	(void)state;
	queue = slow_new();
	calls = must_alloc(CALLS_MOST * sizeof(*calls));
	made = 0;
	return 0;
}

static int
finish(void **state)
{
	(void)state;
	while (slow_take(queue) != NULL)
		continue;
	slow_destroy(&queue);
	free(calls);
	return 0;
}

static struct call *
call_of(const char *who)
{
	struct call	*c = &calls[made];

	CHECK(made < CALLS_MOST);
	c->request.id = made++;
	if (who[0] >= '0' && who[0] <= '9') {
		c->request.actor = who[0] - '0';
		args_put_text(&c->request.args, KEY_NEW_PASSWORD,
		    (struct text){ who, 1 });
		return c;
	}
	args_put_text(&c->request.args, KEY_ADDRESS, (struct text){ who, 1 });
	args_put_text(&c->request.args, KEY_USERNAME,
	    (struct text){ who + 1, 1 });
	return c;
}

static struct call *
put(struct call *c)
{
	return slow_put(queue, c, false);
}

/* Put them all in, with blanks between. */
static void
put_all(const char *list)
{
	for (const char *p = list; *p != '\0'; p += strspn(p, " ")) {
		check_true(p, put(call_of(p)) == NULL);
		p += strcspn(p, " ");
	}
}

static const char *
name_of(const struct call *c)
{
	return args_has(&c->request.args, KEY_ADDRESS) ?
	    args_text(&c->request.args, KEY_ADDRESS).base :
	    args_text(&c->request.args, KEY_NEW_PASSWORD).base;
}

/* Take so many out; they are appended as they were written. */
static void
take(size_t most, struct buf *ret)
{
	struct call	*c;

	for (size_t i = 0; i < most && (c = slow_take(queue)) != NULL; i++)
		buf_printf(ret, "%s%.*s", ret->len > 0 ? " " : "",
		    (int)strcspn(name_of(c), " "), name_of(c));
}

static void
who_had_no_turn_for_longest_is_next(void **state)
{
	static const struct { const char *name, *in, *out; } rows[] = {
		{ "one alone", "Ax Ax", "Ax Ax" },
		{ "another name at the same address", "Ax Ax Ax Ay",
		    "Ax Ay Ax Ax" },
		{ "one name from everywhere", "Ax Bx Cx Dx Ey",
		    "Ax Ey Bx Cx Dx" },
		{ "many names from one address", "Aa Ab Ac Ad Be",
		    "Aa Be Ab Ac Ad" },
		{ "many names from everywhere", "Aa Bb Cc Dd Ee",
		    "Aa Bb Cc Dd Ee" },
		{ "two addresses", "Aa Ab Ac Bd Be Bf", "Aa Bd Ab Be Ac Bf" },
		{ "two names at one", "Ax Ax Ax Ay Ay Ay",
		    "Ax Ay Ax Ay Ax Ay" },
		{ "a user among them", "Aa Ab Ac 1 1 1", "Aa 1 Ab 1 Ac 1" },
		{ "two users", "1 1 1 2", "1 2 1 1" },
		{ "two floods and one", "Ax Ax Ba Bb Bc Cy",
		    "Ax Ba Cy Ax Bb Bc" },
	};
	struct buf	b = { 0 };

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		finish(NULL);
		start(NULL);
		put_all(rows[i].in);
		b.len = 0;
		take(SLOW_MOST, &b);
		check_text(rows[i].name, buf_text(&b), text_of(rows[i].out));
	}
	buf_done(&b);
}

/* A login, or with no address a user's call; both live as long as the test. */
static struct call *
call_from(const char *address, struct text name, int64_t user)
{
	struct call	*c = &calls[made];

	CHECK(made < CALLS_MOST);
	c->request.id = made++;
	c->request.actor = user;
	if (address == NULL)
		return c;
	args_put_text(&c->request.args, KEY_ADDRESS, text_of(address));
	args_put_text(&c->request.args, KEY_USERNAME, name);
	return c;
}

/* Fill the queue with names of their own from addresses of their own. */
static void
fill_from(const char *format)
{
	static char	addresses[SLOW_MOST][ADDRESS_SIZE];

	for (unsigned i = 0; i < SLOW_MOST; i++) {
		snprintf(addresses[i], sizeof(addresses[i]), format, i + 1);
		assert_null(put(call_from(addresses[i],
		    text_of(addresses[i]), 0)));
	}
}

/* Who has a network has each address of it, and can use each of them once. */
static void
a_network_is_a_place(void **state)
{
	static const struct { const char *flood, *other; bool comes; } rows[] = {
		{ "2001:db8:7:%x::", "2001:db8:8:1::", true },
		{ "2001:db8:7:%x::", "192.0.2.1", true },
		{ "2001:db8:7:%x::", "2001:db8:7:ff::", false },
		{ "192.0.2.%u", "192.0.3.1", true },
		{ "192.0.2.%u", "2001:db8:7:1::", true },
		{ "192.0.2.%u", "192.0.2.200", false },
		{ "2001:db8:%x::", "2001:db8:ff::", false },
		{ "192.0.%u.1", "192.0.200.1", false },
		{ "no address %u", "no address", false },
	};
	struct call	*c, *refused;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		finish(NULL);
		start(NULL);
		fill_from(rows[i].flood);
		c = call_from(rows[i].other, TEXT_OF("owner"), 0);
		refused = put(c);
		assert_non_null(refused);
		check_number(rows[i].other, refused != c, rows[i].comes);
		if (!rows[i].comes)
			continue;
		assert_non_null(slow_take(queue));
		c = slow_take(queue);
		check_text("after one of theirs", args_text(&c->request.args,
		    KEY_USERNAME), TEXT_OF("owner"));
	}
}

/* Others in a network wait for turns of it, but not for all of one address. */
static void
an_address_counts_in_its_network(void **state)
{
	struct call	*neighbour;

	(void)state;
	for (unsigned i = 0; i < SLOW_MOST; i++)
		assert_null(put(call_from("192.0.2.1", TEXT_OF("x"), 0)));
	neighbour = call_from("192.0.2.2", TEXT_OF("y"), 0);
	check_true("there is room", put(neighbour) != neighbour);
	assert_non_null(slow_take(queue));
	check_true("it is next", slow_take(queue) == neighbour);
}

/* A name may be any bytes, those of a user's number or of an address, too. */
static void
names_and_users_never_meet(void **state)
{
	static const int64_t	id = 5;
	static char		addresses[SLOW_MOST][ADDRESS_SIZE];
	struct text		name = { (const char *)&id, sizeof(id) };
	struct call		*user = call_from(NULL, name, id);
	struct call		*login;

	(void)state;
	for (unsigned i = 0; i < SLOW_MOST; i++) {
		snprintf(addresses[i], sizeof(addresses[i]), "10.%u.0.1", i);
		assert_null(put(call_from(addresses[i], name, 0)));
	}
	check_true("the user's password waits", put(user) != user);
	assert_non_null(slow_take(queue));
	check_true("it is next", slow_take(queue) == user);
	finish(NULL);
	start(NULL);
	user = call_from(NULL, name, id);
	assert_null(put(user));
	assert_true(slow_take(queue) == user);
	login = call_from("10.1.0.1", name, 0);
	assert_null(put(login));
	assert_null(put(call_from("10.0.0.1", TEXT_OF("x"), 0)));
	check_true("in their order", slow_take(queue) == login);
}

/* Pieces of a file come in the order in which they were sent. */
static void
of_one_the_oldest_is_next(void **state)
{
	struct call	*c;

	(void)state;
	put_all("1 2 1 2 1 1 Ax 1");
	for (uint64_t id = 0; (c = slow_take(queue)) != NULL;) {
		if (c->request.actor != 1)
			continue;
		check_true("in order", id == 0 || c->request.id > id);
		id = c->request.id;
	}
}

/* Those who come again at once have had a turn. */
static void
turns_are_remembered(void **state)
{
	struct buf	b = { 0 };

	(void)state;
	for (int i = 0; i < 3; i++) {
		put_all("Ax");
		take(1, &b);
	}
	put_all("Ax Ay Bx Bz");
	b.len = 0;
	take(4, &b);
	check_text("by turns", buf_text(&b), text_of("Bz Ay Bx Ax"));
	for (int i = 0; i < SLOW_TURNS; i++) {
		put_all("Cc");
		take(1, &b);
	}
	put_all("Ax Ay");
	b.len = 0;
	take(2, &b);
	check_text("forgotten", buf_text(&b), text_of("Ax Ay"));
	buf_done(&b);
}

/* Fill the queue; who is of the form "A*" or "*a" has all letters there. */
static void
fill(const char *who)
{
	static const char	letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz!#$%&()+,-./";
	static char		texts[SLOW_MOST][3];

	for (size_t i = 0; i < SLOW_MOST; i++) {
		texts[i][0] = who[0] == '*' ? letters[i] : who[0];
		texts[i][1] = who[1] == '*' ? letters[i] : who[1];
		assert_null(put(call_of(texts[i])));
	}
}

/* Others at a place do not pay for somebody who had many turns there. */
static void
a_place_has_no_debts(void **state)
{
	struct call	*admin, *refused, *first;

	(void)state;
	for (int i = 0; i < 2 * SLOW_TURNS; i++) {
		put_all("Ax");
		assert_non_null(slow_take(queue));
	}
	fill("B*");
	admin = call_of("Ay");
	refused = put(admin);
	check_true("there is room", refused != NULL && refused != admin);
	first = slow_take(queue);
	check_true("after one of theirs", first == admin ||
	    slow_take(queue) == admin);
}

/* However many wait, a newcomer's turn is the next. */
static void
a_newcomer_is_next(void **state)
{
	static const char *const	floods[] = { "Ax", "Bx", "Cy", "1" };
	struct call			*c, *admin;

	(void)state;
	for (size_t i = 0; i < LEN(floods); i++) {
		finish(NULL);
		start(NULL);
		for (int n = 0; n < 3 * SLOW_MOST; n++) {
			(void)put(call_of(floods[i]));
			if (n % 8 == 0)
				assert_non_null(slow_take(queue));
		}
		admin = call_of("Zz");
		c = put(admin);
		check_true(floods[i], c != admin);
		check_true(floods[i], slow_take(queue) == admin);
	}
}

static void
a_call_of_who_has_most_is_refused(void **state)
{
	static const struct { const char *name, *waiting, *comes;
	    bool refused; } rows[] = {
		{ "one more of the same", "Ax", "Ax", true },
		{ "another name", "Ax", "Ay", false },
		{ "another address", "Ax", "By", false },
		{ "the same name from elsewhere", "Ax", "Bx", false },
		{ "many names: one more", "A*", "A?", true },
		{ "many names: another address", "A*", "B?", false },
		{ "a name from everywhere: again", "*x", "?x", true },
		{ "a name from everywhere: another", "*x", "?y", false },
		{ "everybody once", "**", "??", true },
		{ "a user", "1*", "1", true },
		{ "another user", "1*", "2", false },
	};
	struct call	*c, *refused;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		finish(NULL);
		start(NULL);
		fill(rows[i].waiting);
		c = call_of(rows[i].comes);
		refused = put(c);
		assert_non_null(refused);
		check_number(rows[i].name, refused == c, rows[i].refused);
		/* or the newest of the others */
		check_number(rows[i].name, (int64_t)refused->request.id,
		    rows[i].refused ? SLOW_MOST : SLOW_MOST - 1);
	}
}

/* Nobody waits for them any more. */
static void
what_is_late_is_refused_first(void **state)
{
	struct call	*c;

	(void)state;
	fill("A*");
	calls[5].request.expires_ms = clock_ms() - 1;
	calls[6].request.expires_ms = clock_ms() + 60000;
	c = put(call_of("A?"));
	check_true("it", c == &calls[5]);
	c = put(call_of("A?"));
	check_true("nobody else", c == &calls[SLOW_MOST + 1]);
}

/* It takes nobody's place, and has its turn. */
static void
what_must_wait_is_never_refused(void **state)
{
	struct buf	b = { 0 };

	(void)state;
	fill("1*");
	for (int i = 0; i < 2 * SLOW_MOST; i++)
		assert_null(slow_put(queue, call_of("1"), true));
	check_number("its own is refused", (int64_t)put(call_of("1"))->
	    request.id, 3 * SLOW_MOST);
	check_true("another comes", put(call_of("2")) != NULL);
	take(2, &b);
	check_text("in turns", buf_text(&b), text_of("1A 2"));
	for (int i = 2; i < 3 * SLOW_MOST; i++)
		assert_non_null(slow_take(queue));
	assert_null(slow_take(queue));
	buf_done(&b);
}

static void *
take_until_the_last(void *arg)
{
	size_t		*taken = arg;
	struct call	*c;

	do {
		c = slow_take(queue);
		*taken += c != NULL;
	} while (c == NULL || c->request.id != CALLS_MOST - 1);
	return NULL;
}

static void
two_threads_lose_none(void **state)
{
	static const char *const	whose[] = { "Ax", "Ay", "Bz", "1", "2" };
	pthread_t			thread;
	size_t				taken = 0, refused = 0;
	struct call			*last;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, take_until_the_last,
	    &taken), 0);
	for (size_t i = 0; i < CALLS_MOST - 1; i++)
		refused += put(call_of(whose[i % LEN(whose)])) !=
		    NULL;
	last = call_of("Zz");
	refused += put(last) != NULL;
	pthread_join(thread, NULL);
	while (slow_take(queue) != NULL)
		taken++;
	check_number("all", (int64_t)(taken + refused), CALLS_MOST);
}

int
main(void)
{
#define HERE(sentence, f) { sentence, f, start, finish, NULL }
	const struct CMUnitTest	tests[] = {
		HERE("the one who had no turn for the longest time is next",
		    who_had_no_turn_for_longest_is_next),
		HERE("of one's own calls the oldest is next",
		    of_one_the_oldest_is_next),
		HERE("a network is a place", a_network_is_a_place),
		HERE("an address counts in its network",
		    an_address_counts_in_its_network),
		HERE("names and users never meet", names_and_users_never_meet),
		HERE("turns are remembered for a while", turns_are_remembered),
		HERE("a place has no debts", a_place_has_no_debts),
		HERE("a newcomer is next, however many wait",
		    a_newcomer_is_next),
		HERE("of too many, a call of who has most is refused",
		    a_call_of_who_has_most_is_refused),
		HERE("what is late is refused first",
		    what_is_late_is_refused_first),
		HERE("what must wait is never refused",
		    what_must_wait_is_never_refused),
		HERE("two threads lose none", two_threads_lose_none),
	};

	return cmocka_run_group_tests_name("slow", tests, NULL, NULL);
}
