/*
 * Output of libraries on standard output and standard error.
 *
 * It does not have the log's form, and no bound: a library that writes a line
 * for each message of a stranger would fill the disk. So both descriptors lead
 * into a pipe that a thread reads: it logs so many lines in a time, and counts
 * the rest. The output of a library that ends the process, and reports of
 * sanitizers, go out unchanged.
 */
#ifndef PROCESS_STDERR_H
#define PROCESS_STDERR_H

/*
 * From here on. Once, after harden(), as the thread has to inherit that; the
 * log goes on where it went. Without descriptors for it all stays as it was.
 */
void	stderr_take(void);

/*
 * Log the output that is still on its way, and how many lines were left out.
 * To be called before _exit(); exit() does it by itself.
 */
void	stderr_end(void);

#endif
