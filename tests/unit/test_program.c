/* base/process/program.c: what a program does with its command line, and before it. */
#include "base/process/program.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/log.h"
#include "unit.h"

struct command {
	char	*args[3];
	int	 closed;	/* so many descriptors, from 0 on */
};

static void
start(const void *arg)
{
	const struct command	*c = arg;
	char			*args[3] = { c->args[0], c->args[1] };

	for (int i = 0; i < c->closed; i++)
		close(i);
	(void)program_arguments("flicket", args[1] == NULL ? 1 : 2, args,
	    NULL);
	CHECK(open("/dev/null", O_RDONLY) > STDERR_FILENO);
}

static void
what_is_not_understood_is_told(void **state)
{
	struct command	none = { .args = { "flicket" } },
			other = { .args = { "flicket", "--what" } };
	struct end	end;

	(void)state;
	unit_run(start, &none, &end);
	check_number("nothing", end.status, 0);
	unit_run(start, &other, &end);
	check_number("--what", end.status, 2);
	check_part("--what", end.said, "\"--what\" is not understood");
}

/* The first that is opened would be standard output, and end as a pipe. */
static void
standard_descriptors_are_there(void **state)
{
	struct end	end;

	(void)state;
	for (int i = 1; i <= 3; i++) {
		struct command	c = { .args = { "flicket" }, .closed = i };

		unit_run(start, &c, &end);
		check_number("status", end.status, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("what is not understood is told",
		    what_is_not_understood_is_told),
		TEST("standard descriptors are there",
		    standard_descriptors_are_there),
	};

	return cmocka_run_group_tests_name("program", tests, NULL, NULL);
}
