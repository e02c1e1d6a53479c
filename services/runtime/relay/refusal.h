/*
 * Whether a consumer refuses an event for good, so that it is to be set aside.
 *
 * One refusal is not believed, as the fault may be between the two processes.
 * It is believed if the same event is refused again and again for a while. A
 * consumer that has just taken a gap, in the place of an event that was set
 * aside, is sound, and many events may have the same fault: then a refusal is
 * believed at once.
 */
#ifndef RELAY_REFUSAL_H
#define RELAY_REFUSAL_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/tables.h"

struct refusal {
	int64_t	seq;		/* of the event; 0: none is refused */
	int64_t	since_ms;
	int	count;
	int64_t	gap_ms;		/* when a gap was taken last */
};

void	refusal_init(struct refusal *);

/* An event was refused. True if that is to be believed. */
bool	refusal_note(struct refusal *, int64_t seq, enum err, int64_t now_ms);

/* The consumer has taken all events up to this one ... */
void	refusal_note_taken(struct refusal *, int64_t seq);

/* ... and one of them was a gap. */
void	refusal_note_gap(struct refusal *, int64_t now_ms);

#endif
