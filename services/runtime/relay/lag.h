/* For how long events have been in the outbox without an acknowledgement. */
#ifndef RELAY_LAG_H
#define RELAY_LAG_H

#include <stddef.h>
#include <stdint.h>

#define LAG_SAMPLES	64

/* When events up to this one were seen in the outbox. */
struct lag_sample {
	int64_t	seq;
	int64_t	seen_ms;
};

struct lag {
	struct lag_sample	samples[LAG_SAMPLES];	/* oldest first */
	size_t			count;
};

/*
 * Note the newest event of the outbox, and the last that is acknowledged.
 * Returns the lag: for how many ms the oldest event that is not acknowledged
 * has been there, as far as was noted. It is as exact as the time between two
 * notes while the lag is short, and less exact when it is long.
 */
int64_t	lag_note(struct lag *, int64_t acked, int64_t newest, int64_t now_ms);

#endif
