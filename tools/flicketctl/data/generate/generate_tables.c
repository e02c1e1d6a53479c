/*
 * Flicket's tables, each value a function of the row's number. Which columns
 * there are, and of which types, is as Flicket 0.3.5 makes them in SQLite.
 */
#include "tools/flicketctl/data/generate/generate_parts.h"

#include <sqlite3.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SECOND	INT64_C(1000000)

/* Copied: the cell's text is that of one value after the other. */
static void
say(sqlite3_context *ctx, const char *text)
{
	sqlite3_result_text(ctx, text, -1, SQLITE_TRANSIENT);
}

static void
say_date(sqlite3_context *ctx, int64_t date)
{
	time_t		seconds = (time_t)(date / SECOND);
	struct tm	tm;
	char		text[80];
	int		len;

	gmtime_r(&seconds, &tm);
	len = snprintf(text, sizeof(text), "%04d-%02d-%02d %02d:%02d:%02d.%06d",
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
	    tm.tm_min, tm.tm_sec, (int)(date % SECOND));
	sqlite3_result_text(ctx, text, len, SQLITE_TRANSIENT);
}

static void
say_content(struct cell *c, sqlite3_context *ctx, enum draw draw, int64_t row,
    int median)
{
	struct rng	r;
	size_t		len;

	rng_begin(&r, c->plan, draw, row);
	len = text_content(&r, median, c->text);
	sqlite3_result_text(ctx, c->text, (int)len, SQLITE_TRANSIENT);
}

/* Most have no hours; the others count quarters of an hour. */
static void
say_hours(struct cell *c, sqlite3_context *ctx, enum draw draw)
{
	struct rng	r;

	rng_begin(&r, c->plan, draw, c->n);
	if (rng_below(&r, 4) != 0)
		sqlite3_result_int(ctx, 0);
	else
		sqlite3_result_double(ctx, (double)(1 + rng_below(&r, 16)) / 4);
}

static void
value_null(struct cell *c, sqlite3_context *ctx)
{
	(void)c;
	sqlite3_result_null(ctx);
}

static void
value_zero(struct cell *c, sqlite3_context *ctx)
{
	(void)c;
	sqlite3_result_int(ctx, 0);
}

static void
value_n(struct cell *c, sqlite3_context *ctx)
{
	sqlite3_result_int64(ctx, c->n);
}

/* Users: the first two are those of every Flicket. */

static int64_t
count_users(const struct plan *plan)
{
	return plan->users;
}

static void
user_username(struct cell *c, sqlite3_context *ctx)
{
	snprintf(c->text, TEXT_SIZE, c->n == 1 ? "admin" : c->n == 2 ?
	    "notification" : "user%" PRId64, c->n);
	say(ctx, c->text);
}

static void
user_name(struct cell *c, sqlite3_context *ctx)
{
	struct rng	r;

	if (c->n <= 2) {
		user_username(c, ctx);
		return;
	}
	rng_begin(&r, c->plan, DRAW_NAME, c->n);
	sqlite3_result_text(ctx, c->text, (int)text_name(&r, c->text),
	    SQLITE_TRANSIENT);
}

static void
user_password(struct cell *c, sqlite3_context *ctx)
{
	sqlite3_result_blob(ctx, c->plan->hash, (int)strlen(c->plan->hash),
	    SQLITE_STATIC);
}

static void
user_email(struct cell *c, sqlite3_context *ctx)
{
	snprintf(c->text, TEXT_SIZE, "user%" PRId64 "@example.com", c->n);
	say(ctx, c->text);
}

static void
user_added(struct cell *c, sqlite3_context *ctx)
{
	say_date(ctx, ticket_date(c->plan, 1));
}

static void
user_job(struct cell *c, sqlite3_context *ctx)
{
	static const char *const	jobs[] = { "Engineer", "Operator",
				    "Ingénieur", "Prüfer", "工程师", NULL };

	say(ctx, jobs[c->n % 6]);
}

static void
user_posts(struct cell *c, sqlite3_context *ctx)
{
	sqlite3_result_int64(ctx, c->plan->total_posts[c->n]);
}

static void
user_assigned(struct cell *c, sqlite3_context *ctx)
{
	sqlite3_result_int64(ctx, c->plan->total_assigned[c->n]);
}

static void
user_locale(struct cell *c, sqlite3_context *ctx)
{
	say(ctx, c->n % 3 == 2 ? "fr" : "en");
}

static const struct generated_column users[] = {
	{ "id",			"INTEGER NOT NULL",	value_n },
	{ "username",		"VARCHAR(24)",		user_username },
	{ "name",		"VARCHAR(60)",		user_name },
	{ "password",		"BLOB",			user_password },
	{ "email",		"VARCHAR(60)",		user_email },
	{ "date_added",		"DATETIME",		user_added },
	{ "date_modified",	"DATETIME",		value_null },
	{ "job_title",		"VARCHAR(64)",		user_job },
	{ "avatar",		"VARCHAR(64)",		value_null },
	{ "total_posts",	"INTEGER",		user_posts },
	{ "total_assigned",	"INTEGER",		user_assigned },
	{ "token",		"VARCHAR(32)",		value_null },
	{ "token_expiration",	"DATETIME",		value_null },
	{ "locale",		"VARCHAR(10)",		user_locale },
	{ "disabled",		"BOOLEAN",		value_zero },
	{ 0 }
};

/* Groups: of the admin, and of those who answer. */

static int64_t
count_groups(const struct plan *plan)
{
	(void)plan;
	return 2;
}

static void
group_name(struct cell *c, sqlite3_context *ctx)
{
	say(ctx, c->n == 1 ? "flicket_admin" : "super_user");
}

static void
member_group(struct cell *c, sqlite3_context *ctx)
{
	sqlite3_result_int(ctx, c->n == 1 ? 1 : 2);
}

static const struct generated_column groups[] = {
	{ "id",			"INTEGER NOT NULL",	value_n },
	{ "group_name",		"VARCHAR(64)",		group_name },
	{ 0 }
};

static const struct generated_column members[] = {
	{ "user_id",		"INTEGER",		value_n },
	{ "group_id",		"INTEGER",		member_group },
	{ 0 }
};

/* The rows that tickets refer to. */

static int64_t
count_departments(const struct plan *plan)
{
	(void)plan;
	return (int64_t)generate_departments.count;
}

static void
department_name(struct cell *c, sqlite3_context *ctx)
{
	say(ctx, generate_departments.list[c->n - 1]);
}

static const struct generated_column departments[] = {
	{ "id",			"INTEGER NOT NULL",	value_n },
	{ "department",		"VARCHAR(30)",		department_name },
	{ 0 }
};

static int64_t
count_categories(const struct plan *plan)
{
	(void)plan;
	return (int64_t)generate_categories.count;
}

static void
category_name(struct cell *c, sqlite3_context *ctx)
{
	say(ctx, generate_categories.list[c->n - 1]);
}

static void
category_department(struct cell *c, sqlite3_context *ctx)
{
	static const char	of[] = { 1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 4, 5,
				    5, 6, 3, 3, 3, 7, 7, 7, 8, 8, 9, 9, 10,
				    10, 11, 11, 12, 12 };

	sqlite3_result_int(ctx, of[c->n - 1]);
}

static const struct generated_column categories[] = {
	{ "id",			"INTEGER NOT NULL",	value_n },
	{ "category",		"VARCHAR(30)",		category_name },
	{ "department_id",	"INTEGER",		category_department },
	{ 0 }
};

static const char *const	status_names[] = { [STATUS_OPEN] = "Open",
				    [STATUS_CLOSED] = "Closed",
				    [STATUS_IN_WORK] = "In Work",
				    [STATUS_AWAITING] = "Awaiting Information" };
static const char *const	priority_names[] = { "low", "medium", "high" };

static int64_t
count_statuses(const struct plan *plan)
{
	(void)plan;
	return STATUS_AWAITING;
}

static void
status_name(struct cell *c, sqlite3_context *ctx)
{
	say(ctx, status_names[c->n]);
}

static const struct generated_column statuses[] = {
	{ "id",			"INTEGER NOT NULL",	value_n },
	{ "status",		"VARCHAR(20)",		status_name },
	{ 0 }
};

static int64_t
count_priorities(const struct plan *plan)
{
	(void)plan;
	return 3;
}

static void
priority_name(struct cell *c, sqlite3_context *ctx)
{
	say(ctx, priority_names[c->n - 1]);
}

static const struct generated_column priorities[] = {
	{ "id",			"INTEGER NOT NULL",	value_n },
	{ "priority",		"VARCHAR(12)",		priority_name },
	{ 0 }
};

/* Tickets. */

static int64_t
count_tickets(const struct plan *plan)
{
	return plan->tickets;
}

static void
ticket_title(struct cell *c, sqlite3_context *ctx)
{
	struct rng	r;

	rng_begin(&r, c->plan, DRAW_TITLE, c->n);
	sqlite3_result_text(ctx, c->text, (int)text_title(&r, c->text),
	    SQLITE_TRANSIENT);
}

static void
ticket_content(struct cell *c, sqlite3_context *ctx)
{
	say_content(c, ctx, DRAW_CONTENT, c->n, 40);
}

static void
ticket_started(struct cell *c, sqlite3_context *ctx)
{
	sqlite3_result_int64(ctx, ticket_author(c->plan, c->n));
}

static void
ticket_added(struct cell *c, sqlite3_context *ctx)
{
	say_date(ctx, ticket_date(c->plan, c->n));
}

static void
ticket_modified(struct cell *c, sqlite3_context *ctx)
{
	if (ticket_edited(c->n))
		say_date(ctx, edit_date(ticket_date(c->plan, c->n)));
}

static void
ticket_modifier(struct cell *c, sqlite3_context *ctx)
{
	if (ticket_edited(c->n))
		ticket_started(c, ctx);
}

static void
value_ticket_state(struct cell *c, sqlite3_context *ctx)
{
	sqlite3_result_int(ctx, ticket_state(c->plan, c->n));
}

static void
ticket_category(struct cell *c, sqlite3_context *ctx)
{
	struct rng	r;
	double		part;

	rng_begin(&r, c->plan, DRAW_CATEGORY, c->n);
	part = rng_part(&r);
	sqlite3_result_int64(ctx, 1 + (int64_t)(part * part *
	    (double)generate_categories.count));
}

static void
ticket_assigned(struct cell *c, sqlite3_context *ctx)
{
	int64_t	assignee = ticket_assignee(c->plan, c->n);

	if (assignee != 0)
		sqlite3_result_int64(ctx, assignee);
}

static int
priority_of(const struct plan *plan, int64_t ticket)
{
	struct rng	r;
	int64_t		at;

	rng_begin(&r, plan, DRAW_PRIORITY, ticket);
	at = rng_below(&r, 10);
	return at < 6 ? 1 : at < 9 ? 2 : 3;
}

static void
ticket_priority(struct cell *c, sqlite3_context *ctx)
{
	sqlite3_result_int(ctx, priority_of(c->plan, c->n));
}

static void
ticket_hours(struct cell *c, sqlite3_context *ctx)
{
	say_hours(c, ctx, DRAW_HOURS);
}

static void
ticket_last(struct cell *c, sqlite3_context *ctx)
{
	say_date(ctx, ticket_updated(c->plan, c->n));
}

static const struct generated_column tickets[] = {
	{ "id",			"INTEGER NOT NULL",	value_n },
	{ "title",		"VARCHAR(128)",		ticket_title },
	{ "content",		"VARCHAR(5000)",	ticket_content },
	{ "started_id",		"INTEGER",		ticket_started },
	{ "date_added",		"DATETIME",		ticket_added },
	{ "date_modified",	"DATETIME",		ticket_modified },
	{ "modified_id",	"INTEGER",		ticket_modifier },
	{ "status_id",		"INTEGER",		value_ticket_state },
	{ "category_id",	"INTEGER",		ticket_category },
	{ "assigned_id",	"INTEGER",		ticket_assigned },
	{ "ticket_priority_id",	"INTEGER",		ticket_priority },
	{ "hours",		"NUMERIC(10, 2)",	ticket_hours },
	{ "last_updated",	"DATETIME",		ticket_last },
	{ 0 }
};

static void
subscription_ticket(struct cell *c, sqlite3_context *ctx)
{
	int64_t	ticket, user;

	plan_subscription(c->plan, c->n, &ticket, &user);
	sqlite3_result_int64(ctx, ticket);
}

static void
subscription_user(struct cell *c, sqlite3_context *ctx)
{
	int64_t	ticket, user;

	plan_subscription(c->plan, c->n, &ticket, &user);
	sqlite3_result_int64(ctx, user);
}

static const struct generated_column subscriptions[] = {
	{ "id",			"INTEGER NOT NULL",	value_n },
	{ "ticket_id",		"INTEGER",		subscription_ticket },
	{ "user_id",		"INTEGER",		subscription_user },
	{ 0 }
};

/*
 * Actions 2i - 1 and 2i are of ticket i: that it was opened, and the last
 * thing that was done to it.
 */

static int64_t
count_actions(const struct plan *plan)
{
	return plan->tickets * 2;
}

static int64_t
action_ticket_of(const struct cell *c)
{
	return (c->n + 1) / 2;
}

static bool
is_opening(const struct cell *c)
{
	return c->n % 2 == 1;
}

static void
action_ticket(struct cell *c, sqlite3_context *ctx)
{
	sqlite3_result_int64(ctx, action_ticket_of(c));
}

static void
action_post(struct cell *c, sqlite3_context *ctx)
{
	uint32_t	post = c->plan->last_post[action_ticket_of(c)];

	if (!is_opening(c) && post != 0)
		sqlite3_result_int64(ctx, post);
}

static const char *
action_of(const struct cell *c)
{
	int64_t	ticket = action_ticket_of(c);

	if (is_opening(c))
		return "open";
	if (ticket_state(c->plan, ticket) == STATUS_CLOSED)
		return "close";
	return ticket_assignee(c->plan, ticket) != 0 ? "assign" : "priority";
}

static void
action_name(struct cell *c, sqlite3_context *ctx)
{
	say(ctx, action_of(c));
}

static void
action_data(struct cell *c, sqlite3_context *ctx)
{
	int	priority = priority_of(c->plan, action_ticket_of(c));

	if (strcmp(action_of(c), "priority") != 0)
		return;
	snprintf(c->text, TEXT_SIZE, "{\"priority_id\": %d, "
	    "\"priority\": \"%s\"}", priority, priority_names[priority - 1]);
	say(ctx, c->text);
}

/* The user who did it: the author; for others the assignee, or the admin. */
static void
action_user(struct cell *c, sqlite3_context *ctx)
{
	int64_t	ticket = action_ticket_of(c);
	int64_t	user = is_opening(c) ? ticket_author(c->plan, ticket) :
		    ticket_assignee(c->plan, ticket);

	sqlite3_result_int64(ctx, user != 0 ? user : 1);
}

static void
action_recipient(struct cell *c, sqlite3_context *ctx)
{
	if (strcmp(action_of(c), "assign") == 0)
		sqlite3_result_int64(ctx,
		    ticket_assignee(c->plan, action_ticket_of(c)));
}

static void
action_date(struct cell *c, sqlite3_context *ctx)
{
	int64_t	ticket = action_ticket_of(c);

	say_date(ctx, is_opening(c) ? ticket_date(c->plan, ticket) :
	    ticket_updated(c->plan, ticket));
}

static const struct generated_column actions[] = {
	{ "id",			"INTEGER NOT NULL",	value_n },
	{ "ticket_id",		"INTEGER",		action_ticket },
	{ "post_id",		"INTEGER",		action_post },
	{ "action",		"VARCHAR(30)",		action_name },
	{ "data",		"JSON",			action_data },
	{ "user_id",		"INTEGER",		action_user },
	{ "recipient_id",	"INTEGER",		action_recipient },
	{ "date",		"DATETIME",		action_date },
	{ 0 }
};

/* Replies. */

static int64_t
count_posts(const struct plan *plan)
{
	return plan->posts;
}

static void
value_post_ticket(struct cell *c, sqlite3_context *ctx)
{
	sqlite3_result_int64(ctx, post_ticket(c->plan, c->n));
}

static void
value_post_content(struct cell *c, sqlite3_context *ctx)
{
	say_content(c, ctx, DRAW_POST_CONTENT, c->n, 22);
}

static void
value_post_author(struct cell *c, sqlite3_context *ctx)
{
	sqlite3_result_int64(ctx, post_author(c->plan, c->n));
}

static void
value_post_added(struct cell *c, sqlite3_context *ctx)
{
	say_date(ctx, post_date(c->plan, c->n));
}

static void
post_modified(struct cell *c, sqlite3_context *ctx)
{
	if (post_edited(c->n))
		say_date(ctx, edit_date(post_date(c->plan, c->n)));
}

static void
post_modifier(struct cell *c, sqlite3_context *ctx)
{
	if (post_edited(c->n))
		value_post_author(c, ctx);
}

static void
post_hours(struct cell *c, sqlite3_context *ctx)
{
	say_hours(c, ctx, DRAW_POST_HOURS);
}

static const struct generated_column posts[] = {
	{ "id",			"INTEGER NOT NULL",	value_n },
	{ "ticket_id",		"INTEGER",		value_post_ticket },
	{ "content",		"VARCHAR(5000)",	value_post_content },
	{ "user_id",		"INTEGER",		value_post_author },
	{ "date_added",		"DATETIME",		value_post_added },
	{ "date_modified",	"DATETIME",		post_modified },
	{ "modified_id",	"INTEGER",		post_modifier },
	{ "hours",		"NUMERIC(10, 2)",	post_hours },
	{ 0 }
};

/* No files: what rows of uploads name would not be there. */

static int64_t
count_none(const struct plan *plan)
{
	(void)plan;
	return 0;
}

static const struct generated_column uploads[] = {
	{ "id",			"INTEGER NOT NULL",	value_n },
	{ "posts_id",		"INTEGER",		value_null },
	{ "topic_id",		"INTEGER",		value_null },
	{ "filename",		"VARCHAR(128)",		value_null },
	{ "original_filename",	"VARCHAR(128)",		value_null },
	{ 0 }
};

/* Texts as they were before they were edited: of tickets, then of replies. */

static int64_t
edited_tickets(const struct plan *plan)
{
	return plan->tickets / EDITED_TICKETS;
}

static int64_t
count_histories(const struct plan *plan)
{
	return edited_tickets(plan) + plan->posts / EDITED_POSTS;
}

/* The ticket of a history, 0: it is of a reply. */
static int64_t
edited_ticket(const struct cell *c)
{
	return c->n <= edited_tickets(c->plan) ? c->n * EDITED_TICKETS : 0;
}

static int64_t
edited_post(const struct cell *c)
{
	return (c->n - edited_tickets(c->plan)) * EDITED_POSTS;
}

static void
history_post(struct cell *c, sqlite3_context *ctx)
{
	if (edited_ticket(c) == 0)
		sqlite3_result_int64(ctx, edited_post(c));
}

static void
history_ticket(struct cell *c, sqlite3_context *ctx)
{
	if (edited_ticket(c) != 0)
		sqlite3_result_int64(ctx, edited_ticket(c));
}

static void
history_date(struct cell *c, sqlite3_context *ctx)
{
	int64_t	ticket = edited_ticket(c);

	say_date(ctx, edit_date(ticket != 0 ? ticket_date(c->plan, ticket) :
	    post_date(c->plan, edited_post(c))));
}

static void
history_content(struct cell *c, sqlite3_context *ctx)
{
	say_content(c, ctx, DRAW_BEFORE, c->n, 25);
}

static void
history_user(struct cell *c, sqlite3_context *ctx)
{
	int64_t	ticket = edited_ticket(c);

	sqlite3_result_int64(ctx, ticket != 0 ?
	    ticket_author(c->plan, ticket) :
	    post_author(c->plan, edited_post(c)));
}

static const struct generated_column histories[] = {
	{ "id",			"INTEGER NOT NULL",	value_n },
	{ "post_id",		"INTEGER",		history_post },
	{ "topic_id",		"INTEGER",		history_ticket },
	{ "date_modified",	"DATETIME",		history_date },
	{ "original_content",	"VARCHAR(5000)",	history_content },
	{ "user_id",		"INTEGER",		history_user },
	{ 0 }
};

const struct generated_table generated_tables[] = {
	{ "flicket_group", count_groups, groups, "PRIMARY KEY (id)", "" },
	{ "flicket_users", count_users, users,
	    "PRIMARY KEY (id), UNIQUE (email)",
	    "CREATE UNIQUE INDEX ix_flicket_users_username ON "
	    "flicket_users (username);"
	    "CREATE UNIQUE INDEX ix_flicket_users_token ON "
	    "flicket_users (token)" },
	{ "flicket_groups", plan_staff, members,
	    "FOREIGN KEY(user_id) REFERENCES flicket_users (id), "
	    "FOREIGN KEY(group_id) REFERENCES flicket_group (id)", "" },
	{ "flicket_department", count_departments, departments,
	    "PRIMARY KEY (id)", "" },
	{ "flicket_category", count_categories, categories,
	    "PRIMARY KEY (id)", "" },
	{ "flicket_status", count_statuses, statuses, "PRIMARY KEY (id)", "" },
	{ "flicket_priorities", count_priorities, priorities,
	    "PRIMARY KEY (id)", "" },
	{ "flicket_topic", count_tickets, tickets, "PRIMARY KEY (id)",
	    "CREATE INDEX ix_flicket_topic_title ON flicket_topic (title)" },
	{ "flicket_ticket_subscription", plan_subscriptions, subscriptions,
	    "PRIMARY KEY (id)", "" },
	{ "flicket_ticket_action", count_actions, actions, "PRIMARY KEY (id)",
	    "" },
	{ "flicket_post", count_posts, posts, "PRIMARY KEY (id)", "" },
	{ "flicket_uploads", count_none, uploads, "PRIMARY KEY (id)", "" },
	{ "flicket_history", count_histories, histories, "PRIMARY KEY (id)",
	    "" },
	{ 0 }
};
