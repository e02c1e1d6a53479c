/*
 * The events in flight to a consumer: they were sent, and are not acknowledged.
 * They are answered in any order, and acknowledged in their own.
 */
#ifndef RELAY_INFLIGHT_H
#define RELAY_INFLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/tables.h"

#define INFLIGHT_MOST	256	/* events, a power of two */

enum inflight_state { INFLIGHT_SENT, INFLIGHT_TAKEN, INFLIGHT_REFUSED };

struct inflight_event {
	int64_t			seq;
	enum inflight_state	state;
	enum err		error;	/* INFLIGHT_REFUSED: why */
	bool			is_gap;	/* it stands for one that is left out */
};

struct inflight {
	struct inflight_event	events[INFLIGHT_MOST];	/* a ring */
	unsigned		first;
	unsigned		count;
	unsigned		unanswered;	/* of them */
	bool			failed;		/* one of them was refused */
};

/* The number of the last event; 0 if no event is in flight. */
int64_t	inflight_last(const struct inflight *);

/* Append an event, for which there has to be room. */
void	inflight_put(struct inflight *, int64_t seq, bool is_gap);

/* The event of a number, if it is in flight and not answered; else NULL. */
struct inflight_event	*inflight_find(struct inflight *, int64_t seq);

/* Note the answer to an event that was found. */
void	inflight_answer(struct inflight *, struct inflight_event *, enum err);

/* Remove the first event, if the consumer has taken it; false if not. */
bool	inflight_ack(struct inflight *, struct inflight_event *ret);

/* The first one, which there has to be. */
const struct inflight_event	*inflight_first(const struct inflight *);

/* Forget all of them. */
void	inflight_clear(struct inflight *);

#endif
