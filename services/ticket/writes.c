/*
 * Writes of tickets and subscriptions. Every function runs on the writer lane,
 * in the transaction of its call, after the guards of its row: what it reads
 * stays true until it has written, and a process that is killed in between
 * leaves nothing of it.
 *
 * A write without effect changes nothing: no version, no action, no total. It is
 * answered with the ticket as it is, so a client that repeats a request after
 * its answer was lost is told that it was carried out.
 */
#include "services/ticket/writes.h"

#include "base/log.h"
#include "services/ticket/deletions.h"
#include "services/ticket/seen/seen.h"

/* Who may use POST ticket/T/category, admins or not. */
static enum { NOBODY, STAFF, EVERYBODY } categorizers;

/* settings_load() refuses any other value. */
void
writes_start(const struct settings *settings)
{
	const char	*who = settings->change_category;

	deletions_start(settings);
	categorizers = strcmp(who, "everybody") == 0 ? EVERYBODY :
	    strcmp(who, "staff") == 0 ? STAFF : NOBODY;
	CHECK(categorizers != NOBODY || strcmp(who, "nobody") == 0);
}

/* --- parts of writes ------------------------------------------------------ */

/* A run of a statement about a ticket. */
static struct stmt
stmt_of(struct call *c, int sql, const struct ticket *t)
{
	struct stmt	st = op_stmt(c, sql);

	stmt_bind_number(&st, KEY_TICKET_ID, t->id);
	return st;
}

static enum err
change_of(struct call *c, int sql, const struct ticket *t)
{
	struct stmt	st = stmt_of(c, sql, t);

	return op_run_out(c, &st, NULL);
}

enum err
write_find(struct call *c, int64_t id, struct ticket *ret)
{
	struct stmt	st;
	bool		found;

	*ret = (struct ticket){ .id = id };
	st = stmt_of(c, SQL_TICKET_STATE, ret);
	found = stmt_next(&st);
	if (found)
		*ret = (struct ticket){
			.id = id,
			.author = stmt_number(&st, 0),
			.assignee = stmt_number(&st, 1),
			.status = stmt_number(&st, 2),
			.priority = stmt_number(&st, 3),
			.category = stmt_number(&st, 4),
			.status_version = stmt_number(&st, 5),
			.priority_version = stmt_number(&st, 6),
			.status_open = stmt_number(&st, 7),
			.status_closed = stmt_number(&st, 8),
			.status_in_work = stmt_number(&st, 9),
		};
	return op_end(c, &st, found ? OK : ERR_NOT_FOUND);
}

/* The ticket that the path names. */
static enum err
find_named(struct call *c, struct ticket *ret)
{
	return write_find(c, args_number(&c->request.args, KEY_ID, 0), ret);
}

/* An action without data; recipient 0: it has none. */
static enum err
write_action(struct call *c, const struct ticket *t, const char *action,
    int64_t recipient)
{
	struct stmt	st = stmt_of(c, SQL_ACTION_INSERT, t);

	stmt_bind_text(&st, KEY_ACTION, text_of(action));
	if (recipient != 0)
		stmt_bind_number(&st, KEY_RECIPIENT_ID, recipient);
	else
		stmt_bind_null(&st, KEY_RECIPIENT_ID);
	return op_run_out(c, &st, NULL);
}

/* Tell the user service by how much a user's totals change. */
static enum err
tell_totals(struct call *c, int64_t user, int64_t posts, int64_t assigned)
{
	struct args	totals = { 0 };

	if (user == 0 || (posts == 0 && assigned == 0))
		return OK;
	args_put_number(&totals, KEY_USER_ID, user);
	args_put_number(&totals, KEY_POSTS, posts);
	args_put_number(&totals, KEY_ASSIGNED, assigned);
	return op_emit(c, OP_USER_COUNTED, &totals);
}

/*
 * Give a ticket another assignee, or none (0), and the status that goes with it;
 * both assignees' totals follow.
 */
static enum err
hand_over(struct call *c, struct ticket *t, int64_t to, int64_t status)
{
	struct stmt	st;
	enum err	e = tell_totals(c, t->assignee, 0, -1);

	if (e == OK)
		e = tell_totals(c, to, 0, 1);
	if (e != OK)
		return e;
	t->assignee = to;
	t->status = status;
	st = stmt_of(c, SQL_TICKET_HAND_OVER, t);
	if (to != 0)
		stmt_bind_number(&st, KEY_USER_ID, to);
	else
		stmt_bind_null(&st, KEY_USER_ID);
	stmt_bind_number(&st, KEY_STATUS_ID, status);
	return op_run_out(c, &st, NULL);
}

enum err
write_status(struct call *c, struct ticket *t)
{
	int64_t		status = args_number(&c->request.args,
			    KEY_STATUS_ID, 0);
	enum err	e;

	if (status == t->status)
		return OK;
	t->status = status;
	e = change_of(c, SQL_TICKET_SET_STATUS, t);
	return e != OK ? e : change_of(c, SQL_ACTION_STATUS, t);
}

enum err
write_priority(struct call *c, struct ticket *t)
{
	int64_t		priority = args_number(&c->request.args,
			    KEY_TICKET_PRIORITY_ID, 0);
	enum err	e;

	if (priority == t->priority)
		return OK;
	t->priority = priority;
	e = change_of(c, SQL_TICKET_SET_PRIORITY, t);
	return e != OK ? e : change_of(c, SQL_ACTION_PRIORITY, t);
}

enum err
write_close(struct call *c, struct ticket *t)
{
	enum err	e = hand_over(c, t, 0, t->status_closed);

	return e != OK ? e : write_action(c, t, "close", 0);
}

enum err
write_release(struct call *c, struct ticket *t)
{
	enum err	e = hand_over(c, t, 0, t->status == t->status_closed ?
			    t->status_closed : t->status_open);

	return e != OK ? e : write_action(c, t, "release", 0);
}

/* Answer a write with the ticket, which its writer has seen now. */
static enum err
end_write(struct call *c, enum err e)
{
	if (e == OK)
		e = op_one(c);
	return e != OK ? e : seen_by_writer(c);
}

/* Tell the post service that a ticket is gone. */
enum err
write_tell_gone(struct call *c, int64_t id)
{
	struct args	gone = { 0 };

	args_put_number(&gone, KEY_TICKET_ID, id);
	return op_emit(c, OP_POST_TICKET_DELETED, &gone);
}

/* --- users that a body names ---------------------------------------------- */

static enum err
refuse_user(struct call *c, enum fault_code code, const char *problem)
{
	const struct args	*args = &c->request.args;
	struct text		 name = args_text(args, KEY_USERNAME);

	if (args_has(args, KEY_USER_ID))
		return op_fault(c, code, KEY_USER_ID,
		    op_refusef(c, ERR_BAD_REQUEST, "user_id: user %lld %s.",
		    (long long)args_number(args, KEY_USER_ID, 0), problem));
	return op_fault(c, code, KEY_USERNAME,
	    op_refusef(c, ERR_BAD_REQUEST, "username: user \"%.*s\" %s.",
	    (int)name.len, name.base, problem));
}

/*
 * The user that a body names by user_id or by username. The user must exist and
 * be able to log in.
 */
static enum err
find_user(struct call *c, int64_t *ret)
{
	const struct args	*args = &c->request.args;
	struct stmt		 st;
	enum err		 e;
	bool			 disabled = false;

	if (args_has(args, KEY_USER_ID) == args_has(args, KEY_USERNAME))
		return op_fault(c,
		    args_has(args, KEY_USER_ID) ? FAULT_EXCLUSIVE :
						  FAULT_REQUIRED,
		    KEY_USER_ID,
		    op_refuse(c, ERR_BAD_REQUEST, "Must include either "
		    "user_id or username."));
	*ret = 0;
	st = op_stmt(c, SQL_USER_MEANT);
	if (stmt_next(&st)) {
		*ret = stmt_number(&st, 0);
		disabled = stmt_number(&st, 1) != 0;
	}
	e = op_end(c, &st, OK);
	if (e != OK)
		return e;
	if (*ret == 0)
		return refuse_user(c, FAULT_NOT_FOUND, "does not exist");
	if (disabled)
		return refuse_user(c, FAULT_DISABLED, "is disabled");
	return OK;
}

static enum err
is_subscribed(struct call *c, const struct ticket *t, int64_t user, bool *ret)
{
	struct stmt	st = stmt_of(c, SQL_SUBSCRIBED, t);

	stmt_bind_number(&st, KEY_USER_ID, user);
	*ret = stmt_next(&st);
	return op_end(c, &st, OK);
}

/* *ret_id: the id of the subscription. */
static enum err
subscribe(struct call *c, const struct ticket *t, int64_t user,
    int64_t *ret_id)
{
	struct stmt	st = stmt_of(c, SQL_SUBSCRIBE, t);

	stmt_bind_number(&st, KEY_USER_ID, user);
	if (stmt_next(&st))
		*ret_id = stmt_number(&st, 0);
	return op_end(c, &st, OK);
}

/* --- editing and deleting tickets ----------------------------------------- */

/*
 * If the content changes: the old one, for the post service, which keeps it.
 * `own` gets the event's keys that the call does not have; its text is in
 * `content`.
 */
static enum err
take_old_content(struct call *c, const struct ticket *t, struct buf *content,
    struct args *own, bool *ret_rewritten)
{
	struct stmt	st = stmt_of(c, SQL_TICKET_OLD_CONTENT, t);
	struct text	old;

	*ret_rewritten = stmt_next(&st);
	if (*ret_rewritten) {
		old = stmt_bytes(&st, 0);
		buf_put(content, old.base, old.len);
		args_put_text(own, KEY_OLD_CONTENT, old.len == 0 ?
		    TEXT_OF("") : buf_text(content));
		args_put_number(own, KEY_AUTHOR_ID, stmt_number(&st, 1));
		args_put_number(own, KEY_DATE, args_number(&c->request.args,
		    KEY_NOW, 0));
		args_put_number(own, KEY_TICKET_ID, t->id);
	}
	return op_end(c, &st, OK);
}

/* The files that the write names are the post service's. */
static enum err
tell_uploads(struct call *c)
{
	const struct args	*args = &c->request.args;
	struct args		 told = { 0 };

	if (!args_has(args, KEY_UPLOAD_IDS))
		return OK;
	args_put_number(&told, KEY_TICKET_ID, args_number(args, KEY_ID, 0));
	args_put_number(&told, KEY_AUTHOR_ID, c->request.actor);
	return op_emit(c, OP_POST_UPLOADS_CLAIMED, &told);
}

enum err
ticket_create(struct call *c)
{
	enum err	e = op_one(c);

	return e != OK ? e : tell_uploads(c);
}

enum err
ticket_edit(struct call *c)
{
	struct ticket	t;
	struct args	told = { 0 };
	struct buf	content = { 0 };
	bool		rewritten = false;
	enum err	e = find_named(c, &t);

	if (e == OK)
		e = take_old_content(c, &t, &content, &told, &rewritten);
	if (e == OK)
		e = change_of(c, SQL_TICKET_EDIT, &t);
	if (e == OK && rewritten)
		e = op_emit(c, OP_POST_TICKET_EDITED, &told);
	if (e == OK)
		e = tell_uploads(c);
	buf_done(&content);
	return end_write(c, e);
}

/*
 * Rows of `replies` and reply_text stay until the post service tells that each
 * reply is deleted: that event has the text, which the index needs to remove its
 * words.
 */
enum err
ticket_delete(struct call *c)
{
	static const int	statements[] = {
		SQL_SUBSCRIPTIONS_DELETE, SQL_ACTIONS_DELETE, SQL_TICKET_DELETE
	};
	struct ticket		t;
	enum err		e = find_named(c, &t);

	if (e == OK)
		e = tell_totals(c, t.author, -1,
		    t.author == t.assignee ? -1 : 0);
	if (e == OK && t.author != t.assignee)
		e = tell_totals(c, t.assignee, 0, -1);
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]) &&
	    e == OK; i++)
		e = change_of(c, statements[i], &t);
	if (e == OK)
		e = deletions_note(c, t.id);
	return e != OK ? e : write_tell_gone(c, t.id);
}

/* --- who works on a ticket ------------------------------------------------ */

static enum err
assign_to(struct call *c, struct ticket *t, int64_t user)
{
	enum err	e = hand_over(c, t, user, t->status_in_work);
	bool		subscribed = false;
	int64_t		id;

	if (e == OK)
		e = write_action(c, t, "assign", user);
	if (e == OK)
		e = is_subscribed(c, t, user, &subscribed);
	if (e == OK && !subscribed)
		e = subscribe(c, t, user, &id);
	return e;
}

/* Assigning it to its assignee changes nothing, as in Flicket. */
enum err
ticket_assign(struct call *c)
{
	struct ticket	t;
	int64_t		user = 0;
	enum err	e = find_named(c, &t);

	if (e == OK)
		e = find_user(c, &user);
	if (e == OK && user != t.assignee)
		e = assign_to(c, &t, user);
	return end_write(c, e);
}

/*
 * Of many users who claim a ticket at once one gets it; the others are refused
 * unless they force it. A claim by the assignee is answered with the ticket,
 * unchanged: so a claim whose answer was lost can be sent again.
 */
enum err
ticket_claim(struct call *c)
{
	int64_t		actor = args_number(&c->request.args, KEY_ACTOR, 0);
	struct ticket	t;
	enum err	e = find_named(c, &t);

	if (e == OK && t.assignee != 0 && t.assignee != actor &&
	    args_number(&c->request.args, KEY_FORCE, 0) == 0)
		return op_fault(c, FAULT_ASSIGNED, 0,
		    op_refusef(c, ERR_CONFLICT, "User %lld has this ticket; "
		    "it can be taken over with \"force\": true.",
		    (long long)t.assignee));
	if (e == OK && t.assignee != actor) {
		e = hand_over(c, &t, actor, t.status_in_work);
		if (e == OK)
			e = write_action(c, &t, "claim", 0);
	}
	return end_write(c, e);
}

enum err
ticket_release(struct call *c)
{
	struct ticket	t;
	enum err	e = find_named(c, &t);

	if (e == OK)
		e = write_release(c, &t);
	return end_write(c, e);
}

enum err
ticket_close(struct call *c)
{
	struct ticket	t;
	enum err	e = find_named(c, &t);

	if (e == OK)
		e = write_close(c, &t);
	return end_write(c, e);
}

/* --- what a ticket is filed under ----------------------------------------- */

enum err
ticket_status(struct call *c)
{
	struct ticket	t;
	enum err	e = find_named(c, &t);

	if (e == OK)
		e = write_status(c, &t);
	return end_write(c, e);
}

enum err
ticket_priority(struct call *c)
{
	struct ticket	t;
	enum err	e = find_named(c, &t);

	if (e == OK)
		e = write_priority(c, &t);
	return end_write(c, e);
}

static bool
may_categorize(const struct call *c)
{
	return categorizers == EVERYBODY || (categorizers == STAFF &&
	    (c->request.rights & RIGHT_STAFF) != 0);
}

/* As in Flicket this does not count as an update: last_updated stays. */
enum err
ticket_category(struct call *c)
{
	struct ticket	t;
	enum err	e = find_named(c, &t);

	if (e != OK)
		return e;
	if (!may_categorize(c))
		return op_refuse(c, ERR_FORBIDDEN,
		    who_info(op_info(c->op->op)->who)->refusal);
	if (t.status == t.status_closed)
		return op_fault(c, FAULT_CLOSED, 0,
		    op_refuse(c, ERR_CONFLICT, MESSAGE_CLOSED));
	if (t.category != args_number(&c->request.args, KEY_CATEGORY_ID, 0)) {
		e = change_of(c, SQL_TICKET_SET_CATEGORY, &t);
		if (e == OK)
			e = change_of(c, SQL_ACTION_CATEGORY, &t);
	}
	return end_write(c, e);
}

/* --- subscriptions -------------------------------------------------------- */

enum err
subscription_create(struct call *c)
{
	struct ticket	t = {
		.id = args_number(&c->request.args, KEY_TICKET_ID, 0)
	};
	int64_t		user = 0, id = 0;
	bool		subscribed = false;
	enum err	e = find_user(c, &user);

	if (e == OK)
		e = is_subscribed(c, &t, user, &subscribed);
	if (e == OK && subscribed)
		return op_fault(c, FAULT_ALREADY_SO, 0,
		    op_refusef(c, ERR_CONFLICT, "User %lld is subscribed to "
		    "this ticket already.", (long long)user));
	if (e == OK)
		e = subscribe(c, &t, user, &id);
	if (e == OK)
		e = write_action(c, &t, "subscribe", user);
	return e != OK ? e : op_one_of(c, id);
}

/* The ticket and the user of the subscription that the path names. */
static enum err
find_subscription(struct call *c, struct ticket *ret, int64_t *ret_user)
{
	struct stmt	st = op_stmt(c, SQL_SUBSCRIPTION_OF);

	*ret = (struct ticket){ 0 };
	*ret_user = 0;
	if (stmt_next(&st)) {
		ret->id = stmt_number(&st, 0);
		*ret_user = stmt_number(&st, 1);
	}
	return op_end(c, &st, OK);
}

/* An imported one may belong to a ticket that does not exist: no action then. */
enum err
subscription_delete(struct call *c)
{
	struct stmt	st;
	struct ticket	t;
	int64_t		user = 0;
	int		touched = 0;
	enum err	e = find_subscription(c, &t, &user);

	if (e == OK)
		e = op_change(c, SQL_SUBSCRIPTION_DELETE, NULL);
	if (e != OK)
		return e;
	st = stmt_of(c, SQL_TICKET_TOUCH, &t);
	e = op_run_out(c, &st, &touched);
	return e != OK || touched == 0 ? e :
	    write_action(c, &t, "unsubscribe", user);
}
