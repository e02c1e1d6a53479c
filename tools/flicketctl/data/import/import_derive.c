/*
 * Data that is derived from the copied rows, so that an imported desk is like
 * one that was always ours: copies of other stores' rows, totals, and the words
 * that are searched for.
 *
 * The search index is written in the order of its ids, which is the only one
 * that FTS5 takes without ending a segment at every row, in few large
 * segments, which are made one in the end.
 */
#include "tools/flicketctl/data/import/import_parts.h"

#include <sqlite3.h>
#include <stdio.h>

#include "base/log.h"

/* An id in reply_words is that of the ticket, times this, and the post's. */
#define REPLY_ID_SPAN	((int64_t)1 << 32)

/* The most that is summed up, in hundredths. */
#define HOURS_MOST	((int64_t)100000000000000000)

#define INDEX_BYTES	"8388608"	/* in memory, before they are written */

/*
 * Rows of one store that are copied to another as they are, or within it.
 * Each column of `select` is the parameter of `insert` in its place.
 */
static const struct step {
	const char	*what;		/* for the progress */
	enum store	 from;
	const char	*table;
	const char	*select;	/* its columns, by id */
	enum store	 to;
	const char	*insert;
} steps[] = {
	{ "names", STORE_USER, "users", "id, name, username, disabled",
	    STORE_TICKET, "INSERT INTO user_names (id, name, username, "
	    "disabled) VALUES (?, ?, ?, ?)" },
	{ "names", STORE_LOOKUP, "departments", "id, department, deleted",
	    STORE_TICKET, "INSERT INTO department_names (id, department, "
	    "deleted) VALUES (?, ?, ?)" },
	{ "names", STORE_LOOKUP, "categories",
	    "id, category, department_id, deleted", STORE_TICKET,
	    "INSERT INTO category_names (id, category, department_id, "
	    "deleted) VALUES (?, ?, ?, ?)" },
	{ "names", STORE_LOOKUP, "statuses", "id, status", STORE_TICKET,
	    "INSERT INTO status_names (id, status) VALUES (?, ?)" },
	{ "names", STORE_LOOKUP, "priorities", "id, priority", STORE_TICKET,
	    "INSERT INTO priority_names (id, priority) VALUES (?, ?)" },
	{ "words of tickets", STORE_TICKET, "tickets", "id, title, content",
	    STORE_TICKET, "INSERT INTO ticket_words (rowid, title, content) "
	    "VALUES (?, words(?), words(?))" },
};

static bool
prepare_statement(struct import *im, enum store store, const char *sql,
    sqlite3_stmt **ret)
{
	return sqlite3_prepare_v2(im->store[store], sql, -1, ret, NULL) ==
	    SQLITE_OK || stores_fail(im, store);
}

/* Run a statement that has no rows. */
static bool
run_statement(struct import *im, enum store store, sqlite3_stmt *st)
{
	int	rc = sqlite3_step(st);

	sqlite3_reset(st);
	return rc == SQLITE_DONE || stores_fail(im, store);
}

/* The next row: SQLITE_ROW, or SQLITE_DONE if it was the last. */
static bool
next(struct import *im, enum store store, sqlite3_stmt *st, int *ret_rc)
{
	*ret_rc = sqlite3_step(st);
	return *ret_rc == SQLITE_ROW || *ret_rc == SQLITE_DONE ||
	    stores_fail(im, store);
}

/* The one number that a query is for. */
static bool
read_one_number(struct import *im, enum store store, const char *sql,
    int64_t *ret)
{
	sqlite3_stmt	*st;
	bool		 ok = prepare_statement(im, store, sql, &st);

	if (!ok)
		return false;
	ok = sqlite3_step(st) == SQLITE_ROW || stores_fail(im, store);
	if (ok)
		*ret = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return ok;
}

static bool
copy_between_stores(struct import *im, const struct step *step,
    sqlite3_stmt *from, sqlite3_stmt *to, int64_t total)
{
	int	rc;

	for (int64_t n = 1; next(im, step->from, from, &rc); n++) {
		if (rc == SQLITE_DONE)
			return true;
		for (int i = 0; i < sqlite3_column_count(from); i++)
			sqlite3_bind_value(to, i + 1,
			    sqlite3_column_value(from, i));
		if (!import_goes_on() || !run_statement(im, step->to, to))
			return false;
		report_progress(step->what, n, total);
	}
	return false;
}

static bool
run_step(struct import *im, const struct step *step)
{
	sqlite3_stmt	*from = NULL, *to = NULL;
	int64_t		 total;
	char		 sql[160];
	bool		 ok;

	snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", step->table);
	ok = read_one_number(im, step->from, sql, &total);
	snprintf(sql, sizeof(sql), "SELECT %s FROM %s ORDER BY id",
	    step->select, step->table);
	ok = ok && prepare_statement(im, step->from, sql, &from) &&
	    prepare_statement(im, step->to, step->insert, &to) &&
	    copy_between_stores(im, step, from, to, total);
	sqlite3_finalize(from);
	sqlite3_finalize(to);
	return ok;
}

/* The replies of all tickets, one ticket after the other. */
struct replies {
	struct import	*im;
	sqlite3_stmt	*from;
	sqlite3_stmt	*find;		/* whether there is such a ticket */
	sqlite3_stmt	*note;
	sqlite3_stmt	*index;
	sqlite3_stmt	*count;
	sqlite3_stmt	*date;
	sqlite3_stmt	*milestone;
	int64_t		 ticket;	/* whose replies are being read */
	bool		 is_there;
	int64_t		 replies;	/* of it, so far */
	int64_t		 hours;		/* likewise, in hundredths */
	int64_t		 newest;	/* date of a reply; INT64_MIN: none */
	int64_t		 author;	/* of the ticket; 0: none */
	int64_t		 first;		/* date of another's reply; INT64_MAX */
	int64_t		 last_post;
};

enum {
	REPLY_TICKET, REPLY_POST, REPLY_HOURS, REPLY_CONTENT, REPLY_DATE,
	REPLY_AUTHOR, REPLY_ADDED
};

static bool
replies_prepare(struct replies *r)
{
	return prepare_statement(r->im, STORE_POST, "SELECT ticket_id, id, hours, "
	    "content, max(ifnull(date_added, date_modified), "
	    "ifnull(date_modified, date_added)), user_id, date_added FROM posts "
	    "INDEXED BY posts_by_ticket "
	    "WHERE ticket_id > 0 ORDER BY ticket_id, id", &r->from) &&
	    prepare_statement(r->im, STORE_TICKET,
	    "SELECT started_id FROM tickets WHERE id = ?", &r->find) &&
	    prepare_statement(r->im, STORE_TICKET, "INSERT INTO replies (post_id, "
	    "ticket_id) VALUES (?, ?)", &r->note) &&
	    prepare_statement(r->im, STORE_TICKET, "INSERT INTO reply_words (rowid, "
	    "content) VALUES (?, words(?))", &r->index) &&
	    prepare_statement(r->im, STORE_TICKET, "UPDATE tickets SET replies = ?, "
	    "reply_hours = ? WHERE id = ?", &r->count) &&
	    prepare_statement(r->im, STORE_TICKET, "INSERT INTO newest (ticket_id, "
	    "date) VALUES (?, ?)", &r->date) &&
	    prepare_statement(r->im, STORE_TICKET, "INSERT INTO milestones "
	    "(ticket_id, first_reply, newest_post) VALUES (?, "
	    "nullif(?, 9223372036854775807), ?)", &r->milestone);
}

static void
replies_done(struct replies *r)
{
	sqlite3_finalize(r->from);
	sqlite3_finalize(r->find);
	sqlite3_finalize(r->note);
	sqlite3_finalize(r->index);
	sqlite3_finalize(r->count);
	sqlite3_finalize(r->date);
	sqlite3_finalize(r->milestone);
}

/* The last reply of a ticket was read. */
static bool
ticket_done(struct replies *r)
{
	if (r->replies == 0)
		return true;
	sqlite3_bind_int64(r->count, 1, r->replies);
	sqlite3_bind_int64(r->count, 2, r->hours);
	sqlite3_bind_int64(r->count, 3, r->ticket);
	sqlite3_bind_int64(r->date, 1, r->ticket);
	sqlite3_bind_int64(r->date, 2, r->newest);
	sqlite3_bind_int64(r->milestone, 1, r->ticket);
	sqlite3_bind_int64(r->milestone, 2, r->first);
	sqlite3_bind_int64(r->milestone, 3, r->last_post);
	return run_statement(r->im, STORE_TICKET, r->milestone) &&
	    run_statement(r->im, STORE_TICKET, r->count) &&
	    (r->newest == INT64_MIN ||
	    run_statement(r->im, STORE_TICKET, r->date));
}

static bool
ticket_begin(struct replies *r, int64_t ticket)
{
	int	rc;
	bool	ok;

	sqlite3_bind_int64(r->find, 1, ticket);
	ok = next(r->im, STORE_TICKET, r->find, &rc);
	r->author = ok && rc == SQLITE_ROW ?
	    sqlite3_column_int64(r->find, 0) : 0;
	sqlite3_reset(r->find);
	r->ticket = ticket;
	r->is_there = rc == SQLITE_ROW;
	r->replies = r->hours = 0;
	r->newest = INT64_MIN;
	r->first = INT64_MAX;
	return ok;
}

/* The first reply that is not the author's, as services/ticket/events.c has it. */
static void
note_first(struct replies *r)
{
	int64_t	date = sqlite3_column_int64(r->from, REPLY_ADDED);

	if (sqlite3_column_type(r->from, REPLY_ADDED) != SQLITE_NULL &&
	    sqlite3_column_int64(r->from, REPLY_AUTHOR) != r->author &&
	    date < r->first)
		r->first = date;
}

/* Do what the service does for OP_TICKET_REPLY_KNOWN. */
static bool
reply_take(struct replies *r)
{
	int64_t	post = sqlite3_column_int64(r->from, REPLY_POST);

	/* value_id() lets no larger ones pass */
	CHECK(post < REPLY_ID_SPAN && r->ticket <= IMPORT_ID_MOST);
	r->replies++;
	r->last_post = post;
	note_first(r);
	if (sqlite3_column_type(r->from, REPLY_DATE) != SQLITE_NULL &&
	    sqlite3_column_int64(r->from, REPLY_DATE) > r->newest)
		r->newest = sqlite3_column_int64(r->from, REPLY_DATE);
	r->hours += sqlite3_column_int64(r->from, REPLY_HOURS);
	if (r->hours > HOURS_MOST || r->hours < -HOURS_MOST)
		r->hours = 0;	/* more than any work takes */
	sqlite3_bind_int64(r->note, 1, post);
	sqlite3_bind_int64(r->note, 2, r->ticket);
	sqlite3_bind_int64(r->index, 1, r->ticket * REPLY_ID_SPAN + post);
	sqlite3_bind_value(r->index, 2,
	    sqlite3_column_value(r->from, REPLY_CONTENT));
	return run_statement(r->im, STORE_TICKET, r->note) &&
	    run_statement(r->im, STORE_TICKET, r->index);
}

static bool
reply_read(struct replies *r)
{
	int64_t	ticket = sqlite3_column_int64(r->from, REPLY_TICKET);

	if (ticket != r->ticket && (!ticket_done(r) ||
	    !ticket_begin(r, ticket)))
		return false;
	return !r->is_there || reply_take(r);
}

static bool
replies_read(struct replies *r)
{
	int64_t	total;
	int	rc;

	if (!read_one_number(r->im, STORE_POST, "SELECT count(*) FROM posts WHERE "
	    "ticket_id > 0", &total))
		return false;
	for (int64_t n = 1; next(r->im, STORE_POST, r->from, &rc); n++) {
		if (rc == SQLITE_DONE)
			return ticket_done(r);
		if (!import_goes_on() || !reply_read(r))
			return false;
		report_progress("words of replies", n, total);
	}
	return false;
}

/* Of the posts whose tickets are there. */
static bool
derive_replies(struct import *im)
{
	struct replies	r = { .im = im };
	bool		ok = replies_prepare(&r) && replies_read(&r);

	replies_done(&r);
	return ok;
}

static bool
change(struct import *im, enum store store, const char *sql)
{
	return sqlite3_exec(im->store[store], sql, NULL, NULL, NULL) ==
	    SQLITE_OK || stores_fail(im, store);
}

/* --- totals --------------------------------------------------------------------- */

/*
 * Flicket counted what users write and have, not always rightly, and its
 * numbers are kept. By how much they differ from what is there is written
 * down: so far `flicketctl verify` lets totals differ.
 */
static const struct total {
	enum store	 from;
	const char	*counts;	/* user, how many */
	const char	*subtract;
} totals[] = {
	{ STORE_TICKET, "SELECT started_id, count(*) FROM tickets GROUP BY 1",
	    "UPDATE taken_over SET posts = posts - ?2 WHERE user_id = ?1" },
	{ STORE_POST, "SELECT user_id, count(*) FROM posts GROUP BY 1",
	    "UPDATE taken_over SET posts = posts - ?2 WHERE user_id = ?1" },
	{ STORE_TICKET, "SELECT assigned_id, count(*) FROM tickets "
	    "WHERE assigned_id IS NOT NULL GROUP BY 1", "UPDATE taken_over "
	    "SET assigned = assigned - ?2 WHERE user_id = ?1" },
};

static bool
subtract_all(struct import *im, const struct total *t, sqlite3_stmt *from,
    sqlite3_stmt *to)
{
	int	rc;

	while (next(im, t->from, from, &rc)) {
		if (rc == SQLITE_DONE)
			return true;
		sqlite3_bind_int64(to, 1, sqlite3_column_int64(from, 0));
		sqlite3_bind_int64(to, 2, sqlite3_column_int64(from, 1));
		if (!import_goes_on() || !run_statement(im, STORE_USER, to))
			return false;
	}
	return false;
}

static bool
subtract_total(struct import *im, const struct total *t)
{
	sqlite3_stmt	*from = NULL, *to = NULL;
	bool		 ok;

	ok = prepare_statement(im, t->from, t->counts, &from) &&
	    prepare_statement(im, STORE_USER, t->subtract, &to) &&
	    subtract_all(im, t, from, to);
	sqlite3_finalize(from);
	sqlite3_finalize(to);
	return ok;
}

static bool
derive_totals(struct import *im)
{
	if (!change(im, STORE_USER, "CREATE TABLE taken_over (user_id INTEGER "
	    "PRIMARY KEY, posts INTEGER NOT NULL, assigned INTEGER NOT NULL) "
	    "STRICT; INSERT INTO taken_over SELECT id, total_posts, "
	    "total_assigned FROM users"))
		return false;
	for (size_t i = 0; i < sizeof(totals) / sizeof(totals[0]); i++)
		if (!subtract_total(im, &totals[i]))
			return false;
	return change(im, STORE_USER, "DELETE FROM taken_over "
	    "WHERE posts = 0 AND assigned = 0");
}

/* --- the newest dates -------------------------------------------------------------- */

/*
 * Tickets that were made over Flicket's API have a last_updated of the day on
 * which the database was made, years before the ticket, and updated_since would
 * not find them. So it is never earlier than what is known of the ticket. Dates
 * of one request differ by less than a second: that is left. A subscription or
 * another category is no update.
 */
static const char raise_sql[] =
    "INSERT INTO newest SELECT ticket_id, max(date) FROM actions "
    "WHERE date IS NOT NULL AND action NOT IN ('subscribe', 'unsubscribe', "
    "'department_category') GROUP BY 1;"
    "INSERT INTO newest SELECT id, max(ifnull(date_added, date_modified), "
    "ifnull(date_modified, date_added)) FROM tickets "
    "WHERE date_added IS NOT NULL OR date_modified IS NOT NULL;"
    "UPDATE tickets SET last_updated = n.date FROM (SELECT ticket_id, "
    "max(date) AS date FROM newest GROUP BY 1) n WHERE id = n.ticket_id "
    "AND ifnull(last_updated < n.date - 1000000, 1)";

static bool
derive_updated(struct import *im)
{
	int	changed;

	if (!change(im, STORE_TICKET, raise_sql))
		return false;
	changed = sqlite3_changes(im->store[STORE_TICKET]);
	if (changed > 0 && !im->before_022 && !im->records)
		report_line(&im->lane[LANE_RUN], "tickets: last_updated: it was "
		    "older than the ticket, its replies or actions: moved to "
		    "the newest of their dates: %d times", changed);
	return change(im, STORE_TICKET, "DROP TABLE newest");
}

/* --- milestones ----------------------------------------------------------------- */

/* When closed tickets were closed; and all that is imported counts as seen. */
static const char milestones_sql[] =
    "INSERT INTO milestones (ticket_id, closed_at) SELECT a.ticket_id, "
    "max(a.date) FROM actions a JOIN tickets t ON t.id = a.ticket_id "
    "WHERE a.action = 'close' AND t.status_id = (SELECT closed FROM "
    "own_statuses) GROUP BY 1 ON CONFLICT (ticket_id) DO UPDATE "
    "SET closed_at = excluded.closed_at;"
    "INSERT OR REPLACE INTO seen_marks (user_id, ticket_id, post_id) "
    "SELECT id, ifnull((SELECT max(id) FROM tickets), 0), "
    "ifnull((SELECT max(post_id) FROM replies), 0) FROM user_names;";

/* --- the whole ------------------------------------------------------------------ */

/* Write large segments, and do not merge them meanwhile. */
#define BEGIN_SEARCH(table) \
    "INSERT INTO " table " (" table ", rank) VALUES " \
    "('automerge', 0), ('crisismerge', 1999), ('hashsize', " INDEX_BYTES ");"
/* Merge them into one, and go on as services/ticket/migrations/003_writes.sql
 * has it, which says why that one is put eight levels down. */
#define END_SEARCH(table) \
    "INSERT INTO " table " (" table ") VALUES ('optimize');" \
    "UPDATE " table "_data SET block = CAST(substr(block, 1, 4) || " \
    "x'0a0100000000000000000000000000000000000000' || substr(block, 10) " \
    "AS BLOB) WHERE id = 10 AND substr(block, 5, 7) = x'02010000000001';" \
    "INSERT INTO " table " (" table ", rank) VALUES " \
    "('automerge', 8), ('crisismerge', 64), ('hashsize', 1048576);"

bool
derive_all(struct import *im)
{
	if (!change(im, STORE_TICKET, BEGIN_SEARCH("ticket_words")
	    BEGIN_SEARCH("reply_words")))
		return false;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (!run_step(im, &steps[i]))
			return false;
	if (!change(im, STORE_TICKET, "CREATE TABLE newest (ticket_id "
	    "INTEGER, date INTEGER)"))
		return false;
	return kinds_wait(im) && derive_replies(im) && derive_updated(im) &&
	    change(im, STORE_TICKET, milestones_sql) && derive_totals(im) &&
	    change(im, STORE_TICKET,
	    END_SEARCH("ticket_words") END_SEARCH("reply_words")
	    "UPDATE search_form SET form = words_form();");
}
