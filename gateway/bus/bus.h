/*
 * The bus: what a worker asks services, and what it hears. It alone knows
 * that ZeroMQ's descriptor is edge-triggered and that sockets are drained
 * after every wake-up and after every send.
 */
#ifndef BUS_BUS_H
#define BUS_BUS_H

#include "gateway/core/exchange.h"

/* Collected for one message, besides the request that goes beyond it. */
#define OUT_MOST_BYTES	((size_t)1 << 20)

/* What an exchange is told, with the part that asked, -1: the exchange. */
typedef void	 bus_answered(struct exchange *, int part,
		    const struct answer *);

struct bus	*bus_new(struct worker *, bus_answered *);
void		 bus_destroy(struct bus **);

/*
 * Put a request on the way to a replica of the operation's service; it goes
 * out at the end of this turn of the loop. The exchange hears of it through
 * bus_answered, with the part, once, before deadline_ms at the latest, unless
 * bus_forget() comes first. False if no replica can take it now. The replica
 * does not do it after r->expires_ms either, on our clock, if that is not 0:
 * who waits is told EXPIRED then, and may still have time.
 */
bool	bus_ask(struct bus *, struct exchange *, int part, struct request *,
	    int64_t deadline_ms, int *ret_slot);

/* The exchange is gone; its answer is of no use any more. */
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

/* When a replica of a service was last heard of, ms on our clock; 0 never. */
int64_t	bus_heard_ms(const struct bus *, enum service_id);

#endif
