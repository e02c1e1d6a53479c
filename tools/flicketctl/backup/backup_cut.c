/*
 * The cut, and why it is one.
 *
 * A change is written in one service and told to others by events. So each
 * service that runs is asked to hold clients' writes. It answers when none is
 * under way, and goes on to deliver and to apply events. A store that no
 * process writes to is locked here meanwhile.
 *
 * Then the number of events that are not delivered, and that of the last one,
 * are read in each store twice: before any snapshot is opened, and in it.
 * Where both are the same, no event came or went between the two in any store:
 * there is a point, after the first reading of the last store and before the
 * second of the first one, at which all stores were as their snapshots show
 * them. Events that are left, because a service is down or slow, are in the
 * outboxes of the cut, and their consumers' inboxes tell which of them were
 * applied.
 *
 * In the end each service says whether writes were held all the time. If they
 * were not, because it took too long or another process became the writer,
 * everything is done again.
 */
#include "tools/flicketctl/backup/backup_cut.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/paths.h"
#include "services/store/store.h"
#include "services/store/words_sql.h"
#include "tools/flicketctl/backup/backup_files.h"
#include "tools/flicketctl/cli/cli.h"
#include "tools/flicketctl/cli/stop.h"
#include "tools/flicketctl/desk/peers.h"
#include "tools/flicketctl/store/select.h"
#include "tools/flicketctl/store/replace.h"
#include "tools/flicketctl/store/stores.h"

enum {
	TRIES_MOST = 10,
	PATIENT_TRIES = 4,	/* for events to be delivered */
	PAUSE_MS = 400,		/* between tries; writes go on */
	HOLD_MS = 1000,		/* asked for */
	DRAIN_MS = 600,		/* of these, for events to be delivered */
	SETTLE_MS = 60,		/* without a delivery: no more will come */
	PING_MS = 1000,
	LOOK_US = 2000
};

const struct service *const cut_services[SERVICE_END] = {
	[SERVICE_USER] = &user_service,
	[SERVICE_TICKET] = &ticket_service,
	[SERVICE_POST] = &post_service,
	[SERVICE_LOOKUP] = &lookup_service,
};

/* One try. */
struct try {
	struct peer	*writer[SERVICE_END];	/* NULL: no process writes */
	int		 lock[SERVICE_END];	/* of stores without a writer;
						 * -1: none */
	bool		 held[SERVICE_END];
	int64_t		 count[SERVICE_END];	/* of undelivered events */
	int64_t		 last[SERVICE_END];	/* event */
	int64_t		 since_ms;
};

static struct peers	peers;

/* --- connecting --------------------------------------------------------------- */

static bool
fail_db(const struct cut *c, const char *what)
{
	return cli_fail("%s: %s", what, select_error(c->db));
}

static bool
open_empty(struct cut *c)
{
	if (sqlite3_open_v2(":memory:", &c->db, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_CREATE | SQLITE_OPEN_URI, NULL) != SQLITE_OK)
		return fail_db(c, "SQLite");
	sqlite3_busy_timeout(c->db, 5000);
	return words_sql_add(c->db) == SQLITE_OK || fail_db(c, "SQLite");
}

/*
 * Put a path into a URI: escape percent signs and characters that end a path.
 */
static void
put_uri_path(struct buf *b, const char *path)
{
	for (; *path != '\0'; path++)
		if (strchr("%?#", *path) != NULL)
			buf_printf(b, "%%%02x", (unsigned)*path);
		else
			buf_put_byte(b, *path);
}

static bool
attach(struct cut *c, const char *path, const char *how, const char *name)
{
	struct buf	 uri = { 0 };
	struct select	 r;
	bool		 ok;

	buf_put_text(&uri, "file:");
	put_uri_path(&uri, path);
	buf_put_text(&uri, how);
	buf_put_byte(&uri, '\0');
	r = select_begin_with(c->db, "ATTACH ?1 AS \"%s\"", name);
	select_bind_text(&r, 1, uri.base);
	(void)select_next(&r);
	ok = !r.failed || fail_db(c, path);
	(void)select_end(&r);
	buf_done(&uri);
	return ok;
}

/* Without the right to write, SQLite cannot keep its log's index (-shm). */
static const char *
how_to_open(const char *path)
{
	char	wal[96];

	snprintf(wal, sizeof(wal), "%s-wal", path);
	if (access(path, W_OK) == 0)
		return "?mode=rw";
	return access(wal, F_OK) == 0 ? "?mode=ro" : "?mode=ro&immutable=1";
}

bool
cut_connect(struct cut *c)
{
	const char	*replaced;

	if (replace_is_pending(&replaced))
		return cli_fail("%s: a restore or an import is under way in it, "
		    "or was interrupted: if none runs, say `flicketctl restore "
		    "--continue`", replaced);
	if (!open_empty(c))
		return false;
	for (unsigned id = 1; id < SERVICE_END; id++) {
		const char	*path = paths_store((enum service_id)id);

		if (access(path, R_OK) == -1)
			return cli_fail("%s: %s", path, strerror(errno));
		if (!stores_is_file(path))
			return cli_fail("%s is not a plain file", path);
		if (!attach(c, path, how_to_open(path),
		    service_name((enum service_id)id)))
			return false;
	}
	return true;
}

bool
cut_connect_backup(struct cut *c, const char *path)
{
	struct buf	file = { 0 };
	bool		ok = open_empty(c);

	for (unsigned id = 1; ok && id < SERVICE_END; id++) {
		file.len = 0;
		buf_printf(&file, "%s/%s", path,
		    paths_store_below((enum service_id)id));
		buf_put_byte(&file, '\0');
		ok = attach(c, file.base, "?mode=ro&immutable=1",
		    service_name((enum service_id)id));
	}
	buf_done(&file);
	return ok;
}

void
cut_close(struct cut *c)
{
	if (c->db != NULL)
		sqlite3_close_v2(c->db);
	c->db = NULL;
}

bool
cut_number(const struct cut *c, int64_t *ret, const char *format, ...)
{
	char	sql[CUT_SQL_SIZE];
	va_list	ap;

	va_start(ap, format);
	CHECK(vsnprintf(sql, sizeof(sql), format, ap) < CUT_SQL_SIZE);
	va_end(ap);
	return select_one_number(c->db, ret, "%s", sql) ||
	    fail_db(c, "a store cannot be read");
}

/* --- holding ------------------------------------------------------------------ */

/* Lock a store that no process writes to, so that none begins to. */
static bool
lock_store(struct try *t, enum service_id id)
{
	const char	*folder = paths_store_folder(id);

	t->lock[id] = store_lock(folder);
	if (t->lock[id] != -1)
		return true;
	if (errno != EWOULDBLOCK)
		return cli_fail("%s/lock: %s", folder, strerror(errno));
	return false;
}

static bool
ask_writer(struct try *t, enum service_id id, enum op_code op)
{
	struct args	args = { 0 };
	struct answer	a;

	if (op == OP_WRITES_HOLD) {
		args_put_number(&args, KEY_HOLD_MS, HOLD_MS);
		/* where older services look for it */
		args_put_number(&args, KEY_LIMIT, HOLD_MS);
	}
	return peers_ask(&peers, t->writer[id], op, &args, &a) &&
	    a.error == OK;
}

/* Have writes held. False: a writer is about to change, or is busy. */
static bool
hold_all(struct try *t)
{
	struct peer	*p;

	for (unsigned i = 1; i < SERVICE_END; i++)
		t->lock[i] = -1;
	for (unsigned i = 1; i < SERVICE_END; i++) {
		enum service_id	id = (enum service_id)i;

		p = peers_choose(&peers, id, true);
		t->writer[id] = p != NULL && p->replica->writes ? p : NULL;
		if (t->writer[id] == NULL && !lock_store(t, id))
			return false;
	}
	t->since_ms = clock_ms();
	for (unsigned i = 1; i < SERVICE_END; i++) {
		enum service_id	id = (enum service_id)i;

		if (t->writer[id] == NULL)
			continue;
		t->held[id] = ask_writer(t, id, OP_WRITES_HOLD);
		if (!t->held[id])
			return false;
	}
	return true;
}

/* True if writes were held all the time. */
static bool
release_all(struct try *t)
{
	bool	sure = true;

	for (unsigned i = 1; i < SERVICE_END; i++) {
		enum service_id	id = (enum service_id)i;

		if (t->held[id])
			sure = ask_writer(t, id, OP_WRITES_RELEASE) && sure;
		if (t->lock[id] != -1)
			close(t->lock[id]);
	}
	return sure;
}

/* --- looking ------------------------------------------------------------------ */

static bool
count_events(const struct cut *c, int64_t count[], int64_t last[],
    int64_t *ret_all)
{
	*ret_all = 0;
	for (unsigned i = 1; i < SERVICE_END; i++) {
		const char	*name = service_name((enum service_id)i);

		if (!cut_number(c, &count[i], "SELECT count(*) FROM "
		    "\"%s\".outbox", name) ||
		    !cut_number(c, &last[i], "SELECT ifnull((SELECT seq FROM "
		    "\"%s\".sqlite_sequence WHERE name = 'outbox'), 0)", name))
			return false;
		*ret_all += count[i];
	}
	return true;
}

static bool
run_on_cut(const struct cut *c, const char *sql)
{
	return select_execute(c->db, sql) || fail_db(c, sql);
}

/*
 * Wait until all events are delivered or, if a service is down (not patient),
 * until none was delivered for SETTLE_MS.
 */
static bool
wait_for_events(struct cut *c, struct try *t, bool patient)
{
	int64_t	before = -1, since_ms = clock_ms(), now_ms;

	for (;;) {
		if (!count_events(c, t->count, t->last, &c->undelivered))
			return false;
		now_ms = clock_ms();
		if (c->undelivered != before)
			since_ms = now_ms;
		before = c->undelivered;
		if (before == 0 || now_ms - t->since_ms > DRAIN_MS ||
		    (!patient && now_ms - since_ms > SETTLE_MS))
			return true;
		usleep(LOOK_US);
	}
}

/* Open the snapshots. *ret_same: the events are those of the first reading. */
static bool
open_snapshots(struct cut *c, struct try *t, bool *ret_same)
{
	int64_t	count[SERVICE_END] = { 0 }, last[SERVICE_END] = { 0 };

	*ret_same = false;
	if (!run_on_cut(c, "BEGIN") ||
	    !count_events(c, count, last, &c->undelivered))
		return false;
	*ret_same = memcmp(count, t->count, sizeof(count)) == 0 &&
	    memcmp(last, t->last, sizeof(last)) == 0;
	return true;
}

static bool
all_are_written(const struct try *t)
{
	for (unsigned i = 1; i < SERVICE_END; i++)
		if (t->writer[i] == NULL)
			return false;
	return true;
}

/* Try to make the cut. False, after a message, if another try is useless. */
static bool
try_once(struct cut *c, const struct settings *settings, bool *ret_done)
{
	struct try	t = { 0 };
	bool		ok = true, same = false, patient, sure;

	*ret_done = false;
	peers_open(&peers, settings, SERVICE_ANY);
	peers_ping(&peers, PING_MS, false);
	if (hold_all(&t)) {
		patient = all_are_written(&t) && c->tries <= PATIENT_TRIES;
		ok = wait_for_events(c, &t, patient);
		/*
		 * while patient, try again rather than make a cut with events
		 */
		if (ok && (c->undelivered == 0 || !patient))
			ok = open_snapshots(c, &t, &same);
		if (ok && same && c->while_held != NULL)
			ok = c->while_held(c, c->arg);
	}
	for (unsigned i = 1; i < SERVICE_END; i++)
		c->runs = c->runs || t.held[i];
	sure = release_all(&t);
	peers_close(&peers);
	c->held_ms = t.since_ms == 0 ? 0 : (int)(clock_ms() - t.since_ms);
	*ret_done = ok && same && sure;
	return ok;
}

bool
cut_make(struct cut *c, const struct settings *settings)
{
	bool	done = false, ok = true;

	for (c->tries = 1; ok && !done && c->tries <= TRIES_MOST; c->tries++) {
		if (c->tries > 1)
			usleep(PAUSE_MS * 1000);
		ok = try_once(c, settings, &done);
		if (!done && !sqlite3_get_autocommit(c->db))
			(void)run_on_cut(c, "ROLLBACK");
		ok = ok && !(stop_asked() && !cli_fail("stopped"));
	}
	c->tries--;
	if (ok && !done)
		cli_fail("writes could not be held: a process has the lock "
		    "of a store but does not answer, or another backup is "
		    "under way; `flicketctl status` tells more");
	return ok && done;
}
