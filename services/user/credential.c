/* Credentials: SHA-256 of a stored bcrypt hash with its salt. */
#include "services/user/credential.h"

#include <sodium.h>

#include "services/user/password.h"

static void
digest_of(const void *stored, size_t len,
    unsigned char ret[crypto_hash_sha256_BYTES])
{
	crypto_hash_sha256(ret, len == 0 ? (const unsigned char *)"" : stored,
	    len);
}

void
credential_put(struct call *c, struct text stored)
{
	unsigned char	digest[crypto_hash_sha256_BYTES];

	digest_of(stored.base, stored.len, digest);
	c->message.len = 0;
	/* a new hash may follow, and must not move it */
	buf_reserve(&c->message, sizeof(digest) + PASSWORD_HASH_SIZE);
	buf_put(&c->message, (const char *)digest, sizeof(digest));
	args_put_text(&c->answer.extra, KEY_CREDENTIAL,
	    (struct text){ c->message.base, sizeof(digest) });
}

enum err
credential_holds(struct call *c, int sql, bool *ret)
{
	struct text	 compared = args_text(&c->request.args, KEY_CREDENTIAL);
	unsigned char	 digest[crypto_hash_sha256_BYTES];
	struct stmt	 st;
	struct text	 stored;

	*ret = !args_has(&c->request.args, KEY_CREDENTIAL);
	if (*ret)
		return OK;
	st = op_stmt(c, sql);
	if (stmt_next(&st)) {
		stored = stmt_bytes(&st, 0);
		digest_of(stored.base, stored.len, digest);
		*ret = text_same(compared, (struct text){ (const char *)digest,
		    sizeof(digest) });
	}
	return op_end(c, &st, OK);
}
