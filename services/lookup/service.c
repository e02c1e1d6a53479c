/*
 * The lookup service: departments, categories, priorities, statuses.
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

static const struct member department_members[] = {
	{ "department", SHAPE_TEXT },
	{ "id", SHAPE_INT },
	{ "links", SHAPE_OPEN },
	{ "departments", SHAPE_LINK, NULL, MARK_API, "departments/" },
	{ "self", SHAPE_LINK, "id", MARK_API, "department/%" },
	{ NULL, SHAPE_CLOSE },
	{ 0 }
};
static const struct shape department_shape = { "department", department_members };

static const struct member category_members[] = {
	{ "category", SHAPE_TEXT },
	{ "department", SHAPE_TEXT },
	{ "id", SHAPE_INT },
	{ "links", SHAPE_OPEN },
	{ "categories", SHAPE_LINK, NULL, MARK_API, "categories/" },
	{ "department", SHAPE_LINK, "department_id", MARK_API, "department/%" },
	{ "self", SHAPE_LINK, "id", MARK_API, "category/%" },
	{ NULL, SHAPE_CLOSE },
	{ 0 }
};
static const struct shape category_shape = { "category", category_members };

static const struct member department_category_members[] = {
	{ "category", SHAPE_TEXT },
	{ "category_id", SHAPE_INT, .column = "id" },
	{ "department", SHAPE_TEXT },
	{ "department_category", SHAPE_TEXT },
	{ "department_id", SHAPE_INT },
	{ "links", SHAPE_OPEN },
	{ "category", SHAPE_LINK, "id", MARK_API, "category/%" },
	{ "department", SHAPE_LINK, "department_id", MARK_API, "department/%" },
	{ "department_categories", SHAPE_LINK, NULL, MARK_API,
	    "department_categories/" },
	{ "self", SHAPE_LINK, "id", MARK_API, "department_category/%" },
	{ NULL, SHAPE_CLOSE },
	{ 0 }
};
static const struct shape department_category_shape = { "department_category", department_category_members };

static const struct member priority_members[] = {
	{ "id", SHAPE_INT },
	{ "links", SHAPE_OPEN },
	{ "priorities", SHAPE_LINK, NULL, MARK_API, "priorities/" },
	{ "self", SHAPE_LINK, "id", MARK_API, "priority/%" },
	{ NULL, SHAPE_CLOSE },
	{ "priority", SHAPE_TEXT },
	{ 0 }
};
static const struct shape priority_shape = { "priority", priority_members };

static const struct member status_members[] = {
	{ "id", SHAPE_INT },
	{ "links", SHAPE_OPEN },
	{ "self", SHAPE_LINK, "id", MARK_API, "status/%" },
	{ "statuses", SHAPE_LINK, NULL, MARK_API, "statuses/" },
	{ NULL, SHAPE_CLOSE },
	{ "status", SHAPE_TEXT },
	{ 0 }
};
static const struct shape status_shape = { "status", status_members };

/* --- operations ------------------------------------------------------------ */

static const struct op ops[] = {
	COMMON_OPS,
	{ .op = OP_PING, .run = op_ping },
	{ .op = OP_DEPARTMENT_GET, .run = op_one, .sql = SQL_DEPARTMENT_BY_ID,
	    .shape = &department_shape },
	{ .op = OP_DEPARTMENT_LIST, .run = op_page,
	    .sql = SQL_DEPARTMENT_PAGE, .count = SQL_DEPARTMENT_COUNT,
	    .shape = &department_shape },
	{ .op = OP_DEPARTMENT_CREATE, .run = op_one, .sql = SQL_DEPARTMENT_INSERT,
	    .shape = &department_shape,
	    .guards = { { SQL_DEPARTMENT_NAMED, false, ERR_BAD_REQUEST,
		"Department already created." } } },
	{ .op = OP_CATEGORY_GET, .run = op_one, .sql = SQL_CATEGORY_BY_ID,
	    .shape = &category_shape },
	{ .op = OP_CATEGORY_LIST, .run = op_page,
	    .sql = SQL_CATEGORY_PAGE, .count = SQL_CATEGORY_COUNT,
	    .shape = &category_shape },
	{ .op = OP_CATEGORY_CREATE, .run = op_one, .sql = SQL_CATEGORY_INSERT,
	    .shape = &category_shape,
	    .guards = { { SQL_CATEGORY_NAMED, false, ERR_BAD_REQUEST,
		"Category within department already exists." },
		{ SQL_DEPARTMENT_EXISTS, true, ERR_BAD_REQUEST,
		"not a valid department_id" } } },
	{ .op = OP_DEPARTMENT_CATEGORY_GET, .run = op_one, .sql = SQL_PAIR_BY_ID,
	    .shape = &department_category_shape },
	{ .op = OP_DEPARTMENT_CATEGORY_LIST, .run = op_page,
	    .sql = SQL_PAIR_PAGE, .count = SQL_PAIR_COUNT,
	    .shape = &department_category_shape },
	{ .op = OP_PRIORITY_GET, .run = op_one, .sql = SQL_PRIORITY_BY_ID,
	    .shape = &priority_shape },
	{ .op = OP_PRIORITY_LIST, .run = op_page,
	    .sql = SQL_PRIORITY_PAGE, .count = SQL_PRIORITY_COUNT,
	    .shape = &priority_shape },
	{ .op = OP_STATUS_GET, .run = op_one, .sql = SQL_STATUS_BY_ID,
	    .shape = &status_shape },
	{ .op = OP_STATUS_LIST, .run = op_page,
	    .sql = SQL_STATUS_PAGE, .count = SQL_STATUS_COUNT,
	    .shape = &status_shape },
	{ .op = OP_TICKET_CHECK, .run = op_guards,
	    .guards = { { SQL_CATEGORY_EXISTS, true, ERR_BAD_REQUEST,
		"not a valid category_id" },
		{ SQL_PRIORITY_EXISTS, true, ERR_BAD_REQUEST,
		"not a valid ticket_priority_id" } } },
	{ 0 }
};

extern const char *const	lookup_migrations[];
extern const char		lookup_seed[];

const struct service lookup_service = {
	.id = SERVICE_LOOKUP,
	.migrations = lookup_migrations,
	.seed = lookup_seed,
	.sql = statements,
	.sql_end = SQL_END,
	.ops = ops,
};
