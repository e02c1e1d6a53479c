/*
 * Threads with a pipe, as czmq has them.
 *
 * zactor_new() waits for ever for a thread that could not be started.
 */
#ifndef PROCESS_ACTOR_H
#define PROCESS_ACTOR_H

#include <czmq.h>

/*
 * Start one; its owner ends it with zactor_destroy(). If the system has no
 * thread for it, the process ends with a message.
 */
zactor_t	*actor_new(zactor_fn *, void *args);

#endif
