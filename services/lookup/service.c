/*
 * The lookup service: departments, categories, priorities, statuses.
 * One row for each operation; most say which statement and which shape.
 */
#include "services/op/op.h"

enum {
	SQL_OWN = SQL_COMMON_END - 1,
#define SQL(NAME, text) SQL_##NAME,
#include "services/lookup/sql.tbl"
#undef SQL
	SQL_END
};

static const struct sql statements[] = {
#define SQL(NAME, text) { #NAME, text },
#include "services/lookup/sql.tbl"
#undef SQL
};

/* --- shapes --------------------------------------------------------------- */

static const struct member department_members[] = {
	{ "deleted", SHAPE_BOOL, .extra = true },
	{ "department", SHAPE_TEXT },
	{ "id", SHAPE_INT },
	{ "links", SHAPE_OPEN },
	{ "departments", SHAPE_LINK, NULL, PLACEHOLDER_API, "departments/" },
	{ "self", SHAPE_LINK, "id", PLACEHOLDER_API, "department/%" },
	{ NULL, SHAPE_CLOSE },
	{ 0 }
};
static const struct shape department_shape = {
	"department", department_members
};

static const struct member category_members[] = {
	{ "category", SHAPE_TEXT },
	{ "deleted", SHAPE_BOOL, .extra = true },
	{ "department", SHAPE_TEXT, .may_be_null = true },
	{ "department_id", SHAPE_INT, .extra = true, .may_be_null = true },
	{ "id", SHAPE_INT },
	{ "links", SHAPE_OPEN },
	{ "categories", SHAPE_LINK, NULL, PLACEHOLDER_API, "categories/" },
	{ "department", SHAPE_LINK, "department_id", PLACEHOLDER_API,
	    "department/%", .may_be_null = true },
	{ "self", SHAPE_LINK, "id", PLACEHOLDER_API, "category/%" },
	{ NULL, SHAPE_CLOSE },
	{ 0 }
};
static const struct shape category_shape = { "category", category_members };

static const struct member department_category_members[] = {
	{ "category", SHAPE_TEXT },
	{ "category_id", SHAPE_INT, .column = "id" },
	{ "deleted", SHAPE_BOOL, .extra = true },
	{ "department", SHAPE_TEXT },
	{ "department_category", SHAPE_TEXT },
	{ "department_id", SHAPE_INT },
	{ "links", SHAPE_OPEN },
	{ "category", SHAPE_LINK, "id", PLACEHOLDER_API, "category/%" },
	{ "department", SHAPE_LINK, "department_id", PLACEHOLDER_API,
	    "department/%" },
	{ "department_categories", SHAPE_LINK, NULL, PLACEHOLDER_API,
	    "department_categories/" },
	{ "self", SHAPE_LINK, "id", PLACEHOLDER_API, "department_category/%" },
	{ NULL, SHAPE_CLOSE },
	{ 0 }
};
static const struct shape department_category_shape = {
	"department_category", department_category_members
};

static const struct member priority_members[] = {
	{ "id", SHAPE_INT },
	{ "links", SHAPE_OPEN },
	{ "priorities", SHAPE_LINK, NULL, PLACEHOLDER_API, "priorities/" },
	{ "self", SHAPE_LINK, "id", PLACEHOLDER_API, "priority/%" },
	{ NULL, SHAPE_CLOSE },
	{ "priority", SHAPE_TEXT },
	{ 0 }
};
static const struct shape priority_shape = { "priority", priority_members };

static const struct member status_members[] = {
	{ "id", SHAPE_INT },
	{ "links", SHAPE_OPEN },
	{ "self", SHAPE_LINK, "id", PLACEHOLDER_API, "status/%" },
	{ "statuses", SHAPE_LINK, NULL, PLACEHOLDER_API, "statuses/" },
	{ NULL, SHAPE_CLOSE },
	{ "status", SHAPE_TEXT },
	{ 0 }
};
static const struct shape status_shape = { "status", status_members };

/* --- telling the ticket service -------------------------------------------- */

/* Tell the names in a statement's row, whose columns are named as keys. */
static enum err
tell_names(struct call *c, int sql, enum op_code event)
{
	struct stmt	st = op_stmt(c, sql);
	struct args	told = { 0 };
	enum err	e = OK;

	if (stmt_next(&st)) {
		stmt_args(&st, &told);
		e = op_emit(c, event, &told);
	}
	return op_end(c, &st, e);
}

/* A change of a department, with its event; answered if the row has a shape. */
static enum err
department_change(struct call *c)
{
	enum err	e = c->op->shape == NULL ? op_exec(c) : op_one(c);

	return e != OK ? e : tell_names(c, SQL_DEPARTMENT_TOLD,
	    OP_TICKET_DEPARTMENT_CHANGED);
}

static enum err
category_change(struct call *c)
{
	enum err	e = c->op->shape == NULL ? op_exec(c) : op_one(c);

	return e != OK ? e : tell_names(c, SQL_CATEGORY_TOLD,
	    OP_TICKET_CATEGORY_CHANGED);
}

/* --- operations ------------------------------------------------------------ */

static const struct op ops[] = {
	COMMON_OPS(LOOKUP),
	{ .op = OP_PING, .run = op_ping },
	{ .op = OP_DEPARTMENT_GET, .run = op_one, .sql = SQL_DEPARTMENT_BY_ID,
	    .shape = &department_shape },
	{ .op = OP_DEPARTMENT_LIST, .run = op_page,
	    .sql = SQL_DEPARTMENT_PAGE, .count = SQL_DEPARTMENT_COUNT,
	    .shape = &department_shape },
	{ .op = OP_DEPARTMENT_CREATE, .run = department_change,
	    .sql = SQL_DEPARTMENT_INSERT, .shape = &department_shape,
	    .guards = { { SQL_DEPARTMENT_NAMED, false, ERR_BAD_REQUEST,
		"Department already created.", FAULT_TAKEN, KEY_DEPARTMENT } },
	    .tells = { OP_TICKET_DEPARTMENT_CHANGED } },
	{ .op = OP_DEPARTMENT_EDIT, .run = department_change,
	    .sql = SQL_DEPARTMENT_UPDATE, .shape = &department_shape,
	    .tag = SQL_DEPARTMENT_TAG, .kept = SQL_DEPARTMENT_KEPT,
	    .guards = { { SQL_DEPARTMENT_FIND, true, ERR_NOT_FOUND, "" },
		{ SQL_DEPARTMENT_LIVES, true, ERR_CONFLICT,
		"The department was deleted.", FAULT_DELETED },
		{ SQL_DEPARTMENT_RENAMED, false, ERR_BAD_REQUEST,
		"Department already created.", FAULT_TAKEN, KEY_DEPARTMENT } },
	    .tells = { OP_TICKET_DEPARTMENT_CHANGED } },
	{ .op = OP_DEPARTMENT_DELETE, .run = department_change,
	    .sql = SQL_DEPARTMENT_MARK, .tag = SQL_DEPARTMENT_TAG,
	    .guards = { { SQL_DEPARTMENT_LIVES, true, ERR_NOT_FOUND, "" },
		{ SQL_DEPARTMENT_HAS_CATEGORY, false, ERR_CONFLICT,
		"The department has categories. Delete them first, or move "
		"them to another one.", FAULT_IN_USE } },
	    .tells = { OP_TICKET_DEPARTMENT_CHANGED } },
	{ .op = OP_CATEGORY_GET, .run = op_one, .sql = SQL_CATEGORY_BY_ID,
	    .shape = &category_shape },
	{ .op = OP_CATEGORY_LIST, .run = op_page,
	    .sql = SQL_CATEGORY_PAGE, .count = SQL_CATEGORY_COUNT,
	    .shape = &category_shape },
	{ .op = OP_CATEGORY_CREATE, .run = category_change,
	    .sql = SQL_CATEGORY_INSERT, .shape = &category_shape,
	    .guards = { { SQL_CATEGORY_NAMED, false, ERR_BAD_REQUEST,
		"Category within department already exists.",
		FAULT_TAKEN, KEY_CATEGORY },
		{ SQL_DEPARTMENT_EXISTS, true, ERR_BAD_REQUEST,
		"not a valid department_id", FAULT_NOT_FOUND,
		KEY_DEPARTMENT_ID } },
	    .tells = { OP_TICKET_CATEGORY_CHANGED } },
	{ .op = OP_CATEGORY_EDIT, .run = category_change,
	    .sql = SQL_CATEGORY_UPDATE, .shape = &category_shape,
	    .tag = SQL_CATEGORY_TAG, .kept = SQL_CATEGORY_KEPT,
	    .guards = { { SQL_CATEGORY_FIND, true, ERR_NOT_FOUND, "" },
		{ SQL_CATEGORY_LIVES, true, ERR_CONFLICT,
		"The category was deleted.", FAULT_DELETED },
		{ SQL_CATEGORY_RENAMED, false, ERR_BAD_REQUEST,
		"Category within department already exists.", FAULT_TAKEN,
		KEY_CATEGORY },
		{ SQL_CATEGORY_MOVES, true, ERR_BAD_REQUEST,
		"not a valid department_id", FAULT_NOT_FOUND,
		KEY_DEPARTMENT_ID } },
	    .tells = { OP_TICKET_CATEGORY_CHANGED } },
	{ .op = OP_CATEGORY_DELETE, .run = category_change,
	    .sql = SQL_CATEGORY_MARK, .tag = SQL_CATEGORY_TAG,
	    .guards = { { SQL_CATEGORY_LIVES, true, ERR_NOT_FOUND, "" } },
	    .tells = { OP_TICKET_CATEGORY_CHANGED } },
	{ .op = OP_CATEGORY_BULK, .run = op_bulk, .sql = SQL_CATEGORY_BULK,
	    .shape = &category_shape },
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
	{ .op = OP_PRIORITY_BULK, .run = op_bulk, .sql = SQL_PRIORITY_BULK,
	    .shape = &priority_shape },
	{ .op = OP_STATUS_GET, .run = op_one, .sql = SQL_STATUS_BY_ID,
	    .shape = &status_shape },
	{ .op = OP_STATUS_LIST, .run = op_page,
	    .sql = SQL_STATUS_PAGE, .count = SQL_STATUS_COUNT,
	    .shape = &status_shape },
	{ .op = OP_STATUS_BULK, .run = op_bulk, .sql = SQL_STATUS_BULK,
	    .shape = &status_shape },
	{ .op = OP_TICKET_CHECK, .run = op_guards,
	    .guards = { { SQL_CATEGORY_EXISTS, true, ERR_BAD_REQUEST,
		"not a valid category_id", FAULT_NOT_FOUND, KEY_CATEGORY_ID },
		{ SQL_PRIORITY_EXISTS, true, ERR_BAD_REQUEST,
		"not a valid ticket_priority_id", FAULT_NOT_FOUND,
		KEY_TICKET_PRIORITY_ID },
		{ SQL_STATUS_EXISTS, true, ERR_BAD_REQUEST,
		"not a valid status_id", FAULT_NOT_FOUND, KEY_STATUS_ID } } },
	{ 0 }
};

/* --- a new store, or one that has never told its names --------------------- */

static void
tell_all(struct db *db)
{
	op_seed_events(db, OP_TICKET_DEPARTMENT_CHANGED,
	    SQL_DEPARTMENTS_TOLD);
	op_seed_events(db, OP_TICKET_CATEGORY_CHANGED, SQL_CATEGORIES_TOLD);
	op_seed_events(db, OP_TICKET_NAMES_KNOWN, SQL_PRIORITIES_TOLD);
	op_seed_events(db, OP_TICKET_NAMES_KNOWN, SQL_STATUSES_TOLD);
}

static void
lookup_seeded(struct db *db, const struct settings *settings)
{
	(void)settings;
	tell_all(db);
}

static void
lookup_upgraded(struct db *db, int64_t from)
{
	if (from < 2)
		tell_all(db);
}

extern const char *const	lookup_migrations[];
extern const char		lookup_seed[];

const struct service lookup_service = {
	.id = SERVICE_LOOKUP,
	.migrations = lookup_migrations,
	.seed = lookup_seed,
	.sql = statements,
	.sql_end = SQL_END,
	.ops = ops,
	.seed_consumers = UINT64_C(1) << SERVICE_TICKET,
	.seeded = lookup_seeded,
	.upgraded = lookup_upgraded,
};
