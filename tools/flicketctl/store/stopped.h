/* The stores of a desk that does not run, kept from starting. */
#ifndef STORE_STOPPED_H
#define STORE_STOPPED_H

#include <stdbool.h>

#include "base/services.h"

struct stopped {
	int	data;
	int	serve;		/* serve.lock */
	int	lock[SERVICE_END];
	char	why[256];
};

/*
 * Take all locks of the working folder, and see that no process has one of its
 * stores open. False: r->why. Locks end with the process.
 */
bool	stopped_hold(struct stopped *);

#endif
