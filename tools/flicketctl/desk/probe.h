/* How a process answers that does not answer requests. */
#ifndef DESK_PROBE_H
#define DESK_PROBE_H

#include <stdbool.h>

/*
 * Whether something at a ZeroMQ endpoint takes a connection and greets
 * (ZMTP 3, RFC 23). A process that is stopped does not.
 */
bool	probe_greets(const char *endpoint);

#endif
