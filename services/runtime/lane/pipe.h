/*
 * The pipe between the loop and a lane. Pointers to calls go through it: a call
 * belongs to the thread that was sent its pointer last.
 */
#ifndef LANE_PIPE_H
#define LANE_PIPE_H

#include <czmq.h>

#include "services/op/op.h"

/* Send a call to a lane or back; never blocks. */
void		 lane_send(void *pipe, struct call *);

/* Take a call from a pipe. NULL if the pipe is empty, or on $TERM. */
struct call	*lane_receive(void *pipe, bool wait, bool *ret_terminated);

/* Whether a call is to be refused with *ret: it is late, or the process stops. */
bool		 lane_is_refused(const struct session *, const struct call *,
		    enum err *ret);

/* Answer a call with an error, and with nothing else. */
void		 lane_answer_error(struct call *, enum err);

#endif
