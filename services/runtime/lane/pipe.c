/* Calls on their way between the loop and the lanes. */
#include "services/runtime/lane/pipe.h"

#include <errno.h>

#include "base/clock.h"
#include "base/log.h"

void
lane_send(void *pipe, struct call *c)
{
	/* pipes have no bound (queue.h bounds the calls): this can fail only
	 * if the context is gone */
	CHECK(zmq_send(zsock_resolve(pipe), &c, sizeof(c), 0) == sizeof(c));
}

struct call *
lane_receive(void *pipe, bool wait, bool *ret_terminated)
{
	union {
		struct call	*call;
		char		 command[8];	/* czmq says "$TERM" */
	} message;
	int	len;

	*ret_terminated = false;
	do
		len = zmq_recv(zsock_resolve(pipe), &message, sizeof(message),
		    wait ? 0 : ZMQ_DONTWAIT);
	while (len == -1 && errno == EINTR);
	if (len == sizeof(struct call *))
		return message.call;
	*ret_terminated = len != -1 || errno == ETERM;
	return NULL;
}

bool
lane_is_refused(const struct session *session, const struct call *c, enum err *ret)
{
	*ret = ERR_EXPIRED;
	if (session->stopping != NULL && atomic_load(session->stopping)) {
		*ret = ERR_UNAVAILABLE;
		return true;
	}
	return c->request.expires_ms != 0 &&
	    clock_ms() > c->request.expires_ms;
}

void
lane_answer_error(struct call *c, enum err e)
{
	c->answer = (struct answer){ .id = c->request.id, .error = e };
	c->emitted = 0;
	c->tallied = false;
}
