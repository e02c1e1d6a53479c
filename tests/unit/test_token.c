/* services/user/token.c */
#include "desk.h"
#include "services/store/now.h"
#include "services/store/store.h"

#include <sodium.h>

struct hash {
	unsigned char	bytes[crypto_hash_sha256_BYTES];
};

/* A desk that has not lost a token yet: the first one has the id 1. */
static int
set_up(void **state)
{
	int	result = desk_set_up(state);

	store_exec(desk.sqlite, "UPDATE gone SET token_id = 0");
	return result;
}

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
		store_exec(desk.sqlite, rows[i].how);
		check_number(rows[i].name, check(&h, NULL), ERR_UNAUTHORIZED);
		store_exec(desk.sqlite, rows[i].undo);
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
	store_exec(desk.sqlite, "UPDATE tokens SET expires = 1 WHERE id = 1");
	unit_steady_clock();
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
	check_number("nobody", desk_call(&desk, &c), ERR_UNAUTHORIZED);
	check_text("and says nothing", c.answer.fragment, TEXT_OF(""));
	desk_end(&c);
}

/* Ask for a token after a password was compared with what was stored. */
static enum err
create_after(const char *compared, int64_t *ret_rights)
{
	unsigned char	digest[crypto_hash_sha256_BYTES];
	struct call	c;
	enum err	e;

	crypto_hash_sha256(digest, (const unsigned char *)compared,
	    strlen(compared));
	desk_begin(&c, OP_TOKEN_CREATE);
	args_put_text(&c.request.args, KEY_CREDENTIAL,
	    (struct text){ (const char *)digest, sizeof(digest) });
	e = desk_call(&desk, &c);
	*ret_rights = args_number(&c.answer.extra, KEY_RIGHTS, -1);
	desk_end(&c);
	return e;
}

/* What was done to the user between the comparison and the token. */
static void
a_login_is_of_the_user_as_it_is_now(void **state)
{
	static const struct { const char *name, *how; enum err want;
	    int64_t rights; } rows[] = {
		{ "nothing", "", OK, RIGHT_ADMIN | RIGHT_STAFF },
		{ "another group", "INSERT INTO members (user_id, group_id) "
		    "VALUES (1, 2); DELETE FROM members WHERE group_id = 1",
		    OK, RIGHT_STAFF },
		{ "no group", "DELETE FROM members", OK, 0 },
		{ "another password", "UPDATE users SET password = x'01'",
		    ERR_UNAUTHORIZED, -1 },
		{ "no password", "UPDATE users SET password = NULL",
		    ERR_UNAUTHORIZED, -1 },
		{ "disabled", "UPDATE users SET disabled = 1, "
		    "password = CAST('stored' AS BLOB)", ERR_UNAUTHORIZED, -1 },
		{ "gone", "DELETE FROM users", ERR_UNAUTHORIZED, -1 },
	};
	int64_t	rights, tokens = 0;

	(void)state;
	store_exec(desk.sqlite, "UPDATE users SET password = "
	    "CAST('stored' AS BLOB)");
	for (size_t i = 0; i < LEN(rows); i++) {
		store_exec(desk.sqlite, rows[i].how);
		check_number(rows[i].name, create_after("stored", &rights),
		    rows[i].want);
		check_number(rows[i].name, rights, rows[i].rights);
		tokens += rows[i].want == OK;
		if (i < 6)
			check_number(rows[i].name, desk_number(&desk,
			    "SELECT count(*) FROM tokens"), tokens);
	}
}

static void
revocations_are_told(void **state)
{
	struct hash	hashes[3];
	struct call	c;
	int64_t		seen;
	static const struct { const char *name; int64_t seen, want;
	    size_t told; } rows[] = {
		{ "another service's relay", SAYS_NOTHING, 3, 0 },
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

/* In parts those at the end would still be trusted while others are told. */
static void
many_revocations_are_told_at_once(void **state)
{
	static const struct { const char *name; int64_t seen; size_t told; }
	    rows[] = {
		{ "more than fit", 0, 0 },
		{ "one more", 1499, 0 },
		{ "as many as fit", 1500, 1000 },
		{ "fewer", 2400, 100 },
	};
	struct call	c;

	(void)state;
	store_exec(desk.sqlite, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "
	    "SELECT i + 1 FROM n WHERE i < 2500) "
	    "INSERT INTO revocations (hash, date_added) "
	    "SELECT randomblob(32), 1 FROM n");
	for (size_t i = 0; i < LEN(rows); i++) {
		ping(rows[i].seen, &c);
		check_number(rows[i].name, (int64_t)args_text(&c.answer.extra,
		    KEY_REVOKED).len / 32, (int64_t)rows[i].told);
		check_number(rows[i].name, args_has(&c.answer.extra,
		    KEY_REVOKED), rows[i].told > 0);
		check_number(rows[i].name, args_number(&c.answer.extra,
		    KEY_SEEN, -1), 2500);
		desk_end(&c);
	}
}

static void
old_revocations_are_cleared_away(void **state)
{
	struct hash	h = create(1);
	struct call	c;

	(void)state;
	store_exec(desk.sqlite, "INSERT INTO revocations (hash, date_added) "
	    "VALUES (zeroblob(32), 1)");
	unit_steady_clock();
	delete(&h, sizeof(h));
	check_number("one of two", desk_number(&desk,
	    "SELECT count(*) FROM revocations"), 1);
	ping(0, &c);
	check_number("numbers go on", args_number(&c.answer.extra, KEY_SEEN,
	    -1), 2);
	desk_end(&c);
}

/* Numbers that were cleared away may stand between those that were not. */
static void
a_gap_between_revocations_is_told(void **state)
{
	static const struct { const char *name; int64_t seen; bool told; }
	    rows[] = {
		{ "before the first", 0, false }, { "before the gap", 1, false },
		{ "in the gap", 2, true }, { "behind it", 3, true },
	};
	struct call	c;

	(void)state;
	store_exec(desk.sqlite, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "
	    "SELECT i + 1 FROM n WHERE i < 4) "
	    "INSERT INTO revocations (hash, date_added) "
	    "SELECT randomblob(32), 1 FROM n");
	store_exec(desk.sqlite, "DELETE FROM revocations WHERE seq = 2");
	for (size_t i = 0; i < LEN(rows); i++) {
		ping(rows[i].seen, &c);
		check_number(rows[i].name, args_has(&c.answer.extra,
		    KEY_REVOKED), rows[i].told);
		check_number(rows[i].name, args_number(&c.answer.extra,
		    KEY_SEEN, -1), 4);
		desk_end(&c);
	}
}

/* They may be those that a gateway has not heard of. */
static void
a_clock_that_was_just_set_clears_no_revocation(void **state)
{
	struct hash	h = create(1);

	(void)state;
	store_exec(desk.sqlite, "INSERT INTO revocations (hash, date_added) "
	    "VALUES (zeroblob(32), 1)");
	delete(&h, sizeof(h));
	check_number("both", desk_number(&desk,
	    "SELECT count(*) FROM revocations"), 2);
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

/* Make a token about which something is said; its JSON in *ret. */
static enum err
create_named(const char *name, const char *scope, int64_t seconds,
    struct answer *ret, char *json, size_t size)
{
	struct call	c;
	enum err	e;

	desk_begin(&c, OP_TOKEN_CREATE);
	if (name != NULL)
		args_put_text(&c.request.args, KEY_TOKEN_NAME, text_of(name));
	if (scope != NULL)
		args_put_text(&c.request.args, KEY_SCOPE, text_of(scope));
	if (seconds != 0)
		args_put_number(&c.request.args, KEY_EXPIRES_IN, seconds);
	e = desk_call(&desk, &c);
	*ret = c.answer;
	snprintf(json, size, "%.*s", (int)c.fragment.len, c.fragment.base);
	desk_end(&c);
	return e;
}

static void
what_is_said_of_a_token_is_kept(void **state)
{
	static const struct { const char *row, *name, *scope; int64_t seconds;
	    enum err want; int64_t rights; const char *part; } rows[] = {
		{ "a name", "mine \"own\"", NULL, 0, OK,
		    RIGHT_ADMIN | RIGHT_STAFF,
		    ",\"id\":1,\"name\":\"mine \\\"own\\\"\",\"scope\":"
		    "\"write\",\"token\":\"" },
		{ "a scope", NULL, "read", 0, OK,
		    RIGHT_ADMIN | RIGHT_STAFF | RIGHT_READ_ONLY,
		    ",\"name\":null,\"scope\":\"read\",\"token\":\"" },
		{ "the other", NULL, "write", 0, OK,
		    RIGHT_ADMIN | RIGHT_STAFF, "\"write\"" },
		{ "none of them", NULL, "real", 0, ERR_BAD_REQUEST, 0, "" },
		{ "a time", NULL, NULL, 60, OK, RIGHT_ADMIN | RIGHT_STAFF,
		    "{\"expires\":\"" },
		{ "too short", NULL, NULL, 59, ERR_BAD_REQUEST, 0, "" },
	};
	char		json[300];
	struct answer	a;
	int64_t		left_us;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		check_number(rows[i].row, create_named(rows[i].name,
		    rows[i].scope, rows[i].seconds, &a, json, sizeof(json)),
		    rows[i].want);
		check_part(rows[i].row, json, rows[i].part);
		if (rows[i].want != OK)
			continue;
		check_number(rows[i].row, args_number(&a.extra, KEY_RIGHTS,
		    -1), rows[i].rights);
		left_us = args_number(&a.extra, KEY_EXPIRES, 0) - store_now();
		check_true(rows[i].row, left_us > (rows[i].seconds == 60 ?
		    INT64_C(50000000) : INT64_C(3590000000)));
		check_true(rows[i].row, args_number(&a.extra, KEY_ID, 0) > 0);
	}
}

static void
a_token_for_reading_is_told_as_one(void **state)
{
	struct hash	h = create(1);
	struct answer	a;

	(void)state;
	store_exec(desk.sqlite, "UPDATE tokens SET scope = 'read'");
	check_number("known", check(&h, &a), OK);
	check_number("rights", args_number(&a.extra, KEY_RIGHTS, -1),
	    RIGHT_ADMIN | RIGHT_STAFF | RIGHT_READ_ONLY);
	check_number("which", args_number(&a.extra, KEY_ID, 0), 1);
}

static void
an_id_is_never_given_twice(void **state)
{
	static const char *const	ways[] = {
		"DELETE FROM tokens WHERE id = (SELECT max(id) FROM tokens)",
		"DELETE FROM users WHERE id = 2", "DELETE FROM tokens"
	};
	int64_t				before, newest;

	(void)state;
	for (size_t i = 0; i < LEN(ways); i++) {
		create(1);
		if (i < 2)
			create(2);
		before = desk_number(&desk, "SELECT max(id) FROM tokens");
		store_exec(desk.sqlite, ways[i]);
		create(1);
		newest = desk_number(&desk, "SELECT max(id) FROM tokens");
		check_number(ways[i], newest, before + 1);
	}
}

/* What a token for reading asks for, with the hash of the token. */
static enum err
end_as(const struct hash *asking, enum op_code op, int64_t id)
{
	struct text	bytes = { (const char *)asking->bytes,
			    sizeof(asking->bytes) };
	struct call	c;
	enum err	e;

	desk_begin(&c, op);
	args_put_number(&c.request.args, KEY_ID, id);
	args_put_text(&c.request.args, KEY_TOKEN_HASH, bytes);
	args_put_text(&c.request.args, KEY_ASKED_WITH, bytes);
	e = desk_call(&desk, &c);
	desk_end(&c);
	return e;
}

static void
a_token_for_reading_ends_itself_alone(void **state)
{
	struct hash	first = create(1), second = create(1), third;

	(void)state;
	store_exec(desk.sqlite, "UPDATE tokens SET scope = 'read' "
	    "WHERE id < 3");
	third = create(2);
	check_number("its user's other", end_as(&first, OP_TOKEN_END, 2),
	    ERR_FORBIDDEN);
	check_number("another's", end_as(&first, OP_TOKEN_END, 3),
	    ERR_FORBIDDEN);
	check_number("none", end_as(&first, OP_TOKEN_END, 9), ERR_FORBIDDEN);
	check_number("nothing else", end_as(&first, OP_GROUP_DELETE, 2),
	    ERR_FORBIDDEN);
	check_number("itself", end_as(&first, OP_TOKEN_END, 1), OK);
	check_number("twice", end_as(&first, OP_TOKEN_END, 1),
	    ERR_UNAUTHORIZED);
	check_number("by logging out", end_as(&second, OP_TOKEN_DELETE, 0), OK);
	check_number("stays", check(&third, NULL), OK);
}

static enum err
end_by_id(int64_t actor, int64_t id, int64_t *ret_seen)
{
	struct call	c;
	enum err	e;

	desk_begin(&c, OP_TOKEN_END);
	c.request.actor = actor;
	args_put_number(&c.request.args, KEY_ID, id);
	e = desk_call(&desk, &c);
	*ret_seen = args_number(&c.answer.extra, KEY_SEEN, 0);
	desk_end(&c);
	return e;
}

static void
a_token_is_ended_by_its_owner(void **state)
{
	struct hash	first = create(1), second = create(2);
	struct call	c;
	int64_t		seen;

	(void)state;
	check_number("another's", end_by_id(2, 1, &seen), ERR_NOT_FOUND);
	check_number("no such", end_by_id(1, 9, &seen), ERR_NOT_FOUND);
	check_number("own", end_by_id(1, 1, &seen), OK);
	check_number("to be heard", seen, 1);
	check_number("gone", check(&first, NULL), ERR_UNAUTHORIZED);
	check_number("stays", check(&second, NULL), OK);
	check_number("twice", end_by_id(1, 1, &seen), ERR_NOT_FOUND);
	ping(0, &c);
	check_text("which", args_text(&c.answer.extra, KEY_REVOKED),
	    (struct text){ (char *)first.bytes, sizeof(first.bytes) });
	desk_end(&c);
}

static void
a_session_tells_its_token(void **state)
{
	struct call	c;
	struct hash	h;
	int64_t		id;

	(void)state;
	create(1);
	desk_begin(&c, OP_SESSION_CREATE);
	check_number("begun", desk_call(&desk, &c), OK);
	id = args_number(&c.answer.extra, KEY_ID, 0);
	check_number("its own, not the user's", id, 2);
	memcpy(h.bytes, args_text(&c.answer.extra, KEY_TOKEN_HASH).base,
	    sizeof(h.bytes));
	desk_end(&c);
	desk_begin(&c, OP_SESSION_GET);
	args_put_text(&c.request.args, KEY_TOKEN_HASH,
	    (struct text){ (const char *)h.bytes, sizeof(h.bytes) });
	check_number("asked for", desk_call(&desk, &c), OK);
	check_number("the same", args_number(&c.answer.extra, KEY_ID, 0), id);
	desk_end(&c);
}

static void
use_is_noted(void **state)
{
	struct call	c;

	(void)state;
	create(1);
	create(1);
	desk_begin(&c, OP_TOKENS_USED);
	args_put_text(&c.request.args, KEY_IDS, TEXT_OF("[2,99]"));
	check_number("noted", desk_call(&desk, &c), OK);
	desk_end(&c);
	check_number("one", desk_number(&desk, "SELECT id FROM tokens "
	    "WHERE last_used > date_added"), 2);
	check_number("only that", desk_number(&desk, "SELECT count(*) FROM "
	    "tokens WHERE last_used IS NOT NULL"), 1);
}

int
main(void)
{
#define HERE(sentence, f) \
	{ sentence, f, set_up, desk_tear_down, (void *)&user_service }
	const struct CMUnitTest	tests[] = {
		/* first: others have the clock be steady for long */
		HERE("a clock that was just set clears no revocation",
		    a_clock_that_was_just_set_clears_no_revocation),
		HERE("a token is its user's, with the rights of that user",
		    a_token_is_its_users),
		HERE("a token ends with its time and with its user",
		    tokens_come_to_an_end),
		HERE("old tokens are cleared away by new ones",
		    old_tokens_are_cleared_away),
		HERE("a token needs a user", a_token_needs_a_user),
		HERE("a login is of the user as it is when it is done",
		    a_login_is_of_the_user_as_it_is_now),
		HERE("a heartbeat is told what was revoked since",
		    revocations_are_told),
		HERE("many revocations are told at once or not at all",
		    many_revocations_are_told_at_once),
		HERE("old revocations are cleared away",
		    old_revocations_are_cleared_away),
		HERE("a gap between revocations is told",
		    a_gap_between_revocations_is_told),
		HERE("a hash has its length", a_hash_has_its_length),
		HERE("what is said of a token is kept, and answered",
		    what_is_said_of_a_token_is_kept),
		HERE("a token for reading is told as one",
		    a_token_for_reading_is_told_as_one),
		HERE("an id is never given twice", an_id_is_never_given_twice),
		HERE("a token for reading ends itself alone",
		    a_token_for_reading_ends_itself_alone),
		HERE("a token is ended by its owner",
		    a_token_is_ended_by_its_owner),
		HERE("a session tells its token", a_session_tells_its_token),
		HERE("use is noted", use_is_noted),
	};

	return cmocka_run_group_tests_name("token", tests, NULL, NULL);
}
