/* Samples of what was in the outbox when. */
#include "services/runtime/relay/lag.h"

#include <string.h>

static void
drop_acked_samples(struct lag *lag, int64_t acked)
{
	size_t	done = 0;

	while (done < lag->count && lag->samples[done].seq <= acked)
		done++;
	lag->count -= done;
	memmove(lag->samples, lag->samples + done,
	    lag->count * sizeof(lag->samples[0]));
}

/* Delete every second sample. */
static void
thin_samples(struct lag *lag)
{
	for (size_t i = 0; i < LAG_SAMPLES / 2; i++)
		lag->samples[i] = lag->samples[i * 2];
	lag->count = LAG_SAMPLES / 2;
}

int64_t
lag_note(struct lag *lag, int64_t acked, int64_t newest, int64_t now_ms)
{
	drop_acked_samples(lag, acked);
	if (lag->count == LAG_SAMPLES)
		thin_samples(lag);
	if (newest > acked && (lag->count == 0 ||
	    newest > lag->samples[lag->count - 1].seq))
		lag->samples[lag->count++] = (struct lag_sample){ newest,
		    now_ms };
	return lag->count == 0 ? 0 : now_ms - lag->samples[0].seen_ms;
}
