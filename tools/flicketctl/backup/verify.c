/*
 * flicketctl verify: whether a desk, or a backup, is whole. Each store is
 * checked, and the stores are compared with each other, as of one point
 * (backup_cut.h). Nothing is changed.
 *
 * Events that are not delivered explain differences. If there are any from one
 * service to another, the tests that compare these two are left out, and a
 * note says so. Totals are compared all the same, with those events added.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/paths.h"
#include "proto/frame.h"
#include "services/store/migrate.h"
#include "services/store/store.h"
#include "tools/flicketctl/backup/backup_cut.h"
#include "tools/flicketctl/backup/backup_files.h"
#include "tools/flicketctl/backup/backup_judge.h"
#include "tools/flicketctl/backup/manifest.h"
#include "tools/flicketctl/backup/verify.h"
#include "tools/flicketctl/cli/cli.h"
#include "tools/flicketctl/cli/member.h"
#include "tools/flicketctl/cli/stop.h"
#include "tools/flicketctl/desk/ask.h"
#include "tools/flicketctl/store/select.h"
#include "tools/flicketctl/store/stores.h"

enum {
	STATUS_UNREADABLE = STATUS_NOTHING,
	SHOWN = 5,		/* examples of a finding */
	NEW_FILE_S = 120	/* a file may have no row yet */
};

#define BIT(SERVICE)	(1u << SERVICE_##SERVICE)
#define U	BIT(USER)
#define T	BIT(TICKET)
#define P	BIT(POST)
#define L	BIT(LOOKUP)

/* A query whose rows are faults; its only column describes one. */
struct test {
	const char	*name;
	const char	*what;
	const char	*sql;
	unsigned	 from;	/* events of these services ... */
	unsigned	 to;	/* ... to these explain it */
	bool		 ours;	/* Flicket was not so strict */
};

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

static const struct test tests[] = {
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
	/* clocks of hosts differ by less than that */
	{ "last_updated", "tickets that were changed or replied to after their "
	    "last_updated", "SELECT 'ticket ' || id || ': ' || "
	    "ifnull(last_updated, 'never') || ', not ' || latest FROM (SELECT "
	    "id, last_updated, max(date_added, ifnull(date_modified, 0), "
	    "ifnull((SELECT max(max(date_added, ifnull(date_modified, 0))) "
	    "FROM post.posts WHERE ticket_id = t.id), 0)) AS latest "
	    "FROM ticket.tickets t) WHERE ifnull(last_updated, 0) < "
	    "latest - 10000000", P, T, true },
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
};

struct verify {
	struct settings	 settings;
	struct cut	 cut;
	json_t		*findings;
	json_t		*notes;
	bool		 is_backup;
	bool		 is_sound;	/* the stores' schemas are right */
	bool		 quick;
	bool		 taken_over;	/* from Flicket */
	bool		 same_schema;	/* all are this program's */
	unsigned	 under_way[SERVICE_END]; /* to these, bits: from */
	bool		 failed;	/* something could not be read */
};

/* --- what is found ------------------------------------------------------------- */

struct found {
	int64_t	 count;
	json_t	*examples;
};

static void
found_one(struct found *f, const char *example)
{
	if (f->examples == NULL)
		f->examples = json_array();
	if (f->count++ < SHOWN)
		json_array_append_new(f->examples, json_string(example));
}

/* Add the findings to a list, and clear them. */
static void
found_done(json_t *list, const char *test, const char *what, struct found *f)
{
	if (f->count > 0)
		json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:O}",
		    "test", test, "what", what, "count",
		    (json_int_t)f->count, "examples", f->examples));
	json_decref(f->examples);
	*f = (struct found){ 0 };
}

static void
add_note(struct verify *v, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
add_note(struct verify *v, const char *format, ...)
{
	char	line[512];
	va_list	ap;

	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	json_array_append_new(v->notes, json_string(line));
}

/* Say why a query failed. */
static void
note_failure(struct verify *v, const char *why)
{
	v->failed = true;
	cli_fail("%s", why);
}

/* The next row of a query, which is ended after the last. */
static bool
next_row(struct verify *v, struct select *r)
{
	if (!stop_asked() && select_next(r))
		return true;
	if (!select_end(r))
		note_failure(v, select_error(v->cut.db));
	else if (stop_asked())
		note_failure(v, "stopped");
	return false;
}

/* --- each store ---------------------------------------------------------------- */

/* Add a finding to those of its kind. */
static void
take_down(void *arg, const char *test, const char *what, const char *example)
{
	struct verify	*v = arg;
	json_t		*f, *count;
	size_t		 i;

	json_array_foreach(v->findings, i, f) {
		if (strcmp(member_text(f, "test"), test) != 0 ||
		    strcmp(member_text(f, "what"), what) != 0)
			continue;
		count = json_object_get(f, "count");
		json_integer_set(count, json_integer_value(count) + 1);
		if (json_integer_value(count) <= SHOWN)
			json_array_append_new(json_object_get(f, "examples"),
			    json_string(example));
		return;
	}
	json_array_append_new(v->findings, json_pack("{s:s, s:s, s:i, s:[s]}",
	    "test", test, "what", what, "count", 1, "examples", example));
}

static void
verify_stores(struct verify *v)
{
	struct judge	j = { .found = take_down, .arg = v,
			    .quick = v->quick };
	bool		sound;

	for (unsigned id = 1; id < SERVICE_END; id++) {
		v->failed = !judge_store(&j, &v->cut, (enum service_id)id,
		    &sound) || v->failed;
		v->is_sound = v->is_sound && sound;
	}
}

static void
compare_schema(struct verify *v, enum service_id id)
{
	const char	*name = service_name(id);
	int64_t		 have = 0, newest = store_newest_schema(cut_services[id]);

	v->failed = !cut_number(&v->cut, &have, "PRAGMA \"%s\".user_version",
	    name) || v->failed;
	if (have == newest)
		return;
	v->same_schema = false;
	add_note(v, "the %s store has schema %lld, this program's is %lld: stores "
	    "are not compared with each other", name, (long long)have,
	    (long long)newest);
}

/*
 * Count the events under way. Those that the consumer has applied only wait for
 * their acknowledgement, and do not count.
 */
static void
check_outbox(struct verify *v, enum service_id from, enum service_id to)
{
	int64_t	count = 0;

	v->failed = !cut_number(&v->cut, &count, "SELECT count(*) FROM "
	    "\"%s\".outbox WHERE consumer = %d AND seq > ifnull((SELECT seq FROM \"%s\"."
	    "inbox WHERE source = %d AND stream = (SELECT stream FROM "
	    "\"%s\".identity)), 0)", service_name(from), to,
	    service_name(to), from, service_name(from)) || v->failed;
	if (count == 0)
		return;
	v->under_way[to] |= 1u << from;
	add_note(v, "%lld events of the %s service are not delivered to the %s "
	    "service", (long long)count, service_name(from),
	    service_name(to));
}

/* Report events that were set aside: their effects are missing. */
static void
check_set_aside(struct verify *v)
{
	struct found	 f = { 0 };
	struct select	 r;
	char		 example[160];

	for (unsigned id = 1; id < SERVICE_END; id++) {
		const char	*name = service_name((enum service_id)id);

		r = select_begin_with(v->cut.db, "SELECT seq, op, error FROM "
		    "\"%s\".set_aside ORDER BY seq", name);
		while (next_row(v, &r)) {
			const char	*event = op_info((uint64_t)
					    select_number(&r, 1))->name;

			snprintf(example, sizeof(example), "%s %s: %s: %s",
			    name, select_text(&r, 0), event == NULL ? "?" : event,
			    select_number(&r, 2) == OK ?
			    "waits for an earlier one" : err_info((uint64_t)
			    select_number(&r, 2))->reason);
			found_one(&f, example);
		}
	}
	found_done(v->findings, "events", "events that were refused for good "
	    "and set aside", &f);
}

/* --- between stores -------------------------------------------------------------- */

static bool
is_explained(const struct verify *v, const struct test *t)
{
	for (unsigned id = 1; id < SERVICE_END; id++)
		if ((t->to & 1u << id) != 0 &&
		    (v->under_way[id] & t->from) != 0)
			return true;
	return false;
}

static void
run_tests(struct verify *v)
{
	struct found	f = { 0 };
	struct select	r;

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		if (tests[i].ours && v->taken_over)
			continue;
		if (is_explained(v, &tests[i])) {
			add_note(v, "not looked for, as events are under way: %s",
			    tests[i].what);
			continue;
		}
		r = select_begin(v->cut.db, tests[i].sql);
		while (next_row(v, &r))
			found_one(&f, select_text(&r, 0));
		found_done(v->findings, tests[i].name, tests[i].what, &f);
	}
}

/* --- totals ------------------------------------------------------------------------ */

/* Record what an event adds to a user's totals. */
static void
add_event(const struct select *event, struct frame_reader *frames,
    struct select *put)
{
	struct text	frame = select_bytes(event, 2);
	struct args	args;
	int64_t		op = select_number(event, 0);

	frame_reader_start(frames, frame.base, frame.len);
	if (frame_next_args(frames, &args) != FRAME_ONE)
		return;
	select_bind_number(put, 1, op == OP_USER_WROTE_TICKET ?
	    select_number(event, 1) : args_number(&args, KEY_USER_ID, 0));
	select_bind_number(put, 2, op == OP_USER_WROTE_TICKET ? 1 :
	    args_number(&args, KEY_POSTS, 0));
	select_bind_number(put, 3, op == OP_USER_WROTE_TICKET ? 0 :
	    args_number(&args, KEY_ASSIGNED, 0));
	(void)select_next(put);
	select_again(put);
}

/*
 * Events that the user service has applied stay in outboxes until they are
 * acknowledged; its inbox tells which these are.
 */
static void
collect_tallies(struct verify *v)
{
	struct frame_reader	*frames = frame_reader_new();
	struct select		 put, r;

	put = select_begin(v->cut.db, "INSERT INTO temp.tallies VALUES "
	    "(?1, ?2, ?3)");
	for (unsigned id = 1; !put.failed && id < SERVICE_END; id++) {
		const char	*name = service_name((enum service_id)id);

		r = select_begin_with(v->cut.db, "SELECT op, actor, args FROM "
		    "\"%s\".outbox WHERE op IN (%d, %d) AND seq > ifnull("
		    "(SELECT seq FROM user.inbox WHERE source = %u AND stream "
		    "= (SELECT stream FROM \"%s\".identity)), 0)", name,
		    OP_USER_WROTE_TICKET, OP_USER_COUNTED, id, name);
		while (next_row(v, &r))
			add_event(&r, frames, &put);
	}
	if (!select_end(&put))
		note_failure(v, select_error(v->cut.db));
	frame_reader_destroy(&frames);
}

/*
 * Record by how much totals differed when the desk was taken over from Flicket;
 * false if that is not known.
 */
static bool
collect_taken_over(struct verify *v)
{
	int64_t	known = 0;

	if (!v->taken_over)
		return true;
	if (!cut_number(&v->cut, &known, "SELECT count(*) FROM "
	    "user.sqlite_schema WHERE name = 'taken_over'") || known == 0)
		return false;
	if (!select_execute(v->cut.db, "INSERT INTO temp.tallies SELECT user_id, "
	    "-posts, -assigned FROM user.taken_over"))
		v->failed = true;
	return true;
}

static void
check_totals(struct verify *v)
{
	static const char	sql[] =
	    "SELECT 'user ' || id || ': total_posts ' || total_posts || "
	    "', not ' || posts || ', total_assigned ' || total_assigned || "
	    "', not ' || assigned FROM (SELECT id, total_posts, "
	    "total_assigned, (SELECT count(*) FROM ticket.tickets "
	    "WHERE started_id = u.id) + (SELECT count(*) FROM post.posts "
	    "WHERE user_id = u.id) - (SELECT ifnull(sum(posts), 0) "
	    "FROM temp.tallies WHERE user_id = u.id) AS posts, "
	    "(SELECT count(*) FROM ticket.tickets WHERE assigned_id = u.id) "
	    "- (SELECT ifnull(sum(assigned), 0) FROM temp.tallies "
	    "WHERE user_id = u.id) AS assigned FROM user.users u) "
	    "WHERE total_posts <> posts OR total_assigned <> assigned";
	struct found		f = { 0 };
	struct select		r;

	if (!select_execute(v->cut.db, "CREATE TEMP TABLE tallies (user_id, posts, "
	    "assigned)"))
		v->failed = true;
	if (!collect_taken_over(v)) {
		add_note(v, "totals of users are not compared: those of a desk "
		    "that was taken over from Flicket began as Flicket had "
		    "them, and the import did not note how they differed");
		return;
	}
	collect_tallies(v);
	r = select_begin(v->cut.db, sql);
	while (next_row(v, &r))
		found_one(&f, select_text(&r, 0));
	found_done(v->findings, "totals", "users whose totals are not what "
	    "they wrote and have", &f);
}

/* --- files ------------------------------------------------------------------------ */

static void
check_named(struct verify *v, const struct backup_folder *folder)
{
	struct found	 f = { 0 }, old = { 0 };
	struct buf	 path = { 0 };
	char		 inside[512];
	struct select	 r = select_begin(v->cut.db, folder->names);

	while (next_row(v, &r)) {
		snprintf(inside, sizeof(inside), "%s/%s", folder->path,
		    select_text(&r, 0));
		path.len = 0;
		buf_printf(&path, PATHS_STORES "/%s", inside);
		buf_put_byte(&path, '\0');
		if (file_is_safe(select_text(&r, 0)) &&
		    stores_is_file(path.base))
			continue;
		found_one(v->taken_over ? &old : &f, inside);
	}
	buf_done(&path);
	found_done(v->findings, "files", "files that rows name and that are "
	    "not there", &f);
	if (old.count > 0)
		add_note(v, "%lld files that rows name are not in %s: the desk was "
		    "taken over from Flicket, perhaps without them",
		    (long long)old.count, folder->path);
	json_decref(old.examples);
}

static bool
is_new(const char *path)
{
	struct stat	st;

	return lstat(path, &st) == -1 ||
	    st.st_mtime > time(NULL) - NEW_FILE_S;
}

static bool
is_named(struct select *r, const char *name)
{
	bool	is;

	select_bind_text(r, 1, name);
	is = select_next(r);
	select_again(r);
	return is;
}

static void
check_nameless_in(struct verify *v, const struct backup_folder *folder,
    DIR *dir)
{
	struct found	 f = { 0 };
	struct buf	 path = { 0 };
	struct select	 r = select_begin_with(v->cut.db, "WITH n (name) AS (%s) "
			    "SELECT 1 FROM n WHERE name = ?1", folder->names);
	struct dirent	*e;

	while (!r.failed && (e = readdir(dir)) != NULL) {
		path.len = 0;
		buf_printf(&path, PATHS_STORES "/%s/%s", folder->path,
		    e->d_name);
		buf_put_byte(&path, '\0');
		if (e->d_name[0] != '.' && !is_new(path.base) &&
		    !is_named(&r, e->d_name))
			found_one(&f, e->d_name);
	}
	if (!select_end(&r))
		note_failure(v, select_error(v->cut.db));
	buf_done(&path);
	found_done(v->findings, "files", "files that no row names", &f);
}

static void
check_nameless(struct verify *v, const struct backup_folder *folder)
{
	char	 path[64];
	DIR	*dir;

	snprintf(path, sizeof(path), PATHS_STORES "/%s", folder->path);
	dir = opendir(path);
	if (dir == NULL)
		return;
	check_nameless_in(v, folder, dir);
	closedir(dir);
}

/* --- search ------------------------------------------------------------------------- */

/* An index of words, and how one is made anew of the texts it is of. */
static const struct search_index {
	const char	*name;
	const char	*what;
	const char	*make;
	const char	*fill;
	const char	*one;	/* what a row is of */
	int64_t		 ids;	/* bits of a row's number that are its id */
	unsigned	 from;	/* events of these services change it */
} search_indexes[] = {
	{ "ticket_text", "tickets whose words are not found, or others are",
	    "CREATE VIRTUAL TABLE temp.ticket_text_new USING fts5 (title, "
	    "content, content = '', tokenize = "
	    "\"unicode61 remove_diacritics 2\")",
	    "INSERT INTO temp.ticket_text_new (rowid, title, content) "
	    "SELECT id, title, content FROM ticket.tickets",
	    "ticket", INT64_MAX, 0 },
	{ "reply_text", "replies whose words are not found, or others are",
	    "CREATE VIRTUAL TABLE temp.reply_text_new USING fts5 (content, "
	    "content = '', tokenize = \"unicode61 remove_diacritics 2\")",
	    "INSERT INTO temp.reply_text_new (rowid, content) SELECT "
	    "p.ticket_id * 4294967296 + p.id, p.content FROM post.posts p "
	    "JOIN ticket.replies r ON r.post_id = p.id ORDER BY 1",
	    "post", UINT32_MAX, T | P },
};

/* False: an index, the store's or the new one, cannot be read or made. */
static bool
compare_index(struct verify *v, const struct search_index *x,
    int64_t *ret_row, int64_t *ret_count)
{
	char	sql[1024];

	snprintf(sql, sizeof(sql), "%s;%s;CREATE VIRTUAL TABLE "
	    "temp.%s_a USING fts5vocab(ticket, %s, instance);"
	    "CREATE VIRTUAL TABLE temp.%s_b USING fts5vocab(temp, "
	    "%s_new, instance)", x->make, x->fill, x->name, x->name, x->name,
	    x->name);
	if (!select_execute(v->cut.db, sql))
		return cli_fail("%s", select_error(v->cut.db));
	snprintf(sql, sizeof(sql), "temp.%s", x->name);
	return verify_search(v->cut.db, sql, ret_row, ret_count);
}

static void
check_search(struct verify *v)
{
	struct found	f = { 0 };
	int64_t		row = 0;

	for (size_t i = 0; i < 2; i++) {
		const struct search_index	*x = &search_indexes[i];
		char				 example[96];

		if ((v->under_way[SERVICE_TICKET] & x->from) != 0)
			continue;
		if (!compare_index(v, x, &row, &f.count)) {
			v->failed = true;
			return;
		}
		snprintf(example, sizeof(example), "%s %lld", x->one,
		    (long long)(row & x->ids));
		if (f.count > 0)
			f.examples = json_pack("[s]", example);
		found_done(v->findings, "search", x->what, &f);
	}
}

/* --- the run ---------------------------------------------------------------------- */

/* Judge the backup and, if it is sound, open its stores. */
static bool
open_backup(struct verify *v, const char *dir)
{
	static struct buf	path;
	struct judge		j = { .found = take_down, .arg = v,
				    .quick = v->quick };

	path_absolute(&path, dir);
	j.path = path.base;
	v->failed = !judge_backup(&j);
	v->is_sound = !v->failed && j.is_sound;
	/* a message about the manifest was printed */
	if (j.manifest == NULL)
		return false;
	json_decref(j.manifest);
	return !v->is_sound || cut_connect_backup(&v->cut, path.base);
}

static bool
open_desk(struct verify *v)
{
	if (!peers_enter(&v->settings, NULL) ||
	    !cut_connect(&v->cut) || !cut_make(&v->cut, &v->settings))
		return false;
	v->is_sound = true;
	verify_stores(v);
	return true;
}

static void
verify_files(struct verify *v)
{
	for (int i = 0; backup_folders[i].path != NULL; i++) {
		check_named(v, &backup_folders[i]);
		check_nameless(v, &backup_folders[i]);
	}
}

static void
check_contents(struct verify *v)
{
	v->same_schema = true;
	for (unsigned id = 1; id < SERVICE_END; id++) {
		compare_schema(v, (enum service_id)id);
		for (unsigned to = 1; to < SERVICE_END; to++)
			check_outbox(v, (enum service_id)id,
			    (enum service_id)to);
	}
	if (!v->is_backup)
		verify_files(v);
	if (!v->same_schema || v->failed)
		return;
	check_set_aside(v);
	run_tests(v);
	check_totals(v);
	if (!v->quick)
		check_search(v);
}

static void
check_all(struct verify *v)
{
	int64_t	mark = 0;

	if (!v->is_sound) {
		add_note(v, "stores are not compared with each other, as their "
		    "schemas are wrong");
		return;
	}
	v->failed = !cut_number(&v->cut, &mark, "PRAGMA user.application_id") ||
	    v->failed;
	v->taken_over = mark == STORE_TAKEN_OVER;
	check_contents(v);
}

static void
print_finding(const json_t *finding)
{
	const json_t	*examples = json_object_get(finding, "examples");

	printf("%s: %lld %s\n", member_text(finding, "test"),
	    (long long)member_number(finding, "count"),
	    member_text(finding, "what"));
	for (size_t i = 0; i < json_array_size(examples); i++)
		printf("    %s\n",
		    json_string_value(json_array_get(examples, i)));
}

static void
print_findings(const struct verify *v)
{
	for (size_t i = 0; i < json_array_size(v->findings); i++)
		print_finding(json_array_get(v->findings, i));
	for (size_t i = 0; i < json_array_size(v->notes); i++)
		printf("note: %s\n",
		    json_string_value(json_array_get(v->notes, i)));
	printf("%zu findings\n", json_array_size(v->findings));
}

int
verify_run(const struct cli *c)
{
	static struct verify	 v;
	json_t			*root;
	int			 status = STATUS_OK;

	settings_load(&v.settings);
	v.quick = cli_has(c, "quick");
	v.findings = json_array();
	v.notes = json_array();
	CHECK(sodium_init() != -1);
	stop_catch_signals();
	v.is_backup = cli_arg(c, 0, NULL) != NULL;
	if (!(v.is_backup ? open_backup(&v, cli_arg(c, 0, NULL)) :
	    open_desk(&v)))
		return STATUS_UNREADABLE;
	check_all(&v);
	if (cli_has(c, "json")) {
		root = json_pack("{s:s, s:O, s:O}", "result", v.failed ?
		    "unreadable" : json_array_size(v.findings) > 0 ?
		    "findings" : "ok", "findings", v.findings, "notes",
		    v.notes);
		member_print(root);
		json_decref(root);
	} else
		print_findings(&v);
	if (v.failed)
		status = STATUS_UNREADABLE;
	else if (json_array_size(v.findings) > 0)
		status = STATUS_FAILED;
	cut_close(&v.cut);
	json_decref(v.findings);
	json_decref(v.notes);
	return status;
}
