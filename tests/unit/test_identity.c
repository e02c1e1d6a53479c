/* gateway/core/identity.c: the token between the pieces of an answer. */
#include "let_in.h"

/* What identity_check() led to. */
static enum err	checked;

static void
note_checked(struct exchange *x, enum err e)
{
	(void)x;
	checked = e;
}

static void
each_piece_is_for_who_is_still_somebody(void **state)
{
	static const struct { const char *name; bool ended; enum err error;
	    int64_t as_of; enum err want; } rows[] = {
		{ "good", false, OK, 0, OK },
		{ "ended", true, ERR_UNAUTHORIZED, 4, ERR_UNAUTHORIZED },
		{ "not this one", true, OK, 9, OK },
		{ "of before, again and again", true, OK, 3, ERR_UNAVAILABLE },
		{ "the service is away", true, ERR_UNAVAILABLE, 4,
		    ERR_UNAVAILABLE },
	};
	struct tokens	*tokens;
	struct answer	 a;
	struct visit	 v;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		let_in(&v, &tokens, "GET", "/flicket-api/tickets.csv", 0);
		if (rows[i].ended)
			hear(tokens, 4, abc_hash);
		checked = ERR_INTERNAL;
		identity_check(&v.x, note_checked);
		a = said(rows[i].error, 0, rows[i].as_of);
		for (int j = 0; j <= IDENTITY_OUTDATED_MOST && rows[i].ended &&
		    checked == ERR_INTERNAL; j++) {
			check_number(rows[i].name, fake_bus.op, OP_TOKEN_CHECK);
			check_number(rows[i].name, fake_bus.part, IDENTITY_PART);
			hear(tokens, 4 + j + (rows[i].as_of < 4), NULL);
			identity_part(&v.x, &a);
		}
		check_number(rows[i].name, checked, rows[i].want);
		visit_end(&v);
		tokens_destroy(&tokens);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("each piece is for who is still somebody",
		    each_piece_is_for_who_is_still_somebody),
	};

	return cmocka_run_group_tests_name("identity", tests, visit_routes, NULL);
}
