/*
 * The stages that look at the token again: confirm before a write is sent, as
 * others may have been asked meanwhile, a password hashed, a file sent ahead;
 * recheck before data that was read, or a refusal, is sent.
 */
#ifndef STAGE_CONFIRM_H
#define STAGE_CONFIRM_H

#include "gateway/core/exchange.h"
#include "proto/peer/replica.h"

/*
 * If an answer comes sooner than this after the token was looked up, and no news
 * came, no second look is needed. The token was good by a heartbeat that is at
 * most REPLICA_DOWN_MS old, and the user service waits a second for this gateway
 * before it answers that a token has ended (services/runtime/socket/watchers.h).
 */
#define CONFIRM_SURE_US	((int64_t)(1000 - REPLICA_DOWN_MS) * 1000)

enum flow	confirm_begin(struct exchange *);
enum flow	confirm_done(struct exchange *, const struct answer *);
enum flow	recheck_begin(struct exchange *);
enum flow	recheck_done(struct exchange *, const struct answer *);

#endif
