/*
 * Events that their consumer refuses for good. One is set aside durably, so
 * that those behind it go on, and its consumer is told of the gap: in the
 * outbox its row becomes EVENT_LEFT_OUT, under the same number. The operator
 * has it sent again, under a new number and with its original one, or drops it
 * (`flicketctl events`).
 *
 * Events about one thing are applied in order: those behind one that is set
 * aside, under way or yet to be written, are set aside with it, and all of them
 * are sent again together.
 *
 * Each step is one transaction of one store. A consumer that has had an event
 * after all, by a copy that was under way, does not note the gap, and so does
 * not apply it a second time.
 */
#include <stdio.h>

#include "services/op/op.h"

#include "base/log.h"

/* --- subjects ------------------------------------------------------------------ */

/* What events are about. Those that are not here are added up (OP_TALLY). */
static const struct subject {
	enum op_code	 event;
	const char	*thing;
	enum key	 key;		/* its id */
	bool		 is_basis;	/* what comes later takes back what
					 * this one says: it cannot be missing */
} subjects[] = {
	{ OP_TICKET_USER_NAMED, "user", KEY_ID, false },
	{ OP_TICKET_USER_CHANGED, "user", KEY_ID, false },
	{ OP_TICKET_USER_GONE, "user", KEY_ID, false },
	{ OP_TICKET_DEPARTMENT_CHANGED, "department", KEY_ID, false },
	{ OP_TICKET_CATEGORY_CHANGED, "category", KEY_ID, false },
	{ OP_TICKET_NAMES_KNOWN, "name", KEY_ID, false },
	{ OP_TICKET_REPLIED, "post", KEY_POST_ID, false },
	{ OP_TICKET_REPLY_EDITED, "post", KEY_POST_ID, true },
	{ OP_TICKET_REPLY_DELETED, "post", KEY_POST_ID, false },
	{ OP_TICKET_REPLY_KNOWN, "post", KEY_POST_ID, false },
	{ OP_POST_TICKET_EDITED, "ticket", KEY_TICKET_ID, false },
	{ OP_POST_TICKET_DELETED, "ticket", KEY_TICKET_ID, false },
};

static const struct subject *
find_subject(enum op_code event)
{
	for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++)
		if (subjects[i].event == event)
			return &subjects[i];
	return NULL;
}

bool
subject_of(enum op_code event, const struct args *args, char ret[SUBJECT_SIZE])
{
	const struct subject	*s = find_subject(event);

	if (s != NULL)
		snprintf(ret, SUBJECT_SIZE, "%s %lld", s->thing,
		    (long long)args_number(args, s->key, 0));
	return s != NULL;
}

/* --- set aside ---------------------------------------------------------------- */

/* Of a row that begins with op, consumer, subject. The subject is copied. */
static void
take_row(struct call *c, sqlite3_stmt *st, char subject[SUBJECT_SIZE])
{
	struct args	*args = &c->request.args;

	args_put_number(args, KEY_EVENT, sqlite3_column_int64(st, 0));
	args_put_number(args, KEY_CONSUMER, sqlite3_column_int64(st, 1));
	args_remove(args, KEY_BODY);
	if (sqlite3_column_type(st, 2) == SQLITE_NULL)
		return;
	snprintf(subject, SUBJECT_SIZE, "%s",
	    (const char *)sqlite3_column_text(st, 2));
	args_put_text(args, KEY_BODY, (struct text){ subject,
	    strlen(subject) });
}

/* Whether the event of SEQ waits to be delivered and is no gap itself. */
static enum err
find_waiting(struct call *c, char subject[SUBJECT_SIZE], bool *ret)
{
	sqlite3_stmt	*st = op_statement(c, SQL_OUTBOX_ONE);
	enum err	 e, done;

	*ret = op_step(c, st, &e) == SQLITE_ROW &&
	    sqlite3_column_int64(st, 0) != OP_EVENT_LEFT_OUT;
	if (*ret)
		take_row(c, st, subject);
	done = op_done(c, st);
	return e != OK ? e : done;
}

static void
say_set_aside(const struct args *args, int count)
{
	const struct op_info	*event = op_info((uint64_t)args_number(args,
				    KEY_EVENT, 0));
	enum err		 e = (enum err)args_number(args, KEY_HANDLE, 0);

	log_error("event %lld (%s) is set aside: it is refused for good (%s); "
	    "%d later ones about the same thing are set aside with it; "
	    "`flicketctl events list` tells more",
	    (long long)args_number(args, KEY_SEQ, 0),
	    event->name != NULL ? event->name : "?", err_info(e)->reason,
	    count - 1);
}

/* The event of SEQ, for the reason HANDLE, and later ones of its subject. */
static enum err
leave_out(struct call *c, int *ret_count)
{
	struct args	*args = &c->request.args, gap = { 0 };
	struct buf	 bytes = { 0 };
	enum err	 e = op_change(c, SQL_SET_ASIDE_PUT, ret_count);

	frame_put_args(&bytes, &gap);
	args_put_text(args, KEY_PAYLOAD, (struct text){ bytes.base, bytes.len });
	args_put_number(args, KEY_EVENT, OP_EVENT_LEFT_OUT);
	if (e == OK)
		e = op_change(c, SQL_OUTBOX_LEAVE_OUT, NULL);
	args_remove(args, KEY_PAYLOAD);
	buf_done(&bytes);
	return e;
}

/* What was delivered meanwhile, or set aside, stays so. */
enum err
op_set_aside(struct call *c)
{
	char		subject[SUBJECT_SIZE];
	struct args	before;
	bool		waits;
	int		count = 0;
	enum err	e = find_waiting(c, subject, &waits);

	if (e != OK || !waits)
		return e;
	before = c->request.args;
	e = leave_out(c, &count);
	args_remove(&c->request.args, KEY_BODY);
	if (e == OK)
		say_set_aside(&before, count);
	return e;
}

enum err
op_follow(struct call *c, int64_t seq)
{
	bool		follows;
	int		count;
	enum err	e = op_finds(c, SQL_SET_ASIDE_HAS, &follows);

	if (e != OK || !follows)
		return e;
	args_put_number(&c->request.args, KEY_SEQ, seq);
	args_put_number(&c->request.args, KEY_HANDLE, OK);
	return leave_out(c, &count);
}

/* --- sent again, dropped -------------------------------------------------------- */

/* The event that is set aside, and whether it can be read. */
static enum err
find_aside(struct call *c, char subject[SUBJECT_SIZE], bool *ret_readable)
{
	sqlite3_stmt		*st = op_statement(c, SQL_SET_ASIDE_ONE);
	struct frame_reader	*frames = c->lane->frames;
	struct args		 payload;
	enum err		 e, done;

	if (op_step(c, st, &e) == SQLITE_ROW) {
		take_row(c, st, subject);
		frame_reader_start(frames, sqlite3_column_blob(st, 3),
		    (size_t)sqlite3_column_bytes(st, 3));
		*ret_readable = frame_next_args(frames, &payload) == FRAME_ONE;
	} else if (e == OK)
		e = ERR_NOT_FOUND;
	done = op_done(c, st);
	return e != OK ? e : done;
}

static enum op_code
event_of(const struct call *c)
{
	return (enum op_code)args_number(&c->request.args, KEY_EVENT, OP_NONE);
}

/* The answer waits for what waits for an answer itself. */
enum err
op_retry(struct call *c)
{
	char		subject[SUBJECT_SIZE];
	bool		readable = false;
	enum err	e = find_aside(c, subject, &readable);

	if (e == OK && !readable)
		return op_refuse(c, ERR_CONFLICT, "This event cannot be read, "
		    "and not be sent again. It can only be dropped.");
	if (e == OK)
		e = op_change(c, SQL_SET_ASIDE_SEND, NULL);
	if (e == OK && op_info(event_of(c))->kind == OP_EVENT) {
		c->emitted = sqlite3_last_insert_rowid(c->lane->db);
		c->consumer = (enum service_id)args_number(&c->request.args,
		    KEY_CONSUMER, 0);
	} else if (e == OK)
		c->tallied = true;
	if (e == OK)
		e = op_change(c, SQL_SET_ASIDE_SENT, NULL);
	args_remove(&c->request.args, KEY_BODY);
	return e;
}

/* The gap that its consumer noted stays: the event was never applied. */
enum err
op_drop(struct call *c)
{
	char			 subject[SUBJECT_SIZE];
	bool			 readable = false;
	enum err		 e = find_aside(c, subject, &readable);
	const struct subject	*s = find_subject(event_of(c));

	args_remove(&c->request.args, KEY_BODY);
	if (e == OK && s != NULL && s->is_basis)
		return op_refuse(c, ERR_CONFLICT, "What was told since is "
		    "based on this event. It can only be sent again.");
	return e != OK ? e : op_change(c, SQL_SET_ASIDE_DELETE, NULL);
}
