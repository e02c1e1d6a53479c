/* gateway/http/accept.c; test_problem.c has what it is read for. */
#include "gateway/http/accept.h"

#include <stdlib.h>

#include "base/log.h"
#include "unit.h"

/* It is read within its bounds, in whatever form (run with a sanitizer). */
static void
any_accept_can_be_read(void **state)
{
	static const char	alphabet[] = "a/*;,q=01. \t\"\\json+problem";
	uint64_t		seed = 271828;
	struct text		t;
	struct accept		w;
	char			*copy;

	(void)state;
	for (int i = 0; i < 50000; i++) {
		t.len = unit_random(&seed) % 40;
		t.base = copy = must_alloc(t.len + (t.len == 0));
		for (size_t j = 0; j < t.len; j++)
			copy[j] = alphabet[unit_random(&seed) %
			    (LEN(alphabet) - 1)];
		w = (struct accept){ -1, -1, -1, -1 };
		accept_read(&w, t);
		check_true("in range", w.any <= ACCEPT_QUALITY_ONE &&
		    w.json <= ACCEPT_QUALITY_ONE && w.problem <= ACCEPT_QUALITY_ONE);
		free(copy);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("any header Accept can be read", any_accept_can_be_read),
	};

	return cmocka_run_group_tests_name("accept", tests, NULL, NULL);
}
