/*
 * Events about replies, from the post service, and about deleted users. Each
 * event is applied once (services/op/events.c). An event about a ticket that is
 * gone, or about a reply that is not known, is skipped: a refused event would
 * hold up those behind it.
 *
 * A row of `replies` says that the words of the reply are in reply_words, or have
 * yet to enter it (migrations/007_words.sql). An index must not be told to remove
 * words that it does not have. OLD_CONTENT has just the words that are in it:
 * events about a reply are applied in order, and none between them is dropped
 * (services/op/aside.c).
 */
#include "services/ticket/events.h"

#include "services/ticket/seen/seen.h"
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

/* Whether the reply asks for a status; KEY_CLOSE closes, not this. */
static bool
asks_status(const struct args *args, const struct ticket *t)
{
	return args_has(args, KEY_STATUS_ID) &&
	    args_number(args, KEY_STATUS_ID, 0) != t->status_closed;
}

/*
 * Whether a user set the status, or the priority, after the reply was checked:
 * then its version is later than the one that REPLY_CHECK told. Dates do not
 * decide, as they come from the clocks of two services. A reply without that
 * version comes from a post service of an earlier program, and decides.
 */
static bool
is_overtaken(const struct call *c, int64_t version)
{
	return version > args_number(&c->request.args, KEY_CHECKED, INT64_MAX);
}

/* Index the reply, count it, and open its ticket if that is closed. */
static enum err
count_reply(struct call *c, struct ticket *t, bool overtaken)
{
	int	sql = SQL_TICKET_REPLIED;

	if (!overtaken && t->status == t->status_closed &&
	    !asks_status(&c->request.args, t)) {
		sql = SQL_TICKET_REOPENED;
		t->status = t->status_open;
	}
	return change_all(c, (const int []){ SQL_REPLY_INDEX,
	    SQL_MILESTONE_REPLIED, sql, SQL_NONE });
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
 * The reply was allowed when it was written, so it acts as of then: by its
 * author, at its date. It opens a closed ticket, which Flicket does not record
 * as an action, and may close it again, which it does. The event can come late:
 * a status that a user set after the reply was checked stays.
 */
static enum err
take_reply(struct call *c, struct ticket *t)
{
	const struct args	*args = &c->request.args;
	bool			 close = args_number(args, KEY_CLOSE, 0) != 0,
				 overtaken = is_overtaken(c,
				    t->status_version);
	enum err		 e = count_reply(c, t, overtaken);

	if (e == OK && !overtaken && asks_status(args, t))
		e = write_status(c, t);
	if (e == OK)
		e = follow_priority(c, t);
	if (e == OK)
		e = op_change(c, SQL_SUBSCRIBE_REPLIER, NULL);
	if (e == OK)
		e = seen_by_replier(c);
	if (e == OK && close && !overtaken)
		e = write_close(c, t);
	return e;
}

/* Answer the version that the reply is checked against, for its event. */
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

	/* it was written while its ticket was being deleted: delete it, too */
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

/* The ticket was updated at the date of the edit. */
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

/* The ticket may be gone already. */
enum err
event_reply_deleted(struct call *c)
{
	static const int	statements[] = {
		SQL_REPLY_UNINDEX, SQL_MILESTONE_REPLY_DELETED,
		SQL_TICKET_REPLY_DELETE,
		SQL_ACTIONS_LOSE_REPLY, SQL_NONE
	};
	int			known;
	enum err		e = op_change(c, SQL_REPLY_FORGET, &known);

	return e != OK || !known ? e : change_all(c, statements);
}

/* A reply from before events: index and count it, without an action. */
enum err
event_reply_known(struct call *c)
{
	static const int	statements[] = {
		SQL_REPLY_INDEX, SQL_MILESTONE_REPLY_KNOWN,
		SQL_TICKET_REPLY_KNOWN, SQL_NONE
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
 * A user who has tickets cannot be deleted. A ticket that was assigned while
 * the user was being deleted is released, in the name of the deleting user.
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
