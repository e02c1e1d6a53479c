/*
 * Shares of what may wait: each user has one, and so has each address of
 * clients without a user (strangers). There are fewer places than users and
 * addresses, so some have the same place; but never a stranger and a user, and
 * no client can find out or choose with which others. Users with consecutive
 * ids have different places, as far as there are enough.
 */
#ifndef BUS_SHARES_H
#define BUS_SHARES_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/keyed_hash.h"

#define SHARES_USERS		1024	/* a power of two, as ids are turned */
#define SHARES_STRANGERS	1024
#define SHARES			(SHARES_USERS + SHARES_STRANGERS)

struct shares {
	struct share {
		size_t		waiting;
		size_t		bytes;
	}		of[SHARES];
	size_t		users;		/* places that are not empty */
};

/*
 * The place of a user; of user 0, that of an address. A key of the worker's
 * decides which. Of an IPv6 address the first 48 bits count, as one client may
 * have all addresses that begin with them.
 */
unsigned shares_place(const struct hash_key *, int64_t user_id,
	    const struct in6_addr *);

/* A request of so many bytes begins or ends to wait. */
void	 shares_begin(struct shares *, unsigned place, size_t bytes);
void	 shares_end(struct shares *, unsigned place, size_t bytes);

/*
 * The bound of all shares together, where one alone may have `most`: an eighth
 * of that is left for others, and as much in proportion when they come.
 */
size_t	 shares_with_others(size_t most);

/* Whether a share that has `own` of `all` may have more. */
bool	 shares_leave_some(size_t own, size_t all, size_t most);

#endif
