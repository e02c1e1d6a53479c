/*
 * Events that their consumer refuses for good. One is set aside durably, so
 * that those behind it go on, and its consumer is told of the gap: in the
 * outbox its row becomes EVENT_LEFT_OUT, under the same number. The operator
 * has it sent again, under a new number and with its original one, or drops it
 * (`flicketctl events`).
 *
 * Each step is one transaction of one store. A consumer that has had an event
 * after all, by a copy that was under way, does not note the gap, and so does
 * not apply it a second time.
 */
#include "op.h"

#include "proto/log.h"

/* An event's arguments, of a column; false if they cannot be read. The texts
 * are the statement's. */
static bool
read_args(struct call *c, sqlite3_stmt *st, int column, struct args *ret)
{
	struct frame_reader	*frames = c->lane->frames;

	frame_reader_start(frames, sqlite3_column_blob(st, column),
	    (size_t)sqlite3_column_bytes(st, column));
	return frame_next_args(frames, ret) == FRAME_ONE;
}

static void
put_payload(struct call *c, struct buf *bytes, const struct args *payload)
{
	frame_put_args(bytes, payload);
	args_put_text(&c->request.args, KEY_PAYLOAD,
	    (struct text){ bytes->base, bytes->len });
}

/* --- set aside ---------------------------------------------------------------- */

/*
 * Whether the event of SEQ waits to be delivered and is no gap itself; if it
 * was set aside before, its ORIGINAL.
 */
static enum err
find_waiting(struct call *c, bool *ret)
{
	sqlite3_stmt	*st = op_statement(c, SQL_OUTBOX_ONE);
	struct args	 args = { 0 };
	enum err	 e, done;

	*ret = op_step(c, st, &e) == SQLITE_ROW &&
	    sqlite3_column_int64(st, 0) != OP_EVENT_LEFT_OUT;
	if (*ret)
		args_put_number(&c->request.args, KEY_EVENT,
		    sqlite3_column_int64(st, 0));
	if (*ret && read_args(c, st, 1, &args) && args_has(&args, KEY_ORIGINAL))
		args_put_number(&c->request.args, KEY_ORIGINAL,
		    args_number(&args, KEY_ORIGINAL, 0));
	done = op_done(c, st);
	return e != OK ? e : done;
}

static void
say_set_aside(const struct args *args)
{
	const struct op_info	*event = op_info((uint64_t)args_number(args,
				    KEY_EVENT, 0));
	enum err		 e = (enum err)args_number(args, KEY_HANDLE, 0);

	log_error("event %lld (%s) is set aside: it is refused for good (%s); "
	    "`flicketctl events list` tells more",
	    (long long)args_number(args, KEY_SEQ, 0),
	    event->name != NULL ? event->name : "?", err_info(e)->reason);
}

/* What was delivered meanwhile, or set aside, stays so. */
enum err
op_set_aside(struct call *c)
{
	struct args	*args = &c->request.args, gap = { 0 };
	struct buf	 bytes = { 0 };
	bool		 waits;
	enum err	 e = find_waiting(c, &waits);

	if (e != OK || !waits)
		return e;
	say_set_aside(args);
	if (args_has(args, KEY_ORIGINAL))
		args_put_number(&gap, KEY_ORIGINAL,
		    args_number(args, KEY_ORIGINAL, 0));
	put_payload(c, &bytes, &gap);
	args_put_number(args, KEY_EVENT, OP_EVENT_LEFT_OUT);
	e = op_change(c, SQL_SET_ASIDE_PUT, NULL);
	if (e == OK)
		e = op_change(c, SQL_OUTBOX_LEAVE_OUT, NULL);
	args->present &= ~K(PAYLOAD);
	buf_done(&bytes);
	return e;
}

/* --- sent again, dropped -------------------------------------------------------- */

/* The event as it is to be sent again, in `bytes`; and whether its consumer's
 * answer is waited for. */
static enum err
take_event(struct call *c, struct buf *bytes, bool *ret_waits)
{
	sqlite3_stmt	*st = op_statement(c, SQL_SET_ASIDE_ONE);
	struct args	 payload = { 0 };
	enum err	 e, done;

	if (op_step(c, st, &e) != SQLITE_ROW)
		e = e != OK ? e : ERR_NOT_FOUND;
	else if (!read_args(c, st, 1, &payload))
		e = op_refuse(c, ERR_CONFLICT, "This event cannot be read, and "
		    "not be sent again. It can only be dropped.");
	else {
		args_put_number(&payload, KEY_ORIGINAL,
		    sqlite3_column_int64(st, 2));
		put_payload(c, bytes, &payload);
		c->consumer = (enum service_id)sqlite3_column_int(st, 3);
		*ret_waits = op_info((uint64_t)sqlite3_column_int64(st,
		    0))->kind == OP_EVENT;
	}
	done = op_done(c, st);
	return e != OK ? e : done;
}

enum err
op_retry(struct call *c)
{
	struct buf	bytes = { 0 };
	bool		waits = false;
	enum err	e = take_event(c, &bytes, &waits);

	if (e == OK)
		e = op_change(c, SQL_SET_ASIDE_SEND, NULL);
	if (e == OK && waits)
		c->emitted = sqlite3_last_insert_rowid(c->lane->db);
	else if (e == OK)
		c->tallied = true;
	if (e == OK)
		e = op_change(c, SQL_SET_ASIDE_DELETE, NULL);
	c->request.args.present &= ~K(PAYLOAD);
	buf_done(&bytes);
	return e;
}

/* The gap that its consumer noted stays: the event was never applied. */
enum err
op_drop(struct call *c)
{
	int		changed;
	enum err	e = op_change(c, SQL_SET_ASIDE_DELETE, &changed);

	return e == OK && changed == 0 ? ERR_NOT_FOUND : e;
}
