/*
 * Pending requests: those that the bus has taken and not answered yet, in a
 * table of a fixed size. A row keeps the request's frame, so that it can be
 * sent to another process.
 *
 *   PLACING -> SENT -> FREE              it is answered
 *   SENT -> LOST, UNSENT -> PLACING      its process is lost
 *   PLACING -> QUEUED, LOADING -> SENT   a process comes
 *   PLACING -> HELD -> QUEUED -> SENT    its user's turn comes
 *   ... -> REFUSED -> FREE               no process takes it
 *   any -> FREE                          its deadline is over
 */
#ifndef BUS_PENDING_H
#define BUS_PENDING_H

#include "base/buf.h"
#include "gateway/bus/admission.h"
#include "gateway/bus/shares.h"
#include "proto/frame.h"

struct exchange;
struct link;

enum pending_state {
	PENDING_FREE,		/* the row is not used */
	PENDING_PLACING,	/* is to be sent, or to wait */
	PENDING_QUEUED,		/* waits until there is a process to ask */
	PENDING_LOADING,	/* waits until a process has loaded its lists */
	PENDING_HELD,		/* waits for other requests of its user */
	PENDING_SENT,		/* a process has it */
	PENDING_LOST,		/* ... and will not reply; may have done it */
	PENDING_UNSENT,		/* ... or was never sent it */
	PENDING_REFUSED,	/* cannot be sent, and must not wait */
	PENDING_STATES
};

struct pending {
	enum pending_state	 state;		/* see pending_set_state() */
	struct exchange		*asker;		/* NULL: it is gone */
	int			 part;		/* of the asker; -1: it itself */
	struct link		*link;		/* to the process that has it */
	enum service_id		 service;
	enum op_code		 op;
	enum op_kind		 kind;
	struct demand		 demand;
	bool			 repeatable;	/* twice is the same as once */
	bool			 done_maybe;	/* a process had it, and did not
						 * reply */
	bool			 deferred;	/* a process was loading: rather
						 * one that has loaded */
	bool			 released;	/* was HELD before */
	int			 next_held, previous_held; /* row + 1; or 0 */
	unsigned		 tries;		/* processes it was sent to */
	int64_t			 sent_us;
	int64_t			 deadline_ms;	/* is answered until then */
	int64_t			 expires_ms;	/* not done later; 0: never */
	uint64_t		 id;		/* in its frame */
	uint64_t		 flush;		/* number of its message */
	int			 next_free;
	struct buf		 frame;
};

/* The HELD requests of one share, as rows + 1; 0: the share has no request. */
struct held {
	int	first, last;
	size_t	count;
};

struct pending_table {
	struct pending	*rows;
	int		 size;
	int		 used;			/* rows that were ever used */
	int		 free;			/* first of a list, -1: none */
	uint64_t	 generation;		/* of ids */
	unsigned	 unplaced;		/* rows in use that are at no
						 * process ... */
	size_t		 unplaced_bytes;	/* ... and their frames */
	struct shares	 waiting;		/* QUEUED, LOADING, HELD */
	struct held	 held[SHARES];		/* by share */
	size_t		 held_count;
};

void		 pending_init(struct pending_table *, int size);
void		 pending_done(struct pending_table *);

/*
 * Take a row for a request, which gets the row's id. NULL: all are used. The
 * row is PLACING; the caller fills in the asker and what the operation tells.
 */
struct pending	*pending_take(struct pending_table *, struct request *);

/*
 * Change the state of a row: nothing else does. Keeps the counts and lists of
 * the table. A request is removed from its link first. FREE gives the row back.
 */
void		 pending_set_state(struct pending_table *, struct pending *,
		    enum pending_state);

/* The row with this id; NULL: no row has it. */
struct pending	*pending_find(struct pending_table *, uint64_t id);

/* Whether a request waits for a process, as a HELD one does not. */
static inline bool
pending_waits_for_process(const struct pending *p)
{
	return p->state == PENDING_QUEUED || p->state == PENDING_LOADING;
}

/*
 * Whether a request may wait in the gateway: its user has no more than a share
 * of what waits here, of at most `most` requests.
 */
bool		 pending_may_wait(const struct pending_table *,
		    const struct pending *, size_t most);

/* The request of a share that was held back first; NULL: none is held back. */
struct pending	*pending_first_held(struct pending_table *, unsigned share);

/* Requests of its user that are held back, and will be sent before it. */
size_t		 pending_held_before(const struct pending_table *,
		    const struct pending *);

#endif
