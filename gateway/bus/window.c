/* Windows: counts over all processes. Logins are not counted. */
#include "gateway/bus/window.h"

#include "base/clock.h"

#define WINDOW		8	/* requests of a user at services */
#define CROWDED_MS	1000	/* since several users asked last */

void
window_add(struct window *w, const struct demand *d)
{
	if (d->queue == QUEUE_SLOW)
		return;
	shares_begin(&w->shares, d->share, d->bytes);
	if (w->shares.users > 1)
		w->crowded_until_ms = clock_ms() + CROWDED_MS;
}

void
window_remove(struct window *w, const struct demand *d)
{
	if (d->queue != QUEUE_SLOW)
		shares_end(&w->shares, d->share, d->bytes);
}

bool
window_is_full(const struct window *w, const struct demand *d)
{
	return d->queue != QUEUE_SLOW &&
	    w->shares.of[d->share].waiting >= WINDOW &&
	    clock_ms() < w->crowded_until_ms;
}
