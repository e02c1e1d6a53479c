/*
 * services/user/account.c and group.c: users and groups on a store of their
 * own, and what the ticket service and gateways are told of them.
 */
#include "desk.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <sodium.h>
#include <unistd.h>

#include "base/log.h"
#include "base/paths.h"
#include "services/store/migrate.h"
#include "services/store/store.h"

static int
open_desk(void **state)
{
	(void)state;
	desk_open(&desk, &user_service);
	store_exec(desk.sqlite, "DELETE FROM outbox");
	return 0;
}

/* --- calls ------------------------------------------------------------- */

/* A call of the admin, or of an ordinary user 2. */
static void
begin(struct call *c, enum op_code op, int64_t actor)
{
	desk_begin(c, op);
	c->request.actor = actor;
	c->request.rights = actor == 1 ? RIGHT_ADMIN | RIGHT_STAFF : 0;
}

static void
put_text(struct call *c, enum key key, const char *text)
{
	args_put_text(&c->request.args, key, text_of(text));
}

static enum err
end(struct call *c)
{
	enum err	e = desk_call(&desk, c);

	desk_end(c);
	return e;
}

static enum err
create(const char *username, const char *email, int64_t *ret_id)
{
	struct call	c;
	enum err	e;

	begin(&c, OP_USER_CREATE, 1);
	put_text(&c, KEY_USERNAME, username);
	put_text(&c, KEY_NAME, "Some Body");
	put_text(&c, KEY_EMAIL, email);
	put_text(&c, KEY_PASSWORD_HASH, "$2b$04$no-hash");
	e = desk_call(&desk, &c);
	*ret_id = args_number(&c.answer.extra, KEY_ID, 0);
	desk_end(&c);
	return e;
}

static enum err
edit(int64_t actor, int64_t id, enum key key, const char *text)
{
	struct call	c;

	begin(&c, OP_USER_EDIT, actor);
	args_put_number(&c.request.args, KEY_ID, id);
	if (key_info(key)->type == KEY_INT)
		args_put_number(&c.request.args, key, text[0] == '1');
	else
		put_text(&c, key, text);
	return end(&c);
}

static enum err
remove_user(int64_t id)
{
	struct call	c;

	begin(&c, OP_USER_DELETE, 1);
	args_put_number(&c.request.args, KEY_ID, id);
	return end(&c);
}

/* Change a membership; what gateways must have seen in *ret_seen. */
static enum err
member(enum op_code op, int64_t group, int64_t user, int64_t *ret_seen)
{
	struct call	c;
	enum err	e;

	begin(&c, op, 1);
	args_put_number(&c.request.args, KEY_GROUP_ID, group);
	args_put_number(&c.request.args, KEY_USER_ID, user);
	e = desk_call(&desk, &c);
	*ret_seen = args_number(&c.answer.extra, KEY_SEEN, 0);
	desk_end(&c);
	return e;
}

static int	steps_left;

static int
break_off(void *arg)
{
	(void)arg;
	return --steps_left == 0;
}

/* What a failing store could not find is not said to be missing. */
static void
a_store_that_fails_is_not_taken_for_no_user(void **state)
{
	struct call	c;
	enum err	e = ERR_STORE;
	struct text	said;

	(void)state;
	for (int steps = 1; e == ERR_STORE && steps < 2000; steps++) {
		store_exec(desk.sqlite, "BEGIN");
		begin(&c, OP_MEMBER_ADD, 1);
		args_put_number(&c.request.args, KEY_GROUP_ID, 2);
		args_put_number(&c.request.args, KEY_USER_ID, 2);
		steps_left = steps;
		sqlite3_progress_handler(desk.sqlite, 1, break_off, NULL);
		e = desk_call(&desk, &c);
		sqlite3_progress_handler(desk.sqlite, 0, NULL, NULL);
		said = args_text(&c.answer.extra, KEY_MESSAGE);
		check_true("is not said to be missing",
		    memmem(said.base, said.len, "no such user", 12) == NULL);
		desk_end(&c);
		(void)store_try(desk.sqlite, "ROLLBACK");
	}
	check_number("with all steps", e, OK);
}

static void
give_tokens(int64_t user, int count)
{
	struct buf	sql = { 0 };

	for (int i = 0; i < count; i++)
		buf_printf(&sql, "INSERT INTO tokens (hash, user_id, "
		    "date_added, expires) VALUES (randomblob(32), %d, 1, "
		    "9000000000000000);", (int)user);
	store_exec(desk.sqlite, sql.base);
	buf_done(&sql);
}

/* --- events ------------------------------------------------------------ */

/* The only event of the outbox, which then is empty. */
static void
check_event(const char *row, enum op_code op, int64_t id, const char *name,
    const char *username, int64_t disabled)
{
	struct frame_reader	*frames = frame_reader_new();
	struct args		 args;
	sqlite3_stmt		*st;

	check_number(row, desk_number(&desk, "SELECT count(*) FROM outbox"), 1);
	CHECK(sqlite3_prepare_v2(desk.sqlite, "SELECT op, args, consumer "
	    "FROM outbox", -1, &st, NULL) == SQLITE_OK);
	check_number(row, sqlite3_step(st), SQLITE_ROW);
	check_number(row, sqlite3_column_int(st, 0), op);
	check_number(row, sqlite3_column_int(st, 2), SERVICE_TICKET);
	frame_reader_start(frames, sqlite3_column_blob(st, 1),
	    (size_t)sqlite3_column_bytes(st, 1));
	check_number(row, frame_next_args(frames, &args), FRAME_ONE);
	check_number(row, args_number(&args, KEY_ID, -1), id);
	if (name != NULL) {
		check_text(row, args_text(&args, KEY_NAME), text_of(name));
		check_text(row, args_text(&args, KEY_USERNAME),
		    text_of(username));
		check_number(row, args_number(&args, KEY_DISABLED, -1),
		    disabled);
	}
	sqlite3_finalize(st);
	frame_reader_destroy(&frames);
	store_exec(desk.sqlite, "DELETE FROM outbox");
}

static void
the_ticket_service_is_told(void **state)
{
	int64_t	id;

	(void)state;
	check_number("create", create("newcomer", "n@example.test", &id), OK);
	check_event("create", OP_TICKET_USER_CHANGED, id, "Some Body",
	    "newcomer", 0);
	check_number("name", edit(id, id, KEY_NAME, "王小明先生"), OK);
	check_event("name", OP_TICKET_USER_CHANGED, id, "王小明先生",
	    "newcomer", 0);
	check_number("disable", edit(1, id, KEY_DISABLED, "1"), OK);
	check_event("disable", OP_TICKET_USER_CHANGED, id, "王小明先生",
	    "newcomer", 1);
	check_number("delete", remove_user(id), OK);
	check_event("delete", OP_TICKET_USER_GONE, id, NULL, NULL, 0);
	/* what is refused is not told */
	check_number("refused", edit(2, 1, KEY_NAME, "Nobody"), ERR_FORBIDDEN);
	check_number("nothing", desk_number(&desk,
	    "SELECT count(*) FROM outbox"), 0);
}

/* A store of schema 1, with users that have no names, brought up to date. */
static void
an_old_store_tells_what_it_has(void **state)
{
	const char		*only_first[] = { user_service.migrations[0],
				    NULL };
	struct service		 old = user_service;
	char			 path[FOLDER_SIZE + 16];
	sqlite3			*db;
	sqlite3_stmt		*st;

	(void)state;
	old.migrations = only_first;
	snprintf(path, sizeof(path), "%s/old.db", desk.folder);
	db = store_open(path, false);
	store_migrate(db, &old, path);
	store_exec(db, "INSERT INTO users (id, username, name, disabled) "
	    "VALUES (1, 'admin', 'admin', 0), (5, NULL, NULL, 1)");
	store_migrate(db, &user_service, path);
	store_migrate(db, &user_service, path);
	CHECK(sqlite3_prepare_v2(db, "SELECT count(*), min(op), max(op) "
	    "FROM outbox", -1, &st, NULL) == SQLITE_OK);
	sqlite3_step(st);
	check_number("each once", sqlite3_column_int(st, 0), 2);
	check_number("that", sqlite3_column_int(st, 1), OP_TICKET_USER_CHANGED);
	check_number("that", sqlite3_column_int(st, 2), OP_TICKET_USER_CHANGED);
	sqlite3_finalize(st);
	sqlite3_close(db);
}

/* --- totals ------------------------------------------------------------- */

static void
count(int64_t seq, int64_t posts, int64_t assigned)
{
	struct call	c;

	desk_begin(&c, OP_USER_COUNTED);
	args_put_number(&c.request.args, KEY_SOURCE, SERVICE_TICKET);
	args_put_number(&c.request.args, KEY_STREAM, 7);
	args_put_number(&c.request.args, KEY_SEQ, seq);
	args_put_number(&c.request.args, KEY_USER_ID, 2);
	args_put_number(&c.request.args, KEY_POSTS, posts);
	args_put_number(&c.request.args, KEY_ASSIGNED, assigned);
	check_number("counted", end(&c), OK);
}

/*
 * The sum is kept as it is, so that it does not matter in which order things
 * come; what is shown begins at 0.
 */
static void
totals_are_sums(void **state)
{
	static const struct { int64_t seq, posts, assigned, posts_then,
	    assigned_then; const char *shown; } rows[] = {
		{ 1, 1, 0, 1, 0, "{\"total_assigned\":0,\"total_posts\":1}" },
		{ 2, -3, 1, -2, 1, "{\"total_assigned\":1,\"total_posts\":0}" },
		{ 2, -3, 1, -2, 1, "{\"total_assigned\":1,\"total_posts\":0}" },
		{ 3, 3, -2, 1, -1, "{\"total_assigned\":0,\"total_posts\":1}" },
	};
	struct call	c;
	char		part[40];

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		count(rows[i].seq, rows[i].posts, rows[i].assigned);
		check_number("posts", desk_number(&desk, "SELECT total_posts "
		    "FROM users WHERE id = 2"), rows[i].posts_then);
		check_number("assigned", desk_number(&desk, "SELECT "
		    "total_assigned FROM users WHERE id = 2"),
		    rows[i].assigned_then);
		begin(&c, OP_USER_GET, 1);
		args_put_number(&c.request.args, KEY_ID, 2);
		put_text(&c, KEY_FIELDS, "total_assigned,total_posts");
		check_number("shown", desk_call(&desk, &c), OK);
		check_text("shown", c.answer.fragment, text_of(rows[i].shown));
		desk_end(&c);
		begin(&c, OP_USER_GET, 1);
		args_put_number(&c.request.args, KEY_ID, 2);
		check_number("all of it", desk_call(&desk, &c), OK);
		snprintf(part, sizeof(part), "\"total_posts\":%lld,",
		    (long long)(rows[i].posts_then < 0 ? 0 :
		    rows[i].posts_then));
		check_part("all of it", strndupa(c.answer.fragment.base,
		    c.answer.fragment.len), part);
		desk_end(&c);
	}
	/* who counts as having written stays */
	check_number("wrote", remove_user(2), ERR_CONFLICT);
}

/* Though another admin is left. */
static void
nobody_deletes_oneself(void **state)
{
	struct call	c;
	int64_t		id, seen;

	(void)state;
	check_number("made", create("second", "second@b.example", &id), OK);
	check_number("an admin", member(OP_MEMBER_ADD, 1, id, &seen), OK);
	begin(&c, OP_USER_DELETE, id);
	c.request.rights = RIGHT_ADMIN | RIGHT_STAFF;
	args_put_number(&c.request.args, KEY_ID, id);
	check_number("by itself", end(&c), ERR_CONFLICT);
	check_number("by the other one", remove_user(id), OK);
}

/* --- a new store --------------------------------------------------------- */

static void
a_made_up_password_is_for_its_owner_alone(void **state)
{
	struct settings	s = desk_settings();
	char		folder[FOLDER_SIZE];
	struct stat	st;

	(void)state;
	s.admin_password = "";
	unit_folder_make(folder);
	assert_int_equal(chdir(folder), 0);
	assert_int_equal(mkdir("stores", 0755), 0);
	assert_int_equal(mkdir("stores/user", 0755), 0);
	store_make(&user_service, &s, "stores/user/user.db", false);
	assert_int_equal(stat(PATHS_ADMIN_PASSWORD, &st), 0);
	check_number("closed to others", st.st_mode & 07777, 0600);
	check_true("there is one", st.st_size > 6);
	assert_int_equal(chdir("/"), 0);
	unit_folder_remove(folder);
}

/* --- tokens -------------------------------------------------------------- */

static void
disabling_ends_all_tokens(void **state)
{
	struct call	c;

	(void)state;
	give_tokens(1, 2);
	give_tokens(2, 5);
	begin(&c, OP_USER_EDIT, 1);
	args_put_number(&c.request.args, KEY_ID, 2);
	args_put_number(&c.request.args, KEY_DISABLED, 1);
	check_number("disabled", desk_call(&desk, &c), OK);
	check_number("to be heard", args_number(&c.answer.extra, KEY_SEEN, 0),
	    5);
	desk_end(&c);
	check_number("gone", desk_number(&desk, "SELECT count(*) FROM tokens "
	    "WHERE user_id = 2"), 0);
	check_number("others stay", desk_number(&desk,
	    "SELECT count(*) FROM tokens"), 2);
	/* again, and the answer of that time: who has not heard of the first
	 * has to be waited for, too */
	for (int i = 0; i < 2; i++) {
		begin(&c, OP_USER_EDIT, 1);
		args_put_number(&c.request.args, KEY_ID, 2);
		args_put_number(&c.request.args, KEY_DISABLED, 1);
		put_text(&c, KEY_IDEMPOTENCY_KEY, "one");
		put_text(&c, KEY_DIGEST, "dddddddddddddddddddddddddddddddd");
		check_number("disabled", desk_call(&desk, &c), OK);
		check_number("to be heard", args_number(&c.answer.extra,
		    KEY_SEEN, 0), 5);
		desk_end(&c);
	}
}

static void
a_new_password_ends_other_tokens(void **state)
{
	unsigned char	hash[crypto_hash_sha256_BYTES] = { 1 };
	struct call	c;

	(void)state;
	give_tokens(2, 3);
	store_exec(desk.sqlite, "INSERT INTO tokens (hash, user_id, "
	    "date_added, expires) VALUES (x'01000000000000000000000000000000"
	    "00000000000000000000000000000000', 2, 1, 2)");
	begin(&c, OP_USER_PASSWORD, 2);
	args_put_number(&c.request.args, KEY_ID, 2);
	put_text(&c, KEY_PASSWORD_HASH, "$2b$04$another");
	args_put_text(&c.request.args, KEY_TOKEN_HASH,
	    (struct text){ (const char *)hash, sizeof(hash) });
	check_number("set", desk_call(&desk, &c), OK);
	check_number("to be heard", args_number(&c.answer.extra, KEY_SEEN, 0),
	    3);
	desk_end(&c);
	check_number("one is left", desk_number(&desk, "SELECT count(*) "
	    "FROM tokens WHERE user_id = 2"), 1);
	check_number("it is kept", desk_number(&desk, "SELECT count(*) FROM "
	    "users WHERE password = CAST('$2b$04$another' AS BLOB)"), 1);
	begin(&c, OP_USER_PASSWORD, 2);
	args_put_number(&c.request.args, KEY_ID, 1);
	put_text(&c, KEY_PASSWORD_HASH, "$2b$04$another");
	args_put_text(&c.request.args, KEY_TOKEN_HASH,
	    (struct text){ (const char *)hash, sizeof(hash) });
	check_number("another's", end(&c), ERR_FORBIDDEN);
}

/* Whoever sends it, a hash that is never run is not stored. */
static void
a_hash_that_is_never_run_is_refused(void **state)
{
	static const char *const hashes[] = {
		"$2b$17$6KGZvgZvi7oANUF7.KyxgOToWLsHBYyRPjU6DL6KtZ17JUrnuhFKi",
		"$2y$31$", "$6$rounds=999999999$salt$",
	};
	static const unsigned char	hash[crypto_hash_sha256_BYTES] = { 1 };
	struct call			c;

	(void)state;
	for (size_t i = 0; i < LEN(hashes); i++) {
		begin(&c, OP_USER_CREATE, 1);
		put_text(&c, KEY_USERNAME, "dearest");
		put_text(&c, KEY_NAME, "Dearest");
		put_text(&c, KEY_EMAIL, "dear@b.example");
		put_text(&c, KEY_PASSWORD_HASH, hashes[i]);
		check_number(hashes[i], end(&c), ERR_BAD_REQUEST);
		begin(&c, OP_USER_PASSWORD, 1);
		args_put_number(&c.request.args, KEY_ID, 2);
		put_text(&c, KEY_PASSWORD_HASH, hashes[i]);
		args_put_text(&c.request.args, KEY_TOKEN_HASH,
		    (struct text){ (const char *)hash, sizeof(hash) });
		check_number(hashes[i], end(&c), ERR_BAD_REQUEST);
	}
}

/* The versions of the user and of the group, which their tags are made of. */
static int64_t
versions(void)
{
	return desk_number(&desk, "SELECT 100 * (SELECT version FROM users "
	    "WHERE id = 2) + (SELECT version FROM groups WHERE id = 2)");
}

static void
a_membership_changes_both_sides(void **state)
{
	int64_t	seen, before = versions();

	(void)state;
	check_number("added", member(OP_MEMBER_ADD, 2, 2, &seen), OK);
	check_number("both", versions(), before + 101);
	check_number("twice", member(OP_MEMBER_ADD, 2, 2, &seen), ERR_CONFLICT);
	check_number("neither", versions(), before + 101);
	check_number("removed", member(OP_MEMBER_REMOVE, 2, 2, &seen), OK);
	check_number("both", versions(), before + 202);
}

/* Rights change: gateways forget what they know, the tokens live on. */
static void
a_membership_makes_gateways_ask_again(void **state)
{
	int64_t	seen;

	(void)state;
	give_tokens(2, 3);
	check_number("added", member(OP_MEMBER_ADD, 2, 2, &seen), OK);
	check_number("to be heard", seen, 3);
	check_number("live on", desk_number(&desk, "SELECT count(*) FROM "
	    "tokens WHERE user_id = 2"), 3);
	check_number("twice", member(OP_MEMBER_ADD, 2, 2, &seen), ERR_CONFLICT);
	check_number("removed", member(OP_MEMBER_REMOVE, 2, 2, &seen), OK);
	check_number("to be heard", seen, 6);
	check_number("twice", member(OP_MEMBER_REMOVE, 2, 2, &seen),
	    ERR_NOT_FOUND);
	check_number("no group", member(OP_MEMBER_ADD, 9, 2, &seen),
	    ERR_NOT_FOUND);
}

/* --- names that read the same ------------------------------------------------ */

static void
names_that_read_the_same_are_taken(void **state)
{
	static const struct {
		const char	*row, *username, *email;
		enum err	 want;
	} rows[] = {
		{ "the first", "Bob Ross", "Bob@example.test", OK },
		{ "the same", "Bob Ross", "x@example.test", ERR_CONFLICT },
		{ "case", "bob ross", "x@example.test", ERR_CONFLICT },
		{ "width", "\uff22ob Ross", "x@example.test", ERR_CONFLICT },
		{ "invisible", "Bob\u200b Ross", "x@example.test",
		    ERR_CONFLICT },
		{ "blanks", "Bob\u00a0\u00a0Ross", "x@example.test",
		    ERR_CONFLICT },
		{ "an address in another case", "other", "bOB@EXAMPLE.test",
		    ERR_CONFLICT },
		{ "an address as a name", "bob@example.test", "x@example.test",
		    ERR_CONFLICT },
		{ "an accent", "B\u00f3b Ross", "b\u00f3b@example.test", OK },
		{ "another", "other", "x@example.test", OK },
	};
	int64_t		id;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++)
		check_number(rows[i].row, create(rows[i].username,
		    rows[i].email, &id), rows[i].want);
}

static void
a_changed_name_must_not_read_as_anothers(void **state)
{
	static const struct {
		const char	*row, *text;
		enum key	 key;
		enum err	 want;
	} rows[] = {
		{ "its own, in another case", "FIRST", KEY_USERNAME, OK },
		{ "and back", "first", KEY_USERNAME, OK },
		{ "another's", "sECOND", KEY_USERNAME, ERR_CONFLICT },
		{ "its own address", "First@Example.test", KEY_EMAIL, OK },
		{ "another's address", "SECOND@example.test", KEY_EMAIL,
		    ERR_CONFLICT },
		{ "one that is free", "third", KEY_USERNAME, OK },
	};
	int64_t		first, second;

	(void)state;
	check_number("first", create("first", "first@example.test", &first),
	    OK);
	check_number("second", create("second", "second@example.test",
	    &second), OK);
	for (size_t i = 0; i < LEN(rows); i++)
		check_number(rows[i].row, edit(1, first, rows[i].key,
		    rows[i].text), rows[i].want);
	check_number("its old one is free", edit(1, second, KEY_USERNAME,
	    "FIRST"), OK);
}

/* What an import has left may stay, and change into what is free only. */
static void
users_that_are_alike_stay(void **state)
{
	(void)state;
	store_exec(desk.sqlite, "INSERT INTO users (id, username, email, "
	    "username_form, email_form, username_twin) VALUES "
	    "(11, 'Bobby', 'one@example.test', 'bobby', 'one@example.test', 0), "
	    "(12, 'bobby', 'two@example.test', 'bobby', 'two@example.test', 12)");
	check_number("unchanged", edit(1, 12, KEY_USERNAME, "bobby"), OK);
	check_number("another thing", edit(1, 12, KEY_EMAIL,
	    "Two@example.test"), OK);
	check_number("still alike", desk_number(&desk, "SELECT username_twin "
	    "FROM users WHERE id = 12"), 12);
	check_number("alike in another way", edit(1, 12, KEY_USERNAME, "bObby"),
	    ERR_CONFLICT);
	check_number("free", edit(1, 12, KEY_USERNAME, "robert"), OK);
	check_number("as others", desk_number(&desk, "SELECT username_twin "
	    "FROM users WHERE id = 12 AND username_form = 'robert'"), 0);
	check_number("not back", edit(1, 12, KEY_USERNAME, "bobby"),
	    ERR_CONFLICT);
}

/* --- who asks ------------------------------------------------------------- */

/* A hash as it is bound and as SQL has it. */
#define ASKING		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const enum op_code	writes[] = {
	OP_USER_CREATE, OP_USER_EDIT, OP_USER_DELETE, OP_USER_PASSWORD,
	OP_AVATAR_PUT, OP_GROUP_CREATE, OP_GROUP_EDIT, OP_GROUP_DELETE,
	OP_MEMBER_ADD, OP_MEMBER_REMOVE, OP_TOKEN_DELETE, OP_TOKEN_END,
};

/* An admin's write, that came with the rights of one and with its token. */
static enum err
ask_as_admin(enum op_code op, bool with_token, const char *key)
{
	struct call	 c;
	struct args	*args = &c.request.args;

	begin(&c, op, 1);
	args_put_number(args, KEY_ID, op == OP_GROUP_EDIT ||
	    op == OP_GROUP_DELETE ? 7 : op == OP_TOKEN_END ? 70 : 2);
	args_put_number(args, KEY_GROUP_ID, 7);
	args_put_number(args, KEY_USER_ID, op == OP_MEMBER_ADD ? 2 : 3);
	put_text(&c, KEY_USERNAME, "newcomer");
	put_text(&c, KEY_NAME, "Some Body");
	put_text(&c, KEY_EMAIL, "n@example.test");
	put_text(&c, KEY_GROUP_NAME, "another");
	put_text(&c, KEY_PASSWORD_HASH, "$2b$04$no-hash");
	put_text(&c, KEY_TOKEN_HASH, "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
	put_text(&c, KEY_BODY, "no picture");
	put_text(&c, KEY_MEDIA_TYPE, "image/png");
	if (op == OP_MEMBER_ADD)
		args_remove(args, KEY_USERNAME);
	if (with_token)
		put_text(&c, KEY_ASKED_WITH, ASKING);
	if (key != NULL) {
		put_text(&c, KEY_IDEMPOTENCY_KEY, key);
		put_text(&c, KEY_DIGEST, ASKING);
	}
	return end(&c);
}

static void
furnish(void)
{
	store_exec(desk.sqlite,
	    "INSERT INTO users (id, username, name, email) "
	    "VALUES (3, 'third', 'Third', 'third@example.test');"
	    "INSERT INTO groups (id, group_name) VALUES (7, 'seven');"
	    "INSERT INTO members (user_id, group_id) VALUES (3, 7);"
	    "INSERT INTO tokens (id, hash, user_id, date_added, expires) "
	    "VALUES (69, CAST('" ASKING "' AS BLOB), 1, 1, 9000000000000000),"
	    "(70, randomblob(32), 1, 1, 9000000000000000)");
}

/* What was done to the admin since the request came. */
static const struct {
	const char	*name, *how;
	bool		 of_token;	/* seen by those who tell the token */
	enum err	 want;
} endings[] = {
	{ "disabled", "UPDATE users SET disabled = 1 WHERE id = 1", false,
	    ERR_UNAUTHORIZED },
	{ "gone", "DELETE FROM users WHERE id = 1", false, ERR_UNAUTHORIZED },
	{ "no admin", "DELETE FROM members WHERE user_id = 1", false,
	    ERR_FORBIDDEN },
	{ "token ended", "DELETE FROM tokens WHERE id = 69", true,
	    ERR_UNAUTHORIZED },
	{ "token's time is over", "UPDATE tokens SET expires = 2", true,
	    ERR_UNAUTHORIZED },
	{ "another's token", "UPDATE tokens SET user_id = 2", true,
	    ERR_UNAUTHORIZED },
	{ "for reading", "UPDATE tokens SET scope = 'read'", true,
	    ERR_FORBIDDEN },
};

/* What a user without rights may do all the same, to things of its own. */
static bool
is_anybodys(enum op_code op)
{
	return op == OP_TOKEN_DELETE || op == OP_TOKEN_END;
}

static void
check_ending(size_t ending, enum op_code op, bool with_token)
{
	enum err	want = endings[ending].want, e;
	int64_t		before;
	char		row[80];

	snprintf(row, sizeof(row), "%s, %s", op_info(op)->name,
	    endings[ending].name);
	if ((endings[ending].of_token && !with_token) ||
	    (want == ERR_FORBIDDEN && !endings[ending].of_token &&
	    is_anybodys(op)) ||
	    (want == ERR_FORBIDDEN && op == OP_TOKEN_DELETE))
		want = OK;
	store_exec(desk.sqlite, "SAVEPOINT ending");
	store_exec(desk.sqlite, endings[ending].how);
	before = sqlite3_total_changes(desk.sqlite);
	e = ask_as_admin(op, with_token, want == OK ? NULL : "key");
	if (want == OK)		/* what else it lacks is not the matter */
		check_true(row, e != ERR_UNAUTHORIZED && e != ERR_FORBIDDEN);
	else {
		check_number(row, e, want);
		check_number(row, sqlite3_total_changes(desk.sqlite), before);
	}
	store_exec(desk.sqlite, "ROLLBACK TO ending; RELEASE ending");
}

static void
a_write_is_of_who_asks_now(void **state)
{
	(void)state;
	furnish();
	for (size_t i = 0; i < LEN(endings); i++)
		for (size_t j = 0; j < LEN(writes); j++) {
			check_ending(i, writes[j], true);
			check_ending(i, writes[j], false);
		}
}

/* The answer that is kept for a key is not for who is nobody any more. */
static void
nothing_is_recalled_for_who_has_ended(void **state)
{
	(void)state;
	furnish();
	check_number("done", ask_as_admin(OP_GROUP_CREATE, true, "key"), OK);
	check_number("again", ask_as_admin(OP_GROUP_CREATE, true, "key"), OK);
	store_exec(desk.sqlite, "DELETE FROM tokens WHERE id = 69");
	check_number("ended", ask_as_admin(OP_GROUP_CREATE, true, "key"),
	    ERR_UNAUTHORIZED);
}

/* flicketctl comes as nobody, with the rights of an admin. */
static void
the_operator_is_no_user(void **state)
{
	struct call	c;

	(void)state;
	begin(&c, OP_GROUP_CREATE, 0);
	put_text(&c, KEY_GROUP_NAME, "another");
	check_number("nobody", end(&c), ERR_UNAUTHORIZED);
	begin(&c, OP_GROUP_CREATE, 0);
	c.request.rights = RIGHT_ADMIN;
	put_text(&c, KEY_GROUP_NAME, "another");
	check_number("the operator", end(&c), OK);
}

/* --- passwords ------------------------------------------------------------ */

static enum err
set_password(int64_t actor, const char *compared, const char *hash)
{
	unsigned char	digest[crypto_hash_sha256_BYTES];
	struct call	c;

	begin(&c, OP_USER_PASSWORD, actor);
	args_put_number(&c.request.args, KEY_ID, 2);
	put_text(&c, KEY_PASSWORD_HASH, hash);
	put_text(&c, KEY_TOKEN_HASH, ASKING);
	if (compared != NULL) {
		crypto_hash_sha256(digest, (const unsigned char *)compared,
		    strlen(compared));
		args_put_text(&c.request.args, KEY_CREDENTIAL,
		    (struct text){ (const char *)digest, sizeof(digest) });
	}
	return end(&c);
}

static void
a_password_replaces_the_one_that_was_compared(void **state)
{
	static const struct { const char *name; int64_t actor;
	    const char *compared, *hash; enum err want; const char *then; }
	    rows[] = {
		{ "the same", 2, "first", "second", OK, "second" },
		{ "an admin's", 1, NULL, "reset", OK, "reset" },
		{ "of before that", 2, "second", "third", ERR_BAD_REQUEST,
		    "reset" },
		{ "of none", 2, "", "third", ERR_BAD_REQUEST, "reset" },
		{ "the new one", 2, "reset", "third", OK, "third" },
	};
	struct buf	query = { 0 };

	(void)state;
	store_exec(desk.sqlite, "UPDATE users SET password = "
	    "CAST('first' AS BLOB) WHERE id = 2");
	for (size_t i = 0; i < LEN(rows); i++) {
		check_number(rows[i].name, set_password(rows[i].actor,
		    rows[i].compared, rows[i].hash), rows[i].want);
		query.len = 0;
		buf_printf(&query, "SELECT id FROM users WHERE "
		    "password = CAST('%s' AS BLOB)%c", rows[i].then, 0);
		check_number(rows[i].name, desk_number(&desk, query.base), 2);
	}
	buf_done(&query);
}

/* --- who stays ------------------------------------------------------------ */

static void
somebody_stays_an_admin(void **state)
{
	int64_t	seen, id;

	(void)state;
	check_number("disabled", edit(1, 1, KEY_DISABLED, "1"), ERR_CONFLICT);
	check_number("removed", member(OP_MEMBER_REMOVE, 1, 1, &seen),
	    ERR_CONFLICT);
	/* one without a password, or disabled, could not take over */
	check_number("added", member(OP_MEMBER_ADD, 1, 2, &seen), OK);
	check_number("still", edit(1, 1, KEY_DISABLED, "1"), ERR_CONFLICT);
	check_number("another", create("newcomer", "n@example.test", &id), OK);
	check_number("added", member(OP_MEMBER_ADD, 1, id, &seen), OK);
	check_number("disabled", edit(1, id, KEY_DISABLED, "1"), OK);
	check_number("still", member(OP_MEMBER_REMOVE, 1, 1, &seen),
	    ERR_CONFLICT);
	check_number("able", edit(1, id, KEY_DISABLED, "0"), OK);
	check_number("then", member(OP_MEMBER_REMOVE, 1, 1, &seen), OK);
	/* it has just given up the right to do that */
	check_number("nor by it", remove_user(id), ERR_FORBIDDEN);
	store_exec(desk.sqlite, "INSERT INTO groups (id, group_name, rights) "
	    "VALUES (9, 'more', 1); "
	    "UPDATE users SET password = NULL WHERE id = 1; "
	    "INSERT INTO members (user_id, group_id) VALUES (1, 9)");
	check_number("and not", remove_user(id), ERR_CONFLICT);
}

static void
an_id_is_given_once(void **state)
{
	int64_t	first, second, third;

	(void)state;
	check_number("first", create("first", "1@example.test", &first), OK);
	check_number("second", create("second", "2@example.test", &second), OK);
	check_number("gone", remove_user(second), OK);
	check_number("gone", remove_user(first), OK);
	check_number("third", create("third", "3@example.test", &third), OK);
	check_true("a new one", third > second);
	check_number("and again", remove_user(third), OK);
}

static void
what_nobody_could_use_is_refused(void **state)
{
	static const struct { const char *username, *email; enum err want; }
	    rows[] = {
		{ "fine", "a@example.test", OK },
		{ "with:colon", "b@example.test", ERR_BAD_REQUEST },
		{ "mail", "nobody.example", ERR_BAD_REQUEST },
		{ "mail", "@example.test", ERR_BAD_REQUEST },
		{ "mail", "somebody@", ERR_BAD_REQUEST },
		{ "mail", "c@example.test\r\nBcc: d@example.test",
		    ERR_BAD_REQUEST },
		{ "mail", "c d@example.test", ERR_BAD_REQUEST },
		{ "mail", "名@example.test", OK },
		{ "fine", "e@example.test", ERR_CONFLICT },
		{ "other", "a@example.test", ERR_CONFLICT },
	};
	int64_t	id;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++)
		check_number(rows[i].email, create(rows[i].username,
		    rows[i].email, &id), rows[i].want);
}

int
main(void)
{
#define HERE(sentence, f) { sentence, f, open_desk, desk_tear_down, NULL }
	const struct CMUnitTest	tests[] = {
		HERE("the ticket service is told of every change",
		    the_ticket_service_is_told),
		HERE("an old store tells what it has",
		    an_old_store_tells_what_it_has),
		HERE("totals are sums, shown from 0 on", totals_are_sums),
		HERE("names that read the same are taken",
		    names_that_read_the_same_are_taken),
		HERE("a changed name must not read as another's",
		    a_changed_name_must_not_read_as_anothers),
		HERE("users that are alike stay", users_that_are_alike_stay),
		HERE("nobody deletes oneself", nobody_deletes_oneself),
		HERE("a password that was made up is for its owner alone",
		    a_made_up_password_is_for_its_owner_alone),
		HERE("disabling ends all tokens", disabling_ends_all_tokens),
		HERE("a new password ends all other tokens",
		    a_new_password_ends_other_tokens),
		HERE("a hash that is never run is refused",
		    a_hash_that_is_never_run_is_refused),
		HERE("a store that fails is not taken for no user",
		    a_store_that_fails_is_not_taken_for_no_user),
		HERE("a membership changes both sides",
		    a_membership_changes_both_sides),
		HERE("a change of a membership makes gateways ask again",
		    a_membership_makes_gateways_ask_again),
		HERE("a write is of who asks as that is when it is done",
		    a_write_is_of_who_asks_now),
		HERE("nothing is recalled for who has ended",
		    nothing_is_recalled_for_who_has_ended),
		HERE("the operator is no user", the_operator_is_no_user),
		HERE("a password replaces the one that was compared",
		    a_password_replaces_the_one_that_was_compared),
		HERE("somebody stays an admin", somebody_stays_an_admin),
		HERE("an id is given once", an_id_is_given_once),
		HERE("what nobody could use is refused",
		    what_nobody_could_use_is_refused),
	};

	return cmocka_run_group_tests_name("account", tests, NULL, NULL);
}
