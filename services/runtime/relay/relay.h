/*
 * The relay: a thread that delivers the events of the outbox. It reads them in
 * the order in which they were written, sends them to their consumers, and
 * tells the loop how far each consumer has acknowledged them, so that it has
 * those deleted. Events that are not acknowledged are sent again; a consumer
 * knows those that it had before. If a consumer refuses an event for good, and
 * does so repeatedly, the relay tells the loop, which has it set aside.
 */
#ifndef RELAY_RELAY_H
#define RELAY_RELAY_H

#include <czmq.h>

#include "services/op/op.h"

struct relay_args {
	const struct op_tables	*tables;
	const struct settings	*settings;
	const char		*path;		/* of the database */
	bool			 is_meant;	/* others need not know the
						 * store: newcomer.h */
};

/* News of a consumer, which the relay sends to the loop. */
struct relay_news {
	enum service_id	consumer;
	bool		up;		/* whether it can be reached */
	int64_t		seq;		/* it has acknowledged up to here */
	int64_t		refused;	/* an event it refuses for good; or 0 */
	enum err	error;		/* ... and why */
};

/* The consumers of a service's events: bits by enum service_id. */
uint64_t	 relay_consumers(const struct service *);

/* Start the relay. NULL if no operation of the service emits events. */
zactor_t	*relay_start(struct relay_args *);

/*
 * Something new is in the outbox: events that answers wait for, or else
 * tallies, which can wait for further ones.
 */
void		 relay_wake(zactor_t *, bool waited_for);

/* Take the next news; false if no news is left. */
bool		 relay_receive(zactor_t *, struct relay_news *ret);

#endif
