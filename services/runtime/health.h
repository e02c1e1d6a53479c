/* The health check of a service: asking a process that runs beside this one. */
#ifndef RUNTIME_HEALTH_H
#define RUNTIME_HEALTH_H

#include "base/settings.h"
#include "proto/tables.h"

/*
 * Send a PING, with the service's own key, to the process that listens where
 * the settings say. Returns an exit status: 0 if it answers within two seconds,
 * else 1, after a message on stderr.
 */
int	health_check(enum service_id, const struct settings *);

#endif
