/*
 * The relay: a thread that delivers the outbox. It reads events in the
 * order they were written, sends them to their consumer, and tells the loop
 * how far each consumer has acknowledged; the loop has them deleted. What is
 * not acknowledged is sent again, as long as its consumer may take it later;
 * consumers know an event they had before. One that is refused for good, again
 * and again, is told to the loop, which has it set aside.
 */
#ifndef RELAY_RELAY_H
#define RELAY_RELAY_H

#include <czmq.h>

#include "services/op/op.h"

struct relay_args {
	const struct op_tables	*tables;
	const struct settings	*settings;
	const char		*path;		/* of the database */
	bool			 is_meant;	/* a store that others may not
						 * know: newcomer.h */
};

/* What the relay tells the loop, through its pipe. */
struct relay_news {
	enum service_id	consumer;
	bool		up;		/* whether it can be reached */
	int64_t		seq;		/* acknowledged up to here */
	int64_t		refused;	/* an event that it never will; or 0 */
	enum err	error;		/* ... and what it says */
};

/* Who is told of a service's changes: bits by enum service_id. */
uint64_t	 relay_consumers(const struct service *);

/* NULL if no operation of the service emits events. */
zactor_t	*relay_start(struct relay_args *);

/*
 * There is something new in the outbox: events that somebody waits for, or
 * tallies, which can wait for more of their kind.
 */
void		 relay_wake(zactor_t *, bool waited_for);

/* Take the next piece of news; false if there is none. */
bool		 relay_receive(zactor_t *, struct relay_news *ret);

#endif
