/* `flicketctl import`: take over a Flicket installation, all or nothing. */
#ifndef FLICKETCTL_IMPORT_H
#define FLICKETCTL_IMPORT_H

/*
 * argv[0] is "import". Returns the exit status: 0 done, 1 failed and nothing
 * was changed, 2 the command line was not understood.
 */
int	import_main(int argc, char **argv);

#endif
