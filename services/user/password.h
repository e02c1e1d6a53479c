/* Passwords: bcrypt, as Flicket has them ("$2b$", libxcrypt's crypt(5)). */
#ifndef USER_PASSWORD_H
#define USER_PASSWORD_H

#include <stdbool.h>

#include "proto/buf.h"

#define PASSWORD_HASH_SIZE	64	/* bcrypt's 60 and a NUL, with room */
#define PASSWORD_MOST_BYTES	72	/* bcrypt looks at no more */
#define PASSWORD_RANDOM_SIZE	21	/* 20 characters and a NUL */

/* Prepare for hashing at this cost; once, before any check. */
void	password_start(int cost);

/*
 * There are hashes of this cost: from now on a no takes as long as theirs,
 * where that is longer.
 */
void	password_has_cost(int cost);

void	password_hash(const char *text, int cost,
	    char ret[PASSWORD_HASH_SIZE]);

/*
 * Whether a password is that of a hash. A hash of no bytes is that of nobody:
 * the answer is no. Every no takes about the time of one hash at the cost
 * that new ones have, or at the highest there are, so that it does not tell a
 * wrong password from an unknown name, or from a hash that is cheaper.
 */
bool	password_is(struct text given, struct text hash);

/* A password of 20 letters and digits: 119 bits. */
void	password_random(char ret[PASSWORD_RANDOM_SIZE]);

#endif
