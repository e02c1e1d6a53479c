/* Tokens and their revocation. */
#include "services/user/token.h"

#include <sodium.h>

#include "base/clock.h"
#include "base/json.h"
#include "services/user/credential.h"

#define TOKEN_BYTES	24
#define TOKEN_TEXT_SIZE	(sodium_base64_ENCODED_LEN(TOKEN_BYTES, \
			    sodium_base64_VARIANT_ORIGINAL))
#define HASH_BYTES	crypto_hash_sha256_BYTES
#define REVOKED_MOST	1000	/* told in one answer to a heartbeat */

static int64_t	lifetime_us;

void
token_start(const struct settings *s)
{
	lifetime_us = s->token_seconds * 1000000;
}

enum err
token_check(struct call *c)
{
	sqlite3_stmt	*st = op_statement(c, c->op->sql);
	enum err	 e, done;
	int		 result = op_step(c, st, &e);

	if (result == SQLITE_ROW) {
		args_put_number(&c->answer.extra, KEY_USER_ID,
		    sqlite3_column_int64(st, 0));
		args_put_number(&c->answer.extra, KEY_EXPIRES,
		    sqlite3_column_int64(st, 1));
		args_put_number(&c->answer.extra, KEY_RIGHTS,
		    sqlite3_column_int64(st, 2));
		args_put_number(&c->answer.extra, KEY_ID,
		    sqlite3_column_int64(st, 3));
		args_put_number(&c->answer.extra, KEY_AS_OF,
		    sqlite3_column_int64(st, 4));
	} else if (e == OK)
		e = ERR_UNAUTHORIZED;
	done = op_done(c, st);
	return e != OK ? e : done;
}

static enum err
newest_revocation(struct call *c, int64_t *ret)
{
	sqlite3_stmt	*st = op_statement(c, SQL_REVOCATION_NEWEST);
	enum err	 e, done;

	*ret = 0;
	if (op_step(c, st, &e) == SQLITE_ROW)
		*ret = sqlite3_column_int64(st, 0);
	done = op_done(c, st);
	return e != OK ? e : done;
}

/* --- making ---------------------------------------------------------------- */

static bool
is_word(struct text t, const char *word)
{
	return t.len == strlen(word) && memcmp(t.base, word, t.len) == 0;
}

/*
 * What is said of the new token, in the statement's words: it has another
 * `name` than that of a person.
 */
static enum err
take_wishes(struct call *c)
{
	struct args	*args = &c->request.args;
	struct text	 scope = args_text(args, KEY_SCOPE);
	int64_t		 us = lifetime_us;

	if (args_has(args, KEY_SCOPE) && !is_word(scope, "read") &&
	    !is_word(scope, "write"))
		return op_refuse(c, ERR_BAD_REQUEST,
		    "scope must be read or write.");
	if (args_has(args, KEY_TOKEN_NAME))
		args_put_text(args, KEY_NAME, args_text(args, KEY_TOKEN_NAME));
	if (args_has(args, KEY_EXPIRES_IN))
		us = args_number(args, KEY_EXPIRES_IN, 0) * 1000000;
	args_put_number(args, KEY_EXPIRES, args_number(args, KEY_NOW, 0) + us);
	return OK;
}

/* The answer that the recording has, or one with all that was said. */
static void
put_token(struct call *c, const char *token, int64_t id)
{
	const struct args	*args = &c->request.args;
	struct buf		*b = &c->fragment;

	if (!args_has_any(args, K(TOKEN_NAME, EXPIRES_IN, SCOPE))) {
		buf_printf(b, "{\"token\":\"%s\"}", token);
		return;
	}
	buf_put_text(b, "{\"expires\":");
	json_put_date(b, args_number(args, KEY_EXPIRES, 0));
	buf_put_text(b, ",\"id\":");
	json_put_number(b, id);
	buf_put_text(b, ",\"name\":");
	if (args_has(args, KEY_TOKEN_NAME))
		json_put_text(b, args_text(args, KEY_TOKEN_NAME));
	else
		buf_put_text(b, "null");
	buf_printf(b, ",\"scope\":\"%s\",\"token\":\"%s\"}",
	    is_word(args_text(args, KEY_SCOPE), "read") ? "read" : "write",
	    token);
}

/* The gateway that asked knows the token from the beginning. */
static enum err
tell_gateway(struct call *c, const unsigned char *hash, int64_t id)
{
	struct args	*extra = &c->answer.extra;
	int64_t		 rights = c->request.rights, newest;
	enum err	 e = newest_revocation(c, &newest);

	if (is_word(args_text(&c->request.args, KEY_SCOPE), "read"))
		rights |= RIGHT_READ_ONLY;
	c->message.len = 0;
	buf_put(&c->message, hash, HASH_BYTES);
	args_put_text(extra, KEY_TOKEN_HASH,
	    (struct text){ c->message.base, HASH_BYTES });
	args_put_number(extra, KEY_EXPIRES,
	    args_number(&c->request.args, KEY_EXPIRES, 0));
	args_put_number(extra, KEY_RIGHTS, rights);
	args_put_number(extra, KEY_ID, id);
	args_put_number(extra, KEY_AS_OF, newest);
	return e;
}

static enum err
insert(struct call *c, int64_t *ret_id)
{
	sqlite3_stmt	*st = op_statement(c, c->op->sql);
	enum err	 e, done;

	if (op_step(c, st, &e) == SQLITE_ROW) {
		*ret_id = sqlite3_column_int64(st, 0);
		op_step(c, st, &e);
	}
	done = op_done(c, st);
	return e != OK ? e : done;
}

enum err
token_create(struct call *c)
{
	unsigned char	 bytes[TOKEN_BYTES], hash[HASH_BYTES];
	char		 token[TOKEN_TEXT_SIZE];
	struct args	*args = &c->request.args;
	int64_t		 id = 0;
	bool		 holds = false;
	enum err	 e = take_wishes(c);

	if (e == OK)
		e = credential_holds(c, SQL_ACTOR_PASSWORD, &holds);
	if (e != OK || !holds)
		return e != OK ? e : ERR_UNAUTHORIZED;
	randombytes_buf(bytes, sizeof(bytes));
	sodium_bin2base64(token, sizeof(token), bytes, sizeof(bytes),
	    sodium_base64_VARIANT_ORIGINAL);
	crypto_hash_sha256(hash, (const unsigned char *)token, strlen(token));
	args_put_text(args, KEY_TOKEN_HASH,
	    (struct text){ (const char *)hash, sizeof(hash) });
	e = insert(c, &id);
	args_remove(args, KEY_TOKEN_HASH);	/* it was ours, on the stack */
	if (e == OK)
		e = tell_gateway(c, hash, id);
	if (e == OK)
		put_token(c, token, id);
	sodium_memzero(token, sizeof(token));
	return e;
}

/* --- ending ---------------------------------------------------------------- */

/* What has ended is to be heard of before an answer says so. */
static enum err
await_gateways(struct call *c)
{
	int64_t		seq;
	enum err	e = newest_revocation(c, &seq);

	args_put_number(&c->answer.extra, KEY_SEEN, seq);
	return e;
}

enum err
token_revoke(struct call *c, int sql)
{
	enum err	e = op_change(c, sql, NULL);

	return e != OK ? e : await_gateways(c);
}

enum err
token_delete(struct call *c)
{
	enum err	e = op_change(c, SQL_TOKEN_DELETE, NULL);

	return e != OK ? e : token_revoke(c, SQL_REVOCATION_INSERT);
}

enum err
token_end(struct call *c)
{
	struct args	*args = &c->request.args;
	sqlite3_stmt	*st = op_statement(c, SQL_TOKEN_OF_ACTOR);
	unsigned char	 hash[HASH_BYTES];
	enum err	 e, done;

	if (op_step(c, st, &e) == SQLITE_ROW &&
	    sqlite3_column_bytes(st, 0) == HASH_BYTES)
		memcpy(hash, sqlite3_column_blob(st, 0), HASH_BYTES);
	else if (e == OK)
		e = ERR_NOT_FOUND;
	done = op_done(c, st);
	if (e != OK || done != OK)
		return e != OK ? e : done;
	args_put_text(args, KEY_TOKEN_HASH,
	    (struct text){ (const char *)hash, sizeof(hash) });
	e = token_delete(c);
	args_remove(args, KEY_TOKEN_HASH);	/* it was ours, on the stack */
	return e;
}

/* --- telling gateways ------------------------------------------------------ */

/*
 * The hashes revoked since; *seen becomes the newest. If some are no longer
 * there, or there are more than one answer takes, nothing is said of any: then
 * a gateway forgets all it keeps. In parts the last would be told too late.
 */
static enum err
collect_revoked(struct call *c, int64_t *seen, int64_t newest)
{
	struct args	*args = &c->request.args;
	int64_t		 next = *seen + 1;
	sqlite3_stmt	*st;
	enum err	 e, done;
	bool		 gap = false;

	args_put_number(args, KEY_LIMIT, REVOKED_MOST);
	st = op_statement(c, SQL_REVOCATION_AFTER);
	while (op_step(c, st, &e) == SQLITE_ROW) {
		*seen = sqlite3_column_int64(st, 0);
		gap = gap || *seen != next++;
		if (sqlite3_column_bytes(st, 1) == HASH_BYTES)
			buf_put(&c->text, sqlite3_column_blob(st, 1),
			    HASH_BYTES);
	}
	done = op_done(c, st);
	gap = gap || *seen != newest;
	*seen = newest;
	if (!gap)
		args_put_text(&c->answer.extra, KEY_REVOKED,
		    (struct text){ c->text.base, c->text.len });
	return e != OK ? e : done;
}

enum err
token_ping(struct call *c)
{
	int64_t		newest, seen;
	enum err	e = newest_revocation(c, &newest);

	if (e != OK)
		return e;
	seen = args_number(&c->request.args, KEY_SEEN, newest);
	if (seen >= 0 && seen < newest)
		e = collect_revoked(c, &seen, newest);
	else
		seen = newest;
	args_put_number(&c->answer.extra, KEY_STREAM, c->lane->stream);
	args_put_number(&c->answer.extra, KEY_SEEN, seen);
	args_put_number(&c->answer.extra, KEY_WALL, wall_us());
	return e != OK ? e : op_ping(c);
}
