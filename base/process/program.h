/* Options that every program of the desk answers without running. */
#ifndef PROCESS_PROGRAM_H
#define PROCESS_PROGRAM_H

#include <stdbool.h>

/*
 * The first call of a program. Standard descriptors that are closed lead to
 * /dev/null. Look at the command line: --help and --version are answered, and
 * end the process with status 0; an unknown option ends it with status 2.
 * Returns whether --health was given: to ask the process that runs with these
 * settings whether it is well. *ret_force_new: whether --force-new was given;
 * NULL for programs without that option.
 */
bool	program_arguments(const char *name, int argc, char **argv,
	    bool *ret_force_new);

#endif
