/* Passwords: bcrypt, as Flicket has them ("$2b$", libxcrypt's crypt(5)). */
#ifndef USER_PASSWORD_H
#define USER_PASSWORD_H

#include <stdbool.h>

#include "base/buf.h"

#define PASSWORD_HASH_SIZE	64	/* bcrypt's 60 and a NUL, with room */
#define PASSWORD_MOST_BYTES	72	/* bcrypt looks at no more */
#define PASSWORD_RANDOM_SIZE	21	/* 20 characters and a NUL */

/* Costs of the hashes that are checked; those of FLICKET_BCRYPT_COST. */
#define PASSWORD_COST_LEAST	4
#define PASSWORD_COST_MOST	16

/* What a stored hash is, told from its text. Only BCRYPT is ever run. */
enum password_kind {
	PASSWORD_NONE,		/* of no bytes: nobody's */
	PASSWORD_BCRYPT,	/* well-formed, at a cost that is checked */
	PASSWORD_DEAR,		/* bcrypt's, at a higher cost */
	PASSWORD_FOREIGN,	/* of another scheme of crypt(5) */
	PASSWORD_BROKEN		/* no hash at all */
};

/* ret_cost, which may be NULL, gets the cost of a BCRYPT or DEAR one, or 0. */
enum password_kind	password_kind(struct text hash, int *ret_cost);

/*
 * What is wrong with a hash that is to be stored: it is DEAR or FOREIGN. NULL
 * if nothing is.
 */
const char	*password_refusal(struct text hash);

/* Prepare for hashing at this cost; once, before any check. */
void	password_start(int cost);

/*
 * There are hashes of this cost: from now on a no takes as long as theirs,
 * where that is longer. A cost that is not checked is passed over. From any
 * thread.
 */
void	password_has_cost(int cost);

void	password_hash(const char *text, int cost,
	    char ret[PASSWORD_HASH_SIZE]);

/*
 * Whether a password is that of a hash; the answer for one that is not BCRYPT
 * is no. Every no takes about the time of one hash at the cost
 * that new ones have, or at the highest there are, so that it does not tell a
 * wrong password from an unknown name, or from a hash that is cheaper.
 */
bool	password_is(struct text given, struct text hash);

/* A password of 20 letters and digits: 119 bits. */
void	password_random(char ret[PASSWORD_RANDOM_SIZE]);

#endif
