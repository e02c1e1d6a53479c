/* How a process answers that does not answer requests. */
#ifndef DESK_PROBE_H
#define DESK_PROBE_H

#include <stdbool.h>

/*
 * Whether the process at a ZeroMQ endpoint greets (ZMTP 3, RFC 23), and keys can
 * be why it answers nothing else: it uses them, or we do. A process that is
 * stopped does not greet.
 */
bool	probe_refuses(const char *endpoint, bool keys);

#endif
