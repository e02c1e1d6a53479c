/*
 * The services as the operator's tool sees them: all processes of a service,
 * the state of each, and requests to one of them.
 */
#ifndef DESK_PEERS_H
#define DESK_PEERS_H

#include "base/settings.h"
#include "proto/peer/replica.h"
#include "proto/peer/resolve.h"

#define PEERS_MOST	(4 * RESOLVE_MOST)	/* of all services together */

/* A process of a service, and what its last PING was answered with. */
struct peer {
	enum service_id	 service;
	struct replica	*replica;
	bool		 answered;
	bool		 refuses;	/* it greets, and refuses our keys */
	int64_t		 rtt_ms;
	struct args	 extra;		/* numbers, and: */
	char		 version[64];	/* "": not told */
};

struct peers {
	struct peer		 peer[PEERS_MOST];
	int			 count;
	struct frame_reader	*frames;
	zmq_msg_t		 message;	/* the last answer's */
	uint64_t		 last_id;
};

/*
 * Enter the data folder, to which ipc paths of endpoints are relative. False
 * after a message if it cannot be entered and an endpoint needs it. *ret_there,
 * unless it is NULL: whether it was entered.
 */
bool	peers_enter(const struct settings *, bool *ret_there);

/* Connect to the processes of a service, or of all (SERVICE_ANY). */
void	peers_open(struct peers *, const struct settings *, enum service_id);
void	peers_close(struct peers *);

/*
 * PING all; wait until all have answered, or, if to_write, until one has that
 * takes writes; wait_ms at most.
 */
void	peers_ping(struct peers *, int wait_ms, bool to_write);

/* Find out whether those that have not answered refuse our keys. */
void	peers_find_refusals(struct peers *, const struct settings *);

/* The process to send a request to; NULL if none answers. */
struct peer	*peers_choose(struct peers *, enum service_id, bool to_write);

/*
 * Send a request and wait for its answer. False: none came within 15 s. The
 * answer is valid until the next request. The request has no actor, and the
 * rights of an admin.
 */
bool	peers_ask(struct peers *, struct peer *, enum op_code,
	    const struct args *, struct answer *ret);

/* The message of an answer that is an error. */
struct text	peers_message(const struct answer *);

#endif
