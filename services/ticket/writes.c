/*
 * What is done to tickets and subscriptions. Every function runs on the
 * writer lane, in the transaction of its call, after the guards of its row:
 * what it reads stays true until it has written, and killed in between it
 * leaves nothing behind.
 *
 * What would change nothing changes nothing: no version, no action, no
 * total. The answer then is the ticket as it is, so whoever repeats a request
 * because its answer got lost is told that it was done.
 */
#include "services/ticket/writes.h"

#include "base/log.h"

/* Who may use POST ticket/T/category, admins or not. */
static enum { NOBODY, STAFF, EVERYBODY } categorizers;

/* settings_load() sees to it that it is one of these. */
void
writes_start(const struct settings *settings)
{
	const char	*who = settings->change_category;

	categorizers = strcmp(who, "everybody") == 0 ? EVERYBODY :
	    strcmp(who, "staff") == 0 ? STAFF : NOBODY;
	CHECK(categorizers != NOBODY || strcmp(who, "nobody") == 0);
}

/* --- parts of writes ------------------------------------------------------ */

enum err
write_find(struct call *c, struct ticket *ret)
{
	sqlite3_stmt	*st = op_statement(c, SQL_TICKET_STATE);
	enum err	 e, done;

	*ret = (struct ticket){ 0 };
	if (op_step(c, st, &e) == SQLITE_ROW)
		*ret = (struct ticket){
			.author = sqlite3_column_int64(st, 0),
			.assignee = sqlite3_column_int64(st, 1),
			.status = sqlite3_column_int64(st, 2),
			.priority = sqlite3_column_int64(st, 3),
			.category = sqlite3_column_int64(st, 4),
			.status_version = sqlite3_column_int64(st, 5),
			.priority_version = sqlite3_column_int64(st, 6),
		};
	else if (e == OK)
		e = ERR_NOT_FOUND;
	done = op_done(c, st);
	return e != OK ? e : done;
}

/* The ticket that the path names. */
static enum err
find_named(struct call *c, struct ticket *ret)
{
	args_put_number(&c->request.args, KEY_TICKET_ID,
	    args_number(&c->request.args, KEY_ID, 0));
	return write_find(c, ret);
}

/* An action without data. recipient 0: nobody in particular. */
static enum err
write_action(struct call *c, const char *action, int64_t recipient)
{
	struct args	*args = &c->request.args;

	args_put_text(args, KEY_ACTION,
	    (struct text){ action, strlen(action) });
	args_remove(&c->request.args, KEY_RECIPIENT_ID);
	if (recipient != 0)
		args_put_number(args, KEY_RECIPIENT_ID, recipient);
	return op_change(c, SQL_ACTION_INSERT, NULL);
}

/* Tell the user service by how much somebody's totals change. */
static enum err
count(struct call *c, int64_t user, int64_t posts, int64_t assigned)
{
	struct args	*args = &c->request.args;

	if (user == 0 || (posts == 0 && assigned == 0))
		return OK;
	args_put_number(args, KEY_USER_ID, user);
	args_put_number(args, KEY_POSTS, posts);
	args_put_number(args, KEY_ASSIGNED, assigned);
	return op_emit(c, OP_USER_COUNTED);
}

/*
 * Take a ticket from whoever has it and give it to somebody else, 0: to
 * nobody, with the status that goes with it.
 */
static enum err
hand_over(struct call *c, struct ticket *t, int64_t to, int64_t status)
{
	struct args	*args = &c->request.args;
	enum err	 e = count(c, t->assignee, 0, -1);

	if (e == OK)
		e = count(c, to, 0, 1);
	if (e != OK)
		return e;
	args_remove(&c->request.args, KEY_USER_ID);
	if (to != 0)
		args_put_number(args, KEY_USER_ID, to);
	args_put_number(args, KEY_STATUS_ID, status);
	t->assignee = to;
	t->status = status;
	return op_change(c, SQL_TICKET_HAND_OVER, NULL);
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
	e = op_change(c, SQL_TICKET_SET_STATUS, NULL);
	return e != OK ? e : op_change(c, SQL_ACTION_STATUS, NULL);
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
	e = op_change(c, SQL_TICKET_SET_PRIORITY, NULL);
	return e != OK ? e : op_change(c, SQL_ACTION_PRIORITY, NULL);
}

enum err
write_close(struct call *c, struct ticket *t)
{
	enum err	e = hand_over(c, t, 0, STATUS_CLOSED);

	return e != OK ? e : write_action(c, "close", 0);
}

enum err
write_release(struct call *c, struct ticket *t)
{
	enum err	e = hand_over(c, t, 0, t->status == STATUS_CLOSED ?
			    STATUS_CLOSED : STATUS_OPEN);

	return e != OK ? e : write_action(c, "release", 0);
}

/* --- users that a body names ---------------------------------------------- */

static enum err
refuse_user(struct call *c, const char *problem)
{
	const struct args	*args = &c->request.args;
	struct text		 name = args_text(args, KEY_USERNAME);

	if (args_has(args, KEY_USER_ID))
		return op_refusef(c, ERR_BAD_REQUEST, "user_id: user %lld %s.",
		    (long long)args_number(args, KEY_USER_ID, 0), problem);
	return op_refusef(c, ERR_BAD_REQUEST, "username: user \"%.*s\" %s.",
	    (int)name.len, name.base, problem);
}

/*
 * The user that a body names by user_id or by username. There must be one,
 * and it must be able to log in. Found, it is in the call's USER_ID.
 */
static enum err
find_user(struct call *c, int64_t *ret)
{
	struct args	*args = &c->request.args;
	sqlite3_stmt	*st;
	enum err	 e, done;
	bool		 disabled = false;

	if (args_has(args, KEY_USER_ID) == args_has(args, KEY_USERNAME))
		return op_refuse(c, ERR_BAD_REQUEST, "Must include either "
		    "user_id or username.");
	st = op_statement(c, SQL_USER_MEANT);
	*ret = 0;
	if (op_step(c, st, &e) == SQLITE_ROW) {
		*ret = sqlite3_column_int64(st, 0);
		disabled = sqlite3_column_int(st, 1) != 0;
	}
	done = op_done(c, st);
	if (e != OK || done != OK)
		return e != OK ? e : done;
	if (*ret == 0)
		return refuse_user(c, "does not exist");
	if (disabled)
		return refuse_user(c, "is disabled");
	args_put_number(args, KEY_USER_ID, *ret);
	return OK;
}

/* Whether the user of USER_ID is subscribed to the ticket of TICKET_ID. */
static enum err
is_subscribed(struct call *c, bool *ret)
{
	return op_finds(c, SQL_SUBSCRIBED, ret);
}

/* --- editing and deleting tickets ----------------------------------------- */

/*
 * If the content is to become another one: the old one, and whose it was,
 * for the histories. The old one is put into *ret, which must live as long
 * as the call's args are used.
 */
static enum err
take_old_content(struct call *c, struct buf *ret, bool *ret_changes)
{
	struct args	*args = &c->request.args;
	sqlite3_stmt	*st = op_statement(c, SQL_TICKET_OLD_CONTENT);
	enum err	 e, done;

	*ret_changes = op_step(c, st, &e) == SQLITE_ROW;
	if (*ret_changes) {
		buf_put(ret, sqlite3_column_blob(st, 0),
		    (size_t)sqlite3_column_bytes(st, 0));
		args_put_text(args, KEY_OLD_CONTENT, (struct text){
		    ret->len == 0 ? "" : ret->base, ret->len });
		args_put_number(args, KEY_AUTHOR_ID,
		    sqlite3_column_int64(st, 1));
		args_put_number(args, KEY_DATE,
		    args_number(args, KEY_NOW, 0));
	}
	done = op_done(c, st);
	return e != OK ? e : done;
}

enum err
ticket_edit(struct call *c)
{
	struct ticket	t;
	struct buf	old = { 0 };
	bool		rewritten = false;
	enum err	e = find_named(c, &t);

	if (e == OK)
		e = take_old_content(c, &old, &rewritten);
	if (e == OK)
		e = op_change(c, SQL_TICKET_EDIT, NULL);
	if (e == OK && rewritten)
		e = op_emit(c, OP_POST_TICKET_EDITED);
	args_remove(&c->request.args, KEY_OLD_CONTENT);
	buf_done(&old);
	return e != OK ? e : op_one(c);
}

/*
 * Replies stay noted (replies, reply_text) until the post service says that
 * each is deleted: only then is its text known, which the index needs to
 * forget its words.
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
		e = count(c, t.author, -1, t.author == t.assignee ? -1 : 0);
	if (e == OK && t.author != t.assignee)
		e = count(c, t.assignee, 0, -1);
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]) &&
	    e == OK; i++)
		e = op_change(c, statements[i], NULL);
	return e != OK ? e : op_emit(c, OP_POST_TICKET_DELETED);
}

/* --- who works on a ticket ------------------------------------------------ */

static enum err
assign_to(struct call *c, struct ticket *t, int64_t user)
{
	enum err	e = hand_over(c, t, user, STATUS_IN_WORK);
	bool		subscribed;

	if (e == OK)
		e = write_action(c, "assign", user);
	if (e == OK)
		e = is_subscribed(c, &subscribed);
	if (e == OK && !subscribed)
		e = op_change(c, SQL_SUBSCRIBE, NULL);
	return e;
}

/* To somebody who has it already: nothing changes, as in Flicket. */
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
	return e != OK ? e : op_one(c);
}

/*
 * Only one of many who claim at once gets the ticket; the others are refused
 * unless they take it by force. Who claims what it has already is answered
 * with the ticket, unchanged: it does have it, and a claim whose answer got
 * lost can be sent again.
 */
enum err
ticket_claim(struct call *c)
{
	int64_t		actor = args_number(&c->request.args, KEY_ACTOR, 0);
	struct ticket	t;
	enum err	e = find_named(c, &t);

	if (e == OK && t.assignee != 0 && t.assignee != actor &&
	    args_number(&c->request.args, KEY_FORCE, 0) == 0)
		return op_refusef(c, ERR_CONFLICT, "User %lld has this ticket; "
		    "it can be taken over with \"force\": true.",
		    (long long)t.assignee);
	if (e == OK && t.assignee != actor) {
		e = hand_over(c, &t, actor, STATUS_IN_WORK);
		if (e == OK)
			e = write_action(c, "claim", 0);
	}
	return e != OK ? e : op_one(c);
}

enum err
ticket_release(struct call *c)
{
	struct ticket	t;
	enum err	e = find_named(c, &t);

	if (e == OK)
		e = write_release(c, &t);
	return e != OK ? e : op_one(c);
}

enum err
ticket_close(struct call *c)
{
	struct ticket	t;
	enum err	e = find_named(c, &t);

	if (e == OK)
		e = write_close(c, &t);
	return e != OK ? e : op_one(c);
}

/* --- what a ticket is filed under ----------------------------------------- */

enum err
ticket_status(struct call *c)
{
	struct ticket	t;
	enum err	e = find_named(c, &t);

	if (e == OK)
		e = write_status(c, &t);
	return e != OK ? e : op_one(c);
}

enum err
ticket_priority(struct call *c)
{
	struct ticket	t;
	enum err	e = find_named(c, &t);

	if (e == OK)
		e = write_priority(c, &t);
	return e != OK ? e : op_one(c);
}

static bool
may_categorize(const struct call *c)
{
	return categorizers == EVERYBODY || (categorizers == STAFF &&
	    (c->request.rights & RIGHT_STAFF) != 0);
}

/* As in Flicket this is no update: last_updated stays. */
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
	if (t.status == STATUS_CLOSED)
		return op_refuse(c, ERR_CONFLICT, MESSAGE_CLOSED);
	if (t.category != args_number(&c->request.args, KEY_CATEGORY_ID, 0)) {
		e = op_change(c, SQL_TICKET_SET_CATEGORY, NULL);
		if (e == OK)
			e = op_change(c, SQL_ACTION_CATEGORY, NULL);
	}
	return e != OK ? e : op_one(c);
}

/* --- subscriptions -------------------------------------------------------- */

/* Put the id that a statement gives into the call's ID. */
static enum err
take_new_id(struct call *c, int sql)
{
	sqlite3_stmt	*st = op_statement(c, sql);
	enum err	 e, done;

	if (op_step(c, st, &e) == SQLITE_ROW) {
		args_put_number(&c->request.args, KEY_ID,
		    sqlite3_column_int64(st, 0));
		/* INSERT ... RETURNING writes to the end only now */
		op_step(c, st, &e);
	}
	done = op_done(c, st);
	return e != OK ? e : done;
}

enum err
subscription_create(struct call *c)
{
	int64_t		user = 0;
	bool		subscribed = false;
	enum err	e = find_user(c, &user);

	if (e == OK)
		e = is_subscribed(c, &subscribed);
	if (e == OK && subscribed)
		return op_refusef(c, ERR_CONFLICT, "User %lld is subscribed to "
		    "this ticket already.", (long long)user);
	if (e == OK)
		e = take_new_id(c, SQL_SUBSCRIBE);
	if (e == OK)
		e = write_action(c, "subscribe", user);
	return e != OK ? e : op_one(c);
}

/* The ticket and the user of the subscription that the path names. */
static enum err
find_subscription(struct call *c, int64_t *ret_user)
{
	sqlite3_stmt	*st = op_statement(c, SQL_SUBSCRIPTION_OF);
	enum err	 e, done;

	*ret_user = 0;
	if (op_step(c, st, &e) == SQLITE_ROW) {
		args_put_number(&c->request.args, KEY_TICKET_ID,
		    sqlite3_column_int64(st, 0));
		*ret_user = sqlite3_column_int64(st, 1);
	}
	done = op_done(c, st);
	return e != OK ? e : done;
}

/* An imported one may belong to a ticket that is no more: no action then. */
enum err
subscription_delete(struct call *c)
{
	int64_t		user = 0;
	int		touched = 0;
	enum err	e = find_subscription(c, &user);

	if (e == OK)
		e = op_change(c, SQL_SUBSCRIPTION_DELETE, NULL);
	if (e == OK)
		e = op_change(c, SQL_TICKET_TOUCH, &touched);
	if (e == OK && touched != 0)
		e = write_action(c, "unsubscribe", user);
	return e;
}
