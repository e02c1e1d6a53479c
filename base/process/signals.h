/* Signals, as every process of the desk has them. */
#ifndef PROCESS_SIGNALS_H
#define PROCESS_SIGNALS_H

#include <signal.h>

/*
 * Block SIGTERM, SIGINT and SIGHUP in this thread, and ignore SIGPIPE in the
 * process. Threads inherit both, so call it before the first one is made.
 * Returns the blocked signals, for sigwait() or signalfd().
 */
sigset_t	signals_block(void);

#endif
