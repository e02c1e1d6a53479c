/*
 * Limits of a process: setrlimit(2). Some libraries answer a limit that is too
 * low with an assertion, long after the start. So limits are checked before
 * those libraries are used, and a process that cannot work names the limit, what
 * it needs, and how to raise it.
 */
#ifndef PROCESS_RLIMITS_H
#define PROCESS_RLIMITS_H

#include <stdint.h>

#include "base/settings.h"

enum rlimits_part { RLIMITS_SERVICE, RLIMITS_GATEWAY, RLIMITS_TOOL };

/*
 * A file that may not grow is an error of write(2), as a full disk is, and no
 * end of the process. Before anything is written, to a log or elsewhere.
 */
void	rlimits_ignore_signals(void);

/*
 * The least number of descriptors that a part needs: its own, and those of a
 * few connections.
 */
uint64_t	rlimits_descriptors(const struct settings *, enum rlimits_part);

/*
 * Raise the limits of descriptors and stack as far as allowed. If they are still
 * too low, end the process with a message and status 2. Returns how many
 * descriptors the process may have.
 */
uint64_t	rlimits_take(const struct settings *, enum rlimits_part);

/*
 * See that the threads of a part can be started and have memory. Ends the
 * process in the same way. Once it is the user that it will be.
 */
void	rlimits_try_threads(const struct settings *, enum rlimits_part);

#endif
