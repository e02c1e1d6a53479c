/*
 * A batch: calls that the writer lane runs in one transaction, each in a
 * savepoint of its own.
 */
#ifndef LANE_BATCH_H
#define LANE_BATCH_H

#include <czmq.h>

#include "services/engine/publish.h"
#include "services/op/op.h"

#define BATCH_MOST	512	/* calls in one */

enum batch_end {
	BATCH_DONE,
	BATCH_NOT_DONE,	/* none of them is in the store */
	BATCH_MOVED,	/* the same, and another process writes by now */
	BATCH_UNKNOWN	/* they may be there after the next start, or not */
};

/* Run calls and commit; with an engine (else NULL), there first. */
enum batch_end	batch_write(struct session *, struct publish *,
		    struct call **batch, size_t count);

/*
 * The same, and send the calls back through a pipe. If they are not DONE, all of
 * them are answered with STORE, UNAVAILABLE or OUTCOME_UNKNOWN.
 */
void		batch_run(struct session *, struct publish *, zsock_t *pipe,
		    struct call **batch, size_t count);

#endif
