/*
 * Shares of what may wait: each user has one, and each address of those who
 * are not known to be users. There are fewer places than users and addresses,
 * so some share one; but never a stranger with a user, and nobody can tell, or
 * choose, with whom. Users whose ids follow one another have places of their
 * own, as many as there are.
 */
#ifndef BUS_SHARES_H
#define BUS_SHARES_H

#include <netinet/in.h>
#include <sodium.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHARES_USERS		1024	/* a power of two, as ids are turned */
#define SHARES_STRANGERS	1024
#define SHARES			(SHARES_USERS + SHARES_STRANGERS)

/* What decides who shares a place with whom; a worker has its own. */
struct shares_key {
	unsigned char	secret[crypto_shorthash_KEYBYTES];
};

struct shares {
	struct share {
		size_t		waiting;
		size_t		bytes;
	}		of[SHARES];
	size_t		users;		/* places that something waits in */
};

void	 shares_key_make(struct shares_key *);

/*
 * The place of a user; if that is 0, of an address: of IPv6 the first 48 bits
 * count, as one client may have all that begin with them.
 */
unsigned shares_place(const struct shares_key *, int64_t user_id,
	    const struct in6_addr *);

/* Something of so many bytes begins or ends to wait. */
void	 shares_begin(struct shares *, unsigned place, size_t bytes);
void	 shares_end(struct shares *, unsigned place, size_t bytes);

/*
 * What others may have beside one's own: alone, one has `most`, and whoever
 * comes finds an eighth of that left, and leaves as much in proportion.
 */
size_t	 shares_with_others(size_t most);

/* Whether who has `own` of `all` may have more. */
bool	 shares_leave_some(size_t own, size_t all, size_t most);

#endif
