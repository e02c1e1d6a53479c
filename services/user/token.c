/* Tokens and their revocation. */
#include "token.h"

#include <sodium.h>

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
	} else if (e == OK)
		e = ERR_UNAUTHORIZED;
	done = op_done(c, st);
	return e != OK ? e : done;
}

enum err
token_create(struct call *c)
{
	unsigned char	 bytes[TOKEN_BYTES], hash[HASH_BYTES];
	char		 token[TOKEN_TEXT_SIZE];
	struct args	*args = &c->request.args;
	enum err	 e;

	randombytes_buf(bytes, sizeof(bytes));
	sodium_bin2base64(token, sizeof(token), bytes, sizeof(bytes),
	    sodium_base64_VARIANT_ORIGINAL);
	crypto_hash_sha256(hash, (const unsigned char *)token, strlen(token));
	args_put_text(args, KEY_TOKEN_HASH,
	    (struct text){ (const char *)hash, sizeof(hash) });
	args_put_number(args, KEY_EXPIRES,
	    args->value[KEY_NOW].number + lifetime_us);
	e = op_change(c, c->op->sql, NULL);
	/* the gateway that asked knows the token from the beginning */
	buf_put(&c->text, hash, sizeof(hash));
	args_put_text(&c->answer.extra, KEY_TOKEN_HASH,
	    (struct text){ c->text.base, sizeof(hash) });
	args_put_number(&c->answer.extra, KEY_EXPIRES,
	    args->value[KEY_EXPIRES].number);
	args->present &= ~K(TOKEN_HASH);	/* it was ours, on the stack */
	buf_printf(&c->fragment, "{\"token\":\"%s\"}", token);
	sodium_memzero(token, sizeof(token));
	return e;
}

enum err
token_delete(struct call *c)
{
	enum err	e = op_change(c, c->op->sql, NULL);

	if (e == OK)
		e = op_change(c, SQL_REVOCATION_INSERT, NULL);
	if (e == OK)
		args_put_number(&c->answer.extra, KEY_SEEN,
		    sqlite3_last_insert_rowid(c->lane->db));
	return e;
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

/*
 * The hashes revoked since; *seen becomes the number of the last of them. If
 * some are no longer there, nothing is said, and *seen is the newest: then a
 * gateway forgets all it keeps.
 */
static enum err
collect_revoked(struct call *c, int64_t *seen, int64_t newest)
{
	struct args	*args = &c->request.args;
	int64_t		 next = *seen + 1;
	sqlite3_stmt	*st;
	enum err	 e, done;
	bool		 gap = true;

	args_put_number(args, KEY_LIMIT, REVOKED_MOST);
	st = op_statement(c, SQL_REVOCATION_AFTER);
	while (op_step(c, st, &e) == SQLITE_ROW) {
		*seen = sqlite3_column_int64(st, 0);
		gap = gap && *seen != next;
		if (sqlite3_column_bytes(st, 1) == HASH_BYTES)
			buf_put(&c->text, sqlite3_column_blob(st, 1),
			    HASH_BYTES);
	}
	done = op_done(c, st);
	if (gap)
		*seen = newest;
	else
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
	return e != OK ? e : op_ping(c);
}
