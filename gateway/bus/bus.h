/*
 * The bus: the requests of a worker to the services, and their answers. Each
 * goes to a process of its service (dispatch.h) over a link (link.h), together
 * with the others of the same turn of the loop.
 */
#ifndef BUS_BUS_H
#define BUS_BUS_H

#include "gateway/bus/question.h"

struct bus;
struct worker;

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
bool	bus_ask(struct bus *, const struct bus_question *, struct request *r,
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
