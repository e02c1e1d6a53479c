/* The health check, from a process beside the gateway. */
#ifndef GATEWAY_HEALTH_H
#define GATEWAY_HEALTH_H

#include "base/settings.h"

/*
 * GET /healthz of the gateway that listens where these settings say. Returns
 * the exit status: 0 if it is alive, else 1 after a message. The services do not
 * matter: a gateway without them still answers.
 */
int	health_check(const struct settings *);

#endif
