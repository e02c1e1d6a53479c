/*
 * A replica: one process of a service, as the gateway or another service
 * sees it. It has a DEALER socket of its own and a heartbeat.
 *
 * Heartbeats decide everything: a PING goes out every REPLICA_PING_MS, an
 * answer makes the replica up, and without one for REPLICA_DOWN_MS, or
 * when its connection is gone, it is down and nothing but PINGs is sent to
 * it. The answer says whether it takes writes, whether it is about to leave,
 * and which run of the process this is: another one than before knows
 * nothing of what that was asked. The answer also tells the
 * replica's clock; a request carries its deadline on that clock, so that a
 * process that was stopped and goes on does not do what nobody waits for.
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

struct replica {
	enum service_id	 service;
	char		*endpoint;
	zsock_t		*sock;
	struct buf	 out;		/* frames collected for one message */
	int64_t		 pinged_ms;	/* when the last PING went out */
	int64_t		 pings[REPLICA_PINGS_KEPT]; /* ... and those before */
	unsigned	 ping_count;	/* ever, since it wraps around */
	int64_t		 warned_ms;	/* of what is no answer */
	int64_t		 heard_ms;	/* when the last one answered was sent */
	int64_t		 clock_ms;	/* its clock minus ours, at most */
	int64_t		 made_ms;
	int64_t		 connected_ms;	/* when it was connected to last */
	bool		 missed;	/* never up, and that was said */
	bool		 up;
	bool		 deaf;		/* no connection, or it is full */
	bool		 writes;	/* takes writes */
	int64_t		 writes_ms;	/* since when, on our clock */
	bool		 leaving;	/* is to be asked nothing new, but for
					 * reads that nobody else can answer */
	bool		 refuses;	/* ... and not those any more */
	bool		 loading;	/* what some reads need */
	int64_t		 instance;	/* this run of it; 0: never said */
	bool		 reborn;	/* it is another run; the owner's to
					 * clear when it has seen to that */
	bool		 gone;		/* nothing leads there any more */
	void		*owner;		/* whatever its owner keeps of it */
	unsigned	 waiting;	/* requests not answered yet */
};

struct replica	*replica_new(enum service_id, const char *endpoint);
void		 replica_destroy(struct replica **);

/* Send a PING if one is due. extra may be NULL, or more to say with it. */
void	replica_ping(struct replica *, int64_t now_ms, const struct args *extra);

enum pong {
	PONG_NONE,	/* the answer to another request */
	PONG_VOID,	/* to a PING that was not sent, or too late: it says
			 * nothing */
	PONG_HEARD,	/* to a PING: the replica has been heard of */
	PONG_NEWS	/* unasked, with the id 0: it tells what is new, but not
			 * of the clock */
};

enum pong	replica_take_pong(struct replica *, const struct answer *,
		    int64_t now_ms);

/* Log that a replica sent what is no answer; seldom, however often it does. */
void	replica_warn(struct replica *, int64_t now_ms);

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
