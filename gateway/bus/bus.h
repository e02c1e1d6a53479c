/*
 * The bus: the requests of a worker to the services, and their answers. It
 * chooses a process (upstream.h), refuses what would be answered too late
 * (admission.h), keeps what is not answered yet (pending.h), and asks another
 * process when one is lost.
 */
#ifndef BUS_BUS_H
#define BUS_BUS_H

#include <netinet/in.h>

#include "proto/frame.h"

/* Requests are collected for one message up to here, and sent at once beyond. */
#define OUT_MOST_BYTES	((size_t)1 << 20)

struct bus;
struct exchange;
struct worker;

/* A request to a service. */
struct question {
	struct exchange		*asker;
	int			 part;		/* of the asker, -1: all of it */
	int64_t			 user_id;	/* whose share it counts in; */
	const struct in6_addr	*client;	/* ... 0: the address's */
	int64_t			 deadline_ms;
};

/* What the bus tells an exchange. Functions live as long as the bus. */
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

struct bus	*bus_new(struct worker *, const struct bus_events *);
void		 bus_destroy(struct bus **);

/*
 * Put a request on its way to a process of the operation's service; it goes
 * out at the end of this turn of the loop. The asker is told once, before
 * deadline_ms at the latest, unless bus_forget() comes first. False if no
 * process can take it. No process carries it out after r->expires_ms, on our
 * clock, if that is not 0: the answer is EXPIRED then, and may come before the
 * deadline. r->id is set; the rest of *r is only read.
 */
bool	bus_ask(struct bus *, const struct question *, struct request *r,
	    int *ret_slot);

/* The asker is gone: its answer is not told. */
void	bus_forget(struct bus *, int slot);

/* Heartbeats and deadlines; every TICK_MS. */
void	bus_tick(struct bus *, int64_t now_ms);

/* Whether a service can be asked now. */
bool	bus_is_up(const struct bus *, enum service_id);

/*
 * Whether the worker was stalled, and has not heard of the service since: it
 * cannot know what it missed.
 */
bool	bus_slept(const struct bus *, enum service_id);

/* When a process of a service was last heard of, ms on our clock; 0: never. */
int64_t	bus_heard_ms(const struct bus *, enum service_id);

#endif
