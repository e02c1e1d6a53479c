/* How a signal ends a command that has to clean up after itself. */
#ifndef CLI_STOP_H
#define CLI_STOP_H

#include <stdbool.h>

/*
 * From this call on SIGINT, SIGTERM and SIGHUP only make stop_asked() true.
 * System calls that can go on after a signal do.
 */
void	stop_catch_signals(void);

/* Whether such a signal came. For any thread. */
bool	stop_asked(void);

#endif
