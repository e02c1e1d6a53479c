/* The tests of `flicketctl verify` that are one query each. */
#include "proto/frame.h"
#include "tools/flicketctl/backup/verify_findings.h"

#define BIT(SERVICE)	(1u << SERVICE_##SERVICE)
#define U	BIT(USER)
#define T	BIT(TICKET)
#define P	BIT(POST)
#define L	BIT(LOOKUP)

/* "ticket 7: 99": rows of a table whose column is not in another table. */
#define LOST(one, table, column, other) \
	"SELECT '" one " ' || id || ': " column " ' || " column " FROM " \
	table " WHERE " column " IS NOT NULL AND " column \
	" NOT IN (SELECT id FROM " other ")"
/*
 * ... of users: rows that a user wrote while it was being deleted keep its id,
 * which is not given again
 */
#define LOST_USER(one, table, column) \
	LOST(one, table, column, "user.users") \
	" AND " column " > (SELECT user_id FROM user.gone)"
/* rows that only one of two tables has */
#define DIFFERENT(one, a, b) \
	"SELECT '" one " ' || id || ': ' || 'differs' FROM (SELECT id FROM (" \
	a " EXCEPT " b ") UNION SELECT id FROM (" b " EXCEPT " a "))"
/*
 * The latest date of a row that was added before one with an earlier date: until
 * then the clock was ahead, and dates do not tell what was done first.
 */
#define SET_BACK(table, date) \
	"ifnull((SELECT max(" date ") FROM (SELECT " date ", min(" date ") " \
	"OVER (ORDER BY id DESC ROWS BETWEEN UNBOUNDED PRECEDING AND " \
	"1 PRECEDING) AS later FROM " table ") " \
	"WHERE later < " date " - 10000000), 0)"

/* clocks of hosts differ by less, us */
#define CLOCKS_DIFFER "10000000"
/* rows of what users have seen, whose column is not in another table */
#define SEEN_LOST(table, column, other) \
	"SELECT 'user ' || s.user_id || ', ticket ' || s.ticket_id || " \
	"': seen' FROM " table " s WHERE s." column \
	" NOT IN (SELECT id FROM " other ")"

const struct verify_test verify_tests[] = {
	{ "reference", "tickets of users that are not there",
	    LOST_USER("ticket", "ticket.tickets", "started_id")
	    " UNION ALL " LOST_USER("ticket", "ticket.tickets",
	    "modified_id"), 0, 0 },
	{ "reference", "tickets assigned to users that are not there",
	    LOST("ticket", "ticket.tickets", "assigned_id", "user.users"),
	    U, T },
	{ "reference", "tickets of a category that is not there",
	    LOST("ticket", "ticket.tickets", "category_id",
	    "lookup.categories"), 0, 0 },
	{ "reference", "tickets of a priority or status that is not there",
	    LOST("ticket", "ticket.tickets", "ticket_priority_id",
	    "lookup.priorities") " UNION ALL " LOST("ticket",
	    "ticket.tickets", "status_id", "lookup.statuses"), 0, 0 },
	{ "reference", "subscriptions without a user or a ticket",
	    LOST("subscription", "ticket.subscriptions", "user_id",
	    "user.users") " UNION ALL " LOST("subscription",
	    "ticket.subscriptions", "ticket_id", "ticket.tickets"), U, T },
	{ "reference", "actions without a ticket or a user",
	    LOST("action", "ticket.actions", "ticket_id", "ticket.tickets")
	    " UNION ALL " LOST_USER("action", "ticket.actions", "user_id")
	    " UNION ALL " LOST_USER("action", "ticket.actions",
	    "recipient_id"), 0, 0 },
	{ "reference", "actions on a reply that is not there",
	    LOST("action", "ticket.actions", "post_id", "post.posts"), P, T },
	{ "reference", "replies to a ticket that is not there",
	    LOST("post", "post.posts", "ticket_id", "ticket.tickets"),
	    T | P, T | P },
	{ "reference", "replies of users that are not there",
	    LOST_USER("post", "post.posts", "user_id")
	    " UNION ALL " LOST_USER("post", "post.posts", "modified_id"),
	    0, 0 },
	{ "reference", "uploads without a ticket or a reply",
	    LOST("upload", "post.uploads", "post_id", "post.posts")
	    " UNION ALL " LOST("upload", "post.uploads", "topic_id",
	    "ticket.tickets"), T, P },
	{ "reference", "histories without a text or a user",
	    LOST("history", "post.histories", "post_id", "post.posts")
	    " UNION ALL " LOST("history", "post.histories", "topic_id",
	    "ticket.tickets") " UNION ALL " LOST_USER("history",
	    "post.histories", "user_id"), T, P },
	{ "replies", "replies that the ticket service does not know, or that "
	    "are not there",
	    DIFFERENT("post", "SELECT id, ticket_id FROM post.posts",
	    "SELECT post_id AS id, ticket_id FROM ticket.replies"), T | P, T | P },
	{ "replies", "tickets with a wrong count of replies",
	    "SELECT 'ticket ' || t.id || ': ' || t.replies || ', not ' || "
	    "ifnull(p.n, 0) FROM ticket.tickets t LEFT JOIN (SELECT "
	    "ticket_id, count(*) AS n FROM post.posts GROUP BY ticket_id) p "
	    "ON p.ticket_id = t.id WHERE t.replies <> ifnull(p.n, 0)", P, T },
	{ "replies", "tickets with a wrong sum of hours",
	    "SELECT 'ticket ' || t.id || ': ' || t.reply_hours || ', not ' || "
	    "ifnull(p.n, 0) FROM ticket.tickets t LEFT JOIN (SELECT "
	    "ticket_id, sum(hours) AS n FROM post.posts GROUP BY ticket_id) p "
	    "ON p.ticket_id = t.id WHERE t.reply_hours <> ifnull(p.n, 0)",
	    P, T },
	/* clocks of hosts differ by less than 10 s */
	{ "last_updated", "tickets that were changed or replied to after their "
	    "last_updated", "SELECT 'ticket ' || id || ': ' || "
	    "ifnull(last_updated, 'never') || ', not ' || latest FROM (SELECT "
	    "id, last_updated, max(date_added, ifnull(date_modified, 0), "
	    "ifnull((SELECT max(max(date_added, ifnull(date_modified, 0))) "
	    "FROM post.posts WHERE ticket_id = t.id), 0)) AS latest "
	    "FROM ticket.tickets t) WHERE ifnull(last_updated, 0) < "
	    "latest - 10000000 AND latest > (SELECT max("
	    SET_BACK("ticket.tickets", "date_added") ", "
	    SET_BACK("post.posts", "date_added") ", "
	    SET_BACK("post.histories", "date_modified") ")) "
	    "AND latest <= (strftime('%s', 'now') + 10) * 1000000", P, T,
	    true },
	{ "names", "users whose name the ticket service has wrong",
	    DIFFERENT("user", "SELECT id, nullif(name, ''), "
	    "nullif(username, ''), disabled FROM user.users",
	    "SELECT id, nullif(name, ''), nullif(username, ''), disabled "
	    "FROM ticket.user_names"), U, T },
	{ "names", "departments that the ticket service has wrong",
	    DIFFERENT("department", "SELECT id, nullif(department, ''), "
	    "deleted FROM lookup.departments", "SELECT id, "
	    "nullif(department, ''), deleted FROM ticket.department_names"),
	    L, T },
	{ "names", "categories that the ticket service has wrong",
	    DIFFERENT("category", "SELECT id, nullif(category, ''), "
	    "nullif(department_id, 0), deleted FROM lookup.categories",
	    "SELECT id, nullif(category, ''), nullif(department_id, 0), "
	    "deleted FROM ticket.category_names"), L, T },
	{ "names", "priorities or statuses that the ticket service has wrong",
	    DIFFERENT("priority", "SELECT id, nullif(priority, '') FROM "
	    "lookup.priorities", "SELECT id, nullif(priority, '') FROM "
	    "ticket.priority_names") " UNION ALL " DIFFERENT("status",
	    "SELECT id, nullif(status, '') FROM lookup.statuses",
	    "SELECT id, nullif(status, '') FROM ticket.status_names"), L, T },
	/* what the console keeps */
	{ "reference", "milestones of tickets that are not there",
	    "SELECT 'ticket ' || ticket_id || ': has milestones' FROM "
	    "ticket.milestones WHERE ticket_id NOT IN (SELECT id FROM "
	    "ticket.tickets)", 0, 0 },
	{ "milestones", "tickets whose newest reply is another one",
	    "SELECT 'ticket ' || t.id || ': newest_post ' || "
	    "ifnull(m.newest_post, 'none') || ', not ' || ifnull(p.n, 'none') "
	    "FROM ticket.tickets t LEFT JOIN ticket.milestones m ON "
	    "m.ticket_id = t.id LEFT JOIN (SELECT ticket_id, max(id) AS n "
	    "FROM post.posts GROUP BY ticket_id) p ON p.ticket_id = t.id "
	    "WHERE ifnull(m.newest_post, 0) <> ifnull(p.n, 0)", P, T },
	/* a first reply that was deleted keeps its date; 0: not known */
	{ "milestones", "tickets whose first_reply is later than their first "
	    "reply, or missing", "SELECT 'ticket ' || t.id || "
	    "': first_reply ' || ifnull(m.first_reply, 'none') || ', not ' "
	    "|| p.date_added FROM (SELECT ticket_id, min(p.id) AS id FROM "
	    "post.posts p JOIN ticket.tickets t ON t.id = p.ticket_id WHERE "
	    "p.user_id IS NOT t.started_id AND p.date_added IS NOT NULL "
	    "GROUP BY 1) f JOIN post.posts p ON p.id = f.id "
	    "JOIN ticket.tickets t ON t.id = f.ticket_id "
	    "LEFT JOIN ticket.milestones m ON m.ticket_id = t.id "
	    "WHERE m.first_reply IS NULL OR (m.first_reply > "
	    "p.date_added + " CLOCKS_DIFFER " AND p.date_added > "
	    SET_BACK("post.posts", "date_added") ")", P, T },
	{ "milestones", "tickets that have a first_reply from before them",
	    "SELECT 'ticket ' || t.id || ': first_reply ' || m.first_reply "
	    "|| ', added ' || t.date_added FROM ticket.milestones m "
	    "JOIN ticket.tickets t ON t.id = m.ticket_id WHERE m.first_reply "
	    "<> 0 AND m.first_reply < t.date_added - " CLOCKS_DIFFER
	    " AND t.date_added > max("
	    SET_BACK("ticket.tickets", "date_added") ", "
	    SET_BACK("post.posts", "date_added") ", "
	    SET_BACK("ticket.actions", "date") ") AND NOT EXISTS (SELECT 1 "
	    "FROM post.posts WHERE ticket_id = t.id AND date_added < "
	    "t.date_added)", 0, 0, true },
	{ "milestones", "tickets that are open and have a closed_at",
	    "SELECT 'ticket ' || t.id || ': closed_at ' || m.closed_at FROM "
	    "ticket.milestones m JOIN ticket.tickets t ON t.id = m.ticket_id "
	    "WHERE m.closed_at IS NOT NULL AND t.status_id IS NOT "
	    "(SELECT closed FROM ticket.own_statuses)", 0, 0 },
	/* of tickets of earlier times it may not be known when they were closed */
	{ "milestones", "closed tickets whose closed_at is not when they were "
	    "closed", "SELECT 'ticket ' || t.id || ': closed_at ' || "
	    "ifnull(m.closed_at, 'none') || ', not ' || c.date FROM (SELECT "
	    "ticket_id, max(id) AS id, max(date) AS date FROM ticket.actions "
	    "WHERE action = 'close' AND date IS NOT NULL GROUP BY 1) c JOIN "
	    "ticket.actions a ON a.id = c.id JOIN ticket.tickets t ON "
	    "t.id = c.ticket_id LEFT JOIN ticket.milestones m ON "
	    "m.ticket_id = t.id WHERE t.status_id = (SELECT closed FROM "
	    "ticket.own_statuses) AND (m.closed_at IS NULL OR m.closed_at < "
	    "a.date - " CLOCKS_DIFFER " OR m.closed_at > max(c.date, "
	    "ifnull(t.last_updated, 0)) + " CLOCKS_DIFFER ")", 0, 0 },
	{ "reference", "what users have seen, without a user or a ticket",
	    SEEN_LOST("ticket.seen", "user_id", "user.users")
	    " AND s.user_id > (SELECT user_id FROM user.gone) UNION ALL "
	    SEEN_LOST("ticket.seen", "ticket_id", "ticket.tickets")
	    " UNION ALL " SEEN_LOST("ticket.seen_marks", "user_id",
	    "user.users") " AND s.user_id > (SELECT user_id FROM user.gone)",
	    U, T },
	{ "seen", "users without a mark of what was there before them",
	    "SELECT 'user ' || id FROM ticket.user_names WHERE id NOT IN "
	    "(SELECT user_id FROM ticket.seen_marks)", 0, 0 },
	{ "seen", "what users have seen, that cannot be", "SELECT 'user ' || "
	    "user_id || ', ticket ' || ticket_id || ': post ' || post_id "
	    "FROM ticket.seen WHERE post_id < 0 UNION ALL SELECT 'user ' || "
	    "user_id || ', up to ticket ' || ticket_id || ': post ' || "
	    "post_id FROM ticket.seen_marks WHERE post_id < 0 OR "
	    "ticket_id < 0 UNION ALL SELECT 'user ' || user_id || ': ' || "
	    "count(*) || ' rows' FROM ticket.seen GROUP BY user_id HAVING "
	    "count(*) > 5000", 0, 0 },
	{ "views", "views that the API would have refused", "SELECT 'view ' "
	    "|| id || ' of user ' || user_id FROM user.views WHERE "
	    "length(trim(name)) NOT BETWEEN 1 AND 60 OR length(query) > 2000 "
	    "OR shared NOT IN (0, 1) OR position NOT BETWEEN 0 AND 1000000 "
	    "UNION ALL SELECT 'user ' || user_id || ': ' || count(*) || "
	    "' views' FROM user.views GROUP BY user_id HAVING count(*) > 100",
	    0, 0 },
	{ "uploads", "staged files that are attached, or are nobody's",
	    "SELECT 'upload ' || id || ': ' || filename FROM post.uploads "
	    "WHERE staged_at IS NOT NULL AND (post_id IS NOT NULL OR "
	    "topic_id IS NOT NULL OR user_id IS NULL)", 0, 0 },
	{ "uploads", "files that are neither staged nor attached",
	    "SELECT 'upload ' || id || ': ' || filename FROM post.uploads "
	    "WHERE staged_at IS NULL AND post_id IS NULL AND topic_id IS NULL "
	    "AND user_id IS NOT NULL", 0, 0 },
	{ "uploads", "files of nobody that are attached to nothing",
	    "SELECT 'upload ' || id || ': ' || filename FROM post.uploads "
	    "WHERE staged_at IS NULL AND post_id IS NULL AND topic_id IS NULL "
	    "AND user_id IS NULL", 0, 0, true },
	{ "uploads", "users with more than 100 staged files", "SELECT 'user ' "
	    "|| user_id || ': ' || count(*) FROM post.uploads WHERE staged_at "
	    "IS NOT NULL AND user_id IS NOT NULL GROUP BY user_id "
	    "HAVING count(*) > 100", 0, 0 },
	{ 0 }
};
