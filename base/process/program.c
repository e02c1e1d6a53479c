/* The command line of a program that has settings instead. */
#include "base/process/program.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/process/rlimits.h"
#include "base/visible.h"

static void
print_help(const char *name, bool has_store)
{
	printf("usage: %s [--health | --version | --help%s]\n\n"
	    "Without an argument it runs in the foreground until SIGTERM.\n"
	    "Its settings are environment variables, FLICKET_*; `flicketctl\n"
	    "settings` lists them.\n\n"
	    "  --health   ask the one that runs with these settings: status 0\n"
	    "             if it answers, else 1 and a message\n"
	    "  --version  print the version\n"
	    "  --help     this text\n", name, has_store ? " | --force-new" : "");
	if (has_store)
		puts("  --force-new\n"
		    "             make an empty store although other services\n"
		    "             know an earlier one: what was in that is lost,\n"
		    "             and its ids are given a second time");
}

/* A parent may have closed them; the next files opened would take their place. */
static void
fill_standard_descriptors(void)
{
	int	fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd != -1 && fd <= STDERR_FILENO);
	if (fd != -1)
		close(fd);
}

bool
program_arguments(const char *name, int argc, char **argv,
    bool *ret_force_new)
{
	fill_standard_descriptors();
	rlimits_ignore_signals();
	if (argc == 1)
		return false;
	if (argc == 2 && strcmp(argv[1], "--health") == 0)
		return true;
	if (argc == 2 && ret_force_new != NULL &&
	    strcmp(argv[1], "--force-new") == 0) {
		*ret_force_new = true;
		return false;
	}
	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		printf("%s %s\n", name, FLICKET_VERSION);
	else if (argc == 2 && strcmp(argv[1], "--help") == 0)
		print_help(name, ret_force_new != NULL);
	else {
		visible_printf(stderr, "%s: \"%s\" is not understood; see --help\n",
		    name, argv[argc == 2 ? 1 : 2]);
		exit(2);
	}
	exit(0);
}
