/*
 * The user service: people, groups, tokens, passwords.
 * One row for each operation; most say which statement and which shape.
 */
#include "services/user/user.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/log.h"
#include "base/paths.h"
#include "services/op/row_cache.h"
#include "services/store/now.h"
#include "services/user/account.h"
#include "services/user/actor.h"
#include "services/user/avatar.h"
#include "services/user/group.h"
#include "services/user/login.h"
#include "services/user/names.h"
#include "services/user/password.h"
#include "services/user/people.h"
#include "services/user/token.h"
#include "services/user/views.h"

#define PASSWORD_WAIT_MS	5000	/* for the writer of a FIFO */

static const struct sql statements[] = {
#define SQL(NAME, text) { #NAME, text },
#include "services/user/sql.tbl"
#undef SQL
};

/* --- shapes --------------------------------------------------------------- */

static const struct member user_members[] = {
	{ "avatar", SHAPE_LINK, "avatar", PLACEHOLDER_AVATARS,
	    "%", "__default_profile.png" },
	{ "date_added", SHAPE_DATE, .extra = true },
	{ "disabled", SHAPE_BOOL, .extra = true, .may_be_null = true },
	{ "email", SHAPE_TEXT },
	{ "groups", SHAPE_NAMES, .extra = true },
	{ "id", SHAPE_INT },
	{ "job_title", SHAPE_UNKNOWN },
	{ "links", SHAPE_OPEN },
	{ "self", SHAPE_LINK, "id", PLACEHOLDER_API, "user/%" },
	{ "users", SHAPE_LINK, NULL, PLACEHOLDER_API, "users/" },
	{ NULL, SHAPE_CLOSE },
	{ "locale", SHAPE_TEXT, .extra = true },
	{ "name", SHAPE_TEXT },
	{ "total_assigned", SHAPE_INT, .extra = true },
	{ "total_posts", SHAPE_INT },
	{ "username", SHAPE_TEXT },
	{ 0 }
};
static const struct shape user_shape = { "user", user_members };

/* What a console knows of the user that is logged in. */
static const struct member session_members[] = {
	{ "avatar", SHAPE_LINK, "avatar", PLACEHOLDER_AVATARS,
	    "%", "__default_profile.png" },
	{ "email", SHAPE_TEXT },
	{ "groups", SHAPE_NAMES },
	{ "id", SHAPE_INT },
	{ "job_title", SHAPE_UNKNOWN },
	{ "locale", SHAPE_TEXT },
	{ "name", SHAPE_TEXT },
	{ "username", SHAPE_TEXT },
	{ 0 }
};
static const struct shape session_shape = { "session_user", session_members };

/* For flicketctl, which exports users. */
static const struct member export_members[] = {
	{ "id", SHAPE_INT },
	{ "username", SHAPE_TEXT, .may_be_null = true },
	{ "name", SHAPE_TEXT, .may_be_null = true },
	{ "email", SHAPE_TEXT, .may_be_null = true },
	{ "password", SHAPE_TEXT, .may_be_null = true },
	{ "job_title", SHAPE_TEXT, .may_be_null = true },
	{ "locale", SHAPE_TEXT, .may_be_null = true },
	{ "disabled", SHAPE_BOOL },
	{ "date_added", SHAPE_DATE, .may_be_null = true },
	{ "groups", SHAPE_NAMES },
	{ 0 }
};
static const struct shape export_shape = { "user", export_members };

static const struct member group_members[] = {
	{ "group_name", SHAPE_TEXT },
	{ "id", SHAPE_INT },
	{ "links", SHAPE_OPEN },
	{ "groups", SHAPE_LINK, NULL, PLACEHOLDER_API, "groups/" },
	{ "members", SHAPE_LINK, "id", PLACEHOLDER_API, "group/%/members/" },
	{ "self", SHAPE_LINK, "id", PLACEHOLDER_API, "group/%" },
	{ NULL, SHAPE_CLOSE },
	{ "total_members", SHAPE_INT },
	{ 0 }
};
static const struct shape group_shape = { "group", group_members };

static const struct member token_members[] = {
	{ "date_added", SHAPE_DATE },
	{ "expires", SHAPE_DATE },
	{ "id", SHAPE_INT },
	{ "last_used", SHAPE_DATE, .may_be_null = true },
	{ "links", SHAPE_OPEN },
	{ "self", SHAPE_LINK, "id", PLACEHOLDER_API, "token/%" },
	{ "tokens", SHAPE_LINK, NULL, PLACEHOLDER_API, "tokens/" },
	{ NULL, SHAPE_CLOSE },
	{ "name", SHAPE_TEXT, .may_be_null = true },
	{ "scope", SHAPE_TEXT },
	{ 0 }
};
static const struct shape token_shape = { "token", token_members };

static const struct member view_members[] = {
	{ "id", SHAPE_INT },
	{ "links", SHAPE_OPEN },
	{ "self", SHAPE_LINK, "id", PLACEHOLDER_API, "view/%" },
	{ "user", SHAPE_LINK, "user_id", PLACEHOLDER_API, "user/%" },
	{ "views", SHAPE_LINK, NULL, PLACEHOLDER_API, "views/" },
	{ NULL, SHAPE_CLOSE },
	{ "name", SHAPE_TEXT },
	{ "position", SHAPE_INT },
	{ "query", SHAPE_TEXT },
	{ "shared", SHAPE_BOOL },
	{ "user_id", SHAPE_INT },
	{ 0 }
};
static const struct shape view_shape = { "view", view_members };

/* --- operations ------------------------------------------------------------ */

#define THERE	{ SQL_USER_FIND, true, ERR_NOT_FOUND, "" }
#define MAY	{ SQL_USER_MAY, true, ERR_FORBIDDEN, "Only that user and " \
	    "members of the group flicket_admin may do this." }
#define UNIQUE_USER \
	{ SQL_USERNAME_TAKEN, false, ERR_CONFLICT, \
	    "username: another user has this one.", FAULT_TAKEN, \
	    KEY_USERNAME }, \
	{ SQL_EMAIL_TAKEN, false, ERR_CONFLICT, \
	    "email: another user has this one.", FAULT_TAKEN, KEY_EMAIL }, \
	{ SQL_USERNAME_LIKE, false, ERR_CONFLICT, "username: " NAMES_ALIKE, \
	    FAULT_TAKEN, KEY_USERNAME }, \
	{ SQL_EMAIL_LIKE, false, ERR_CONFLICT, "email: " NAMES_ALIKE, \
	    FAULT_TAKEN, KEY_EMAIL }
#define UNIQUE_GROUP \
	{ SQL_GROUP_TAKEN, false, ERR_CONFLICT, \
	    "group_name: another group has this one.", FAULT_TAKEN, \
	    KEY_GROUP_NAME }
#define GROUP_THERE	{ SQL_GROUP_FIND, true, ERR_NOT_FOUND, "" }
#define GROUP_OURS \
	{ SQL_GROUP_BUILT_IN, false, ERR_CONFLICT, \
	    "flicket_admin and super_user can be neither renamed nor deleted.", \
	    FAULT_BUILT_IN }
#define VIEW_GUARDS \
	{ SQL_VIEW_BY_ID, true, ERR_NOT_FOUND, "" }, \
	{ SQL_VIEW_MAY, true, ERR_FORBIDDEN, "Only the owner and, if it is " \
	    "shared, members of the group flicket_admin may do this." }
#define VIEW_SHARED \
	{ SQL_VIEW_MAY_SHARE, true, ERR_FORBIDDEN, "shared: only members of " \
	    "the groups flicket_admin and super_user may share a view.", \
	    FAULT_FORBIDDEN, KEY_SHARED }
#define LAST_ADMIN \
	"No other admin can log in: this one must stay one."

static const struct op ops[] = {
	COMMON_OPS(USER),
	{ .op = OP_PING, .run = token_ping, .makes = K(LIMIT) },

	{ .op = OP_USER_GET, .run = op_one, .when = K(FIELDS),
	    .sql = SQL_USER_BY_ID_FIELDS, .shape = &user_shape },
	{ .op = OP_USER_GET, .run = op_one, .sql = SQL_USER_BY_ID,
	    .shape = &user_shape },
	{ .op = OP_USER_LIST, .run = people_list, .large = true,
	    .sorts = people_sorts,
	    .when = K(NAME, FIELDS),
	    .sql = SQL_USER_PAGE_NAMED_FIELDS, .count = SQL_USER_COUNT_NAMED,
	    .shape = &user_shape, .lists = true },
	{ .op = OP_USER_LIST, .run = people_list, .large = true,
	    .sorts = people_sorts,
	    .when = K(NAME),
	    .sql = SQL_USER_PAGE_NAMED, .count = SQL_USER_COUNT_NAMED,
	    .shape = &user_shape, .lists = true },
	{ .op = OP_USER_LIST, .run = people_list, .large = true,
	    .sorts = people_sorts,
	    .when = K(FIELDS),
	    .sql = SQL_USER_PAGE_FIELDS, .count = SQL_USER_COUNT,
	    .shape = &user_shape, .lists = true },
	{ .op = OP_USER_LIST, .run = people_list, .large = true,
	    .sorts = people_sorts,
	    .sql = SQL_USER_PAGE, .count = SQL_USER_COUNT,
	    .shape = &user_shape, .lists = true },
	{ .op = OP_USER_BULK, .run = row_cache_bulk, .sql = SQL_USER_BULK,
	    .shape = &user_shape },
	{ .op = OP_USER_EXPORT, .run = op_bulk, .sql = SQL_USER_EXPORT,
	    .shape = &export_shape,
	    .guards = { { SQL_RIGHTS_ADMIN, true, ERR_FORBIDDEN, "Only "
		"members of the group flicket_admin may do this." } } },
	{ .op = OP_USER_CREATE, .run = account_create, .sql = SQL_USER_INSERT,
	    .shape = &user_shape, .guards = { UNIQUE_USER },
	    .tells = { OP_TICKET_USER_CHANGED } },
	{ .op = OP_USER_EDIT, .run = account_edit, .sql = SQL_USER_UPDATE,
	    .shape = &user_shape, .tag = SQL_USER_TAG, .kept = SQL_USER_KEPT,
	    .guards = { THERE, MAY,
		{ SQL_USERNAME_MAY, true, ERR_FORBIDDEN, "username: only "
		"members of the group flicket_admin may change it.",
		FAULT_FORBIDDEN, KEY_USERNAME },
		{ SQL_DISABLED_MAY, true, ERR_FORBIDDEN, "disabled: only "
		"members of the group flicket_admin may change it.",
		FAULT_FORBIDDEN, KEY_DISABLED },
		{ SQL_USER_DISABLES_LAST, false, ERR_CONFLICT,
		"disabled: " LAST_ADMIN, FAULT_LAST_ADMIN, KEY_DISABLED },
		UNIQUE_USER },
	    .also = { SQL_REVOCATION_EXPIRE },
	    .tells = { OP_TICKET_USER_CHANGED } },
	{ .op = OP_USER_DELETE, .run = account_delete, .sql = SQL_USER_REMOVE,
	    .tag = SQL_USER_TAG,
	    .guards = { THERE,
		{ SQL_USER_IS_ACTOR, false, ERR_CONFLICT,
		"Users cannot delete themselves." },
		{ SQL_USER_LAST_ADMIN, false, ERR_CONFLICT, LAST_ADMIN,
		FAULT_LAST_ADMIN },
		{ SQL_USER_WROTE, false, ERR_CONFLICT,
		"The user has written something, and can only be disabled.",
		FAULT_IN_USE } },
	    .also = { SQL_USER_GONE, SQL_REVOCATION_EXPIRE },
	    .emits = { OP_TICKET_USER_GONE } },
	{ .op = OP_USER_PASSWORD, .run = account_set_password,
	    .sql = SQL_USER_UPDATE_PASSWORD, .tag = SQL_USER_TAG,
	    .guards = { THERE, MAY },
	    .also = { SQL_REVOCATION_EXPIRE } },
	{ .op = OP_USERS_FOLD, .run = names_fold },
	{ .op = OP_USER_WROTE_TICKET, .run = op_exec,
	    .sql = SQL_USER_COUNT_TICKET },
	{ .op = OP_USER_COUNTED, .run = op_exec, .sql = SQL_USER_COUNT_BOTH },

	{ .op = OP_AVATAR_PUT, .run = avatar_put, .makes = K(AVATAR),
	    .sql = SQL_USER_UPDATE_AVATAR, .shape = &user_shape,
	    .tag = SQL_USER_TAG, .guards = { THERE, MAY } },
	{ .op = OP_AVATAR_GET, .run = avatar_get,
	    .guards = { { SQL_AVATAR_USED, true, ERR_NOT_FOUND, "" } } },

	{ .op = OP_PASSWORD_CHECK, .run = login_check, .sql = SQL_USER_LOGIN },
	{ .op = OP_PASSWORD_HASH, .run = login_hash },
	{ .op = OP_PASSWORD_CHANGE, .run = login_change,
	    .sql = SQL_USER_PASSWORD_OF, .guards = { THERE, MAY } },

	{ .op = OP_TOKEN_CHECK, .run = token_check, .sql = SQL_TOKEN_BY_HASH },
	{ .op = OP_TOKEN_CREATE, .run = token_create,
	    .makes = K(TOKEN_HASH, EXPIRES, NAME),
	    .sql = SQL_TOKEN_INSERT, .also = { SQL_TOKEN_EXPIRE } },
	{ .op = OP_SESSION_CREATE, .run = token_open_session,
	    .makes = K(TOKEN_HASH, EXPIRES, NAME), .sql = SQL_SESSION_USER,
	    .shape = &session_shape, .also = { SQL_TOKEN_EXPIRE } },
	{ .op = OP_SESSION_GET, .run = token_show_session,
	    .sql = SQL_SESSION_USER, .shape = &session_shape },
	{ .op = OP_TOKEN_DELETE, .run = token_delete, .tag = SQL_TOKEN_TAG,
	    .also = { SQL_REVOCATION_EXPIRE } },
	{ .op = OP_TOKEN_LIST, .run = op_page, .sql = SQL_TOKEN_PAGE,
	    .count = SQL_TOKEN_COUNT, .shape = &token_shape },
	{ .op = OP_TOKEN_END, .run = token_end, .makes = K(TOKEN_HASH),
	    .tag = SQL_TOKEN_TAG_BY_ID,
	    .guards = { { SQL_TOKEN_MAY_END, true, ERR_FORBIDDEN,
		WHO_READS_ONLY, FAULT_READ_ONLY_TOKEN } },
	    .also = { SQL_REVOCATION_EXPIRE } },
	{ .op = OP_TOKENS_USED, .run = op_exec, .sql = SQL_TOKEN_USED },

	{ .op = OP_GROUP_GET, .run = op_one, .sql = SQL_GROUP_BY_ID,
	    .shape = &group_shape },
	{ .op = OP_GROUP_LIST, .run = op_page, .sql = SQL_GROUP_PAGE,
	    .count = SQL_GROUP_COUNT, .shape = &group_shape },
	{ .op = OP_GROUP_CREATE, .run = op_one, .sql = SQL_GROUP_INSERT,
	    .shape = &group_shape, .guards = { UNIQUE_GROUP } },
	{ .op = OP_GROUP_EDIT, .run = op_one, .sql = SQL_GROUP_UPDATE,
	    .shape = &group_shape, .tag = SQL_GROUP_TAG,
	    .kept = SQL_GROUP_KEPT,
	    .guards = { GROUP_THERE, GROUP_OURS, UNIQUE_GROUP },
	    .also = { SQL_GROUP_TOUCH_USERS } },
	{ .op = OP_GROUP_DELETE, .run = group_delete, .sql = SQL_GROUP_REMOVE,
	    .tag = SQL_GROUP_TAG, .guards = { GROUP_THERE, GROUP_OURS },
	    .also = { SQL_GROUP_GONE } },

	{ .op = OP_MEMBER_LIST, .run = op_page, .when = K(FIELDS),
	    .sql = SQL_MEMBER_PAGE_FIELDS, .count = SQL_MEMBER_COUNT,
	    .shape = &user_shape,
	    .guards = { { SQL_MEMBER_GROUP, true, ERR_NOT_FOUND, "" } } },
	{ .op = OP_MEMBER_LIST, .run = op_page,
	    .sql = SQL_MEMBER_PAGE, .count = SQL_MEMBER_COUNT,
	    .shape = &user_shape,
	    .guards = { { SQL_MEMBER_GROUP, true, ERR_NOT_FOUND, "" } } },
	{ .op = OP_MEMBER_ADD, .run = group_add_member, .sql = SQL_MEMBER_SHOW,
	    .shape = &user_shape, .tag = SQL_MEMBER_TAG,
	    .guards = { { SQL_MEMBER_GROUP, true, ERR_NOT_FOUND, "" },
		{ SQL_MEMBER_NONE, false, ERR_BAD_REQUEST,
		"user_id is missing, and so is username.", FAULT_REQUIRED,
		KEY_USER_ID },
		{ SQL_MEMBER_BOTH, false, ERR_BAD_REQUEST,
		"Give user_id or username, not both.", FAULT_EXCLUSIVE,
		KEY_USER_ID } },
	    .also = { SQL_REVOCATION_EXPIRE } },
	{ .op = OP_MEMBER_REMOVE, .run = group_remove_member,
	    .sql = SQL_MEMBER_DELETE, .tag = SQL_MEMBER_TAG,
	    .guards = { { SQL_MEMBER_GROUP, true, ERR_NOT_FOUND, "" },
		{ SQL_MEMBER_FIND, true, ERR_NOT_FOUND, "" },
		{ SQL_MEMBER_LAST_ADMIN, false, ERR_CONFLICT, LAST_ADMIN,
		FAULT_LAST_ADMIN } },
	    .also = { SQL_REVOCATION_EXPIRE } },

	{ .op = OP_VIEW_GET, .run = op_one, .sql = SQL_VIEW_BY_ID,
	    .shape = &view_shape },
	{ .op = OP_VIEW_LIST, .run = op_page, .sql = SQL_VIEW_PAGE,
	    .count = SQL_VIEW_COUNT, .shape = &view_shape },
	{ .op = OP_VIEW_CREATE, .run = views_put, .makes = K(NAME),
	    .sql = SQL_VIEW_INSERT, .shape = &view_shape,
	    .guards = { VIEW_SHARED,
		{ SQL_VIEW_ONE_MORE, false, ERR_CONFLICT, "You have 100 views, "
		"as many as a user may have: delete one first.",
		FAULT_TOO_MANY } } },
	{ .op = OP_VIEW_EDIT, .run = views_put, .makes = K(NAME),
	    .sql = SQL_VIEW_UPDATE, .shape = &view_shape, .tag = SQL_VIEW_TAG,
	    .guards = { VIEW_GUARDS, VIEW_SHARED } },
	{ .op = OP_VIEW_DELETE, .run = op_exec, .sql = SQL_VIEW_REMOVE,
	    .tag = SQL_VIEW_TAG, .guards = { VIEW_GUARDS } },

	{ .op = OP_SETTINGS_GET, .run = op_guards },
	{ 0 }
};

/* --- a new store ------------------------------------------------------------ */

/*
 * Write a password that was made up, durably, to a file that only its owner
 * can read.
 */
static void
write_password_file(const char *password)
{
	char	line[PASSWORD_MOST_BYTES + 2];
	int	len = snprintf(line, sizeof(line), "%s\n", password);

	if (!file_replace(PATHS_ADMIN_PASSWORD, line, (size_t)len, 0600))
		log_fatal(PATHS_ADMIN_PASSWORD " cannot be written");
	log_info("a password for admin was made up; it is in %s until "
	    "somebody deletes it, as flicketctl serve does after showing it",
	    PATHS_ADMIN_PASSWORD);
}

static void
seed_users(struct db *db, const char *hash)
{
	struct stmt	st = stmt_begin(db, SQL_SEED_USERS, NULL);

	stmt_bind_number(&st, KEY_NOW, store_now());
	stmt_bind_text(&st, KEY_PASSWORD_HASH, text_of(hash));
	stmt_next(&st);
	if (!stmt_end(&st))
		log_fatal("user store: %s", db_error(db));
}

/* A FIFO that has no writer delays the start by PASSWORD_WAIT_MS at most. */
static FILE *
open_for_reading(const char *path)
{
	struct pollfd	p = { .events = POLLIN };

	p.fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (p.fd == -1)
		return NULL;
	(void)poll(&p, 1, PASSWORD_WAIT_MS);
	return fdopen(p.fd, "r");
}

/* Read the first line, of 6 to 72 bytes; messages do not repeat it. */
static void
read_password_file(const char *path, char *ret, size_t size)
{
	FILE	*f = open_for_reading(path);
	size_t	 len;

	if (f == NULL || fgets(ret, (int)size, f) == NULL)
		log_refuse("FLICKET_ADMIN_PASSWORD_FILE: %s: %s", path,
		    f == NULL || ferror(f) ? strerror(errno) : "it is empty");
	fclose(f);
	len = strcspn(ret, "\r\n");
	if (len < 6 || len > PASSWORD_MOST_BYTES)
		log_refuse("FLICKET_ADMIN_PASSWORD_FILE: %s: its first line "
		    "must be 6 to %d bytes long", path, PASSWORD_MOST_BYTES);
	ret[len] = '\0';
}

/* Set the admin's password and the dates, and tell the ticket service names. */
static void
user_seeded(struct db *db, const struct settings *settings)
{
	char		 made_up[PASSWORD_MOST_BYTES + 2];
	char		 hash[PASSWORD_HASH_SIZE];
	const char	*password = settings->admin_password;

	password_start((int)settings->bcrypt_cost);
	if (settings->admin_password_file[0] != '\0') {
		read_password_file(settings->admin_password_file, made_up,
		    sizeof(made_up));
		password = made_up;
	} else if (password[0] == '\0') {
		password_random(made_up);
		write_password_file(made_up);
		password = made_up;
	}
	password_hash(password, (int)settings->bcrypt_cost, hash);
	seed_users(db, hash);
	op_seed_events(db, OP_TICKET_USER_CHANGED, SQL_USERS_TOLD);
}

/* With schema 1 the ticket service was told names only. */
static void
user_upgraded(struct db *db, int64_t from)
{
	if (from < 2)
		op_seed_events(db, OP_TICKET_USER_CHANGED, SQL_USERS_TOLD);
}

static void
user_start(const struct settings *settings)
{
	password_start((int)settings->bcrypt_cost);
	login_start(settings);
	token_start(settings);
	avatar_start(&user_service);
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
	.upgraded = user_upgraded,
	.chore = OP_USERS_FOLD,
	.actor = actor_find,
	.became_writer = avatar_became_writer,
	.stop = avatar_stop,
	.start = user_start,
};
