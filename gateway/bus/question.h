/* A question to a service, and what its asker is told. */
#ifndef BUS_QUESTION_H
#define BUS_QUESTION_H

#include <netinet/in.h>

#include "proto/frame.h"

/* Requests are collected for one message up to here, then sent at once. */
#define OUT_MOST_BYTES	((size_t)1 << 20)

struct exchange;
struct worker;

/* Who asks; the request itself is apart. */
struct bus_question {
	struct exchange		*asker;
	int			 part;		/* of the asker; -1: it itself */
	int64_t			 user_id;	/* it counts in the share of the
						 * user; 0: of the address */
	const struct in6_addr	*client;
	int64_t			 deadline_ms;
};

/* Functions that the bus calls; bus_ask() itself calls `crowded` and `extended`.
 * The table is static. */
struct bus_events {
	/* The answer, or the bus's refusal. */
	void	(*answered)(struct exchange *, int part,
		    const struct answer *);
	/* Before that: when the service was asked, and when it answered. */
	void	(*waited)(struct exchange *, int64_t sent_us,
		    int64_t heard_us);
	/* Too many requests wait at the process. */
	void	(*crowded)(struct exchange *);
	/* A service restarts or loads: there is time until then. */
	void	(*extended)(struct exchange *, int64_t deadline_ms);
	/* A process was started again, maybe as another version. */
	void	(*restarted)(struct worker *);
};

#endif
