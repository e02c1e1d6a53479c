/* Replies: written, edited, and deleted with all that belongs to them. */
#include "services/post/writes.h"

#include "base/json.h"
#include "services/post/files.h"
#include "services/post/staged.h"

#define NEWER_MOST	100	/* replies that a refusal names */

/* Columns of a statement that gives replies (sql.tbl, POST_NAMES). */
enum {
	POST_ID,
	POST_TICKET_ID,
	POST_CONTENT,
	POST_USER_ID,
	POST_DATE_ADDED,
	POST_DATE_MODIFIED,
	POST_MODIFIED_ID,
	POST_HOURS
};

/* ... and one that gives files. */
enum { UPLOAD_ID, UPLOAD_POST_ID, UPLOAD_TOPIC_ID };

/* A reply as stored; a null is an empty text. */
struct reply {
	int64_t		id;
	int64_t		ticket_id;
	int64_t		user_id;	/* 0: an imported one may have no
					 * author */
	int64_t		hours;		/* hundredths */
	struct text	content;	/* the run's */
};

static struct text
text_or_empty(const struct stmt *st, int column)
{
	struct text	t = stmt_text(st, column);

	return t.base == NULL ? TEXT_OF("") : t;
}

static struct reply
read_reply(const struct stmt *st)
{
	return (struct reply){
		.id = stmt_number(st, POST_ID),
		.ticket_id = stmt_number(st, POST_TICKET_ID),
		.user_id = stmt_number(st, POST_USER_ID),
		.hours = stmt_number(st, POST_HOURS),
		.content = text_or_empty(st, POST_CONTENT),
	};
}

/* Tell the user service by how many replies the count of a user changes. */
static enum err
tell_posts(struct call *c, int64_t user_id, int64_t posts)
{
	struct args	totals = { 0 };

	args_put_number(&totals, KEY_USER_ID, user_id);
	args_put_number(&totals, KEY_POSTS, posts);
	args_put_number(&totals, KEY_ASSIGNED, 0);
	return op_emit(c, OP_USER_COUNTED, &totals);
}

/* --- written -------------------------------------------------------------- */

static enum err
refuse_unseen(struct call *c, int64_t count, struct text ids)
{
	args_put_number(&c->answer.extra, KEY_COUNT, count);
	args_put_text(&c->answer.extra, KEY_POST_IDS, ids);
	return op_fault(c, FAULT_NEWER_REPLIES, KEY_SEEN_POST_ID,
	    op_refusef(c, ERR_CONFLICT, "seen_post_id: %lld %s after it. Read "
	    "%s, then send this reply with the id of the newest one, or "
	    "without seen_post_id.", (long long)count, count == 1 ?
	    "reply came" : "replies came", count == 1 ? "it" : "them"));
}

/* Whether the author has seen all replies that the ticket has. */
static enum err
check_seen(struct call *c)
{
	struct buf	*ids = &c->refs[0];	/* lives as long as the answer */
	struct stmt	 st;
	int64_t		 count = 0;
	enum err	 e;

	if (!args_has(&c->request.args, KEY_SEEN_POST_ID))
		return OK;
	st = op_stmt(c, SQL_POSTS_NEWER);
	while (stmt_next(&st)) {
		if (count++ >= NEWER_MOST)
			continue;
		buf_put_byte(ids, ids->len == 0 ? '[' : ',');
		json_put_number(ids, stmt_number(&st, 0));
	}
	e = op_end(c, &st, OK);
	if (e != OK || count == 0)
		return e;
	buf_put_byte(ids, ']');
	return refuse_unseen(c, count, buf_text(ids));
}

enum err
post_create(struct call *c)
{
	const struct args	*args = &c->request.args;
	struct args		 told = { 0 };
	enum err		 e = check_seen(c);

	if (e == OK)
		e = staged_check(c);
	if (e == OK)
		e = op_one(c);
	if (e == OK)
		e = staged_attach(c, args_number(args, KEY_ID, 0));
	if (e != OK)
		return e;
	args_put_number(&told, KEY_HOURS, args_number(args, KEY_HOURS, 0));
	args_put_number(&told, KEY_AUTHOR_ID, c->request.actor);
	args_put_number(&told, KEY_DATE, args_number(args, KEY_NOW, 0));
	args_put_number(&told, KEY_POST_ID, args_number(args, KEY_ID, 0));
	e = op_emit(c, OP_TICKET_REPLIED, &told);
	return e != OK ? e : tell_posts(c, c->request.actor, 1);
}

/* --- edited --------------------------------------------------------------- */

/* Tell the ticket service the old and the new reply, for its index. */
static enum err
tell_edited(struct call *c, const struct reply *old, const struct reply *new)
{
	struct args	told = { 0 };

	args_put_number(&told, KEY_POST_ID, old->id);
	args_put_number(&told, KEY_TICKET_ID, old->ticket_id);
	args_put_text(&told, KEY_OLD_CONTENT, old->content);
	args_put_number(&told, KEY_OLD_HOURS, old->hours);
	args_put_text(&told, KEY_CONTENT, new->content);
	args_put_number(&told, KEY_HOURS, new->hours);
	args_put_number(&told, KEY_DATE, args_number(&c->request.args,
	    KEY_NOW, 0));
	return op_emit(c, OP_TICKET_REPLY_EDITED, &told);
}

static enum err
change_reply(struct call *c, const struct reply *old, const struct reply *new)
{
	bool		same_text = text_same(old->content, new->content);
	struct stmt	st;
	enum err	e = OK;

	if (same_text && old->hours == new->hours)
		return OK;
	if (!same_text)
		e = op_change(c, SQL_HISTORY_OF_POST, NULL);
	if (e != OK)
		return e;
	st = op_stmt(c, SQL_POST_UPDATE);
	stmt_bind_text(&st, KEY_CONTENT, new->content);
	stmt_bind_number(&st, KEY_HOURS, new->hours);
	e = op_run_out(c, &st, NULL);
	return e != OK ? e : tell_edited(c, old, new);
}

/* Find the reply that the path names; its text is copied to `content`. */
static enum err
find_reply(struct call *c, struct reply *ret, struct buf *content, bool *found)
{
	struct stmt	st = op_stmt(c, SQL_POST_BY_ID);

	*found = stmt_next(&st);
	if (*found) {
		*ret = read_reply(&st);
		buf_grow(content, ret->content.len + 1);
		buf_put(content, ret->content.base, ret->content.len);
		ret->content = buf_text(content);
	}
	return op_end(c, &st, OK);
}

/* The new reply: members that the body does not have stay. */
static struct reply
apply_edit(const struct reply *old, const struct args *args)
{
	struct reply	new = *old;

	if (args_has(args, KEY_CONTENT))
		new.content = args_text(args, KEY_CONTENT);
	new.hours = args_number(args, KEY_HOURS, old->hours);
	return new;
}

enum err
post_edit(struct call *c)
{
	struct reply	old, new;
	struct buf	content = { 0 };
	bool		found = false;
	enum err	e = staged_check(c);

	if (e == OK)
		e = find_reply(c, &old, &content, &found);
	if (e == OK && found) {
		new = apply_edit(&old, &c->request.args);
		e = change_reply(c, &old, &new);
		if (e == OK)
			e = staged_attach(c, old.id);
	}
	buf_done(&content);
	return e != OK ? e : op_one(c);
}

/* --- deleted -------------------------------------------------------------- */

static enum err
delete_uploads(struct call *c, int sql)
{
	struct stmt	st = op_stmt(c, sql);

	return files_delete(c, &st);
}

static enum err
tell_deleted(struct call *c, const struct reply *r)
{
	struct args	told = { 0 };

	args_put_number(&told, KEY_POST_ID, r->id);
	args_put_number(&told, KEY_TICKET_ID, r->ticket_id);
	args_put_text(&told, KEY_OLD_CONTENT, r->content);
	args_put_number(&told, KEY_OLD_HOURS, r->hours);
	return op_emit(c, OP_TICKET_REPLY_DELETED, &told);
}

/* Tell of all replies of a deleted ticket. */
static enum err
tell_all_deleted(struct call *c)
{
	struct stmt	st = op_stmt(c, SQL_POST_ALL_OF_TICKET);
	struct reply	r;
	enum err	e = OK;

	while (e == OK && stmt_next(&st)) {
		r = read_reply(&st);
		e = tell_deleted(c, &r);
	}
	return op_end(c, &st, e);
}

static enum err
tell_all_posts(struct call *c)
{
	struct stmt	st = op_stmt(c, SQL_POST_AUTHORS_OF_TICKET);
	enum err	e = OK;

	while (e == OK && stmt_next(&st))
		e = tell_posts(c, stmt_number(&st, 0), -stmt_number(&st, 1));
	return op_end(c, &st, e);
}

static enum err
tell_post_deleted(struct call *c)
{
	struct stmt	st = op_stmt(c, SQL_POST_BY_ID);
	struct reply	r;
	enum err	e = OK;

	if (stmt_next(&st)) {
		r = read_reply(&st);
		e = tell_deleted(c, &r);
		if (e == OK && !stmt_is_null(&st, POST_USER_ID))
			e = tell_posts(c, r.user_id, -1);
	}
	return op_end(c, &st, e);
}

enum err
post_delete(struct call *c)
{
	enum err	e = tell_post_deleted(c);

	if (e == OK)
		e = delete_uploads(c, SQL_UPLOAD_DELETE_OF_POST);
	if (e == OK)
		e = op_change(c, SQL_HISTORY_DELETE_OF_POST, NULL);
	if (e == OK)
		e = op_change(c, SQL_POST_DELETE, NULL);
	return e;
}

enum err
post_ticket_deleted(struct call *c)
{
	enum err	e = tell_all_deleted(c);

	if (e == OK)
		e = tell_all_posts(c);
	if (e == OK)
		e = delete_uploads(c, SQL_UPLOAD_DELETE_OF_TICKET);
	if (e == OK)
		e = op_change(c, SQL_HISTORY_DELETE_OF_TICKET, NULL);
	if (e == OK)
		e = op_change(c, SQL_POST_DELETE_OF_TICKET, NULL);
	return e != OK ? e : op_change(c, SQL_TICKET_GOES, NULL);
}

/* Told by events, as a reply that is being edited or deleted is. */
enum err
post_tell_texts(struct call *c)
{
	struct stmt	st = op_stmt(c, SQL_POSTS_TEXTS);
	struct args	told = { 0 };
	int64_t		last = 0;
	enum err	e = OK;

	while (e == OK && stmt_next(&st)) {
		last = stmt_number(&st, 0);
		args_put_number(&told, KEY_POST_ID, last);
		args_put_number(&told, KEY_TICKET_ID, stmt_number(&st, 1));
		args_put_text(&told, KEY_CONTENT, stmt_text(&st, 2));
		e = op_emit(c, OP_TICKET_REPLY_TEXT, &told);
	}
	e = op_end(c, &st, e);
	if (e != OK)
		return e;
	args_clear(&told);
	args_put_number(&told, KEY_ID, last);
	return op_emit(c, OP_TICKET_TEXTS_TOLD, &told);
}

/* --- files ---------------------------------------------------------------- */

enum err
upload_create(struct call *c)
{
	struct text	filename = args_text(&c->request.args, KEY_FILENAME);
	enum err	e;

	if (!files_claim(filename))
		return ERR_GONE_AWAY;
	e = op_one(c);
	if (e != OK)
		files_unclaim(filename);
	return e;
}

enum err
upload_delete(struct call *c)
{
	return delete_uploads(c, SQL_UPLOAD_DELETE);
}

enum err
upload_place(struct call *c)
{
	struct stmt	 st = op_stmt(c, SQL_UPLOAD_BY_ID);
	struct args	*extra = &c->answer.extra;

	if (stmt_next(&st)) {
		if (!stmt_is_null(&st, UPLOAD_POST_ID))
			args_put_number(extra, KEY_POST_ID,
			    stmt_number(&st, UPLOAD_POST_ID));
		else if (!stmt_is_null(&st, UPLOAD_TOPIC_ID))
			args_put_number(extra, KEY_TICKET_ID,
			    stmt_number(&st, UPLOAD_TOPIC_ID));
	}
	return op_end(c, &st, OK);
}
