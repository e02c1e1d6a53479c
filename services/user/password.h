/* Passwords: bcrypt, as Flicket has them ("$2b$", libxcrypt's crypt(5)). */
#ifndef USER_PASSWORD_H
#define USER_PASSWORD_H

#include <stdbool.h>

#include "base/buf.h"

#define PASSWORD_HASH_SIZE	64	/* bcrypt's 60 and a NUL, with room */
#define PASSWORD_MOST_BYTES	72	/* bcrypt looks at no more */
#define PASSWORD_RANDOM_SIZE	21	/* 20 characters and a NUL */

/* Bounds of the costs that are checked, and of FLICKET_BCRYPT_COST. */
#define PASSWORD_COST_LEAST	4
#define PASSWORD_COST_MOST	16

/* The kind of a stored hash, by its text. Only BCRYPT is ever run. */
enum password_kind {
	PASSWORD_NONE,		/* empty: no password fits */
	PASSWORD_BCRYPT,	/* well-formed, at a cost that is checked */
	PASSWORD_DEAR,		/* bcrypt, at a higher cost */
	PASSWORD_FOREIGN,	/* of another scheme of crypt(5) */
	PASSWORD_BROKEN		/* not a hash */
};

/* ret_cost, which may be NULL, gets the cost of a BCRYPT or DEAR one, or 0. */
enum password_kind	password_kind(struct text hash, int *ret_cost);

/*
 * Why a hash must not be stored: it is DEAR or FOREIGN. NULL if it may be.
 */
const char	*password_refusal(struct text hash);

/* Prepare for hashing at this cost; once, before any check. */
void	password_start(int cost);

/*
 * A hash of this cost is stored: from now on a no takes at least as long as
 * such a hash. A cost that is not checked is ignored. From any thread.
 */
void	password_has_cost(int cost);

void	password_hash(const char *text, int cost,
	    char ret[PASSWORD_HASH_SIZE]);

/*
 * Whether a password fits a hash; no password fits one that is not BCRYPT.
 * Every no takes about the time of one hash at the cost of new ones, or at the
 * highest stored cost if that is more: so the time does not tell a wrong
 * password from an unknown name or from a cheaper hash.
 */
bool	password_is(struct text given, struct text hash);

/* A password of 20 letters and digits: 119 bits. */
void	password_random(char ret[PASSWORD_RANDOM_SIZE]);

#endif
