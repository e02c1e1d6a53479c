/*
 * A replica: one process of a service, as the gateway or another service
 * sees it. It has a DEALER socket of its own and a heartbeat.
 *
 * Heartbeats decide everything: a PING goes out every REPLICA_PING_MS, an
 * answer makes the replica up, and without one for REPLICA_DOWN_MS, or
 * when its connection is gone, it is down and nothing but PINGs is sent to
 * it. The answer says whether it takes writes, whether it is about to leave,
 * and which run of the process this is: a new run knows nothing of the
 * requests to the one before. The answer also tells the replica's clock; a
 * request carries its deadline on that clock, so that a process that was
 * stopped and goes on does not carry out requests that were given up.
 */
#ifndef PEER_REPLICA_H
#define PEER_REPLICA_H

#include <czmq.h>

#include "base/clock.h"
#include "proto/frame.h"

#define REPLICA_PING_MS	200
#define REPLICA_DOWN_MS	900
#define REPLICA_RENEW_MS	2000	/* down: connect anew */
#define REPLICA_MISSED_MS	3000	/* never heard of: say so */
#define REPLICA_PINGS_KEPT	64	/* more than can be under way */
#define REPLICA_CLOCK_MOST	(INT64_C(1) << 53) /* that one may tell, ms */

/* Ids of requests start above those of PINGs, which are the time sent. */
#define REPLICA_FIRST_ID	(UINT64_C(1) << 62)

/* Whether a replica can be asked. */
enum replica_state {
	REPLICA_DOWN,		/* not heard of, or not for a while */
	REPLICA_UP,
	REPLICA_DISCONNECTED	/* counts as up until replica_lost(); it has
				 * no connection, or reads nothing */
};

struct replica {
	enum replica_state state;	/* see replica_is_up() */
	bool			 was_up;	/* at any time */
	enum service_id	 service;
	char		*endpoint;
	zsock_t		*sock;
	struct buf	 out;		/* frames collected for one message */
	int64_t		 pinged_ms;	/* when the last PING went out */
	int64_t		 pings[REPLICA_PINGS_KEPT]; /* ... and those before */
	unsigned	 ping_count;	/* ever, since it wraps around */
	int64_t		 warned_ms;	/* of malformed messages, last */
	int64_t		 heard_ms;	/* when the last one answered was sent */
	int64_t		 clock_ms;	/* its clock minus ours, at most */
	int64_t		 made_ms;
	int64_t		 connected_ms;	/* when it was connected to last */
	bool		 was_missed;	/* never up, and that was logged */
	bool		 writes;	/* takes writes */
	int64_t		 writes_ms;	/* since when, on our clock */
	bool		 leaving;	/* is asked nothing new, except reads
					 * that no other can answer */
	bool		 refuses;	/* ... and not even those */
	bool		 loading;	/* its lists; other reads it answers */
	int64_t		 instance;	/* this run of it; 0: not known */
	bool		 restarted;	/* it is another run; the owner clears
					 * this when it has acted on it */
	bool		 gone;		/* no name leads there any more */
	void		*owner;		/* what its owner keeps with it */
	unsigned	 waiting;	/* requests not answered yet */
};

static inline bool
replica_is_up(const struct replica *r)
{
	return r->state != REPLICA_DOWN;
}

struct replica	*replica_new(enum service_id, const char *endpoint);
void		 replica_destroy(struct replica **);

/* Send a PING if one is due. extra: more arguments of it, or NULL. */
void	replica_ping(struct replica *, int64_t now_ms, const struct args *extra);

enum pong {
	PONG_NONE,	/* the answer to another request */
	PONG_VOID,	/* to a PING that was not sent, or too late: ignored */
	PONG_HEARD,	/* to a PING: the replica has been heard of */
	PONG_UNSOLICITED /* to no PING, with the id 0: tells what is
			 * new, but not the clock */
};

enum pong	replica_take_pong(struct replica *, const struct answer *,
		    int64_t now_ms);

/* Log that a replica sent a malformed message; at most once in 10 s. */
void	replica_warn(struct replica *, int64_t now_ms);

/* Messages do not reach it: the next replica_lost() is true. */
void	replica_disconnect(struct replica *);

/* Whether it went down just now: it was up and is not heard of any more. */
bool	replica_lost(struct replica *, int64_t now_ms);

/* A time on our clock as one on its clock. */
int64_t	replica_clock(const struct replica *, int64_t ms);

/*
 * Send what was collected as one message. False if the replica cannot take
 * it now, because its queue is full or it is gone; then it stays collected.
 */
bool	replica_flush(struct replica *);

/* Receive one message without waiting, into a message that was initialised. */
bool	replica_receive(struct replica *, zmq_msg_t *ret);

#endif
