/* Stages of a call, for op_call() to run in their order. */
#ifndef OP_STAGES_H
#define OP_STAGES_H

#include "services/op/op.h"

/* PRECONDITION, unless If-Match names the version that is to be changed. */
enum err	etag_check(struct call *);

/* Run an event from another service, if it was not applied before. */
enum err	event_run(struct call *, op_run *run);

/* Run a write whose answer is kept: again, it is answered with that. */
enum err	once_run(struct call *, op_run *run);

/* Put the ids that the rows refer to into the answer. */
void		rows_end(struct call *);

#endif
