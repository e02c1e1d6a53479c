/* How a record becomes rows of Flicket's tables. */
#include <sqlite3.h>
#include <string.h>

#include "tools/flicketctl/data/records/records_parts.h"

/*
 * Rows are in the order of the files, and have their ids only when their file was
 * read to its end. What belongs to them meanwhile names their rowids.
 */
static const char tables_sql[] =
    "CREATE TABLE record_ids (kind INTEGER, key TEXT, line INTEGER, "
    "row INTEGER, id INTEGER, PRIMARY KEY (kind, key)) WITHOUT ROWID;"
    "CREATE TABLE record_members (row INTEGER, group_id INTEGER);"
    "CREATE TABLE record_subscribers (row INTEGER, user_id INTEGER);"
    "CREATE TABLE flicket_group (id INTEGER PRIMARY KEY, group_name TEXT);"
    "INSERT INTO flicket_group VALUES (1, 'flicket_admin'), "
    "(2, 'super_user');"
    "CREATE TABLE flicket_status (id INTEGER PRIMARY KEY, status TEXT);"
    "CREATE TABLE flicket_priorities (id INTEGER PRIMARY KEY, "
    "priority TEXT);"
    "INSERT INTO flicket_priorities VALUES (1, 'low'), (2, 'medium'), "
    "(3, 'high');"
    "CREATE TABLE flicket_department (id INTEGER PRIMARY KEY, "
    "department TEXT);"
    "CREATE TABLE flicket_category (id INTEGER PRIMARY KEY, category TEXT, "
    "department_id INTEGER);"
    "CREATE TABLE flicket_users (id INTEGER, username TEXT, name TEXT, "
    "password TEXT, email TEXT, date_added TEXT, date_modified TEXT, "
    "job_title TEXT, avatar TEXT, total_posts INTEGER DEFAULT 0, "
    "total_assigned INTEGER DEFAULT 0, locale TEXT, disabled INTEGER, "
    "token TEXT, token_expiration TEXT);"
    "CREATE TABLE flicket_groups (user_id INTEGER, group_id INTEGER);"
    "CREATE TABLE flicket_topic (id INTEGER, title TEXT, content TEXT, "
    "started_id INTEGER, date_added TEXT, date_modified TEXT, "
    "modified_id INTEGER, status_id INTEGER, category_id INTEGER, "
    "assigned_id INTEGER, ticket_priority_id INTEGER, hours NUMERIC, "
    "last_updated TEXT);"
    "CREATE TABLE flicket_ticket_subscription (id INTEGER PRIMARY KEY, "
    "ticket_id INTEGER, user_id INTEGER);"
    "CREATE TABLE flicket_ticket_action (id INTEGER PRIMARY KEY, "
    "ticket_id INTEGER, post_id INTEGER, action TEXT, data TEXT, "
    "user_id INTEGER, recipient_id INTEGER, date TEXT);"
    "CREATE TABLE flicket_post (id INTEGER, ticket_id INTEGER, content TEXT, "
    "user_id INTEGER, date_added TEXT, date_modified TEXT, "
    "modified_id INTEGER, hours NUMERIC);"
    "CREATE TABLE flicket_uploads (id INTEGER PRIMARY KEY, posts_id INTEGER, "
    "topic_id INTEGER, filename TEXT, original_filename TEXT);"
    "CREATE TABLE flicket_history (id INTEGER PRIMARY KEY, post_id INTEGER, "
    "topic_id INTEGER, date_modified TEXT, original_content TEXT, "
    "user_id INTEGER)";

/* Those of a new desk, with their ids. */
static bool
make_statuses(struct records *r)
{
	static const char *const	inserts[RECORDS_STATUSES] = {
		[RECORDS_OPEN] = "INSERT INTO flicket_status VALUES "
		    "(1, 'Open')",
		[RECORDS_CLOSED] = "INSERT INTO flicket_status VALUES "
		    "(2, 'Closed')",
		[RECORDS_IN_WORK] = "INSERT INTO flicket_status VALUES "
		    "(3, 'In Work')"
	};

	for (size_t i = 0; i < RECORDS_STATUSES; i++)
		if (!r->options->is_named[i] && !records_run(r, inserts[i]))
			return false;
	return records_run(r, "INSERT INTO flicket_status VALUES "
	    "(4, 'Awaiting Information')");
}

bool
fill_begin(struct records *r)
{
	return records_run(r, tables_sql) && make_statuses(r);
}

/* --- lists ----------------------------------------------------------------------------- */

/* Call for each name of a list: lines, or names with commas or semicolons. */
static bool
each_name(struct records *r, int column,
    bool (*take)(struct records *, int, struct text))
{
	struct text	list = r->value[column];
	const char	*separators = r->is_json[r->table] ? "\n" : ",;\n";
	size_t		 len;

	for (; list.len > 0; list.base += len, list.len -= len) {
		struct text	name;

		for (len = 0; len < list.len &&
		    strchr(separators, list.base[len]) == NULL; len++)
			continue;
		name = (struct text){ list.base, len };
		len += len < list.len;
		while (name.len > 0 && strchr(" \r\t", name.base[0]) != NULL) {
			name.base++;
			name.len--;
		}
		while (name.len > 0 &&
		    strchr(" \r\t", name.base[name.len - 1]) != NULL)
			name.len--;
		if (name.len > 0 && !take(r, column, name))
			return false;
	}
	return true;
}

/* Write a pair of a row and an id. */
static bool
put_pair(struct records *r, const char *sql, int64_t id)
{
	sqlite3_stmt	*st = records_statement(r, sql);

	if (st == NULL || id == 0)
		return st != NULL;
	sqlite3_bind_int64(st, 1, r->rows[r->table]);
	sqlite3_bind_int64(st, 2, id);
	return records_step(st);
}

static bool
take_member(struct records *r, int column, struct text name)
{
	int64_t	id = names_group(r, name);

	(void)column;
	return id != 0 && put_pair(r, "INSERT INTO record_members VALUES "
	    "(?, ?)", id);
}

static const char subscriber_sql[] =
    "INSERT INTO record_subscribers VALUES (?, ?)";

static bool
take_subscriber(struct records *r, int column, struct text name)
{
	return put_pair(r, subscriber_sql, ids_find_user(r, column, name));
}

/* --- rows ------------------------------------------------------------------------------ */

static void
bind_id(sqlite3_stmt *st, int n, int64_t id)
{
	if (id == 0)
		sqlite3_bind_null(st, n);
	else
		sqlite3_bind_int64(st, n, id);
}

static struct text
or_else(struct text t, struct text other)
{
	return t.base != NULL ? t : other;
}

/* The keys come first: with them, other faults of the row cause no more. */
static bool
fill_user(struct records *r)
{
	static const char	 sql[] = "INSERT INTO flicket_users (rowid, id, "
				    "username, name, password, email, "
				    "date_added, job_title, locale, disabled) "
				    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, "
				    "ifnull(?, 0))";
	int64_t			 row = r->rows[RECORDS_USERS];
	struct text		*v = r->value;
	int64_t			 id = ids_number(v[USER_ID]);
	sqlite3_stmt		*st = records_statement(r, sql);

	if (v[USER_ID].base != NULL)
		ids_note(r, RECORDS_USER, USER_ID, row, id);
	if (v[USER_USERNAME].base != NULL)
		ids_note(r, RECORDS_USERNAME, USER_USERNAME, row, id);
	if (!r->is_good || st == NULL)
		return st != NULL;
	sqlite3_bind_int64(st, 1, row);
	bind_id(st, 2, id);
	records_bind(st, 3, v[USER_USERNAME]);
	records_bind(st, 4, or_else(v[USER_NAME], v[USER_USERNAME]));
	records_bind(st, 5, v[USER_PASSWORD]);
	records_bind(st, 6, v[USER_EMAIL]);
	records_bind(st, 7, v[USER_DATE_ADDED]);
	records_bind(st, 8, v[USER_JOB_TITLE]);
	records_bind(st, 9, v[USER_LOCALE]);
	records_bind(st, 10, v[USER_DISABLED]);
	return records_step(st) && each_name(r, USER_GROUPS, take_member);
}

/* A ticket has a category; the department alone says little. */
static bool
bind_places(struct records *r, sqlite3_stmt *st)
{
	struct text	*v = r->value;
	int64_t		 status = names_status(r, v[TICKET_STATUS]);
	int64_t		 priority = names_priority(r, v[TICKET_PRIORITY]);
	int64_t		 category = names_category(r, v[TICKET_DEPARTMENT],
			    v[TICKET_CATEGORY]);

	bind_id(st, 7, status);
	bind_id(st, 8, category);
	bind_id(st, 10, priority);
	return status != 0 && priority != 0 && category != 0;
}

/* Authors see what becomes of their tickets, as of new ones. */
static bool
fill_ticket(struct records *r)
{
	static const char	 sql[] = "INSERT INTO flicket_topic (rowid, id, "
				    "title, content, started_id, date_added, "
				    "status_id, category_id, assigned_id, "
				    "ticket_priority_id, hours, date_modified) "
				    "VALUES (?, ?, ?, ifnull(?, ''), ?, ?, ?, "
				    "?, ?, ?, ifnull(?, 0), ?)";
	int64_t			 row = r->rows[RECORDS_TICKETS];
	struct text		*v = r->value;
	int64_t			 id = ids_number(v[TICKET_ID]);
	int64_t			 author, assigned;
	sqlite3_stmt		*st = records_statement(r, sql);

	if (v[TICKET_ID].base != NULL)
		ids_note(r, RECORDS_TICKET, TICKET_ID, row, id);
	author = ids_find_user(r, TICKET_AUTHOR, v[TICKET_AUTHOR]);
	assigned = ids_find_user(r, TICKET_ASSIGNED, v[TICKET_ASSIGNED]);
	if (!each_name(r, TICKET_SUBSCRIBERS, take_subscriber) || st == NULL ||
	    !put_pair(r, subscriber_sql, author))
		return false;
	if (!r->is_good)
		return true;
	sqlite3_bind_int64(st, 1, row);
	bind_id(st, 2, id);
	records_bind(st, 3, v[TICKET_TITLE]);
	records_bind(st, 4, v[TICKET_CONTENT]);
	bind_id(st, 5, author);
	records_bind(st, 6, v[TICKET_DATE_ADDED]);
	bind_id(st, 9, assigned);
	records_bind(st, 11, v[TICKET_HOURS]);
	records_bind(st, 12, v[TICKET_DATE_MODIFIED]);
	return bind_places(r, st) && records_step(st);
}

static bool
fill_post(struct records *r)
{
	static const char	 sql[] = "INSERT INTO flicket_post (rowid, id, "
				    "ticket_id, content, user_id, date_added, "
				    "date_modified, hours) VALUES (?, ?, ?, "
				    "ifnull(?, ''), ?, ?, ?, ifnull(?, 0))";
	int64_t			 row = r->rows[RECORDS_POSTS];
	struct text		*v = r->value;
	int64_t			 id = ids_number(v[POST_ID]);
	int64_t			 ticket, author;
	sqlite3_stmt		*st = records_statement(r, sql);

	if (v[POST_ID].base != NULL)
		ids_note(r, RECORDS_POST, POST_ID, row, id);
	ticket = ids_find(r, POST_TICKET, RECORDS_TICKET, RECORDS_TICKETS);
	author = ids_find_user(r, POST_AUTHOR, v[POST_AUTHOR]);
	if (!r->is_good || st == NULL)
		return st != NULL;
	sqlite3_bind_int64(st, 1, row);
	bind_id(st, 2, id);
	bind_id(st, 3, ticket);
	records_bind(st, 4, v[POST_CONTENT]);
	bind_id(st, 5, author);
	records_bind(st, 6, v[POST_DATE_ADDED]);
	records_bind(st, 7, v[POST_DATE_MODIFIED]);
	records_bind(st, 8, v[POST_HOURS]);
	return records_step(st);
}

static bool
fill_upload(struct records *r)
{
	static const char	 sql[] = "INSERT INTO flicket_uploads (topic_id, "
				    "posts_id, filename, original_filename) "
				    "VALUES (?, ?, ?, ?)";
	struct text		*v = r->value;
	int64_t			 ticket, post;
	sqlite3_stmt		*st = records_statement(r, sql);

	ticket = ids_find(r, UPLOAD_TICKET, RECORDS_TICKET, RECORDS_TICKETS);
	post = ids_find(r, UPLOAD_POST, RECORDS_POST, RECORDS_POSTS);
	if ((v[UPLOAD_TICKET].base == NULL) == (v[UPLOAD_POST].base == NULL))
		records_fault(r, -1, "a file belongs to a ticket or to a post: "
		    "one of both is given");
	if (!r->is_good || st == NULL)
		return st != NULL;
	bind_id(st, 1, ticket);
	bind_id(st, 2, post);
	records_bind(st, 3, v[UPLOAD_FILE]);
	records_bind(st, 4, or_else(v[UPLOAD_NAME], v[UPLOAD_FILE]));
	return records_step(st);
}

bool
fill_row(struct records *r)
{
	static bool (*const	fillers[RECORDS_TABLES])(struct records *) = {
		[RECORDS_USERS] = fill_user,
		[RECORDS_TICKETS] = fill_ticket,
		[RECORDS_POSTS] = fill_post,
		[RECORDS_UPLOADS] = fill_upload
	};

	r->rows[r->table]++;
	return fillers[r->table](r);
}

/* --- ends ------------------------------------------------------------------------------ */

bool
fill_end_table(struct records *r, enum records_table table)
{
	switch (table) {
	case RECORDS_USERS:
		return ids_give(r, RECORDS_USER, RECORDS_USERNAME,
		    "flicket_users");
	case RECORDS_TICKETS:
		return ids_give(r, RECORDS_TICKET, RECORDS_TICKET,
		    "flicket_topic");
	case RECORDS_POSTS:
		return ids_give(r, RECORDS_POST, RECORDS_POST,
		    "flicket_post");
	default:
		return true;
	}
}

bool
fill_end(struct records *r)
{
	return records_run(r,
	    "INSERT INTO flicket_groups SELECT DISTINCT u.id, m.group_id "
	    "FROM record_members m JOIN flicket_users u ON u.rowid = m.row;"
	    "INSERT INTO flicket_ticket_subscription (ticket_id, user_id) "
	    "SELECT DISTINCT t.id, s.user_id FROM record_subscribers s "
	    "JOIN flicket_topic t ON t.rowid = s.row ORDER BY 1, 2;"
	    "UPDATE flicket_users SET total_posts = n FROM (SELECT id AS who, "
	    "count(*) AS n FROM (SELECT started_id AS id FROM flicket_topic "
	    "UNION ALL SELECT user_id FROM flicket_post) GROUP BY 1) "
	    "WHERE id = who;"
	    "UPDATE flicket_users SET total_assigned = n FROM (SELECT "
	    "assigned_id AS who, count(*) AS n FROM flicket_topic GROUP BY 1) "
	    "WHERE id = who");
}
