/*
 * An upstream: a service, as all of its processes together. It chooses which
 * of them is asked, and knows until when requests wait for another one after
 * the last was lost.
 */
#ifndef BUS_UPSTREAM_H
#define BUS_UPSTREAM_H

#include <stdatomic.h>

#include "proto/peer/pool.h"

struct upstream {
	struct pool	 pool;
	bool		 counted;	/* in the gateway's `up` */
	bool		 has_writer;
	bool		 has_reader;	/* one that is leaving counts */
	unsigned	 ups;		/* in the metric */
	int64_t		 failover_until_ms; /* requests are queued until then;
					 * longer while a process says that it
					 * is leaving */
	bool		 restarts;	/* the last one said that it leaves */
};

void	upstream_init(struct upstream *, enum service_id, struct resolver *);
void	upstream_done(struct upstream *);

/*
 * The process that an operation of this kind is sent to, NULL if there is
 * none. `loaded`: rather one that is leaving than one that is loading.
 */
struct replica	*upstream_choose(struct upstream *, enum op_kind, bool loaded);

/*
 * Look at the service again, after a process came, went or said something new
 * of itself. `up` counts the workers that can ask it.
 */
void	upstream_review(struct upstream *, _Atomic int64_t *up);

/* Whether requests are queued for a process that may come. */
bool	upstream_fails_over(const struct upstream *);

/*
 * When the process that restarts is here at the latest; 0: none restarts. The
 * time until then does not count against a request.
 */
int64_t	upstream_restart_ms(const struct upstream *);

#endif
