/* Starting a service's process, and its end. */
#ifndef RUNTIME_START_H
#define RUNTIME_START_H

#include "services/store/service.h"

/*
 * Run a service until SIGTERM or SIGINT: take its store's lock or wait until
 * another process has made the store ready, listen, answer. With force_new a
 * new store is made even if other services know another one (newcomer.h).
 * Returns the process's exit status; dies if it cannot start.
 */
int	start_service(const struct service *, const struct settings *,
	    bool force_new);

#endif
