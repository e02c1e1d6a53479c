/*
 * A batch: calls that the writer lane runs in one transaction, each in a
 * savepoint of its own.
 */
#ifndef LANE_BATCH_H
#define LANE_BATCH_H

#include <czmq.h>

#include "services/op/op.h"

#define BATCH_MOST	512	/* calls in one */

/* Run calls and commit. False: none of them is in the store. */
bool	batch_write(struct session *, struct call **batch, size_t count);

/*
 * The same, and send the calls back through a pipe. If the commit failed, or
 * cannot be relied on, all of them are answered with STORE.
 */
void	batch_run(struct session *, zsock_t *pipe, struct call **batch,
	    size_t count);

#endif
