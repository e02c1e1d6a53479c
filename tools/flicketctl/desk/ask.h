/*
 * The services from the operator's side: all processes of a service, how
 * each is, and questions to the one that takes writes.
 */
#ifndef DESK_ASK_H
#define DESK_ASK_H

#include "base/settings.h"
#include "proto/peer/replica.h"
#include "proto/peer/resolve.h"

#define PEERS_MOST	(4 * RESOLVE_MOST)	/* of all services together */

/* A process of a service, and what its last PING was answered with. */
struct peer {
	enum service_id	 service;
	struct replica	*replica;
	bool		 answered;
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
 * Be where ipc paths of endpoints are relative to. False after a message if
 * there is no such folder and an endpoint needs it. ret_there, which may be
 * NULL: whether we are in the data folder.
 */
bool	peers_enter(const char *who, const struct settings *, bool *ret_there);

/* Connect to the processes of a service, or of all (SERVICE_ANY). */
void	peers_open(struct peers *, const struct settings *, enum service_id);
void	peers_close(struct peers *);

/*
 * PING all; wait until all have answered, or, if to_write, until one has that
 * takes writes; wait_ms at most.
 */
void	peers_ping(struct peers *, int wait_ms, bool to_write);

/* The process to ask something of; NULL if none answers. */
struct peer	*peers_choose(struct peers *, enum service_id, bool to_write);

/*
 * Ask and wait. False if no answer came. What is returned is read before the
 * next question. The actor is nobody, with an admin's rights.
 */
bool	peers_ask(struct peers *, struct peer *, enum op_code,
	    const struct args *, struct answer *ret);

/* What an answer that is an error says. */
struct text	answer_message(const struct answer *);

#endif
