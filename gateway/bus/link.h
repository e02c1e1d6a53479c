/*
 * A link: the connection to one process of a service, as a part of h2o's loop.
 * ZeroMQ's descriptor is edge-triggered, and does not tell of what came while
 * something was sent: a link has to be drained after every flush.
 */
#ifndef BUS_LINK_H
#define BUS_LINK_H

#include <h2o.h>

#include "gateway/bus/admission.h"
#include "gateway/bus/pending.h"
#include "proto/peer/replica.h"

struct bus;
struct link;

/* Messages may have come: drain the link. */
typedef void	 link_readable(struct link *);

/* Takes an answer. Whether a request waited for it; if not, it is noise. */
typedef bool	 link_answer(struct link *, const struct answer *,
		    int64_t now_ms);

struct link {
	struct bus		*bus;		/* that it is part of */
	struct replica		*replica;
	h2o_socket_t		*watch;
	link_readable		*on_readable;
	struct admission	 admission;	/* what waits at the process */
	bool			 restates;	/* an unsolicited PONG came, and
						 * was not answered yet */
	uint64_t		 flushes;	/* messages sent, ever */
};

/* The link is the replica's `owner`, until it is closed. */
void	link_open(struct bus *, struct replica *, h2o_loop_t *,
	    link_readable *);
void	link_close(struct link *);

/*
 * Receive messages and hand on their answers. True if it stopped at too much
 * noise: the rest is to be drained in LINK_PAUSE_MS.
 */
#define LINK_PAUSE_MS	1
bool	link_drain(struct link *, struct frame_reader *, link_answer *take,
	    int64_t now_ms);

/*
 * Collect a request for the next message. It is the process's, and counts as
 * waiting there, until link_remove().
 */
void	link_add(struct link *, struct pending *, int64_t expires_ms);
void	link_remove(struct pending *);

/*
 * Send what was collected as one message, however much it is. False if the
 * process cannot take it now: it stays collected.
 */
bool	link_flush(struct link *);

#endif
