/*
 * The ticket service: tickets, subscriptions, actions.
 * One row for each operation; most say which statement and which shape.
 */
#include "services/ticket/counts/counts.h"
#include "services/ticket/deletions.h"
#include "services/ticket/events.h"
#include "services/ticket/list/export.h"
#include "services/ticket/list/page.h"
#include "services/ticket/marks.h"
#include "services/ticket/list/sorting.h"
#include "services/ticket/search/reindex.h"
#include "services/ticket/search/search.h"
#include "services/ticket/seen/seen.h"
#include "services/ticket/ticket.h"
#include "services/ticket/ticket_index.h"
#include "services/ticket/writes.h"

static const struct sql statements[] = {
#define SQL(NAME, text) { #NAME, text },
#include "services/ticket/sql.tbl"
#undef SQL
};

/* --- shapes --------------------------------------------------------------- */

static const struct member ticket_members[] = {
	{ "assigned_id", SHAPE_INT, .may_be_null = true },
	{ "category_id", SHAPE_INT },
	{ "closed_at", SHAPE_DATE, .extra = true, .may_be_null = true },
	{ "content", SHAPE_TEXT },
	{ "date_added", SHAPE_DATE },
	{ "date_modified", SHAPE_DATE, .may_be_null = true },
	{ "first_reply", SHAPE_DATE, .extra = true, .may_be_null = true },
	{ "hours", SHAPE_HOURS, .extra = true },
	{ "id", SHAPE_INT },
	{ "last_updated", SHAPE_DATE, .extra = true },
	{ "links", SHAPE_OPEN },
	{ "assigned", SHAPE_LINK, "assigned_id", PLACEHOLDER_API, "user/%",
	    .may_be_null = true },
	{ "category", SHAPE_LINK, "category_id", PLACEHOLDER_API, "category/%" },
	{ "histories", SHAPE_LINK, "id", PLACEHOLDER_API,
	    "histories/?topic_id=%" },
	{ "modified_by", SHAPE_LINK, "modified_id", PLACEHOLDER_API, "user/%",
	    .may_be_null = true },
	{ "priority", SHAPE_LINK, "ticket_priority_id", PLACEHOLDER_API,
	    "priority/%" },
	{ "self", SHAPE_LINK, "id", PLACEHOLDER_API, "ticket/%" },
	{ "started_ny", SHAPE_LINK, "started_id", PLACEHOLDER_API, "user/%" },
	{ "status", SHAPE_LINK, "status_id", PLACEHOLDER_API, "status/%" },
	{ "subscribers", SHAPE_LINK, "id", PLACEHOLDER_API, "subscriptions/%/" },
	{ "tickets", SHAPE_LINK, NULL, PLACEHOLDER_API, "tickets/" },
	{ NULL, SHAPE_CLOSE },
	{ "modified_id", SHAPE_INT, .may_be_null = true },
	{ "replies", SHAPE_INT, .extra = true },
	{ "snippet", SHAPE_TEXT, .extra = true, .may_be_null = true },
	{ "started_id", SHAPE_INT },
	{ "status_id", SHAPE_INT },
	{ "ticket_priority_id", SHAPE_INT },
	{ "title", SHAPE_TEXT },
	{ "unread", SHAPE_BOOL, .extra = true },
	{ 0 }
};
static const struct shape ticket_shape = { "ticket", ticket_members };

static const struct member subscription_members[] = {
	{ "id", SHAPE_INT },
	{ "links", SHAPE_OPEN },
	{ "self", SHAPE_LINK, "id", PLACEHOLDER_API, "subscription/%" },
	{ "subscriptions", SHAPE_LINK, NULL, PLACEHOLDER_API, "subscriptions/" },
	{ "ticket", SHAPE_LINK, "ticket_id", PLACEHOLDER_API, "ticket/%" },
	{ "user", SHAPE_LINK, "user_id", PLACEHOLDER_API, "user/%" },
	{ NULL, SHAPE_CLOSE },
	{ "ticket_id", SHAPE_INT },
	{ "user_def", SHAPE_TEXT, .may_be_null = true },
	{ "user_id", SHAPE_INT },
	{ 0 }
};
static const struct shape subscription_shape = { "subscription", subscription_members };

static const struct member action_members[] = {
	{ "action", SHAPE_TEXT },
	{ "data", SHAPE_JSON, .may_be_null = true },
	{ "date", SHAPE_DATE },
	{ "id", SHAPE_INT },
	{ "links", SHAPE_OPEN },
	{ "actions", SHAPE_LINK, "ticket_id", PLACEHOLDER_API, "actions/%" },
	{ "self", SHAPE_LINK, "id", PLACEHOLDER_API, "action/%" },
	{ NULL, SHAPE_CLOSE },
	{ "post_id", SHAPE_INT, .may_be_null = true },
	{ "recipient_id", SHAPE_INT, .may_be_null = true },
	{ "ticket_id", SHAPE_INT },
	{ "user_id", SHAPE_INT },
	{ 0 }
};
static const struct shape action_shape = { "action", action_members };

/* --- operations ------------------------------------------------------------ */

/* Guards of tickets that the path names. */
#define IS_THERE	{ SQL_TICKET_THERE, true, ERR_NOT_FOUND, \
			    "This ticket does not exist." }
#define IS_OPEN		{ SQL_TICKET_IS_CLOSED, false, ERR_CONFLICT, \
			    MESSAGE_CLOSED, FAULT_CLOSED }

#define CATEGORY_STAYS	{ SQL_CATEGORY_IS_GONE, false, ERR_BAD_REQUEST, \
			    "not a valid category_id", FAULT_NOT_FOUND, \
			    KEY_CATEGORY_ID }

/* ... and of those that a body names. */
#define IS_THERE_NAMED	{ SQL_NAMED_TICKET_THERE, true, ERR_NOT_FOUND, \
			    "ticket_id: this ticket does not exist.", FAULT_NOT_FOUND, \
			    KEY_TICKET_ID }
#define IS_OPEN_NAMED	{ SQL_NAMED_TICKET_IS_CLOSED, false, ERR_CONFLICT, \
			    MESSAGE_CLOSED, FAULT_CLOSED }

/* Writes of a ticket are answered with it. */
#define TICKET_ANSWER	.sql = SQL_TICKET_BY_ID, .shape = &ticket_shape, \
			.tag = SQL_TICKET_TAG

/* The things that tickets, subscriptions and actions refer to. */
#define TICKET_REFS	{ \
	{ KEY_IDS, "id" }, { KEY_USER_REFS, "started_id" }, \
	{ KEY_USER_REFS, "assigned_id" }, { KEY_USER_REFS, "modified_id" }, \
	{ KEY_CATEGORY_REFS, "category_id" }, \
	{ KEY_STATUS_REFS, "status_id" }, \
	{ KEY_PRIORITY_REFS, "ticket_priority_id" } }
#define SUBSCRIPTION_REFS	{ { KEY_USER_REFS, "user_id" } }
#define ACTION_REFS		{ { KEY_USER_REFS, "user_id" }, \
				  { KEY_USER_REFS, "recipient_id" } }

static const struct op ops[] = {
	COMMON_OPS(TICKET),
	{ .op = OP_PING, .run = ticket_ping },
	{ .op = OP_TICKET_GET, .run = ticket_get, .sql = SQL_TICKET_BY_ID,
	    .shape = &ticket_shape, .refs = TICKET_REFS },
	{ .op = OP_TICKET_LIST, .run = ticket_list,
	    .makes = K(DATA, LIMIT),
	    .sql = SQL_TICKET_OF_LIST, .shape = &ticket_shape,
	    .refs = TICKET_REFS, .lists = true, .sorts = sorting_values,
	    .aside = search_aside, .unmake = search_unmake },
	{ .op = OP_TICKET_EXPORT, .run = ticket_export, .makes = K(DATA),
	    .sql = SQL_TICKET_OF_LIST, .shape = &ticket_shape, .lists = true,
	    .sorts = sorting_values, .aside = search_aside, .unmake = search_unmake },
	{ .op = OP_TICKET_COUNTS, .run = ticket_counts, .makes = K(SORT),
	    .lists = true, .aside = counts_aside, .unmake = search_unmake },
	{ .op = OP_TICKET_CREATE, .run = ticket_create, .sql = SQL_TICKET_INSERT,
	    .shape = &ticket_shape, .guards = { CATEGORY_STAYS },
	    .also = { SQL_SUBSCRIBE_AUTHOR, SQL_ACTION_OPEN },
	    .emits = { OP_USER_WROTE_TICKET },
	    .tells = { OP_POST_UPLOADS_CLAIMED } },
	{ .op = OP_TICKET_EDIT, .run = ticket_edit, .makes = WRITE_MAKES,
	    TICKET_ANSWER,
	    .guards = { IS_THERE, { SQL_TICKET_MAY_EDIT, true, ERR_FORBIDDEN,
	    "Only the author and members of the group flicket_admin may do "
	    "this." }, IS_OPEN, CATEGORY_STAYS },
	    .kept = SQL_TICKET_KEPT, .tells = { OP_POST_TICKET_EDITED,
	    OP_POST_UPLOADS_CLAIMED } },
	{ .op = OP_TICKET_DELETIONS, .run = deletions_list,
	    .makes = K(SEQ, LIMIT, DATE) },
	{ .op = OP_TICKET_DELETE, .run = ticket_delete, .makes = WRITE_MAKES,
	    .guards = { IS_THERE }, .tag = SQL_TICKET_TAG,
	    .tells = { OP_USER_COUNTED, OP_POST_TICKET_DELETED } },
	{ .op = OP_TICKET_SEEN, .run = ticket_seen, .makes = K(USER_ID),
	    .guards = { IS_THERE } },
	{ .op = OP_TICKET_ASSIGN, .run = ticket_assign, .makes = WRITE_MAKES,
	    TICKET_ANSWER, .guards = { IS_THERE, IS_OPEN },
	    .tells = { OP_USER_COUNTED } },
	{ .op = OP_TICKET_CLAIM, .run = ticket_claim, .makes = WRITE_MAKES,
	    TICKET_ANSWER, .guards = { IS_THERE, IS_OPEN },
	    .tells = { OP_USER_COUNTED } },
	/* as in Flicket the first guard is that it has an assignee: a release
	 * that is sent again is told that it has none */
	{ .op = OP_TICKET_RELEASE, .run = ticket_release, .makes = WRITE_MAKES,
	    TICKET_ANSWER,
	    .guards = { IS_THERE, { SQL_TICKET_IS_HELD, true, ERR_CONFLICT,
	    "Nobody has this ticket.", FAULT_NOT_ASSIGNED },
	    { SQL_TICKET_MAY_RELEASE, true, ERR_FORBIDDEN,
	    "Only the assignee and members of the group flicket_admin may do "
	    "this." }, IS_OPEN },
	    .tells = { OP_USER_COUNTED } },
	{ .op = OP_TICKET_CLOSE, .run = ticket_close, .makes = WRITE_MAKES,
	    TICKET_ANSWER,
	    .guards = { IS_THERE, { SQL_TICKET_MAY_CLOSE, true, ERR_FORBIDDEN,
	    "Only the author, the assignee and members of the group "
	    "flicket_admin may do this." },
	    { SQL_TICKET_IS_CLOSED, false, ERR_CONFLICT,
	    "The ticket is closed already.", FAULT_CLOSED } },
	    .tells = { OP_USER_COUNTED } },
	{ .op = OP_TICKET_STATUS, .run = ticket_status, .makes = WRITE_MAKES,
	    TICKET_ANSWER, .guards = { IS_THERE, IS_OPEN,
	    { SQL_STATUS_IS_CLOSED, false, ERR_BAD_REQUEST,
	    "status_id: the status Closed cannot be set; POST ticket/ID/close closes "
	    "a ticket.", FAULT_INVALID, KEY_STATUS_ID } } },
	{ .op = OP_TICKET_PRIORITY, .run = ticket_priority,
	    .makes = WRITE_MAKES, TICKET_ANSWER,
	    .guards = { IS_THERE, IS_OPEN } },
	/* run() checks who may: that is a setting */
	{ .op = OP_TICKET_CATEGORY, .run = ticket_category,
	    .makes = WRITE_MAKES, TICKET_ANSWER,
	    .guards = { IS_THERE, CATEGORY_STAYS } },
	{ .op = OP_SUBSCRIPTION_GET, .run = op_one, .sql = SQL_SUBSCRIPTION_BY_ID,
	    .shape = &subscription_shape },
	{ .op = OP_SUBSCRIPTION_LIST, .run = op_page, .when = K(TICKET_ID),
	    .sql = SQL_SUBSCRIPTION_PAGE_OF_TICKET, .count = SQL_SUBSCRIPTION_COUNT_OF_TICKET,
	    .shape = &subscription_shape },
	{ .op = OP_SUBSCRIPTION_LIST, .run = op_page,
	    .sql = SQL_SUBSCRIPTION_PAGE, .count = SQL_SUBSCRIPTION_COUNT,
	    .shape = &subscription_shape },
	{ .op = OP_SUBSCRIPTION_CREATE, .run = subscription_create,
	    .makes = WRITE_MAKES, .sql = SQL_SUBSCRIPTION_BY_ID,
	    .shape = &subscription_shape, .guards = { IS_THERE_NAMED } },
	{ .op = OP_SUBSCRIPTION_DELETE, .run = subscription_delete,
	    .makes = WRITE_MAKES, .tag = SQL_SUBSCRIPTION_TAG,
	    .guards = { { SQL_SUBSCRIPTION_THERE, true, ERR_NOT_FOUND,
	    "This subscription does not exist." },
	    { SQL_SUBSCRIPTION_MAY_END, true, ERR_FORBIDDEN,
	    "Only the subscriber and members of the groups flicket_admin and "
	    "super_user may do this." } } },
	{ .op = OP_SUBSCRIPTION_BULK, .run = op_bulk,
	    .sql = SQL_SUBSCRIPTION_BULK, .large = true,
	    .shape = &subscription_shape,
	    .refs = SUBSCRIPTION_REFS },
	{ .op = OP_ACTION_BULK, .run = op_bulk, .sql = SQL_ACTION_BULK,
	    .large = true, .shape = &action_shape, .refs = ACTION_REFS },
	{ .op = OP_ACTION_GET, .run = op_one, .sql = SQL_ACTION_BY_ID,
	    .shape = &action_shape },
	{ .op = OP_ACTION_LIST, .run = op_page,
	    .sql = SQL_ACTION_PAGE_OF_TICKET, .count = SQL_ACTION_COUNT_OF_TICKET,
	    .shape = &action_shape },

	/* checks that gateways have made before writes of other services */
	{ .op = OP_REPLY_CHECK, .run = reply_check, .tag = SQL_NAMED_TICKET_TAG,
	    .guards = { IS_THERE_NAMED,
	    { SQL_REPLY_MAY_CLOSE, true, ERR_FORBIDDEN,
	    "Only the author, the assignee and members of the group "
	    "flicket_admin may close this ticket." },
	    { SQL_REPLY_CLOSES_TWICE, false, ERR_BAD_REQUEST,
	    "status_id: it cannot be given together with close.",
	    FAULT_EXCLUSIVE, KEY_STATUS_ID },
	    { SQL_STATUS_IS_CLOSED, false, ERR_BAD_REQUEST,
	    "status_id: the status Closed cannot be set; \"close\": true closes the "
	    "ticket.", FAULT_INVALID, KEY_STATUS_ID } } },
	{ .op = OP_POST_OPEN_CHECK, .run = op_guards,
	    .guards = { { SQL_REPLY_OF_CLOSED, false, ERR_CONFLICT,
	    MESSAGE_CLOSED, FAULT_CLOSED } } },
	/* the author of a reply is checked by the post service */
	{ .op = OP_ATTACH_CHECK, .when = K(POST_ID), .run = op_guards,
	    .guards = { { SQL_NAMED_REPLY_OF_CLOSED, false, ERR_CONFLICT,
	    MESSAGE_CLOSED, FAULT_CLOSED } } },
	{ .op = OP_ATTACH_CHECK, .when = K(TICKET_ID), .run = op_guards,
	    .guards = { IS_THERE_NAMED,
	    { SQL_NAMED_TICKET_MAY_EDIT, true, ERR_FORBIDDEN,
	    "Only the author and members of the group flicket_admin may do "
	    "this." }, IS_OPEN_NAMED } },
	{ .op = OP_ATTACH_CHECK, .run = op_guards },
	{ .op = OP_CATEGORY_USE_CHECK, .run = op_guards,
	    .guards = { { SQL_CATEGORY_IN_USE, false, ERR_CONFLICT,
	    "There are tickets in this category.", FAULT_IN_USE } } },
	{ .op = OP_DEPARTMENT_USE_CHECK, .run = op_guards,
	    .guards = { { SQL_DEPARTMENT_IN_USE, false, ERR_CONFLICT,
	    "There are tickets in this department.", FAULT_IN_USE } } },
	{ .op = OP_USER_USE_CHECK, .run = op_guards,
	    .guards = { { SQL_USER_WROTE, false, ERR_CONFLICT,
	    "This user wrote tickets; it can be disabled.", FAULT_IN_USE },
	    { SQL_USER_EDITED, false, ERR_CONFLICT,
	    "This user edited tickets; it can be disabled.", FAULT_IN_USE },
	    { SQL_USER_HOLDS, false, ERR_CONFLICT,
	    "This user has tickets assigned; it can be disabled.",
	    FAULT_IN_USE } } },

	/* events */
	{ .op = OP_TICKET_USER_NAMED, .run = op_exec,
	    .sql = SQL_USER_NAME_PUT },
	{ .op = OP_TICKET_USER_CHANGED, .run = op_exec, .sql = SQL_USER_PUT },
	{ .op = OP_TICKET_USER_GONE, .run = event_user_gone,
	    .makes = WRITE_MAKES, .sql = SQL_USER_DELETE,
	    .also = { SQL_SUBSCRIPTIONS_OF_GONE, SQL_USER_GOES },
	    .tells = { OP_USER_COUNTED } },
	{ .op = OP_TICKET_DEPARTMENT_CHANGED, .run = op_exec,
	    .sql = SQL_DEPARTMENT_PUT },
	{ .op = OP_TICKET_CATEGORY_CHANGED, .run = op_exec,
	    .sql = SQL_CATEGORY_PUT },
	{ .op = OP_TICKET_NAMES_KNOWN, .run = op_exec, .sql = SQL_PRIORITY_PUT,
	    .also = { SQL_STATUS_PUT } },
	{ .op = OP_TICKET_REPLIED, .run = event_replied, .makes = WRITE_MAKES,
	    .tells = { OP_USER_COUNTED, OP_POST_TICKET_DELETED } },
	{ .op = OP_TICKET_REPLY_EDITED, .run = event_reply_edited },
	{ .op = OP_TICKET_REPLY_DELETED, .run = event_reply_deleted },
	{ .op = OP_TICKET_REPLY_KNOWN, .run = event_reply_known },
	{ .op = OP_TICKET_REPLY_TEXT, .run = op_exec, .sql = SQL_REPLY_ENTER },
	{ .op = OP_TICKET_TEXTS_TOLD, .run = reindex_told,
	    .tells = { OP_POST_TEXTS_WANTED } },
	{ .op = OP_TICKET_REINDEX, .run = reindex_run,
	    .tells = { OP_POST_TEXTS_WANTED } },
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
	.gone_actor = SQL_ACTOR_IS_GONE,
	.chore = OP_TICKET_REINDEX,
	.start = writes_start,
	.opened = ticket_index_new,
	.loading = ticket_index_is_loading,
	.closed = ticket_index_destroy,
};
