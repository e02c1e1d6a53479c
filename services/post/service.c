/*
 * The post service: replies, attached files, histories of texts.
 * One row for each operation; most say which statement and which shape.
 */
#include "services/common/op.h"

enum {
	SQL_OWN = SQL_COMMON_END - 1,
#define SQL(NAME, text) SQL_##NAME,
#include "sql.tbl"
#undef SQL
	SQL_END
};

static const struct sql statements[] = {
#define SQL(NAME, text) { #NAME, text },
#include "sql.tbl"
#undef SQL
};

/* --- shapes --------------------------------------------------------------- */

static const struct member post_members[] = {
	{ "content", SHAPE_TEXT },
	{ "data_added", SHAPE_DATE, .column = "date_added" },
	{ "date_modified", SHAPE_DATE },
	{ "id", SHAPE_INT },
	{ "links", SHAPE_OPEN },
	{ "created_by", SHAPE_LINK, "user_id", MARK_API, "user/%" },
	{ "posts", SHAPE_LINK, "ticket_id", MARK_API, "posts/%/" },
	{ "self", SHAPE_LINK, "id", MARK_API, "post/%" },
	{ NULL, SHAPE_CLOSE },
	{ "ticket_id", SHAPE_INT },
	{ "user_id", SHAPE_INT },
	{ 0 }
};
static const struct shape post_shape = { "post", post_members };

static const struct member upload_members[] = {
	{ "filename", SHAPE_TEXT },
	{ "id", SHAPE_INT },
	{ "image", SHAPE_LINK, "filename", MARK_UPLOADS, "%" },
	{ "links", SHAPE_OPEN },
	{ "post", SHAPE_LINK, "post_id", MARK_API, "post/%" },
	{ "self", SHAPE_LINK, "id", MARK_API, "upload/%" },
	{ "ticket", SHAPE_LINK, "topic_id", MARK_API, "ticket/%" },
	{ "uploads", SHAPE_LINK, NULL, MARK_API, "uploads/" },
	{ NULL, SHAPE_CLOSE },
	{ "original_filename", SHAPE_TEXT },
	{ "post_id", SHAPE_INT },
	{ "topic_id", SHAPE_INT },
	{ 0 }
};
static const struct shape upload_shape = { "upload", upload_members };

static const struct member history_members[] = {
	{ "date_modified", SHAPE_DATE },
	{ "id", SHAPE_INT },
	{ "links", SHAPE_OPEN },
	{ "histories", SHAPE_LINK, NULL, MARK_API, "histories/" },
	{ "post", SHAPE_LINK, "post_id", MARK_API, "post/%" },
	{ "self", SHAPE_LINK, "id", MARK_API, "history/%" },
	{ "ticket", SHAPE_LINK, "topic_id", MARK_API, "ticket/%" },
	{ "user", SHAPE_LINK, "user_id", MARK_API, "user/%" },
	{ NULL, SHAPE_CLOSE },
	{ "original_content", SHAPE_TEXT },
	{ "post_id", SHAPE_INT },
	{ "topic_id", SHAPE_INT },
	{ "user_id", SHAPE_INT },
	{ 0 }
};
static const struct shape history_shape = { "history", history_members };

/* --- operations ------------------------------------------------------------ */

static const struct op ops[] = {
	COMMON_OPS,
	{ .op = OP_PING, .run = op_ping },
	{ .op = OP_POST_GET, .run = op_one, .sql = SQL_POST_BY_ID,
	    .shape = &post_shape },
	{ .op = OP_POST_LIST, .run = op_page,
	    .sql = SQL_POST_PAGE_OF_TICKET, .count = SQL_POST_COUNT_OF_TICKET,
	    .shape = &post_shape },
	{ .op = OP_UPLOAD_GET, .run = op_one, .sql = SQL_UPLOAD_BY_ID,
	    .shape = &upload_shape },
	{ .op = OP_UPLOAD_LIST, .run = op_page,
	    .sql = SQL_UPLOAD_PAGE, .count = SQL_UPLOAD_COUNT,
	    .shape = &upload_shape },
	{ .op = OP_HISTORY_GET, .run = op_one, .sql = SQL_HISTORY_BY_ID,
	    .shape = &history_shape },
	{ .op = OP_HISTORY_LIST, .run = op_page, .when = K(TOPIC_ID) | K(POST_ID),
	    .sql = SQL_HISTORY_PAGE_OF_BOTH, .count = SQL_HISTORY_COUNT_OF_BOTH,
	    .shape = &history_shape },
	{ .op = OP_HISTORY_LIST, .run = op_page, .when = K(TOPIC_ID),
	    .sql = SQL_HISTORY_PAGE_OF_TOPIC, .count = SQL_HISTORY_COUNT_OF_TOPIC,
	    .shape = &history_shape },
	{ .op = OP_HISTORY_LIST, .run = op_page, .when = K(POST_ID),
	    .sql = SQL_HISTORY_PAGE_OF_POST, .count = SQL_HISTORY_COUNT_OF_POST,
	    .shape = &history_shape },
	{ .op = OP_HISTORY_LIST, .run = op_page,
	    .sql = SQL_HISTORY_PAGE, .count = SQL_HISTORY_COUNT,
	    .shape = &history_shape },
	{ 0 }
};

extern const char *const	post_migrations[];
extern const char		post_seed[];

const struct service post_service = {
	.id = SERVICE_POST,
	.migrations = post_migrations,
	.seed = post_seed,
	.sql = statements,
	.sql_end = SQL_END,
	.ops = ops,
};
