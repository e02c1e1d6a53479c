/* Answers that are kept for an Idempotency-Key. */
#include "services/op/stages.h"

#include <string.h>

#include "base/log.h"

static bool
is_same_request(struct call *c, sqlite3_stmt *st)
{
	struct text	digest = args_text(&c->request.args, KEY_DIGEST);

	return (size_t)sqlite3_column_bytes(st, 0) == digest.len &&
	    memcmp(sqlite3_column_blob(st, 0), digest.base, digest.len) == 0;
}

/* Take an answer out of the frame it is kept as. */
static enum err
take_answer(struct call *c, sqlite3_stmt *st)
{
	struct answer	kept;

	frame_reader_start(c->lane->frames, sqlite3_column_blob(st, 1),
	    (size_t)sqlite3_column_bytes(st, 1));
	if (frame_next_answer(c->lane->frames, &kept) != FRAME_ONE) {
		log_error("an answer that was kept cannot be read");
		return ERR_INTERNAL;
	}
	c->answer.total = kept.total;
	c->answer.tag = kept.tag;
	buf_put(&c->fragment, kept.fragment.base, kept.fragment.len);
	c->message.len = 0;
	args_copy(&c->answer.extra, &kept.extra, &c->message);
	return OK;
}

/* NOT_FOUND: there is none; the operation has to be carried out. */
static enum err
recall(struct call *c, enum op_code op)
{
	sqlite3_stmt	*st;
	enum err	 e, done;

	args_put_number(&c->request.args, KEY_HANDLE, op);
	st = op_statement(c, SQL_ANSWER_FIND);
	if (op_step(c, st, &e) == SQLITE_ROW)
		e = is_same_request(c, st) ? take_answer(c, st) :
		    ERR_KEY_REUSED;
	else if (e == OK)
		e = ERR_NOT_FOUND;
	done = op_done(c, st);
	return e != OK ? e : done;
}

enum err
op_recall(struct call *c)
{
	return recall(c, (enum op_code)args_number(&c->request.args,
	    KEY_HANDLE, 0));
}

/* What is kept is what the same request will be answered with. */
static enum err
keep_answer(struct call *c)
{
	struct buf	frame = { 0 };
	struct answer	kept = c->answer;
	enum err	e;

	kept.fragment = (struct text){ c->fragment.base, c->fragment.len };
	frame_put_answer(&frame, &kept);
	args_put_text(&c->request.args, KEY_BODY,
	    (struct text){ frame.base, frame.len });
	e = op_change(c, SQL_ANSWER_KEEP, NULL);
	if (e == OK)
		e = op_change(c, SQL_ANSWER_EXPIRE, NULL);
	args_remove(&c->request.args, KEY_BODY);
	buf_done(&frame);
	return e;
}

enum err
once_run(struct call *c, op_run *run)
{
	enum err	e = recall(c, c->op->op);

	if (e != ERR_NOT_FOUND)
		return e;
	e = run(c);
	args_put_number(&c->request.args, KEY_HANDLE, c->op->op);
	return e != OK ? e : keep_answer(c);
}
