/*
 * Events that their consumer refuses, and would always refuse. Such an event
 * is set aside durably, so that the events behind it are delivered. In the
 * outbox its row becomes EVENT_LEFT_OUT, under the same number, which tells the
 * consumer of the gap. The operator sends it again, under a new number and with
 * its original one, or drops it (`flicketctl events`).
 *
 * Events about one thing are applied in order: later events about the same
 * thing, also those that are not written yet, are set aside with it, and all of
 * them are sent again together.
 *
 * Each step is one transaction of one store. A consumer that has applied the
 * event after all, from a copy that was under way, does not note the gap, and
 * so does not apply the event a second time.
 */
#include <stdio.h>

#include "services/op/op.h"

#include "base/log.h"

/* --- subjects ------------------------------------------------------------------ */

/* The things that events are about. Events of kind OP_TALLY have none. */
static const struct subject {
	enum op_code	 event;
	const char	*thing;
	enum key	 key;		/* its id */
	bool		 is_basis;	/* later events take back what this one
					 * added: it must not be missing */
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
	{ OP_TICKET_REPLY_TEXT, "post", KEY_POST_ID, false },
	{ OP_TICKET_TEXTS_TOLD, "texts after post", KEY_POST_ID, false },
	{ OP_POST_TICKET_EDITED, "ticket", KEY_TICKET_ID, false },
	{ OP_POST_TICKET_DELETED, "ticket", KEY_TICKET_ID, false },
	{ OP_POST_UPLOADS_CLAIMED, "ticket", KEY_TICKET_ID, false },
	{ OP_POST_TEXTS_WANTED, "texts after post", KEY_POST_ID, false },
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

/* An event in the outbox, or one that is set aside. */
struct event {
	int64_t		seq;
	enum op_code	code;
	int64_t		consumer;
	char		subject[SUBJECT_SIZE];	/* "": it has none */
};

/* Of a row that begins with op, consumer, subject. */
static void
take_event(const struct stmt *st, struct event *ret)
{
	struct text	subject = stmt_text(st, 2);

	ret->code = (enum op_code)stmt_number(st, 0);
	ret->consumer = stmt_number(st, 1);
	snprintf(ret->subject, sizeof(ret->subject), "%.*s", (int)subject.len,
	    subject.len == 0 ? "" : subject.base);
}

/* A statement about an event and others of its subject. */
static struct stmt
stmt_about(struct call *c, int sql, const struct event *e)
{
	struct stmt	st = op_stmt(c, sql);

	stmt_bind_number(&st, KEY_SEQ, e->seq);
	stmt_bind_number(&st, KEY_CONSUMER, e->consumer);
	if (e->subject[0] != '\0')
		stmt_bind_text(&st, KEY_SUBJECT, text_of(e->subject));
	else
		stmt_bind_null(&st, KEY_SUBJECT);
	return st;
}

/* Whether the event of SEQ is still to be delivered, and is not a gap. */
static enum err
find_waiting(struct call *c, struct event *event, bool *ret)
{
	struct stmt	st = op_stmt(c, SQL_OUTBOX_ONE);

	*event = (struct event){
		.seq = args_number(&c->request.args, KEY_SEQ, 0)
	};
	*ret = stmt_next(&st);
	if (*ret)
		take_event(&st, event);
	*ret = *ret && event->code != OP_EVENT_LEFT_OUT;
	return op_end(c, &st, OK);
}

static void
say_set_aside(const struct event *event, enum err reason, int count)
{
	const struct op_info	*info = op_info(event->code);

	log_error("event %lld (%s) is set aside: it is refused for good (%s); "
	    "%d later ones about the same thing are set aside with it; "
	    "`flicketctl events list` tells more", (long long)event->seq,
	    info->name != NULL ? info->name : "?", err_info(reason)->reason,
	    count - 1);
}

/* An event, for that reason, and later ones of its subject. */
static enum err
leave_out(struct call *c, const struct event *event, enum err reason,
    int *ret_count)
{
	struct args	gap = { 0 };
	struct buf	bytes = { 0 };
	struct stmt	st = stmt_about(c, SQL_SET_ASIDE_PUT, event);
	enum err	e;

	stmt_bind_number(&st, KEY_ERROR, reason);
	e = op_run_out(c, &st, ret_count);
	if (e != OK)
		return e;
	frame_put_args(&bytes, &gap);
	st = stmt_about(c, SQL_OUTBOX_LEAVE_OUT, event);
	stmt_bind_text(&st, KEY_PAYLOAD, buf_text(&bytes));
	stmt_bind_number(&st, KEY_EVENT, OP_EVENT_LEFT_OUT);
	e = op_run_out(c, &st, NULL);
	buf_done(&bytes);
	return e;
}

/* An event that was delivered or set aside in the meantime stays as it is. */
enum err
op_set_aside(struct call *c)
{
	enum err	reason = (enum err)args_number(&c->request.args,
			    KEY_ERROR, 0);
	struct event	event;
	bool		waits;
	int		count = 0;
	enum err	e = find_waiting(c, &event, &waits);

	if (e != OK || !waits)
		return e;
	e = leave_out(c, &event, reason, &count);
	if (e == OK)
		say_set_aside(&event, reason, count);
	return e;
}

enum err
op_follow(struct call *c, int64_t seq, enum service_id consumer,
    struct text subject)
{
	struct event	event = { .seq = seq, .consumer = consumer };
	struct stmt	st;
	bool		follows;
	int		count;
	enum err	e;

	snprintf(event.subject, sizeof(event.subject), "%.*s",
	    (int)subject.len, subject.base);
	st = op_stmt(c, SQL_SET_ASIDE_HAS);
	stmt_bind_number(&st, KEY_CONSUMER, consumer);
	stmt_bind_text(&st, KEY_SUBJECT, subject);
	follows = stmt_next(&st);
	e = op_end(c, &st, OK);
	return e != OK || !follows ? e : leave_out(c, &event, OK, &count);
}

/* --- sent again, dropped -------------------------------------------------------- */

/* The event of SEQ among those set aside, and whether its frame is valid. */
static enum err
find_aside(struct call *c, struct event *event, bool *ret_readable)
{
	struct stmt		 st = op_stmt(c, SQL_SET_ASIDE_ONE);
	struct frame_reader	*frames = c->session->frames;
	struct args		 payload;
	struct text		 frame;
	bool			 found = stmt_next(&st);

	*event = (struct event){
		.seq = args_number(&c->request.args, KEY_SEQ, 0)
	};
	if (found) {
		take_event(&st, event);
		frame = stmt_bytes(&st, 3);
		frame_reader_start(frames, frame.base, frame.len);
		*ret_readable = frame_next_args(frames, &payload) == FRAME_ONE;
	}
	return op_end(c, &st, found ? OK : ERR_NOT_FOUND);
}

static enum err
send_again(struct call *c, const struct event *event)
{
	struct stmt	st = stmt_about(c, SQL_SET_ASIDE_SEND, event);
	enum err	e = op_run_out(c, &st, NULL);

	if (e != OK)
		return e;
	/* a client may wait for an EVENT to be applied: so does this answer */
	if (op_info(event->code)->kind == OP_EVENT) {
		c->emitted = db_last_id(c->session->db);
		c->consumer = (enum service_id)event->consumer;
	} else
		c->tallied = true;
	st = stmt_about(c, SQL_SET_ASIDE_SENT, event);
	return op_run_out(c, &st, NULL);
}

enum err
op_retry(struct call *c)
{
	struct event	event;
	bool		readable = false;
	enum err	e = find_aside(c, &event, &readable);

	if (e == OK && !readable)
		return op_refuse(c, ERR_CONFLICT, "This event cannot be read, "
		    "and not be sent again. It can only be dropped.");
	return e != OK ? e : send_again(c, &event);
}

/* The gap that its consumer noted stays: the event was never applied. */
enum err
op_drop(struct call *c)
{
	const struct subject	*s;
	struct event		 event;
	bool			 readable = false;
	enum err		 e = find_aside(c, &event, &readable);

	s = find_subject(event.code);
	if (e == OK && s != NULL && s->is_basis)
		return op_refuse(c, ERR_CONFLICT, "What was told since is "
		    "based on this event. It can only be sent again.");
	return e != OK ? e : op_change(c, SQL_SET_ASIDE_DELETE, NULL);
}
