/*
 * Replies, as the post service tells of them, and users that are deleted.
 * Each event is applied once (services/op/events.c). What the world has
 * overtaken meanwhile, a ticket that is gone, a reply that is not known, is
 * skipped: an event that were refused would hold up those behind it.
 *
 * A row of `replies` says that the words of the reply are in reply_text. One
 * must not be taken out of that index that is not in it: OLD_CONTENT is what is
 * in it, as events about a reply are applied in order and none between them is
 * dropped (services/op/aside.c).
 */
#include "services/ticket/events.h"

#include "services/ticket/writes.h"

/* Run statements one after the other, up to the one that fails. */
static enum err
change_all(struct call *c, const int *statements)
{
	enum err	e = OK;

	for (; *statements != SQL_NONE && e == OK; statements++)
		e = op_change(c, *statements, NULL);
	return e;
}

/* Whether the reply asks for a status. Closed is none to set. */
static bool
asks_status(const struct args *args)
{
	return args_has(args, KEY_STATUS_ID) &&
	    args_number(args, KEY_STATUS_ID, 0) != STATUS_CLOSED;
}

/*
 * Whether somebody decided the status, or the priority, after the reply was
 * checked: the ticket has had that with a later version than the one that
 * REPLY_CHECK told. Dates would not do, as they are those of two services. A
 * reply without that version comes from a post service of an earlier program,
 * and has the last word.
 */
static bool
is_overtaken(const struct call *c, int64_t version)
{
	return version > args_number(&c->request.args, KEY_CHECKED, INT64_MAX);
}

/* The words of the reply, what it counts for, and that it opens a ticket. */
static enum err
count_reply(struct call *c, struct ticket *t, bool overtaken)
{
	int	sql = SQL_TICKET_REPLIED;

	if (!overtaken && t->status == STATUS_CLOSED &&
	    !asks_status(&c->request.args)) {
		sql = SQL_TICKET_REOPENED;
		t->status = STATUS_OPEN;
	}
	return change_all(c, (const int []){ SQL_REPLY_INDEX, sql, SQL_NONE });
}

/* The priority that came with a reply, unless it was changed since. */
static enum err
follow_priority(struct call *c, struct ticket *t)
{
	if (!args_has(&c->request.args, KEY_TICKET_PRIORITY_ID) ||
	    is_overtaken(c, t->priority_version))
		return OK;
	return write_priority(c, t);
}

/*
 * The reply was written when its ticket was open to it, so it counts as of
 * then: by its author, at its date. It opens a ticket that is closed, which
 * is no action in Flicket, and may close it again, which is one. An event can
 * come late: who changed the status after the reply was checked had the last
 * word, and a ticket that was closed since stays closed.
 */
static enum err
take_reply(struct call *c, struct ticket *t)
{
	const struct args	*args = &c->request.args;
	bool			 close = args_number(args, KEY_CLOSE, 0) != 0,
				 overtaken = is_overtaken(c,
				    t->status_version);
	enum err		 e = count_reply(c, t, overtaken);

	if (e == OK && !overtaken && asks_status(args))
		e = write_status(c, t);
	if (e == OK)
		e = follow_priority(c, t);
	if (e == OK)
		e = op_change(c, SQL_SUBSCRIBE_REPLIER, NULL);
	if (e == OK && close && !overtaken)
		e = write_close(c, t);
	return e;
}

/* Told to whoever asks, for the reply's event: what it is checked against. */
enum err
reply_check(struct call *c)
{
	struct stmt	st = op_stmt(c, SQL_NAMED_TICKET_TAG);

	if (stmt_next(&st))
		args_put_number(&c->answer.extra, KEY_CHECKED,
		    stmt_number(&st, 1));
	return op_end(c, &st, OK);
}

enum err
event_replied(struct call *c)
{
	const struct args	*args = &c->request.args;
	struct ticket		 t;
	int			 is_new = 0;
	enum err		 e = write_find(c, args_number(args,
				    KEY_TICKET_ID, 0), &t);

	/* written while its ticket was being deleted: it must go as well */
	if (e == ERR_NOT_FOUND)
		return write_tell_gone(c, args_number(args, KEY_TICKET_ID, 0));
	if (e == OK)
		e = op_change(c, SQL_REPLY_NOTE, &is_new);
	if (e != OK || !is_new)
		return e;
	op_act_as(c, args_number(args, KEY_AUTHOR_ID, 0),
	    args_number(args, KEY_DATE, 0));
	return take_reply(c, &t);
}

/* The ticket was updated when its reply was: its date is the reply's. */
enum err
event_reply_edited(struct call *c)
{
	static const int	texts[] = {
		SQL_REPLY_UNINDEX, SQL_REPLY_INDEX, SQL_NONE
	};
	const struct args	*args = &c->request.args;
	bool			known;
	enum err		e = op_finds(c, SQL_REPLY_NOTED, &known);

	if (e != OK || !known)
		return e;
	if (!text_same(args_text(args, KEY_CONTENT),
	    args_text(args, KEY_OLD_CONTENT)))
		e = change_all(c, texts);
	if (args_has(args, KEY_DATE))
		op_act_as(c, args_number(args, KEY_ACTOR, 0),
		    args_number(args, KEY_DATE, 0));
	return e != OK ? e : op_change(c, SQL_TICKET_REPLY_EDIT, NULL);
}

/* The ticket may be gone, and this one of the last things known of it. */
enum err
event_reply_deleted(struct call *c)
{
	static const int	statements[] = {
		SQL_REPLY_UNINDEX, SQL_TICKET_REPLY_DELETE,
		SQL_ACTIONS_LOSE_REPLY, SQL_NONE
	};
	int			known;
	enum err		e = op_change(c, SQL_REPLY_FORGET, &known);

	return e != OK || !known ? e : change_all(c, statements);
}

/* It counts and can be found; nothing happened. */
enum err
event_reply_known(struct call *c)
{
	static const int	statements[] = {
		SQL_REPLY_INDEX, SQL_TICKET_REPLY_KNOWN, SQL_NONE
	};
	int			is_new;
	enum err		e = op_change(c, SQL_REPLY_NOTE, &is_new);

	return e != OK || !is_new ? e : change_all(c, statements);
}

/* --- users -------------------------------------------------------------- */

/* The next ticket that the user of ID has; 0: none. */
static enum err
find_held(struct call *c, int64_t *ret)
{
	struct stmt	st = op_stmt(c, SQL_TICKET_HELD_BY);

	*ret = stmt_next(&st) ? stmt_number(&st, 0) : 0;
	return op_end(c, &st, OK);
}

/*
 * Nobody is deleted who has a ticket; one that was given to the user while it
 * was being deleted is released, by whoever deleted it.
 */
enum err
event_user_gone(struct call *c)
{
	struct ticket	t;
	int64_t		held = 0;
	enum err	e = find_held(c, &held);

	while (e == OK && held != 0) {
		e = write_find(c, held, &t);
		if (e == OK)
			e = write_release(c, &t);
		if (e == OK)
			e = find_held(c, &held);
	}
	return e != OK ? e : op_exec(c);
}
