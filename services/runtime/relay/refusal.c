/* Refusals of one event. */
#include "services/runtime/relay/refusal.h"

#define BELIEVED_MS	5000	/* after so long, and ... */
#define BELIEVED_LEAST	5	/* ... so many refusals */
#define STREAK_MS	10000	/* after a gap */

void
refusal_init(struct refusal *r)
{
	*r = (struct refusal){ .gap_ms = INT64_MIN / 2 };
}

/* An error that in HTTP tells a client to try again is not for good. */
static bool
is_for_good(enum err e)
{
	return e != OK && err_info(e)->http != 503 &&
	    err_info(e)->http != 429;
}

static bool
is_believed(const struct refusal *r, int64_t now_ms)
{
	return now_ms - r->gap_ms < STREAK_MS || (r->count >= BELIEVED_LEAST &&
	    now_ms - r->since_ms >= BELIEVED_MS);
}

bool
refusal_note(struct refusal *r, int64_t seq, enum err e, int64_t now_ms)
{
	if (!is_for_good(e)) {
		r->seq = 0;
		return false;
	}
	if (r->seq != seq) {
		r->seq = seq;
		r->since_ms = now_ms;
		r->count = 0;
	}
	r->count++;
	return is_believed(r, now_ms);
}

/* An event that is taken at last, after refusals, shows nothing. */
void
refusal_note_taken(struct refusal *r, int64_t seq)
{
	if (seq >= r->seq) {
		r->seq = r->since_ms = 0;
		r->count = 0;
	}
}

void
refusal_note_gap(struct refusal *r, int64_t now_ms)
{
	r->gap_ms = now_ms;
}
