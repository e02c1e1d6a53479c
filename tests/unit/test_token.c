/* services/user/token.c */
#include "desk.h"

#include <sodium.h>

static struct desk	desk;

static int
open_desk(void **state)
{
	(void)state;
	desk_open(&desk, &user_service);
	return 0;
}

static int
close_desk(void **state)
{
	(void)state;
	desk_close(&desk);
	return 0;
}

struct hash {
	unsigned char	bytes[crypto_hash_sha256_BYTES];
};

/* Make a token for a user; what is kept of it. */
static struct hash
create(int64_t user_id)
{
	static const char	head[] = "{\"token\":\"";
	struct hash		h;
	struct call		c;
	unsigned char		bytes[24];
	const char		*end;
	size_t			len;

	desk_begin(&c, OP_TOKEN_CREATE);
	c.request.actor = user_id;
	check_number("created", desk_call(&desk, &c), OK);
	check_number("length", (int64_t)c.fragment.len, 10 + 32 + 2);
	check_text("head", (struct text){ c.fragment.base, 10 },
	    TEXT_OF(head));
	check_text("tail", (struct text){ c.fragment.base + 42, 2 },
	    TEXT_OF("\"}"));
	check_number("base64", sodium_base642bin(bytes, sizeof(bytes),
	    c.fragment.base + 10, 32, NULL, &len, &end,
	    sodium_base64_VARIANT_ORIGINAL), 0);
	check_number("bytes", (int64_t)len, 24);
	crypto_hash_sha256(h.bytes, (unsigned char *)c.fragment.base + 10, 32);
	desk_end(&c);
	return h;
}

static enum err
check(const struct hash *h, struct answer *ret)
{
	struct call	c;
	enum err	e;

	desk_begin(&c, OP_TOKEN_CHECK);
	args_put_text(&c.request.args, KEY_TOKEN_HASH,
	    (struct text){ (const char *)h->bytes, sizeof(h->bytes) });
	e = desk_call(&desk, &c);
	if (ret != NULL)
		*ret = c.answer;
	desk_end(&c);
	return e;
}

/* Delete a token; the number of its revocation in *ret_seen. */
static enum err
delete_seen(const void *bytes, size_t len, int64_t *ret_seen)
{
	struct call	c;
	enum err	e;

	desk_begin(&c, OP_TOKEN_DELETE);
	args_put_text(&c.request.args, KEY_TOKEN_HASH,
	    (struct text){ bytes, len });
	e = desk_call(&desk, &c);
	*ret_seen = args_number(&c.answer.extra, KEY_SEEN, -1);
	desk_end(&c);
	return e;
}

static enum err
delete(const void *bytes, size_t len)
{
	int64_t	seen;

	return delete_seen(bytes, len, &seen);
}

/* A heartbeat of a peer that has seen so much, or of one that does not say. */
#define SAYS_NOTHING	(-2)

static void
ping(int64_t seen, struct call *ret)
{
	desk_begin(ret, OP_PING);
	if (seen != SAYS_NOTHING)
		args_put_number(&ret->request.args, KEY_SEEN, seen);
	check_number("PING", desk_call(&desk, ret), OK);
}

static void
a_token_is_its_users(void **state)
{
	struct hash	admin = create(1), other = create(2), again = create(1);
	struct hash	unknown = admin;
	struct answer	a;
	int64_t		left_us;

	(void)state;
	check_true("each its own", memcmp(&admin, &again, sizeof(admin)) != 0);
	check_number("known", check(&admin, &a), OK);
	check_number("whose", args_number(&a.extra, KEY_USER_ID, 0), 1);
	check_number("rights", args_number(&a.extra, KEY_RIGHTS, -1),
	    RIGHT_ADMIN | RIGHT_STAFF);
	left_us = args_number(&a.extra, KEY_EXPIRES, 0) - store_now();
	check_true("for an hour", left_us > INT64_C(3590000000) &&
	    left_us <= INT64_C(3600000000));
	check_number("another's", check(&other, &a), OK);
	check_number("whose", args_number(&a.extra, KEY_USER_ID, 0), 2);
	check_number("no rights", args_number(&a.extra, KEY_RIGHTS, -1), 0);
	check_number("the first is still good", check(&again, NULL), OK);
	unknown.bytes[31] ^= 1;
	check_number("one bit off", check(&unknown, NULL), ERR_UNAUTHORIZED);
	check_number("the token is not kept", desk_number(&desk,
	    "SELECT count(*) FROM tokens WHERE length(hash) = 32"), 3);
}

static void
tokens_come_to_an_end(void **state)
{
	static const struct { const char *name, *how, *undo; } rows[] = {
		{ "expired", "UPDATE tokens SET expires = expires - 3600000000",
		    "UPDATE tokens SET expires = expires + 3600000000" },
		{ "user disabled", "UPDATE users SET disabled = 1",
		    "UPDATE users SET disabled = 0" },
		{ "user gone", "DELETE FROM users", "" },
	};
	struct hash	h = create(2);

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		check_number(rows[i].name, check(&h, NULL), OK);
		store_exec(desk.lane.db, rows[i].how);
		check_number(rows[i].name, check(&h, NULL), ERR_UNAUTHORIZED);
		store_exec(desk.lane.db, rows[i].undo);
	}
	check_number("and with it its row", desk_number(&desk,
	    "SELECT count(*) FROM tokens"), 0);
}

static void
old_tokens_are_cleared_away(void **state)
{
	(void)state;
	create(1);
	create(1);
	store_exec(desk.lane.db, "UPDATE tokens SET expires = 1 WHERE id = 1");
	create(2);
	check_number("one of three", desk_number(&desk,
	    "SELECT count(*) FROM tokens"), 2);
}

static void
a_token_needs_a_user(void **state)
{
	struct call	c;

	(void)state;
	desk_begin(&c, OP_TOKEN_CREATE);
	c.request.actor = 99;
	check_number("nobody", desk_call(&desk, &c), ERR_STORE);
	check_text("and says nothing", c.answer.fragment, TEXT_OF(""));
	desk_end(&c);
}

static void
revocations_are_told(void **state)
{
	struct hash	hashes[3];
	struct call	c;
	int64_t		seen;
	static const struct { const char *name; int64_t seen, want;
	    size_t told; } rows[] = {
		{ "another service's courier", SAYS_NOTHING, 3, 0 },
		{ "a new gateway", -1, 3, 0 },
		{ "one that has seen none", 0, 3, 3 },
		{ "one that has seen one", 1, 3, 2 },
		{ "one that has seen all", 3, 3, 0 },
		{ "one that has seen more than there is", 9, 3, 0 },
	};

	(void)state;
	ping(-1, &c);
	check_number("nothing yet", args_number(&c.answer.extra, KEY_SEEN, -1),
	    0);
	desk_end(&c);
	for (int i = 0; i < 3; i++) {
		hashes[i] = create(1);
		check_number("deleted", delete_seen(&hashes[i], 32, &seen), OK);
		check_number("its number", seen, i + 1);
		check_number("gone", check(&hashes[i], NULL),
		    ERR_UNAUTHORIZED);
	}
	for (size_t i = 0; i < LEN(rows); i++) {
		ping(rows[i].seen, &c);
		check_number(rows[i].name, args_number(&c.answer.extra,
		    KEY_SEEN, -1), rows[i].want);
		check_text(rows[i].name, args_text(&c.answer.extra,
		    KEY_REVOKED), (struct text){
		    (char *)&hashes[3 - rows[i].told], 32 * rows[i].told });
		check_true(rows[i].name, args_has(&c.answer.extra, KEY_CLOCK));
		desk_end(&c);
	}
}

static void
many_revocations_are_told_in_parts(void **state)
{
	struct call	c;
	int64_t		seen = 0;
	size_t		told = 0;

	(void)state;
	store_exec(desk.lane.db, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "
	    "SELECT i + 1 FROM n WHERE i < 2500) "
	    "INSERT INTO revocations (hash, date_added) "
	    "SELECT randomblob(32), 1 FROM n");
	for (int i = 0; i < 3; i++) {
		ping(seen, &c);
		told += args_text(&c.answer.extra, KEY_REVOKED).len / 32;
		check_number("seen is what was told", args_number(
		    &c.answer.extra, KEY_SEEN, -1), (int64_t)told);
		seen = (int64_t)told;
		desk_end(&c);
	}
	check_number("all", seen, 2500);
}

static void
old_revocations_are_cleared_away(void **state)
{
	struct hash	h = create(1);
	struct call	c;

	(void)state;
	store_exec(desk.lane.db, "INSERT INTO revocations (hash, date_added) "
	    "VALUES (zeroblob(32), 1)");
	delete(&h, sizeof(h));
	check_number("one of two", desk_number(&desk,
	    "SELECT count(*) FROM revocations"), 1);
	ping(0, &c);
	check_number("numbers go on", args_number(&c.answer.extra, KEY_SEEN,
	    -1), 2);
	desk_end(&c);
}

static void
a_hash_has_its_length(void **state)
{
	static const char	bytes[33];

	(void)state;
	check_number("none", delete(bytes, 0), ERR_BAD_REQUEST);
	check_number("short", delete(bytes, 31), ERR_BAD_REQUEST);
	check_number("long", delete(bytes, 33), ERR_BAD_REQUEST);
	check_number("unknown", delete(bytes, 32), OK);
}

int
main(void)
{
#define HERE(sentence, f) { sentence, f, open_desk, close_desk, NULL }
	const struct CMUnitTest	tests[] = {
		HERE("a token is its user's, with the rights of that user",
		    a_token_is_its_users),
		HERE("a token ends with its time and with its user",
		    tokens_come_to_an_end),
		HERE("old tokens are cleared away by new ones",
		    old_tokens_are_cleared_away),
		HERE("a token needs a user", a_token_needs_a_user),
		HERE("a heartbeat is told what was revoked since",
		    revocations_are_told),
		HERE("many revocations are told in parts",
		    many_revocations_are_told_in_parts),
		HERE("old revocations are cleared away",
		    old_revocations_are_cleared_away),
		HERE("a hash has its length", a_hash_has_its_length),
	};

	return cmocka_run_group_tests_name("token", tests, NULL, NULL);
}
