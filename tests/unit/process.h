/*
 * A service's process without its threads, on a desk: the parts that its loop
 * works on, and a peer that they answer.
 */
#ifndef UNIT_PROCESS_H
#define UNIT_PROCESS_H

#include "desk.h"
#include "services/runtime/svc.h"

struct process {
	struct svc		 svc;
	zsock_t			*peer;
	struct frame_reader	*frames;	/* of a message to the peer */
	zmq_msg_t		 message;	/* ... that it got last */
};

extern struct process		process;	/* of the test that runs */
extern const struct text	process_peer;	/* its identity */

/* A test that has a new process of a service: an element of a CMUnitTest[]. */
#define ON_PROCESS(service, sentence, f) \
	{ sentence, f, process_set_up, process_tear_down, (void *)(service) }

/* Its fixture; the state it begins with is the service. */
int	process_set_up(void **state);
int	process_tear_down(void **state);

/* The next answer that the peer gets. */
struct answer	process_answer(void);

/* Check that the peer has got no more answers. */
void		process_check_silence(const char *row);

#endif
