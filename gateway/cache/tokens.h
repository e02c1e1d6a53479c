/*
 * The token cache of a worker: what the user service said of each token, by its
 * hash, until the token expires, is revoked, or makes room for another.
 *
 * 1. While heartbeats of the user service arrive, an entry is right up to the
 *    last of them: each tells which tokens were revoked.
 * 2. While none arrive, entries count for FLICKET_TOKEN_STALE_SECONDS.
 * 3. A token without an entry is asked for; that a token is unknown is never
 *    kept.
 */
#ifndef CACHE_TOKENS_H
#define CACHE_TOKENS_H

#include "proto/frame.h"

#define TOKEN_HASH_BYTES	32

struct tokens;

struct tokens	*tokens_new(void);
void		 tokens_destroy(struct tokens **);

void	tokens_keep(struct tokens *, const unsigned char *hash,
	    int64_t user_id, int64_t rights, int64_t expires_us);
void	tokens_forget(struct tokens *, const unsigned char *hash);

/* The id of a token that is kept: the user service is told its use by it. */
void	tokens_number(struct tokens *, const unsigned char *hash, int64_t id);

/* A token that is kept was used. tokens_find() notes that by itself. */
void	tokens_use(struct tokens *, const unsigned char *hash);

/*
 * False if there is no entry, or the token has expired by the clock of the user
 * service, as its heartbeats tell it. It counts again if that is set back.
 */
bool	tokens_find(struct tokens *, const unsigned char *hash,
	    int64_t *ret_user_id, int64_t *ret_rights);

/*
 * Take the ids of the tokens that were used since the last call, as a JSON
 * array. False: no token was used, or the last call is less than TOKENS_TELL_MS
 * ago. The text is valid until the next call.
 */
#define TOKENS_TELL_MS	60000
bool	tokens_take_used(struct tokens *, int64_t now_ms, struct text *ret);

/* Goes up when a token may have ended, or may have other rights. */
uint64_t	 tokens_endings(const struct tokens *);

/*
 * Whether an answer about a token may be older than a revocation of it that was
 * heard of: another process of the service may have told that first.
 */
bool		 tokens_is_past(const struct tokens *,
		    const unsigned char *hash, const struct answer *);

/* Add to a PING what was heard; take what a PONG tells. */
void	tokens_tell(const struct tokens *, struct args *ret);
void	tokens_hear(struct tokens *, const struct answer *, int64_t now_ms);

#endif
