/* The command line of a program that has settings instead. */
#include "program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rlimits.h"

static void
print_help(const char *name)
{
	printf("usage: %s [--health | --version | --help]\n\n"
	    "Without an argument it runs in the foreground until SIGTERM.\n"
	    "Its settings are environment variables, FLICKET_*; `flicketctl\n"
	    "settings` lists them.\n\n"
	    "  --health   ask the one that runs with these settings: status 0\n"
	    "             if it answers, else 1 and a message\n"
	    "  --version  print the version\n"
	    "  --help     this text\n", name);
}

bool
program_arguments(const char *name, int argc, char **argv)
{
	rlimits_ignore_signals();
	if (argc == 1)
		return false;
	if (argc == 2 && strcmp(argv[1], "--health") == 0)
		return true;
	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		printf("%s %s\n", name, FLICKET_VERSION);
	else if (argc == 2 && strcmp(argv[1], "--help") == 0)
		print_help(name);
	else {
		fprintf(stderr, "%s: \"%s\" is not understood; see --help\n",
		    name, argv[argc == 2 ? 1 : 2]);
		exit(2);
	}
	exit(0);
}
