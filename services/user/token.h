/*
 * Tokens: 24 random bytes in base64, known to the store as a hash only.
 * Gateways keep what they were told of a token; with each heartbeat they
 * hear which ones were revoked since.
 */
#ifndef USER_TOKEN_H
#define USER_TOKEN_H

#include "user.h"

void	token_start(const struct settings *);

op_run	token_check;	/* answers USER_ID, RIGHTS, EXPIRES; or UNAUTHORIZED */
op_run	token_create;	/* answers {"token": ...}, TOKEN_HASH, EXPIRES */

/*
 * Ends the token, and answers SEEN, the number of its revocation: the loop
 * holds the answer until all gateways have heard of it (svc.c).
 */
op_run	token_delete;

/*
 * PING: beyond op_ping, tells a gateway that has SEEN revocations up to some
 * number the hashes REVOKED since, 32 bytes each, and what it then has SEEN.
 * A number lower than its own tells it to forget all it knows. One that keeps
 * nothing yet says -1, and is told just the number. So is one that was away
 * for so long that revocations it has not seen are gone; a number that rises
 * without REVOKED tells it to forget all. STREAM is the store's own: another
 * one, and all that was kept came from another store.
 */
op_run	token_ping;

#endif
