/* Answers that are kept for an Idempotency-Key. */
#include "services/op/stages.h"

#include "base/log.h"

/*
 * Older versions kept the digest of the bytes; a request that does not come with
 * its meaning is known by that, too.
 */
static bool
is_same_request(struct call *c, const struct stmt *st)
{
	const struct args	*args = &c->request.args;
	struct text		 kept = stmt_bytes(st, 0);

	return text_same(kept, args_text(args, KEY_DIGEST)) ||
	    (args_has(args, KEY_MEANING) &&
	    text_same(kept, args_text(args, KEY_MEANING)));
}

/* Take an answer out of the frame it is kept as. */
static enum err
take_answer(struct call *c, const struct stmt *st)
{
	struct text	frame = stmt_bytes(st, 1);
	struct answer	kept;

	frame_reader_start(c->session->frames, frame.base, frame.len);
	if (frame_next_answer(c->session->frames, &kept) != FRAME_ONE) {
		log_error("an answer that was kept cannot be read");
		return ERR_INTERNAL;
	}
	c->answer.total = kept.total;
	c->answer.tag = kept.tag;
	buf_put(&c->fragment, kept.fragment.base, kept.fragment.len);
	c->message.len = 0;
	args_copy(&c->answer.extra, &kept.extra, &c->message);
	args_put_number(&c->answer.extra, KEY_REPLAYED, 1);
	return OK;
}

/* NOT_FOUND: no answer is kept; the operation has to be carried out. */
static enum err
recall(struct call *c, enum op_code op)
{
	struct stmt	st = op_stmt(c, SQL_ANSWER_FIND);
	enum err	e = ERR_NOT_FOUND;

	stmt_bind_number(&st, KEY_OPERATION, op);
	if (stmt_next(&st))
		e = is_same_request(c, &st) ? take_answer(c, &st) :
		    ERR_KEY_REUSED;
	return op_end(c, &st, e);
}

/* Older gateways say in HANDLE which operation it was. */
enum err
op_recall(struct call *c)
{
	const struct args	*args = &c->request.args;
	int64_t			 op = args_number(args, KEY_OPERATION,
				    args_number(args, KEY_HANDLE, OP_NONE));

	if (op <= OP_NONE || op >= OP_END)
		return op_refuse(c, ERR_BAD_REQUEST, "An argument is missing.");
	return recall(c, (enum op_code)op);
}

/* Keep the answer, for the same request to be answered with. */
static enum err
keep_answer(struct call *c)
{
	struct stmt	st = op_stmt(c, SQL_ANSWER_KEEP);
	struct buf	frame = { 0 };
	struct answer	kept = c->answer;
	enum err	e;

	kept.fragment = buf_text(&c->fragment);
	frame_put_answer(&frame, &kept);
	stmt_bind_number(&st, KEY_OPERATION, c->op->op);
	if (args_has(&c->request.args, KEY_MEANING))
		stmt_bind_text(&st, KEY_DIGEST, args_text(&c->request.args,
		    KEY_MEANING));
	stmt_bind_text(&st, KEY_ANSWER, buf_text(&frame));
	e = op_run_out(c, &st, NULL);
	buf_done(&frame);
	return e != OK ? e : op_change(c, SQL_ANSWER_EXPIRE, NULL);
}

enum err
once_run(struct call *c, op_run *run)
{
	enum err	e = recall(c, c->op->op);

	if (e != ERR_NOT_FOUND)
		return e;
	e = run(c);
	return e != OK ? e : keep_answer(c);
}
