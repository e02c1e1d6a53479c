/* base/process/rlimits.c */
#include "base/process/rlimits.h"

#include <sys/resource.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "unit.h"

static const struct settings	plain = { .keys = "", .gateway_threads = 1 };
static const struct settings	keyed = { .keys = "keys", .gateway_threads = 1 };
static const struct settings	wide = { .keys = "", .gateway_threads = 4 };

struct limited {
	enum rlimits_part	part;
	__rlimit_resource_t	what;
	rlim_t			soft, hard;
};

static void
take(const void *arg)
{
	const struct limited	*l = arg;
	struct rlimit		 limit = { l->soft, l->hard };

	CHECK(setrlimit(l->what, &limit) == 0);
	CHECK(rlimits_take(&plain, l->part) >= 64);
	rlimits_try_threads(&plain, l->part);
}

static void
what_is_too_low_is_named(void **state)
{
	static const struct {
		const char	*name;
		struct limited	 limited;
		int		 status;
		const char	*said;
	} rows[] = {
		{ "few descriptors", { RLIMITS_SERVICE, RLIMIT_NOFILE, 63, 63 },
		    2, "ulimit -n is 63: a service needs at least 64 " },
		{ "just enough", { RLIMITS_SERVICE, RLIMIT_NOFILE, 64, 64 },
		    0, "" },
		{ "a soft limit", { RLIMITS_GATEWAY, RLIMIT_NOFILE, 16, 128 },
		    0, "" },
		{ "little stack", { RLIMITS_TOOL, RLIMIT_STACK, 65536, 65536 },
		    2, "ulimit -s is 64: at least 256 KB of stack " },
		{ "small files", { RLIMITS_SERVICE, RLIMIT_FSIZE, 10240,
		    10240 }, 0, "ulimit -f: a file can have 10 KB at most" },
#ifndef __SANITIZE_ADDRESS__	/* which has its own way to end */
		{ "no memory", { RLIMITS_SERVICE, RLIMIT_DATA, 1 << 20,
		    1 << 20 }, 2, "a service needs 16 threads and gets " },
#endif
	};
	struct end	end;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		unit_run(take, &rows[i].limited, &end);
		check_number(rows[i].name, end.status, rows[i].status);
		check_part(rows[i].name, end.said, rows[i].said);
	}
}

static void
what_is_added_needs_more(void **state)
{
	(void)state;
	check_true("a service with keys",
	    rlimits_descriptors(&keyed, RLIMITS_SERVICE) >
	    rlimits_descriptors(&plain, RLIMITS_SERVICE));
	check_true("more threads", rlimits_descriptors(&wide, RLIMITS_GATEWAY) >
	    rlimits_descriptors(&plain, RLIMITS_GATEWAY));
	check_number("threads of a gateway only",
	    (int64_t)rlimits_descriptors(&wide, RLIMITS_SERVICE),
	    (int64_t)rlimits_descriptors(&plain, RLIMITS_SERVICE));
}

static void
write_too_much(const void *arg)
{
	struct rlimit	none = { 0, 0 };
	int		fd;

	(void)arg;
	rlimits_ignore_signals();
	fd = open(".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	CHECK(setrlimit(RLIMIT_FSIZE, &none) == 0);
	CHECK(write(fd, "x", 1) == -1 && errno == EFBIG);
}

static void
a_file_that_may_not_grow_ends_nobody(void **state)
{
	struct end	end;

	(void)state;
	unit_run(write_too_much, NULL, &end);
	check_number("it goes on", end.status, 0);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(what_is_too_low_is_named),
		cmocka_unit_test(what_is_added_needs_more),
		cmocka_unit_test(a_file_that_may_not_grow_ends_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
