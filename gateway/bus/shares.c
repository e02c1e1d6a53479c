/* Shares: places by keyed hashes, first those of users, then of strangers. */
#include "gateway/bus/shares.h"

#define SHARE		8	/* times what is left for all others */
#define NETWORK_BYTES	6	/* of an IPv6 address */

/* A block of ids is rotated by its hash: no two of a block have one place. */
static unsigned
place_of_user(const struct hash_key *key, int64_t user_id)
{
	uint64_t	id = (uint64_t)user_id, block = id / SHARES_USERS;

	return (unsigned)((id + keyed_hash(key, &block, sizeof(block))) %
	    SHARES_USERS);
}

static unsigned
place_of_stranger(const struct hash_key *key, const struct in6_addr *a)
{
	size_t	len = IN6_IS_ADDR_V4MAPPED(a) ? sizeof(*a) : NETWORK_BYTES;

	return SHARES_USERS + (unsigned)(keyed_hash(key, a->s6_addr, len) %
	    SHARES_STRANGERS);
}

unsigned
shares_place(const struct hash_key *key, int64_t user_id,
    const struct in6_addr *address)
{
	return user_id != 0 ? place_of_user(key, user_id) :
	    place_of_stranger(key, address);
}

void
shares_begin(struct shares *s, unsigned place, size_t bytes)
{
	s->users += s->of[place].waiting++ == 0;
	s->of[place].bytes += bytes;
}

void
shares_end(struct shares *s, unsigned place, size_t bytes)
{
	s->users -= --s->of[place].waiting == 0;
	s->of[place].bytes -= bytes;
}

size_t
shares_with_others(size_t most)
{
	return most + most / SHARE;
}

bool
shares_leave_some(size_t own, size_t all, size_t most)
{
	return all < shares_with_others(most) &&
	    own < SHARE * (shares_with_others(most) - all);
}
