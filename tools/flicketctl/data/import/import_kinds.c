/*
 * The kinds of rows, where each comes from and goes to, and the one loop that
 * copies them all, in two threads (import_parts.h). A new column is a new row in a table here: its name in
 * Flicket's table, its name in ours, how to convert it, whether it must be.
 */
#include "tools/flicketctl/data/import/import_parts.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"

static const struct column groups[] = {
	{ "id",			"id",			value_id,	MUST },
	{ "group_name",		"group_name",		value_text,	MUST },
	{ "group_name",		"rights",		value_rights,	MUST },
	{ 0 }
};

static const struct column users[] = {
	{ "id",			"id",			value_id,	MUST },
	{ "username",		"username",		value_username,	MUST },
	{ "name",		"name",			value_text,	MUST },
	{ "password",		"password",		value_password,	MUST },
	{ "email",		"email",		value_email,	MUST },
	{ "date_added",		"date_added",		value_date,	MUST },
	{ "date_modified",	"date_modified",	value_date,	MUST },
	{ "job_title",		"job_title",		value_text,	MUST },
	{ "avatar",		"avatar",		value_avatar,	MUST },
	{ "total_posts",	"total_posts",		value_count,	MUST },
	{ "total_assigned",	"total_assigned",	value_count,	MUST },
	{ "locale",		"locale",		value_text,	MUST },
	{ "disabled",		"disabled",		value_flag,	MAY },
	{ 0 }
};

static const struct column members[] = {
	{ "user_id",		"user_id",		value_user,	MUST },
	{ "group_id",		"group_id",		value_group,	MUST },
	{ 0 }
};

/* Flicket has at most one token per user, in the user's row. */
static const struct column tokens[] = {
	{ "token",		"hash",			value_token,	MUST },
	{ "token_expiration",	"expires",		value_expiry,	MUST },
	{ "id",			"user_id",		value_user,	MUST },
	{ "id",			"date_added",		value_now,	MUST },
	{ 0 }
};

static const struct column departments[] = {
	{ "id",			"id",			value_id,	MUST },
	{ "department",		"department",		value_text,	MUST },
	{ 0 }
};

static const struct column categories[] = {
	{ "id",			"id",			value_id,	MUST },
	{ "category",		"category",		value_text,	MUST },
	{ "department_id",	"department_id", value_department,	MUST },
	{ 0 }
};

static const struct column priorities[] = {
	{ "id",			"id",			value_id,	MUST },
	{ "priority",		"priority",		value_text,	MUST },
	{ 0 }
};

static const struct column statuses[] = {
	{ "id",			"id",			value_id,	MUST },
	{ "status",		"status",		value_text,	MUST },
	{ 0 }
};

static const struct column tickets[] = {
	{ "id",			"id",			value_id,	MUST },
	{ "title",		"title",		value_text,	MUST },
	{ "content",		"content",		value_text,	MUST },
	{ "started_id",		"started_id",		value_reference,	MUST },
	{ "date_added",		"date_added",		value_date,	MUST },
	{ "date_modified",	"date_modified",	value_date,	MUST },
	{ "modified_id",	"modified_id",		value_reference,	MUST },
	{ "status_id",		"status_id",		value_reference,	MUST },
	{ "category_id",	"category_id",		value_reference,	MUST },
	{ "assigned_id",	"assigned_id",		value_reference,	MUST },
	{ "ticket_priority_id",	"ticket_priority_id",	value_reference,	MUST },
	{ "hours",		"hours",		value_hours,	MAY },
	{ "last_updated",	"last_updated",		value_date,	MAY },
	{ 0 }
};

static const struct column subscriptions[] = {
	{ "id",			"id",			value_id,	MUST },
	{ "ticket_id",		"ticket_id",		value_reference,	MUST },
	{ "user_id",		"user_id",		value_reference,	MUST },
	{ 0 }
};

/*
 * Actions before Flicket 0.2.1, as its migration to 0.2.1 converts them: one of
 * seven columns is not NULL and says what was done; of a reply's action the
 * ticket is that of the reply.
 */
#define OLD_TICKET	"CASE WHEN post_id IS NULL THEN ticket_id ELSE " \
	"(SELECT p.ticket_id FROM flicket_post p " \
	"WHERE p.id = flicket_ticket_action.post_id) END"
#define OLD_ACTION	"CASE WHEN closed IS NOT NULL THEN 'close' " \
	"WHEN released IS NOT NULL THEN 'release' " \
	"WHEN priority IS NOT NULL THEN 'priority' " \
	"WHEN status IS NOT NULL THEN 'status' " \
	"WHEN claimed IS NOT NULL THEN 'claim' " \
	"WHEN assigned IS NOT NULL THEN 'assign' " \
	"WHEN opened IS NOT NULL THEN 'open' END"
/* json_patch() leaves out an id that is NULL: of no row, or of several. */
#define OLD_NAME(column, table) \
	"json_patch(json_object('" column "', CAST(" column " AS TEXT), 'note', " \
	"'migrated during 0.2.1 release'), json_object('" column "_id', " \
	"(SELECT CASE count(*) WHEN 1 THEN max(n.id) END FROM " table " n " \
	"WHERE n." column " = flicket_ticket_action." column ")))"
#define OLD_DATA	"CASE WHEN priority IS NOT NULL THEN " \
	OLD_NAME("priority", "flicket_priorities") " WHEN status IS NOT NULL THEN " \
	OLD_NAME("status", "flicket_status") " END"

static const struct column actions[] = {
	{ "id",			"id",			value_id,	MUST },
	{ "ticket_id",		"ticket_id",		value_reference,	MUST,
	    OLD_TICKET },
	{ "post_id",		"post_id",		value_reference,	MUST },
	{ "action",		"action",		value_text,	MAY, OLD_ACTION },
	{ "data",		"data",			value_json,	MAY, OLD_DATA },
	{ "user_id",		"user_id",		value_reference,	MUST },
	{ "recipient_id",	"recipient_id",		value_reference,	MUST },
	{ "date",		"date",			value_date,	MUST },
	{ 0 }
};

static const struct column posts[] = {
	{ "id",			"id",			value_id,	MUST },
	{ "ticket_id",		"ticket_id",		value_reference,	MUST },
	{ "content",		"content",		value_text,	MUST },
	{ "user_id",		"user_id",		value_reference,	MUST },
	{ "date_added",		"date_added",		value_date,	MUST },
	{ "date_modified",	"date_modified",	value_date,	MUST },
	{ "modified_id",	"modified_id",		value_reference,	MUST },
	{ "hours",		"hours",		value_hours,	MAY },
	{ 0 }
};

static const struct column uploads[] = {
	{ "id",			"id",			value_id,	MUST },
	{ "posts_id",		"post_id",		value_reference,	MUST },
	{ "topic_id",		"topic_id",		value_reference,	MUST },
	{ "filename",		"filename",		value_upload,	MUST },
	{ "original_filename",	"original_filename",	value_text,	MUST },
	{ 0 }
};

static const struct column histories[] = {
	{ "id",			"id",			value_id,	MUST },
	{ "post_id",		"post_id",		value_reference,	MUST },
	{ "topic_id",		"topic_id",		value_reference,	MUST },
	{ "date_modified",	"date_modified",	value_date,	MUST },
	{ "original_content",	"original_content",	value_text,	MUST },
	{ "user_id",		"user_id",		value_reference,	MUST },
	{ 0 }
};

/* In an order in which what a row needs is there before it. */
const struct kind import_kinds[] = {
	{ .one = "group", .many = "groups", .from = "flicket_group",
	    .store = STORE_USER, .into = "groups", .columns = groups },
	{ .one = "user", .many = "users", .from = "flicket_users",
	    .store = STORE_USER, .into = "users", .columns = users },
	{ .one = "membership", .many = "memberships", .from = "flicket_groups",
	    .label = "'of user ' || ifnull(user_id, 'NULL') || "
		"' in group ' || ifnull(group_id, 'NULL')",
	    .order = "user_id, group_id",
	    .store = STORE_USER, .into = "members", .columns = members,
	    .quiet = "the same membership twice" },
	{ .one = "token of user", .many = "tokens", .from = "flicket_users",
	    .where = "token IS NOT NULL",
	    .store = STORE_USER, .into = "tokens", .columns = tokens,
	    .quiet = "expired, or without a date to expire on" },
	{ .one = "department", .many = "departments",
	    .from = "flicket_department", .store = STORE_LOOKUP,
	    .into = "departments", .columns = departments },
	{ .one = "category", .many = "categories", .from = "flicket_category",
	    .store = STORE_LOOKUP, .into = "categories",
	    .columns = categories },
	{ .one = "priority", .many = "priorities",
	    .from = "flicket_priorities", .store = STORE_LOOKUP,
	    .into = "priorities", .columns = priorities },
	{ .one = "status", .many = "statuses", .from = "flicket_status",
	    .store = STORE_LOOKUP, .into = "statuses", .columns = statuses },
	{ .one = "ticket", .many = "tickets", .from = "flicket_topic",
	    .store = STORE_TICKET, .into = "tickets", .columns = tickets },
	{ .one = "subscription", .many = "subscriptions",
	    .from = "flicket_ticket_subscription", .store = STORE_TICKET,
	    .into = "subscriptions", .columns = subscriptions },
	{ .one = "action", .many = "actions", .from = "flicket_ticket_action",
	    .store = STORE_TICKET, .into = "actions", .columns = actions },
	{ .one = "post", .many = "posts", .from = "flicket_post",
	    .store = STORE_POST, .into = "posts", .columns = posts },
	{ .one = "upload", .many = "uploads", .from = "flicket_uploads",
	    .store = STORE_POST, .into = "uploads", .columns = uploads },
	{ .one = "history", .many = "histories", .from = "flicket_history",
	    .store = STORE_POST, .into = "histories", .columns = histories },
	{ 0 }
};
_Static_assert(sizeof(import_kinds) / sizeof(import_kinds[0]) - 1 <= KINDS_MAX,
    "struct import has no tally for the last kinds");

/* "INSERT INTO ... (columns) VALUES (?, ...)" */
static bool
prepare_insert(struct import *im, const struct kind *kind, sqlite3_stmt **ret)
{
	char	*sql;
	size_t	 size;
	FILE	*f = open_memstream(&sql, &size);
	int	 rc;

	CHECK(f != NULL);
	fprintf(f, "INSERT INTO %s (", kind->into);
	for (const struct column *c = kind->columns; c->to != NULL; c++)
		fprintf(f, "%s%s", c == kind->columns ? "" : ", ", c->to);
	fprintf(f, ") VALUES (");
	for (const struct column *c = kind->columns; c->to != NULL; c++)
		fprintf(f, "%s?", c == kind->columns ? "" : ", ");
	fprintf(f, ")");
	CHECK(fclose(f) == 0);
	rc = sqlite3_prepare_v2(im->store[kind->store], sql, -1, ret, NULL);
	free(sql);
	return rc == SQLITE_OK || stores_fail(im, kind->store);
}

/*
 * The store has refused a row. Its message ends in what must be unique, such
 * as "users.email".
 */
static enum keep
refused(struct row *row, sqlite3 *db)
{
	const char	*what = strstr(sqlite3_errmsg(db), ": ");

	if (row->kind->quiet != NULL &&
	    sqlite3_extended_errcode(db) == SQLITE_CONSTRAINT_PRIMARYKEY)
		return DROP_QUIETLY;
	report_row(row, 0, "not kept: another row has the same %s",
	    what != NULL ? what + 2 : sqlite3_errmsg(db));
	return DROP;
}

static bool
insert(struct row *row, enum keep *ret_keep)
{
	sqlite3	*db = sqlite3_db_handle(row->to);
	int	 rc = sqlite3_step(row->to);

	if (rc != SQLITE_DONE && (rc & 0xff) != SQLITE_CONSTRAINT)
		return stores_fail(row->im, row->kind->store);
	*ret_keep = rc == SQLITE_DONE ? KEEP : refused(row, db);
	sqlite3_reset(row->to);
	return *ret_keep != KEEP || files_copy(row);
}

static bool
copy_row(struct row *row)
{
	const struct column	*c = row->kind->columns;
	enum keep		 keep = KEEP;

	row->files = FILES_NONE;
	for (int n = 1; c->to != NULL && keep == KEEP; c++, n++)
		keep = c->convert(row, n);
	if (keep == KEEP && !insert(row, &keep))
		return false;
	row->tally->read++;
	if (keep == KEEP)
		row->tally->written++;
	else if (keep == DROP)
		row->tally->dropped++;
	else
		row->tally->quiet++;
	return true;
}

static void
show_progress(struct row *row, int64_t total)
{
	struct lane	*lane = row->lane;

	if (lane == &row->im->lane[LANE_RUN]) {
		report_progress(row->kind->many, row->tally->read, total);
		return;
	}
	lane->what = row->kind->many;
	lane->total = total;
	lane->done = row->tally->read;
}

static bool
copy_rows(struct row *row, int64_t total)
{
	int	rc;

	while ((rc = sqlite3_step(row->from)) == SQLITE_ROW) {
		if (!import_goes_on() || !copy_row(row))
			return false;
		show_progress(row, total);
	}
	return rc == SQLITE_DONE ||
	    source_fail(row->im, sqlite3_db_handle(row->from));
}

static bool
copy_kind(struct import *im, struct lane *lane, const struct kind *kind,
    struct tally *tally)
{
	struct row	row = { .im = im, .lane = lane, .kind = kind,
			    .tally = tally };
	int64_t		total = 0;
	bool		ok;

	ok = source_select(im, lane, kind, &row.from, &total) &&
	    prepare_insert(im, kind, &row.to) && copy_rows(&row, total);
	sqlite3_finalize(row.from);
	sqlite3_finalize(row.to);
	return ok;
}

static bool
copy_lane(struct import *im, enum lane_id id)
{
	for (size_t i = 0; import_kinds[i].one != NULL; i++) {
		const struct kind	*kind = &import_kinds[i];

		if ((kind->store == STORE_POST) == (id == LANE_POSTS) &&
		    !copy_kind(im, &im->lane[id], kind, &im->tally[i]))
			return false;
	}
	return true;
}

static void *
copy_posts(void *arg)
{
	struct import	*im = arg;

	im->thread_ok = copy_lane(im, LANE_POSTS) &&
	    stores_complete(im, STORE_POST);
	return NULL;
}

bool
kinds_copy(struct import *im)
{
	CHECK(pthread_create(&im->thread, NULL, copy_posts, im) == 0);
	im->threaded = true;
	return copy_lane(im, LANE_RUN);
}

bool
kinds_wait(struct import *im)
{
	struct lane	*lane = &im->lane[LANE_POSTS];
	struct timespec	 until;

	while (im->threaded) {
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec++;
		if (pthread_clockjoin_np(im->thread, NULL, CLOCK_MONOTONIC,
		    &until) == 0)
			im->threaded = false;
		else if (lane->what != NULL && !report_failed())
			report_progress(lane->what, lane->done & ~63,
			    lane->total);	/* it shows every 64th */
	}
	return im->thread_ok;
}
