/*
 * Tokens: 24 random bytes in base64, of which the store has a hash only.
 * Gateways cache tokens; the answer to each heartbeat tells them which were
 * revoked since the last.
 */
#ifndef USER_TOKEN_H
#define USER_TOKEN_H

#include "services/user/user.h"

void	token_start(const struct settings *);

/*
 * Answers USER_ID, RIGHTS, EXPIRES, ID (the token's), and AS_OF, the number of
 * the newest revocation; or UNAUTHORIZED. A gateway that has SEEN a later
 * revocation cannot rely on the answer, which may be from before it.
 */
op_run	token_check;

/*
 * Make a token for a password that was right: UNAUTHORIZED if CREDENTIAL is not
 * that of the stored password any more.
 *
 * Answers the token as JSON, and what a gateway caches: TOKEN_HASH, EXPIRES,
 * RIGHTS, ID, AS_OF. The JSON has only `token` if the request has no name,
 * lifetime or scope for it.
 */
op_run	token_create;

/*
 * The same for a browser: the token, in TOKEN, lasts for 30 days with REMEMBER.
 * The JSON is the user, as in the answer about a session: null for nobody.
 */
op_run	token_open_session;
op_run	token_show_session;

/* End the token TOKEN_HASH, or the actor's token ID: token_revoke(). */
op_run	token_delete;
op_run	token_end;

/*
 * Have gateways forget the tokens whose hashes a statement puts among the
 * revocations. The answer gets SEEN, the number of the newest revocation, even
 * if the statement puts none: another call's may be on its way to gateways. The
 * loop holds the answer until all gateways have heard of it (hold.c).
 */
enum err token_revoke(struct call *, int sql);

/*
 * PING: op_ping, and the revocations. A gateway says up to which number it has
 * SEEN revocations, -1 if it caches nothing. It gets the hashes that were
 * REVOKED since, 32 bytes each, and the newest number. It forgets all tokens
 * - if that is lower than its own,
 * - if it rises by more than REVOKED has hashes, as when some revocations were
 *   deleted or did not fit into an answer,
 * - if STREAM, the store's own number, changes.
 * WALL is the clock that tokens expire by.
 */
op_run	token_ping;

#endif
