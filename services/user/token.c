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

static struct {
	int64_t	lifetime_us;	/* of new ones */
} tokens;

void
token_start(const struct settings *s)
{
	tokens.lifetime_us = s->token_seconds * 1000000;
}

enum err
token_check(struct call *c)
{
	struct stmt	 st = op_stmt(c, c->op->sql);
	struct args	*extra = &c->answer.extra;
	bool		 found = stmt_next(&st);

	if (found) {
		args_put_number(extra, KEY_USER_ID, stmt_number(&st, 0));
		args_put_number(extra, KEY_EXPIRES, stmt_number(&st, 1));
		args_put_number(extra, KEY_RIGHTS, stmt_number(&st, 2));
		args_put_number(extra, KEY_ID, stmt_number(&st, 3));
		args_put_number(extra, KEY_AS_OF, stmt_number(&st, 4));
	}
	return op_end(c, &st, found ? OK : ERR_UNAUTHORIZED);
}

static enum err
newest_revocation(struct call *c, int64_t *ret)
{
	struct stmt	st = op_stmt(c, SQL_REVOCATION_NEWEST);

	*ret = stmt_next(&st) ? stmt_number(&st, 0) : 0;
	return op_end(c, &st, OK);
}

/* --- making ---------------------------------------------------------------- */

/* A token that is about to be made. */
struct new_token {
	char		text[TOKEN_TEXT_SIZE];
	unsigned char	hash[HASH_BYTES];
	int64_t		id;
	int64_t		expires_us;
	bool		read_only;
};

/* Read the scope and the lifetime that the client asks for. */
static enum err
read_wishes(struct call *c, struct new_token *ret)
{
	const struct args	*args = &c->request.args;
	struct text		 scope = args_text(args, KEY_SCOPE);
	int64_t			 us = tokens.lifetime_us;

	*ret = (struct new_token){
		.read_only = text_same(scope, TEXT_OF("read"))
	};
	if (args_has(args, KEY_SCOPE) && !ret->read_only &&
	    !text_same(scope, TEXT_OF("write")))
		return op_fault(c, FAULT_INVALID, KEY_SCOPE,
		    op_refuse(c, ERR_BAD_REQUEST,
		    "scope must be read or write."));
	if (args_has(args, KEY_EXPIRES_IN))
		us = args_number(args, KEY_EXPIRES_IN, 0) * 1000000;
	ret->expires_us = args_number(args, KEY_NOW, 0) + us;
	return OK;
}

static void
make_secret(struct new_token *t)
{
	unsigned char	bytes[TOKEN_BYTES];

	randombytes_buf(bytes, sizeof(bytes));
	sodium_bin2base64(t->text, sizeof(t->text), bytes, sizeof(bytes),
	    sodium_base64_VARIANT_ORIGINAL);
	crypto_hash_sha256(t->hash, (const unsigned char *)t->text,
	    strlen(t->text));
}

static struct text
hash_of_token(const struct new_token *t)
{
	return (struct text){ (const char *)t->hash, sizeof(t->hash) };
}

/* The token alone, as Flicket, unless the request has more than that for it. */
static void
put_token(struct call *c, const struct new_token *t)
{
	const struct args	*args = &c->request.args;
	struct buf		*b = &c->fragment;

	if (!args_has_any(args, K(TOKEN_NAME, EXPIRES_IN, SCOPE))) {
		buf_printf(b, "{\"token\":\"%s\"}", t->text);
		return;
	}
	buf_put_text(b, "{\"expires\":");
	json_put_date(b, t->expires_us);
	buf_put_text(b, ",\"id\":");
	json_put_number(b, t->id);
	buf_put_text(b, ",\"name\":");
	if (args_has(args, KEY_TOKEN_NAME))
		json_put_text(b, args_text(args, KEY_TOKEN_NAME));
	else
		buf_put_text(b, "null");
	buf_printf(b, ",\"scope\":\"%s\",\"token\":\"%s\"}",
	    t->read_only ? "read" : "write", t->text);
}

/* Tell the asking gateway all that it needs to accept the token. */
static enum err
tell_gateway(struct call *c, const struct new_token *t)
{
	struct args	*extra = &c->answer.extra;
	int64_t		 newest;
	enum err	 e = newest_revocation(c, &newest);

	/* the token behind its hash, for sessions */
	c->message.len = 0;
	buf_put(&c->message, t->hash, HASH_BYTES);
	buf_put_text(&c->message, t->text);
	args_put_text(extra, KEY_TOKEN_HASH, (struct text){ c->message.base,
	    HASH_BYTES });
	args_put_number(extra, KEY_EXPIRES, t->expires_us);
	args_put_number(extra, KEY_RIGHTS, c->request.rights |
	    (t->read_only ? RIGHT_READ_ONLY : 0));
	args_put_number(extra, KEY_ID, t->id);
	args_put_number(extra, KEY_AS_OF, newest);
	return e;
}

/* NAME is the token's name here, not the user's. */
static enum err
insert_token(struct call *c, struct text name, struct new_token *t)
{
	struct stmt	st = op_stmt(c, SQL_TOKEN_INSERT);

	stmt_bind_text(&st, KEY_TOKEN_HASH, hash_of_token(t));
	stmt_bind_number(&st, KEY_EXPIRES, t->expires_us);
	if (name.len > 0)
		stmt_bind_text(&st, KEY_NAME, name);
	if (stmt_next(&st))
		t->id = stmt_number(&st, 0);
	return op_end(c, &st, OK);
}

/* Make a token for the actor, if the password is still the one that was compared. */
static enum err
make_token(struct call *c, struct text name, struct new_token *t)
{
	bool		holds = false;
	enum err	e = credential_holds(c, SQL_ACTOR_PASSWORD, &holds);

	if (e != OK || !holds)
		return e != OK ? e : ERR_UNAUTHORIZED;
	make_secret(t);
	e = insert_token(c, name, t);
	return e == OK ? tell_gateway(c, t) : e;
}

enum err
token_create(struct call *c)
{
	struct new_token	t;
	enum err		e = read_wishes(c, &t);

	if (e == OK)
		e = make_token(c, args_text(&c->request.args, KEY_TOKEN_NAME),
		    &t);
	if (e == OK)
		put_token(c, &t);
	sodium_memzero(&t, sizeof(t));
	return e;
}

/* --- sessions -------------------------------------------------------------- */

#define REMEMBERED_US	(INT64_C(30) * 24 * 3600 * 1000000)

/* What a browser remembers lasts no shorter than what it does not. */
static int64_t
session_lifetime_us(const struct args *args)
{
	bool	is_remembered = args_number(args, KEY_REMEMBER, 0) != 0;

	return is_remembered && tokens.lifetime_us < REMEMBERED_US ?
	    REMEMBERED_US : tokens.lifetime_us;
}

enum err
token_open_session(struct call *c)
{
	const struct args	*args = &c->request.args;
	struct new_token	 t = { .expires_us =
				    args_number(args, KEY_NOW, 0) +
				    session_lifetime_us(args) };
	enum err		 e = make_token(c, args_text(args, KEY_AGENT),
				    &t);

	if (e == OK) {
		args_put_text(&c->answer.extra, KEY_TOKEN, (struct text){
		    c->message.base + HASH_BYTES, c->message.len - HASH_BYTES });
		e = op_one(c);
		/* op_one() answers the id of its row, the user's */
		args_put_number(&c->answer.extra, KEY_ID, t.id);
	}
	sodium_memzero(&t, sizeof(t));
	return e;
}

enum err
token_show_session(struct call *c)
{
	struct stmt	st;
	enum err	e;

	if (c->request.actor == 0) {
		buf_put_text(&c->fragment, "null");
		return OK;
	}
	st = op_stmt(c, SQL_TOKEN_BY_HASH);
	if (stmt_next(&st)) {
		args_put_number(&c->answer.extra, KEY_EXPIRES,
		    stmt_number(&st, 1));
		args_put_number(&c->answer.extra, KEY_ID,
		    stmt_number(&st, 3));
	}
	e = op_end(c, &st, OK);
	return e != OK ? e : op_one(c);
}

/* --- ending ---------------------------------------------------------------- */

/* Hold the answer until all gateways know which tokens have ended. */
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

/* Delete the token with a hash, and put that among the revocations. */
static enum err
delete_token(struct call *c, struct text hash)
{
	static const int	statements[] = {
		SQL_TOKEN_DELETE, SQL_REVOCATION_INSERT
	};
	struct stmt		st;
	enum err		e = OK;

	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]) &&
	    e == OK; i++) {
		st = op_stmt(c, statements[i]);
		stmt_bind_text(&st, KEY_TOKEN_HASH, hash);
		e = op_run_out(c, &st, NULL);
	}
	return e != OK ? e : await_gateways(c);
}

enum err
token_delete(struct call *c)
{
	return delete_token(c, args_text(&c->request.args, KEY_TOKEN_HASH));
}

enum err
token_end(struct call *c)
{
	struct stmt	st = op_stmt(c, SQL_TOKEN_OF_ACTOR);
	char		hash[HASH_BYTES];
	struct text	stored;
	enum err	e = ERR_NOT_FOUND;

	if (stmt_next(&st)) {
		stored = stmt_bytes(&st, 0);
		if (stored.len == sizeof(hash)) {
			memcpy(hash, stored.base, sizeof(hash));
			e = OK;
		}
	}
	e = op_end(c, &st, e);
	return e != OK ? e : delete_token(c, (struct text){ hash,
	    sizeof(hash) });
}

/* --- telling gateways ------------------------------------------------------ */

/*
 * Answer the hashes that were revoked after the number *seen, which becomes the
 * newest. If some were deleted, or there are too many for one answer, it has
 * none of them: the gateway then forgets all tokens. It does not get them in
 * parts, as the last part would come too late.
 */
static enum err
collect_revoked(struct call *c, int64_t *seen, int64_t newest)
{
	struct stmt	st = op_stmt(c, SQL_REVOCATION_AFTER);
	int64_t		next = *seen + 1;
	struct text	hash;
	bool		gap = false;

	stmt_bind_number(&st, KEY_LIMIT, REVOKED_MOST);
	while (stmt_next(&st)) {
		*seen = stmt_number(&st, 0);
		gap = gap || *seen != next++;
		hash = stmt_bytes(&st, 1);
		if (hash.len == HASH_BYTES)
			buf_put(&c->text, hash.base, hash.len);
	}
	gap = gap || *seen != newest;
	*seen = newest;
	if (!gap)
		args_put_text(&c->answer.extra, KEY_REVOKED,
		    buf_text(&c->text));
	return op_end(c, &st, OK);
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
	args_put_number(&c->answer.extra, KEY_STREAM, c->session->stream);
	args_put_number(&c->answer.extra, KEY_SEEN, seen);
	args_put_number(&c->answer.extra, KEY_WALL, wall_us());
	return e != OK ? e : op_ping(c);
}
