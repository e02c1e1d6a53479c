/* Asking a gateway how it is, from beside it. */
#ifndef GATEWAY_HEALTH_H
#define GATEWAY_HEALTH_H

#include "base/settings.h"

/*
 * GET /healthz of the gateway that listens where these settings say. Returns
 * the exit status: 0 if it is alive, else 1 after a message. Whether the
 * services are is not its health: a gateway without them still answers.
 */
int	health_check(const struct settings *);

#endif
