/*
 * The post service: replies, attached files, histories of texts.
 * One row for each operation; most say which statement and which shape.
 */
#include "services/post/content.h"
#include "services/post/files.h"
#include "services/post/staged.h"
#include "services/post/writes.h"

static const struct sql statements[] = {
#define SQL(NAME, text) { #NAME, text },
#include "services/post/sql.tbl"
#undef SQL
};

/* --- shapes --------------------------------------------------------------- */

static const struct member post_members[] = {
	{ "content", SHAPE_TEXT },
	{ "data_added", SHAPE_DATE, .column = "date_added" },
	{ "date_modified", SHAPE_DATE, .may_be_null = true },
	{ "hours", SHAPE_HOURS, .extra = true },
	{ "id", SHAPE_INT },
	{ "links", SHAPE_OPEN },
	{ "created_by", SHAPE_LINK, "user_id", PLACEHOLDER_API, "user/%" },
	{ "posts", SHAPE_LINK, "ticket_id", PLACEHOLDER_API, "posts/%/" },
	{ "self", SHAPE_LINK, "id", PLACEHOLDER_API, "post/%" },
	{ NULL, SHAPE_CLOSE },
	{ "modified_id", SHAPE_INT, .extra = true, .may_be_null = true },
	{ "ticket_id", SHAPE_INT },
	{ "user_id", SHAPE_INT },
	{ 0 }
};
static const struct shape post_shape = { "post", post_members };

static const struct member upload_members[] = {
	{ "filename", SHAPE_TEXT },
	{ "id", SHAPE_INT },
	{ "image", SHAPE_LINK, "filename", PLACEHOLDER_UPLOADS, "%" },
	{ "links", SHAPE_OPEN },
	{ "post", SHAPE_LINK, "post_id", PLACEHOLDER_API, "post/%",
	    .may_be_null = true },
	{ "self", SHAPE_LINK, "id", PLACEHOLDER_API, "upload/%" },
	{ "ticket", SHAPE_LINK, "topic_id", PLACEHOLDER_API, "ticket/%",
	    .may_be_null = true },
	{ "uploads", SHAPE_LINK, NULL, PLACEHOLDER_API, "uploads/" },
	{ NULL, SHAPE_CLOSE },
	{ "original_filename", SHAPE_TEXT },
	{ "post_id", SHAPE_INT, .may_be_null = true },
	{ "topic_id", SHAPE_INT, .may_be_null = true },
	{ 0 }
};
static const struct shape upload_shape = { "upload", upload_members };

static const struct member history_members[] = {
	{ "date_modified", SHAPE_DATE },
	{ "id", SHAPE_INT },
	{ "links", SHAPE_OPEN },
	{ "histories", SHAPE_LINK, NULL, PLACEHOLDER_API, "histories/" },
	{ "post", SHAPE_LINK, "post_id", PLACEHOLDER_API, "post/%",
	    .may_be_null = true },
	{ "self", SHAPE_LINK, "id", PLACEHOLDER_API, "history/%" },
	{ "ticket", SHAPE_LINK, "topic_id", PLACEHOLDER_API, "ticket/%",
	    .may_be_null = true },
	{ "user", SHAPE_LINK, "user_id", PLACEHOLDER_API, "user/%" },
	{ NULL, SHAPE_CLOSE },
	{ "original_content", SHAPE_TEXT },
	{ "post_id", SHAPE_INT, .may_be_null = true },
	{ "topic_id", SHAPE_INT, .may_be_null = true },
	{ "user_id", SHAPE_INT },
	{ 0 }
};
static const struct shape history_shape = { "history", history_members };

/* --- operations ------------------------------------------------------------ */

/* The ticket service has said that the ticket exists; it may have been deleted
 * since. */
#define TICKET_STAYS \
	{ SQL_TICKET_IS_GONE, false, ERR_NOT_FOUND, \
	    "ticket_id: this ticket does not exist.", FAULT_NOT_FOUND, \
	    KEY_TICKET_ID }
/* A new file belongs to one thing, which exists and is the user's own, or to
 * nothing yet. */
#define PLACE_GUARDS \
	TICKET_STAYS, \
	{ SQL_UPLOAD_ONE_MORE, false, ERR_CONFLICT, \
	    "You have 100 files that are not attached to anything, as many " \
	    "as a user may have: attach or delete some first.", \
	    FAULT_TOO_MANY }, \
	{ SQL_UPLOAD_HAS_TWO, false, ERR_BAD_REQUEST, \
	    "Give ticket_id or post_id, not both: a file belongs to one of " \
	    "them.", FAULT_EXCLUSIVE, KEY_POST_ID }, \
	{ SQL_UPLOAD_POST_EXISTS, true, ERR_NOT_FOUND, \
	    "There is no such post_id.", FAULT_NOT_FOUND, KEY_POST_ID }, \
	{ SQL_UPLOAD_POST_IS_MINE, true, ERR_FORBIDDEN, \
	    "Only the author of the reply and members of the group " \
	    "flicket_admin may attach files to it." }
#define POST_GUARDS \
	{ SQL_POST_BY_ID, true, ERR_NOT_FOUND, "" }, \
	{ SQL_POST_IS_MINE, true, ERR_FORBIDDEN, \
	    "Only the author of the reply and members of the group " \
	    "flicket_admin may edit it." }
/* The ticket service decides who may delete a ticket's file (ATTACH_CHECK). */
#define UPLOAD_GUARDS \
	{ SQL_UPLOAD_BY_ID, true, ERR_NOT_FOUND, "" }, \
	{ SQL_UPLOAD_IS_MINE, true, ERR_FORBIDDEN, \
	    "Only the author of the ticket or reply that the file is attached " \
	    "to and members of the group flicket_admin may delete it." }

static const struct op ops[] = {
	COMMON_OPS(POST),
	{ .op = OP_PING, .run = op_ping },

	{ .op = OP_POST_GET, .run = op_one, .sql = SQL_POST_BY_ID,
	    .shape = &post_shape },
	{ .op = OP_POST_LIST, .run = op_page,
	    .sql = SQL_POST_PAGE_OF_TICKET, .count = SQL_POST_COUNT_OF_TICKET,
	    .large = true, .shape = &post_shape },
	{ .op = OP_POST_BULK, .run = op_bulk, .sql = SQL_POST_BULK,
	    .large = true, .shape = &post_shape,
	    .refs = { { KEY_USER_REFS, "user_id" } } },
	{ .op = OP_POST_CREATE, .run = post_create,
	    .sql = SQL_POST_INSERT, .shape = &post_shape,
	    .guards = { TICKET_STAYS },
	    .tells = { OP_TICKET_REPLIED, OP_USER_COUNTED } },
	{ .op = OP_POST_EDIT_CHECK, .run = op_guards,
	    .guards = { POST_GUARDS } },
	{ .op = OP_POST_EDIT, .run = post_edit, .sql = SQL_POST_BY_ID,
	    .kept = SQL_POST_KEPT,
	    .shape = &post_shape, .tag = SQL_POST_TAG,
	    .guards = { POST_GUARDS }, .tells = { OP_TICKET_REPLY_EDITED } },
	{ .op = OP_POST_DELETE, .run = post_delete, .tag = SQL_POST_TAG,
	    .guards = { { SQL_POST_BY_ID, true, ERR_NOT_FOUND, "" } },
	    .tells = { OP_TICKET_REPLY_DELETED, OP_USER_COUNTED } },

	{ .op = OP_UPLOAD_GET, .run = op_one, .sql = SQL_UPLOAD_BY_ID,
	    .shape = &upload_shape },
	{ .op = OP_UPLOAD_LIST, .run = op_page,
	    .sql = SQL_UPLOAD_PAGE, .count = SQL_UPLOAD_COUNT,
	    .shape = &upload_shape },
	{ .op = OP_UPLOAD_BULK, .run = op_bulk, .sql = SQL_UPLOAD_BULK,
	    .shape = &upload_shape },
	{ .op = OP_UPLOAD_CHECK, .run = op_guards,
	    .guards = { PLACE_GUARDS } },
	{ .op = OP_UPLOAD_CREATE, .run = upload_create,
	    .sql = SQL_UPLOAD_INSERT, .shape = &upload_shape,
	    .guards = { PLACE_GUARDS } },
	{ .op = OP_UPLOAD_DELETE_CHECK, .run = upload_place,
	    .guards = { UPLOAD_GUARDS } },
	{ .op = OP_UPLOAD_DELETE, .run = upload_delete,
	    .tag = SQL_UPLOAD_TAG, .guards = { UPLOAD_GUARDS } },

	{ .op = OP_UPLOADS_RESERVE, .run = staged_reserve },
	{ .op = OP_POST_UPLOADS_CLAIMED, .run = staged_claimed },
	{ .op = OP_UPLOADS_EXPIRE, .run = staged_expire },

	{ .op = OP_FILE_BEGIN, .run = file_begin },
	{ .op = OP_FILE_CHUNK, .run = file_chunk },
	{ .op = OP_FILE_SEAL, .run = file_seal },
	{ .op = OP_FILE_DROP, .run = file_drop, .gives_back = true },
	{ .op = OP_FILE_OPEN, .run = file_open, .sql = SQL_UPLOAD_BY_NAME },
	{ .op = OP_FILE_READ, .run = file_read },

	{ .op = OP_HISTORY_GET, .run = op_one, .sql = SQL_HISTORY_BY_ID,
	    .shape = &history_shape },
	{ .op = OP_HISTORY_LIST, .run = op_page, .when = K(TOPIC_ID, POST_ID),
	    .sql = SQL_HISTORY_PAGE_OF_BOTH, .count = SQL_HISTORY_COUNT_OF_BOTH,
	    .large = true, .shape = &history_shape },
	{ .op = OP_HISTORY_LIST, .run = op_page, .when = K(TOPIC_ID),
	    .sql = SQL_HISTORY_PAGE_OF_TOPIC, .count = SQL_HISTORY_COUNT_OF_TOPIC,
	    .large = true, .shape = &history_shape },
	{ .op = OP_HISTORY_LIST, .run = op_page, .when = K(POST_ID),
	    .sql = SQL_HISTORY_PAGE_OF_POST, .count = SQL_HISTORY_COUNT_OF_POST,
	    .large = true, .shape = &history_shape },
	{ .op = OP_HISTORY_LIST, .run = op_page,
	    .sql = SQL_HISTORY_PAGE, .count = SQL_HISTORY_COUNT,
	    .large = true, .shape = &history_shape },
	{ .op = OP_HISTORY_BULK, .run = op_bulk, .sql = SQL_HISTORY_BULK,
	    .large = true, .shape = &history_shape,
	    .refs = { { KEY_USER_REFS, "user_id" } } },

	{ .op = OP_POST_USER_USE_CHECK, .run = op_guards,
	    .guards = { { SQL_USER_WROTE, false, ERR_CONFLICT,
		"The user wrote replies, or texts that were edited since. "
		"Disable the account instead.", FAULT_IN_USE } } },
	{ .op = OP_POST_TICKET_EDITED, .run = op_exec,
	    .sql = SQL_HISTORY_OF_TICKET },
	{ .op = OP_POST_TICKET_DELETED, .run = post_ticket_deleted,
	    .tells = { OP_TICKET_REPLY_DELETED, OP_USER_COUNTED } },
	{ .op = OP_POST_TEXTS_WANTED, .run = post_tell_texts,
	    .tells = { OP_TICKET_REPLY_TEXT, OP_TICKET_TEXTS_TOLD } },
	{ 0 }
};

/* --- start ------------------------------------------------------------------ */

/* The ticket service counts and searches replies: tell it of those that are
 * older than that. */
static void
post_upgraded(struct db *db, int64_t from)
{
	if (from == 1)
		op_seed_events(db, OP_TICKET_REPLY_KNOWN, SQL_POSTS_KNOWN);
}

static void
post_start(const struct settings *settings)
{
	content_start();
	files_start(&post_service, settings);
}

extern const char *const	post_migrations[];
extern const char		post_seed[];

const struct service post_service = {
	.id = SERVICE_POST,
	.migrations = post_migrations,
	.seed = post_seed,
	.sql = statements,
	.sql_end = SQL_END,
	.ops = ops,
	.upgraded = post_upgraded,
	.chore = OP_UPLOADS_EXPIRE,
	.chore_every_ms = STAGED_EXPIRE_EVERY_MS,
	.became_writer = files_became_writer,
	.stop = files_stop,
	.heard = files_heard,
	.start = post_start,
};
