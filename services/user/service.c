/*
 * The user service: people, groups, tokens, passwords.
 * One row for each operation; most say which statement and which shape.
 */
#include "user.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "login.h"
#include "password.h"
#include "proto/log.h"
#include "token.h"

#define PASSWORD_FILE	"stores/user/admin-password"

static const struct sql statements[] = {
#define SQL(NAME, text) { #NAME, text },
#include "sql.tbl"
#undef SQL
};

/* --- shapes --------------------------------------------------------------- */

static const struct member user_members[] = {
	{ "avatar", SHAPE_LINK, "avatar", MARK_AVATARS,
	    "%", "__default_profile.png" },
	{ "email", SHAPE_TEXT },
	{ "id", SHAPE_INT },
	{ "job_title", SHAPE_UNKNOWN },
	{ "links", SHAPE_OPEN },
	{ "self", SHAPE_LINK, "id", MARK_API, "user/%" },
	{ "users", SHAPE_LINK, NULL, MARK_API, "users/" },
	{ NULL, SHAPE_CLOSE },
	{ "name", SHAPE_TEXT },
	{ "total_posts", SHAPE_INT },
	{ "username", SHAPE_TEXT },
	{ 0 }
};
static const struct shape user_shape = { "user", user_members };

/* --- operations ------------------------------------------------------------ */

static const struct op ops[] = {
	COMMON_OPS,
	{ .op = OP_PING, .run = token_ping, .makes = K(LIMIT) },
	{ .op = OP_USER_GET, .run = op_one, .sql = SQL_USER_BY_ID,
	    .shape = &user_shape },
	{ .op = OP_USER_LIST, .run = op_page, .when = K(NAME),
	    .sql = SQL_USER_PAGE_NAMED, .count = SQL_USER_COUNT_NAMED,
	    .shape = &user_shape },
	{ .op = OP_USER_LIST, .run = op_page,
	    .sql = SQL_USER_PAGE, .count = SQL_USER_COUNT,
	    .shape = &user_shape },
	{ .op = OP_PASSWORD_CHECK, .run = login_check, .sql = SQL_USER_LOGIN },
	{ .op = OP_TOKEN_CHECK, .run = token_check, .sql = SQL_TOKEN_BY_HASH },
	{ .op = OP_TOKEN_CREATE, .run = token_create,
	    .makes = K(TOKEN_HASH) | K(EXPIRES), .sql = SQL_TOKEN_INSERT,
	    .also = { SQL_TOKEN_EXPIRE } },
	{ .op = OP_TOKEN_DELETE, .run = token_delete, .sql = SQL_TOKEN_DELETE,
	    .also = { SQL_REVOCATION_EXPIRE } },
	{ .op = OP_USER_WROTE_TICKET, .run = op_exec,
	    .sql = SQL_USER_COUNT_TICKET },
	{ 0 }
};

/* --- a new store ------------------------------------------------------------ */

/* Leave a password that was made up where only its owner can read it. */
static void
write_password_file(const char *password)
{
	int	fd = open(PASSWORD_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
		    0600);
	size_t	len = strlen(password);

	if (fd == -1 || write(fd, password, len) != (ssize_t)len ||
	    write(fd, "\n", 1) != 1 || fsync(fd) == -1)
		log_fatal("%s cannot be written", PASSWORD_FILE);
	close(fd);
	log_info("a password for admin was made up; it is in %s until "
	    "somebody deletes it, as flicketctl serve does after showing it",
	    PASSWORD_FILE);
}

/* The admin's password, the dates, and the names for the ticket service. */
static void
user_seeded(sqlite3 *db, const struct settings *settings)
{
	char		 made_up[PASSWORD_RANDOM_SIZE];
	char		 hash[PASSWORD_HASH_SIZE];
	const char	*password = settings->admin_password;
	sqlite3_stmt	*st;

	password_start((int)settings->bcrypt_cost);
	if (password[0] == '\0') {
		password_random(made_up);
		write_password_file(made_up);
		password = made_up;
	}
	password_hash(password, (int)settings->bcrypt_cost, hash);
	if (sqlite3_prepare_v2(db, "UPDATE users SET date_added = ?1, "
	    "password = CASE id WHEN 1 THEN ?2 END", -1, &st,
	    NULL) != SQLITE_OK)
		log_fatal("user store: %s", sqlite3_errmsg(db));
	sqlite3_bind_int64(st, 1, store_now());
	sqlite3_bind_blob(st, 2, hash, (int)strlen(hash), SQLITE_STATIC);
	if (sqlite3_step(st) != SQLITE_DONE)
		log_fatal("user store: %s", sqlite3_errmsg(db));
	sqlite3_finalize(st);
	op_seed_events(db, OP_TICKET_USER_NAMED, "SELECT id, name FROM users");
}

static void
user_start(const struct settings *settings)
{
	password_start((int)settings->bcrypt_cost);
	login_start(settings);
	token_start(settings);
}

extern const char *const	user_migrations[];
extern const char		user_seed[];

const struct service user_service = {
	.id = SERVICE_USER,
	.migrations = user_migrations,
	.seed = user_seed,
	.sql = statements,
	.sql_end = SQL_END,
	.ops = ops,
	.seed_consumers = UINT64_C(1) << SERVICE_TICKET,
	.seeded = user_seeded,
	.start = user_start,
};
