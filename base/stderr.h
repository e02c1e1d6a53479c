/*
 * What libraries write on standard output and standard error.
 *
 * It is no line of the log, and nobody bounds it: a library that writes a line
 * for what a stranger sends fills the disk. So both lead into a pipe that a
 * thread reads; what comes out is logged, some lines in some time, and the
 * rest counted. What a library says before it ends the process gets out as it
 * is, and so do reports of sanitizers.
 */
#ifndef BASE_STDERR_H
#define BASE_STDERR_H

/*
 * From here on. Once, after harden(), as the thread has to inherit that; the
 * log goes on where it went. Without descriptors for it all stays as it was.
 */
void	stderr_take(void);

/*
 * Log what is still on its way, and how many lines were left out: the process
 * is about to end by _exit(). By exit() it is done without.
 */
void	stderr_end(void);

#endif
