/*
 * Reads, which run on the loop. Those of one message see the store at one
 * point, if they run in one slice of time: the first of them begins a read
 * transaction, after the message was received. The transaction ends with the
 * slice, because the sender of the next message may have heard of a COMMIT
 * since, from the process that writes.
 *
 * Lists are kept if another request waits, and users take turns at them.
 */
#ifndef RUNTIME_READS_H
#define RUNTIME_READS_H

#include "services/op/op.h"
#include "services/runtime/lane/turns.h"

struct svc;

struct reads {
	struct session	 session;
	bool		 begun;		/* a read transaction is open */
	struct call	 call;		/* the read that runs, or ran last */
	struct turns	 waiting;	/* lists */
	int64_t		 at_once_until_us; /* lists need not wait until then */
};

void	reads_open(struct svc *);
void	reads_close(struct svc *);

/*
 * Run a read and put its answer into s->reply. Returns false without an answer
 * if something has to be made first, aside (asides.h). `made` is that, if it is
 * there, else NULL. began_us is when the request came; 0 for just now.
 */
bool	reads_run(struct svc *, const struct request *, void *made,
	    int64_t began_us);

/*
 * The same for a call that was kept. It is refused if its deadline has passed
 * or the process closes, unless something was made for it.
 */
bool	reads_run_kept(struct svc *, struct call *, void *made);

/* Send the answer to a call that was kept, and release the call. */
void	reads_reply_kept(struct svc *, struct call *);

/* End the read transaction, if there is one. */
void	reads_end(struct svc *);

/* From now on lists need not wait for a while, if nothing else does. */
void	reads_begin_turn(struct svc *);

/* Whether another request would wait for a list that runs now. */
bool	reads_are_awaited(const struct svc *);

/* Run lists whose turn it is, for a slice of time. */
void	reads_take_turns(struct svc *);

#endif
