/*
 * The ticket service: tickets, subscriptions, actions.
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

static const struct member ticket_members[] = {
	{ "assigned_id", SHAPE_INT },
	{ "category_id", SHAPE_INT },
	{ "content", SHAPE_TEXT },
	{ "date_added", SHAPE_DATE },
	{ "date_modified", SHAPE_DATE },
	{ "id", SHAPE_INT },
	{ "links", SHAPE_OPEN },
	{ "assigned", SHAPE_LINK, "assigned_id", MARK_API, "user/%" },
	{ "category", SHAPE_LINK, "category_id", MARK_API, "category/%" },
	{ "histories", SHAPE_LINK, "id", MARK_API, "histories/?topic_id=%" },
	{ "modified_by", SHAPE_LINK, "modified_id", MARK_API, "user/%" },
	{ "priority", SHAPE_LINK, "ticket_priority_id", MARK_API,
	    "priority/%" },
	{ "self", SHAPE_LINK, "id", MARK_API, "ticket/%" },
	{ "started_ny", SHAPE_LINK, "started_id", MARK_API, "user/%" },
	{ "status", SHAPE_LINK, "status_id", MARK_API, "status/%" },
	{ "subscribers", SHAPE_LINK, "id", MARK_API, "subscriptions/%/" },
	{ "tickets", SHAPE_LINK, NULL, MARK_API, "tickets/" },
	{ NULL, SHAPE_CLOSE },
	{ "modified_id", SHAPE_INT },
	{ "started_id", SHAPE_INT },
	{ "status_id", SHAPE_INT },
	{ "ticket_priority_id", SHAPE_INT },
	{ "title", SHAPE_TEXT },
	{ 0 }
};
static const struct shape ticket_shape = { "ticket", ticket_members };

static const struct member subscription_members[] = {
	{ "id", SHAPE_INT },
	{ "links", SHAPE_OPEN },
	{ "self", SHAPE_LINK, "id", MARK_API, "subscription/%" },
	{ "subscriptions", SHAPE_LINK, NULL, MARK_API, "subscriptions/" },
	{ "ticket", SHAPE_LINK, "ticket_id", MARK_API, "ticket/%" },
	{ "user", SHAPE_LINK, "user_id", MARK_API, "user/%" },
	{ NULL, SHAPE_CLOSE },
	{ "ticket_id", SHAPE_INT },
	{ "user_def", SHAPE_TEXT },
	{ "user_id", SHAPE_INT },
	{ 0 }
};
static const struct shape subscription_shape = { "subscription", subscription_members };

static const struct member action_members[] = {
	{ "action", SHAPE_TEXT },
	{ "data", SHAPE_JSON },
	{ "date", SHAPE_DATE },
	{ "id", SHAPE_INT },
	{ "links", SHAPE_OPEN },
	{ "actions", SHAPE_LINK, "ticket_id", MARK_API, "actions/%" },
	{ "self", SHAPE_LINK, "id", MARK_API, "action/%" },
	{ NULL, SHAPE_CLOSE },
	{ "post_id", SHAPE_INT },
	{ "recipient_id", SHAPE_INT },
	{ "ticket_id", SHAPE_INT },
	{ "user_id", SHAPE_INT },
	{ 0 }
};
static const struct shape action_shape = { "action", action_members };

/* --- operations ------------------------------------------------------------ */

static const struct op ops[] = {
	COMMON_OPS,
	{ .op = OP_PING, .run = op_ping },
	{ .op = OP_TICKET_GET, .run = op_one, .sql = SQL_TICKET_BY_ID,
	    .shape = &ticket_shape },
	{ .op = OP_TICKET_LIST, .run = op_page,
	    .sql = SQL_TICKET_PAGE, .count = SQL_TICKET_COUNT,
	    .shape = &ticket_shape },
	{ .op = OP_TICKET_CREATE, .run = op_one, .sql = SQL_TICKET_INSERT,
	    .shape = &ticket_shape, .also = { SQL_SUBSCRIBE_AUTHOR },
	    .emits = { OP_USER_WROTE_TICKET } },
	{ .op = OP_SUBSCRIPTION_GET, .run = op_one, .sql = SQL_SUBSCRIPTION_BY_ID,
	    .shape = &subscription_shape },
	{ .op = OP_SUBSCRIPTION_LIST, .run = op_page, .when = K(TICKET_ID),
	    .sql = SQL_SUBSCRIPTION_PAGE_OF_TICKET, .count = SQL_SUBSCRIPTION_COUNT_OF_TICKET,
	    .shape = &subscription_shape },
	{ .op = OP_SUBSCRIPTION_LIST, .run = op_page,
	    .sql = SQL_SUBSCRIPTION_PAGE, .count = SQL_SUBSCRIPTION_COUNT,
	    .shape = &subscription_shape },
	{ .op = OP_ACTION_GET, .run = op_one, .sql = SQL_ACTION_BY_ID,
	    .shape = &action_shape },
	{ .op = OP_ACTION_LIST, .run = op_page,
	    .sql = SQL_ACTION_PAGE_OF_TICKET, .count = SQL_ACTION_COUNT_OF_TICKET,
	    .shape = &action_shape },
	{ .op = OP_TICKET_USER_NAMED, .run = op_exec, .sql = SQL_USER_NAME_PUT },
	{ 0 }
};

extern const char *const	ticket_migrations[];
extern const char		ticket_seed[];

const struct service ticket_service = {
	.id = SERVICE_TICKET,
	.migrations = ticket_migrations,
	.seed = ticket_seed,
	.sql = statements,
	.sql_end = SQL_END,
	.ops = ops,
};
