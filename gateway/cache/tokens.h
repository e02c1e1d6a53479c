/*
 * Tokens a worker knows: what the user service said of each, until it
 * expires, is revoked, or has to make room. Known by hash alone.
 *
 * Rules: 1. While the user service is heard of, what is kept is right but
 * for the last heartbeat: each one tells what was revoked. 2. While it is
 * not, what is kept counts for FLICKET_TOKEN_STALE_SECONDS. 3. What is not
 * kept is asked for; "unknown" is never kept.
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

/* The id of a token that is kept: with it its use can be told. */
void	tokens_number(struct tokens *, const unsigned char *hash, int64_t id);

/* A kept token was used: what tokens_find() finds is, too. */
void	tokens_use(struct tokens *, const unsigned char *hash);

/*
 * False if nothing is known of it, or it expired by the clock of the user
 * service, as its heartbeats tell it. It may count again if that is set back.
 */
bool	tokens_find(struct tokens *, const unsigned char *hash,
	    int64_t *ret_user_id, int64_t *ret_rights);

/*
 * What to tell the user service of tokens that were used: their ids as a JSON
 * array, each once. False if there is nothing to tell, or something was told
 * less than TOKENS_TELL_MS ago. The text is good until it is called again.
 */
#define TOKENS_TELL_MS	60000
bool	tokens_take_used(struct tokens *, int64_t now_ms, struct text *ret);

/* Goes up whenever one that could be kept may have ended, or has other rights. */
uint64_t	 tokens_endings(const struct tokens *);

/*
 * Whether what an answer says of a token may be from before a revocation of it
 * that was heard of: another process of the service may have told that first.
 */
bool		 tokens_is_past(const struct tokens *,
		    const unsigned char *hash, const struct answer *);

/* What to say with a heartbeat, and to learn from its answer. */
void	tokens_tell(const struct tokens *, struct args *ret);
void	tokens_hear(struct tokens *, const struct answer *, int64_t now_ms);

#endif
