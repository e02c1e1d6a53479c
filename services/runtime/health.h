/* Asking a process of a service how it is, from beside it. */
#ifndef RUNTIME_HEALTH_H
#define RUNTIME_HEALTH_H

#include "base/settings.h"
#include "proto/tables.h"

/*
 * Send a PING to the process that listens where these settings say, with the
 * service's own key. Returns the exit status: 0 if it answered within two
 * seconds, else 1 after a message.
 */
int	health_check(enum service_id, const struct settings *);

#endif
