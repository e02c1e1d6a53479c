/* A ring of failed logins, walked from the newest. */
#include "services/user/failures.h"

#include <stdbool.h>

#define WINDOW_MS	60000

void
failures_init(struct failures *f, int64_t per_name, int64_t per_address)
{
	keyed_hash_make_key(&f->key);
	f->per_name = per_name;
	f->per_address = per_address;
	f->next = 0;
	for (size_t i = 0; i < FAILURES_MOST; i++)
		f->ring[i].at_ms = -WINDOW_MS;
}

uint64_t
failures_hash(const struct failures *f, struct text t)
{
	return keyed_hash(&f->key, t.base, t.len);
}

/*
 * Milliseconds until fewer than `limit` failures are within the window; 0 if
 * there are fewer already.
 */
static int64_t
wait_ms_of(const struct failures *f, const struct failure *who, bool by_name,
    int64_t limit)
{
	const struct failure	*one;
	int64_t			 count = 0;

	for (size_t i = 1; i <= FAILURES_MOST; i++) {
		one = &f->ring[(f->next + FAILURES_MOST - i) % FAILURES_MOST];
		if (who->at_ms - one->at_ms >= WINDOW_MS)
			return 0;
		if (by_name ? one->name != who->name :
		    one->address != who->address)
			continue;
		if (++count == limit)
			return one->at_ms + WINDOW_MS - who->at_ms;
	}
	return 0;
}

int64_t
failures_wait_ms(const struct failures *f, const struct failure *who)
{
	int64_t	name_ms = wait_ms_of(f, who, true, f->per_name);
	int64_t	address_ms = wait_ms_of(f, who, false, f->per_address);

	return name_ms > address_ms ? name_ms : address_ms;
}

void
failures_add(struct failures *f, const struct failure *who)
{
	f->ring[f->next] = *who;
	f->next = (f->next + 1) % FAILURES_MOST;
}
