/*
 * What the system lets a process have: setrlimit(2). Libraries below us answer
 * a limit that is too low with an assertion, at a moment of their own; so it is
 * looked at before they are used, and a process that cannot work says which
 * limit it is, what it needs and how that is given.
 */
#ifndef BASE_RLIMITS_H
#define BASE_RLIMITS_H

#include <stdint.h>

#include "base/settings.h"

enum rlimits_part { RLIMITS_SERVICE, RLIMITS_GATEWAY, RLIMITS_TOOL };

/*
 * A file that may not grow is an error of write(2), as a full disk is, and no
 * end of the process. Before anything is written, to a log or elsewhere.
 */
void	rlimits_ignore_signals(void);

/*
 * How many descriptors a part needs at least: its own, and those of a few
 * connections.
 */
uint64_t	rlimits_descriptors(const struct settings *, enum rlimits_part);

/*
 * Take what may be had of descriptors and stack, and see that it is enough;
 * the process ends with status 2, after a message, if not. Returns how many
 * descriptors there may be.
 */
uint64_t	rlimits_take(const struct settings *, enum rlimits_part);

/*
 * See that the threads of a part can be started and have memory. Ends the
 * process in the same way. Once it is the user that it will be.
 */
void	rlimits_try_threads(const struct settings *, enum rlimits_part);

#endif
