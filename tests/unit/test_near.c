/* base/near.c: what was nearly typed, and nothing else. */
#include "unit.h"

#include "base/near.h"

static void
only_what_is_near_is_near(void **state)
{
	static const struct { const char *word, *name; bool near;
	    size_t steps; } rows[] = {
		{ "status", "status", true, 0 },
		{ "statsu", "status", true, 1 },	/* swapped */
		{ "stats", "status", true, 1 },
		{ "sttaus", "status", true, 1 },
		{ "bakup", "backup", true, 1 },
		{ "mna", "man", true, 1 },
		{ "plan", "man", false, 0 },
		{ "use", "user", true, 1 },
		{ "log", "help", false, 0 },
		{ "bogus", "user", false, 0 },
		{ "x", "man", false, 0 },
		{ "", "man", false, 0 },
		{ "LISTEM", "LISTEN", true, 1 },
		{ "PORT", "LISTEN", false, 0 },
		{ "TRUSTED_PROXY", "TRUSTED_PROXIES", true, 3 },
	};
	size_t	steps = 0;
	bool	near;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		near = near_to(rows[i].word, rows[i].name, &steps);
		check_true(rows[i].word, near == rows[i].near);
		if (near)
			check_number(rows[i].word, (int64_t)steps,
			    (int64_t)rows[i].steps);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("only what is near is near", only_what_is_near_is_near),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
