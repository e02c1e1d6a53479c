/*
 * A service's process: one loop that receives, decodes, dispatches and
 * replies; reads run in it, everything else on lanes.
 */
#ifndef RUNTIME_SVC_H
#define RUNTIME_SVC_H

#include "services/store/service.h"

/*
 * Run a service until SIGTERM or SIGINT: take its store's lock, bring the
 * store up to date, listen. force_new: newcomer.h. Returns the process's exit
 * status.
 */
int	svc_run(const struct service *, const struct settings *,
	    bool force_new);

#endif
