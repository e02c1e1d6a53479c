/* `flicketctl generate`: a desk of any size to measure and to try. */
#ifndef FLICKETCTL_GENERATE_H
#define FLICKETCTL_GENERATE_H

/*
 * argv[0] is "generate". Returns the exit status: 0 done, 1 failed and
 * nothing was changed, 2 the command line was not understood.
 */
int	generate_main(int argc, char **argv);

#endif
