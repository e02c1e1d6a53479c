/* gateway/http/connection/connection.c */
#include <sys/resource.h>

#include "gateway/http/connection/connection.h"
#include "unit.h"

static void
descriptors_bound_the_connections(void **state)
{
	static const struct { const char *name; int64_t setting, threads;
	    uint64_t descriptors; int64_t want; } rows[] = {
		{ "enough", 1000, 1, 20000, 1000 },
		{ "just enough", 1000, 1, 1160, 1000 },
		{ "one too few", 1000, 1, 1159, 999 },
		{ "too few", 65536, 1, 20000, 19840 },
		{ "each thread needs some", 65536, 4, 20000, 19744 },
		{ "hardly any: half of them", 65536, 1, 64, 32 },
		{ "many threads, few of them", 65536, 64, 1024, 512 },
		{ "no limit", 1000000, 64, RLIM_INFINITY, 1000000 },
	};
	struct settings	s = { 0 };

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		s.max_connections = rows[i].setting;
		s.gateway_threads = rows[i].threads;
		check_number(rows[i].name, connections_most(&s,
		    rows[i].descriptors), rows[i].want);
	}
}

static void
no_more_are_reserved_than_there_may_be(void **state)
{
	struct gateway	g = { .connections_most = 2 };

	(void)state;
	check_true("first", connection_reserve(&g));
	check_true("second", connection_reserve(&g));
	check_true("third", !connection_reserve(&g));
	check_number("a refused one does not count", g.connections, 2);
	connection_release(&g);
	check_true("in its place", connection_reserve(&g));
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("there are no more connections than descriptors allow",
		    descriptors_bound_the_connections),
		TEST("no more are reserved than there may be",
		    no_more_are_reserved_than_there_may_be),
	};

	return cmocka_run_group_tests_name("connection", tests, NULL, NULL);
}
