/*
 * The failed logins of the last minute, in a ring. Each login counts those of
 * its name and of its address: that takes a ten thousandth of the time of a
 * hash, and the memory is bounded.
 */
#ifndef USER_FAILURES_H
#define USER_FAILURES_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/keyed_hash.h"

#define FAILURES_MOST	8192	/* a newer one takes the place of the oldest */

/* Names and addresses are kept as keyed hashes: a name may have any length, and
 * two that collide cannot be found without the key. */
struct failure {
	int64_t		at_ms;		/* by clock_ms() */
	uint64_t	name;
	uint64_t	address;
};

struct failures {
	struct failure	ring[FAILURES_MOST];
	size_t		next;
	struct hash_key	key;
	int64_t		per_name;
	int64_t		per_address;
};

/* Begin with no failure; so many in a minute are allowed. */
void		failures_init(struct failures *, int64_t per_name,
		    int64_t per_address);

uint64_t	failures_hash(const struct failures *, struct text);

/*
 * Milliseconds from who->at_ms until a login with this name and address may be
 * tried again; 0: at once.
 */
int64_t		failures_wait_ms(const struct failures *,
		    const struct failure *who);

void		failures_add(struct failures *, const struct failure *);

#endif
