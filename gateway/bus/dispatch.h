/*
 * Dispatch: a request is sent to a process, or waits, or is refused. If its
 * process is lost, it is sent to another one, with a new deadline on that
 * one's clock, unless it may have been carried out and must not be twice.
 *
 * When links are read and written, and when a process is lost, is for the
 * owner to decide (bus.c).
 */
#ifndef BUS_DISPATCH_H
#define BUS_DISPATCH_H

#include "gateway/bus/link.h"
#include "gateway/bus/pending.h"
#include "gateway/bus/question.h"
#include "gateway/bus/upstream.h"
#include "gateway/bus/window.h"
#include "gateway/worker.h"

/* A request was collected for a link, which is to be flushed. */
typedef void	 dispatch_collected(struct link *);

struct dispatch {
	const struct settings	*settings;
	const struct bus_events	*events;
	dispatch_collected	*collected;
	_Atomic int64_t		*up;		/* the gateway's, by service */
	struct upstream		 upstreams[SERVICE_END];
	struct pending_table	 pending;
	struct window		 window;
	struct hash_key		 shares_key;
};

/* *d is zeroed memory. */
void	dispatch_init(struct dispatch *d, struct gateway *,
	    const struct bus_events *, dispatch_collected *);
void	dispatch_done(struct dispatch *);

/* As bus_ask() and bus_forget(). */
bool	dispatch_ask(struct dispatch *, const struct bus_question *,
	    struct request *, int *ret_slot);
void	dispatch_forget(struct dispatch *, int slot);

/* Whether an answer that came over a link is to a request that waits there. */
bool	dispatch_take_reply(struct dispatch *, struct link *,
	    const struct answer *);

/*
 * Look at a service again, after one of its processes came, went or said
 * something new. Requests that waited for that are sent.
 */
void	dispatch_review(struct dispatch *, enum service_id);

/* The process behind a link will not answer what it was sent. */
void	dispatch_lose(struct dispatch *, const struct link *);

/* A link cannot be flushed: the process is lost, without what it would get. */
void	dispatch_lose_unsent(struct dispatch *, struct link *);

/* Send those that were held back, and whose turn it is. */
void	dispatch_release_held(struct dispatch *);

/* Refuse what was not answered in its time. */
void	dispatch_refuse_late(struct dispatch *, int64_t now_ms);

#endif
