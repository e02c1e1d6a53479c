/* Replies: written, edited, deleted, with all that hangs on them. */
#include "services/post/writes.h"

#include "services/post/files.h"

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

/* What is not there is an empty text. */
static struct text
text_or_empty(sqlite3_stmt *st, int column)
{
	struct text	t = column_text(st, column);

	return t.base == NULL ? (struct text){ "", 0 } : t;
}

/* --- written -------------------------------------------------------------- */

enum err
post_create(struct call *c)
{
	struct args	*args = &c->request.args;
	enum err	 e;

	args_put_number(args, KEY_HOURS, args_number(args, KEY_HOURS, 0));
	args_put_number(args, KEY_AUTHOR_ID, c->request.actor);
	args_put_number(args, KEY_DATE, args_number(args, KEY_NOW, 0));
	e = op_one(c);
	args_put_number(args, KEY_POST_ID, args_number(args, KEY_ID, 0));
	args_put_number(args, KEY_USER_ID, c->request.actor);
	args_put_number(args, KEY_POSTS, 1);
	args_put_number(args, KEY_ASSIGNED, 0);
	return e;
}

/* --- edited --------------------------------------------------------------- */

static bool
is_same(struct text a, struct text b)
{
	return a.len == b.len && memcmp(a.base, b.base, a.len) == 0;
}

/*
 * What the reply is into OLD_CONTENT and OLD_HOURS, and what it is to be into
 * CONTENT and HOURS. The texts are the statement's, or the request's.
 */
static void
take_old(struct args *args, sqlite3_stmt *st)
{
	struct text	content = text_or_empty(st, POST_CONTENT);
	int64_t		hours = sqlite3_column_int64(st, POST_HOURS);

	args_put_number(args, KEY_POST_ID, sqlite3_column_int64(st, POST_ID));
	args_put_number(args, KEY_TICKET_ID,
	    sqlite3_column_int64(st, POST_TICKET_ID));
	args_put_text(args, KEY_OLD_CONTENT, content);
	args_put_number(args, KEY_OLD_HOURS, hours);
	if (!args_has(args, KEY_CONTENT))
		args_put_text(args, KEY_CONTENT, content);
	if (!args_has(args, KEY_HOURS))
		args_put_number(args, KEY_HOURS, hours);
}

static enum err
change(struct call *c)
{
	struct args	*args = &c->request.args;
	bool		 same_text, same_hours;
	enum err	 e = OK;

	same_text = is_same(args_text(args, KEY_CONTENT),
	    args_text(args, KEY_OLD_CONTENT));
	same_hours = args_number(args, KEY_HOURS, 0) ==
	    args_number(args, KEY_OLD_HOURS, 0);
	if (same_text && same_hours)
		return OK;
	if (!same_text)
		e = op_change(c, SQL_HISTORY_OF_POST, NULL);
	if (e == OK)
		e = op_change(c, SQL_POST_UPDATE, NULL);
	args_put_number(args, KEY_DATE, args_number(args, KEY_NOW, 0));
	if (e == OK)
		e = op_emit(c, OP_TICKET_REPLY_EDITED);
	return e;
}

enum err
post_edit(struct call *c)
{
	struct args	 own = c->request.args;
	sqlite3_stmt	*st = op_statement(c, SQL_POST_BY_ID);
	struct buf	 content = { 0 };
	struct text	 old;
	enum err	 e, done;

	if (op_step(c, st, &e) == SQLITE_ROW) {
		take_old(&c->request.args, st);
		/* the row is about to change under the statement */
		old = args_text(&c->request.args, KEY_OLD_CONTENT);
		buf_grow(&content, old.len + 1);
		buf_put(&content, old.base, old.len);
		old.base = content.base;
		args_put_text(&c->request.args, KEY_OLD_CONTENT, old);
		if (!args_has(&own, KEY_CONTENT))
			args_put_text(&c->request.args, KEY_CONTENT, old);
	}
	done = op_done(c, st);
	if (e == OK)
		e = done;
	if (e == OK)
		e = change(c);
	c->request.args = own;
	buf_done(&content);
	return e != OK ? e : op_one(c);
}

/* --- deleted -------------------------------------------------------------- */

/* Run a statement that deletes files' rows; the files follow the COMMIT. */
static enum err
delete_uploads(struct call *c, int sql)
{
	sqlite3_stmt	*st = op_statement(c, sql);
	enum err	 e, done;

	while (op_step(c, st, &e) == SQLITE_ROW)
		files_remove_later(text_or_empty(st, 0));
	done = op_done(c, st);
	return e != OK ? e : done;
}

static enum err
tell_deleted(struct call *c, sqlite3_stmt *st)
{
	struct args	*args = &c->request.args;

	args_put_number(args, KEY_POST_ID, sqlite3_column_int64(st, POST_ID));
	args_put_number(args, KEY_TICKET_ID,
	    sqlite3_column_int64(st, POST_TICKET_ID));
	args_put_text(args, KEY_OLD_CONTENT, text_or_empty(st, POST_CONTENT));
	args_put_number(args, KEY_OLD_HOURS,
	    sqlite3_column_int64(st, POST_HOURS));
	return op_emit(c, OP_TICKET_REPLY_DELETED);
}

static enum err
count_down(struct call *c, int64_t user_id, int64_t posts)
{
	struct args	*args = &c->request.args;

	args_put_number(args, KEY_USER_ID, user_id);
	args_put_number(args, KEY_POSTS, -posts);
	args_put_number(args, KEY_ASSIGNED, 0);
	return op_emit(c, OP_USER_COUNTED);
}

/* Tell of all replies that a statement gives. */
static enum err
tell_all_deleted(struct call *c, int sql)
{
	struct args	 own = c->request.args;
	sqlite3_stmt	*st = op_statement(c, sql);
	enum err	 e, done;

	while (op_step(c, st, &e) == SQLITE_ROW) {
		e = tell_deleted(c, st);
		if (e != OK)
			break;
	}
	done = op_done(c, st);
	c->request.args = own;	/* the texts were the statement's */
	return e != OK ? e : done;
}

static enum err
count_all_down(struct call *c)
{
	struct args	 own = c->request.args;
	sqlite3_stmt	*st = op_statement(c, SQL_POST_AUTHORS_OF_TICKET);
	enum err	 e, done;

	while (op_step(c, st, &e) == SQLITE_ROW) {
		e = count_down(c, sqlite3_column_int64(st, 0),
		    sqlite3_column_int64(st, 1));
		if (e != OK)
			break;
	}
	done = op_done(c, st);
	c->request.args = own;
	return e != OK ? e : done;
}

static enum err
tell_post_deleted(struct call *c)
{
	struct args	 own = c->request.args;
	sqlite3_stmt	*st = op_statement(c, SQL_POST_BY_ID);
	enum err	 e, done;

	if (op_step(c, st, &e) == SQLITE_ROW) {
		e = tell_deleted(c, st);
		/* what was imported may have no author */
		if (e == OK && sqlite3_column_type(st, POST_USER_ID) !=
		    SQLITE_NULL)
			e = count_down(c, sqlite3_column_int64(st,
			    POST_USER_ID), 1);
	}
	done = op_done(c, st);
	c->request.args = own;
	return e != OK ? e : done;
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
	enum err	e = tell_all_deleted(c, SQL_POST_ALL_OF_TICKET);

	if (e == OK)
		e = count_all_down(c);
	if (e == OK)
		e = delete_uploads(c, SQL_UPLOAD_DELETE_OF_TICKET);
	if (e == OK)
		e = op_change(c, SQL_HISTORY_DELETE_OF_TICKET, NULL);
	if (e == OK)
		e = op_change(c, SQL_POST_DELETE_OF_TICKET, NULL);
	return e != OK ? e : op_change(c, SQL_TICKET_GOES, NULL);
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
	sqlite3_stmt	*st = op_statement(c, SQL_UPLOAD_BY_ID);
	int		 post = UPLOAD_POST_ID, topic = UPLOAD_TOPIC_ID;
	enum err	 e, done;

	if (op_step(c, st, &e) == SQLITE_ROW) {
		if (sqlite3_column_type(st, post) != SQLITE_NULL)
			args_put_number(&c->answer.extra, KEY_POST_ID,
			    sqlite3_column_int64(st, post));
		else if (sqlite3_column_type(st, topic) != SQLITE_NULL)
			args_put_number(&c->answer.extra, KEY_TICKET_ID,
			    sqlite3_column_int64(st, topic));
	}
	done = op_done(c, st);
	return e != OK ? e : done;
}
