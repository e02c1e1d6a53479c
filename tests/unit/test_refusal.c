/* services/runtime/relay/refusal.c */
#include "unit.h"

#include "services/runtime/relay/refusal.h"

/* Refuse an event so many times, a second apart; whether the last counts. */
static bool
refuse(struct refusal *r, int64_t seq, enum err e, int times, int64_t *now_ms)
{
	bool	believed = false;

	for (int i = 0; i < times; i++) {
		believed = refusal_note(r, seq, e, *now_ms);
		*now_ms += 1000;
	}
	return believed;
}

static void
it_is_believed_after_a_while(void **state)
{
	struct refusal	r;
	int64_t		now_ms = 100000;

	(void)state;
	refusal_init(&r);
	check_true("for 4 s", !refuse(&r, 1, ERR_NOT_FOUND, 5, &now_ms));
	check_true("for 5 s", refuse(&r, 1, ERR_NOT_FOUND, 1, &now_ms));
	check_true("another one", !refuse(&r, 2, ERR_NOT_FOUND, 5, &now_ms));
	refusal_note_taken(&r, 2);
	check_true("was taken", !refuse(&r, 2, ERR_NOT_FOUND, 5, &now_ms));
	now_ms += 60000;
	refusal_init(&r);
	check_true("once", !refuse(&r, 3, ERR_NOT_FOUND, 1, &now_ms));
	now_ms += 60000;
	check_true("twice", !refuse(&r, 3, ERR_NOT_FOUND, 1, &now_ms));
}

static void
what_may_be_tried_again_is_not(void **state)
{
	static const enum err	errors[] = { OK, ERR_STORE, ERR_UNAVAILABLE };
	struct refusal		r;
	int64_t			now_ms = 100000;

	(void)state;
	for (size_t i = 0; i < LEN(errors); i++) {
		refusal_init(&r);
		check_true("often", !refuse(&r, 1, errors[i], 60, &now_ms));
	}
	check_true("then for good", !refuse(&r, 1, ERR_NOT_FOUND, 5, &now_ms));
}

static void
after_a_gap_it_is_believed_at_once(void **state)
{
	struct refusal	r;
	int64_t		now_ms = 100000;

	(void)state;
	refusal_init(&r);
	refusal_note_gap(&r, now_ms);
	check_true("at once", refuse(&r, 2, ERR_NOT_FOUND, 1, &now_ms));
	check_true("not a full disk", !refuse(&r, 3, ERR_STORE, 1, &now_ms));
	now_ms += 10000;
	check_true("later", !refuse(&r, 4, ERR_NOT_FOUND, 1, &now_ms));
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("a refusal is believed after a while",
		    it_is_believed_after_a_while),
		TEST("an error that may pass is not for good",
		    what_may_be_tried_again_is_not),
		TEST("after a gap a refusal is believed at once",
		    after_a_gap_it_is_believed_at_once),
	};

	return cmocka_run_group_tests_name("refusal", tests, NULL, NULL);
}
