/*
 * The token that a request came with: which user it is of, and with which
 * rights, by the worker's cache or by the user service. What these rights permit
 * is decided by the stages.
 */
#ifndef CORE_IDENTITY_H
#define CORE_IDENTITY_H

#include "gateway/core/exchange.h"

/* Whether what the cache holds may be trusted (cache/tokens.h, rule 2). */
bool		 identity_is_trusted(const struct exchange *);

/*
 * Look the token up in the cache; true: user_id and rights are what it says.
 * False: it does not have the token, or may not be trusted.
 */
bool		 identity_is_known(struct exchange *);

/*
 * Ask the user service about the token, as the question of the stage; its
 * `done` hands the answer to identity_take().
 */
enum flow	 identity_ask(struct exchange *);

/* Answers in a row that may be outdated before the next is given up. */
#define IDENTITY_OUTDATED_MOST	3

/* How an answer about the token was taken. */
enum identity_verdict {
	IDENTITY_TAKEN,		/* user_id and rights are what it says */
	IDENTITY_OUTDATED,	/* it is older than a revocation: ask again */
	IDENTITY_UNKNOWN	/* ... and that has happened too often */
};

/*
 * Take an answer without an error. It may be of a process that had not heard of
 * a revocation when it was asked; then it does not count.
 */
enum identity_verdict	 identity_take(struct exchange *,
			    const struct answer *);

/*
 * Whether the token is still good: on_checked is called with OK or the error,
 * at once if the cache knows, else when the user service has answered. To be
 * called before each piece of an answer in pieces; x->on_part hands
 * IDENTITY_PART to identity_part().
 */
void		 identity_check(struct exchange *, identity_checked *);
void		 identity_part(struct exchange *, const struct answer *);

#endif
