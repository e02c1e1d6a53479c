/*
 * Tokens: 24 random bytes in base64, known to the store as a hash only.
 * Gateways keep what they were told of a token; with each heartbeat they
 * hear which ones were revoked since.
 */
#ifndef USER_TOKEN_H
#define USER_TOKEN_H

#include "services/user/user.h"

void	token_start(const struct settings *);

/*
 * Answers USER_ID, RIGHTS, EXPIRES, ID (the token's), and AS_OF, the number of
 * the newest revocation then: who has SEEN a later one cannot rely on the
 * rest, which may be from before that. Or UNAUTHORIZED.
 */
op_run	token_check;

/*
 * For a password that was right: refused with UNAUTHORIZED if CREDENTIAL is
 * not of the one that is stored any more.
 *
 * Answers the token as JSON, and what a gateway keeps of it: TOKEN_HASH,
 * EXPIRES, RIGHTS, ID, AS_OF. Where nothing is said of the new token its JSON has
 * nothing but `token`.
 */
op_run	token_create;

/* Ends the token TOKEN_HASH, or the actor's token ID: token_revoke(). */
op_run	token_delete;
op_run	token_end;

/*
 * Have gateways forget the tokens whose hashes a statement puts among the
 * revocations. The answer gets SEEN, the number of the last revocation, also if
 * these are none: another call's may be the last, whose answer is held still.
 * The loop holds this one until all gateways have heard of it (hold.c).
 */
enum err token_revoke(struct call *, int sql);

/*
 * PING: beyond op_ping, tells a gateway that has SEEN revocations up to some
 * number the hashes REVOKED since, 32 bytes each, and what it then has SEEN.
 * A number lower than its own tells it to forget all it knows. One that keeps
 * nothing yet says -1, and is told just the number. So is one that was away
 * for so long that revocations it has not seen are gone, or more than fit into
 * an answer; a number that rises by more than REVOKED has hashes tells it to
 * forget all. STREAM is the store's own: another
 * one, and all that was kept came from another store. WALL is the clock that
 * tokens expire by.
 */
op_run	token_ping;

#endif
