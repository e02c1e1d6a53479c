/* services/runtime/lane/turns.c */
#include "services/runtime/lane/turns.h"

#include <stdlib.h>

#include "base/log.h"
#include "unit.h"

static struct call *
put(struct turns *t, int64_t user, uint64_t id, size_t bytes)
{
	struct call	*c = must_alloc(sizeof(*c));

	c->request.actor = user;
	c->request.id = id;
	c->kept_bytes = bytes;
	if (turns_put(t, c))
		return c;
	free(c);
	return NULL;
}

/* The id of the next one, 0: none waits. */
static uint64_t
take(struct turns *t)
{
	struct call	*c = turns_take(t);
	uint64_t	 id = c == NULL ? 0 : c->request.id;

	free(c);
	return id;
}

static void
users_take_turns(void **state)
{
	static const uint64_t	want[] = { 11, 21, 31, 12, 32, 13, 0 };
	struct turns		t;

	(void)state;
	turns_init(&t, 100, 1000);
	for (uint64_t i = 1; i <= 3; i++)
		assert_non_null(put(&t, 1, 10 + i, 0));
	assert_non_null(put(&t, 2, 21, 0));
	assert_non_null(put(&t, 300, 31, 0));
	assert_non_null(put(&t, 300, 32, 0));
	for (size_t i = 0; i < LEN(want); i++)
		check_number("the next one", take(&t), want[i]);
	check_number("none is left", t.count, 0);
}

/* Whose row was empty comes after all who wait. */
static void
who_comes_again_is_the_last(void **state)
{
	struct turns	t;

	(void)state;
	turns_init(&t, 100, 1000);
	for (uint64_t i = 1; i <= 2; i++) {
		assert_non_null(put(&t, 1, 10 + i, 0));
		assert_non_null(put(&t, 2, 20 + i, 0));
	}
	assert_non_null(put(&t, 3, 31, 0));
	check_number("first", take(&t), 11);
	check_number("second", take(&t), 21);
	check_number("third", take(&t), 31);
	assert_non_null(put(&t, 3, 32, 0));
	check_number("again", take(&t), 12);
	check_number("again", take(&t), 22);
	check_number("the last", take(&t), 32);
}

/* Who asks all the time has at most one turn before a user who comes. */
static void
who_comes_is_before_who_had_a_turn(void **state)
{
	struct turns	t;

	(void)state;
	turns_init(&t, 100, 1000);
	for (uint64_t i = 1; i <= 4; i++)
		assert_non_null(put(&t, 1, 10 + i, 0));
	check_number("of one alone", take(&t), 11);
	assert_non_null(put(&t, 2, 21, 0));
	check_number("who came", take(&t), 21);
	assert_non_null(put(&t, 2, 22, 0));
	check_number("who had none since", take(&t), 12);
	check_number("who comes each time", take(&t), 22);
	check_number("one a round", take(&t), 13);
	check_number("alone again", take(&t), 14);
	check_number("none is left", take(&t), 0);
	assert_non_null(put(&t, 2, 23, 0));
	check_number("nothing is kept of it", take(&t), 23);
}

static void
one_alone_leaves_room_for_others(void **state)
{
	struct turns	t;
	unsigned	ones = 0, others = 0;

	(void)state;
	turns_init(&t, 90, 1000);
	while (put(&t, 1, 1, 0) != NULL)
		ones++;
	check_number("of one alone", ones, 80);
	while (put(&t, 2, 1, 0) != NULL)
		others++;
	check_true("others find some room", others > 0);
	check_true("a third one finds some", put(&t, 3, 1, 0) != NULL);
	while (take(&t) != 0)
		continue;
	check_number("none is left", t.count, 0);
}

static void
bytes_are_bounded_the_same_way(void **state)
{
	struct turns	t;
	unsigned	ones = 0;

	(void)state;
	turns_init(&t, 1000, 900);
	while (put(&t, 1, 1, 10) != NULL)
		ones++;
	check_number("of one alone", ones, 80);
	check_true("another one finds room", put(&t, 2, 1, 10) != NULL);
	while (take(&t) != 0)
		continue;
	check_number("none is left", (int64_t)t.bytes, 0);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("users take turns", users_take_turns),
		TEST("who comes again is the last",
		    who_comes_again_is_the_last),
		TEST("who comes is before who had a turn",
		    who_comes_is_before_who_had_a_turn),
		TEST("one alone leaves room for others",
		    one_alone_leaves_room_for_others),
		TEST("bytes are bounded the same way",
		    bytes_are_bounded_the_same_way),
	};

	return cmocka_run_group_tests_name("turns", tests, NULL, NULL);
}
