/* Files without a ticket or reply yet: which of them a user may claim. */
#include "services/post/staged.h"

#include "services/post/files.h"
#include "services/store/now.h"

/* As SQL_STAGED_STATES tells them. */
enum state {
	STATE_NOT_STAGED,	/* there is no such file of this user */
	STATE_STAGED,
	STATE_ATTACHED,
	STATE_EXPIRED
};

enum { COLUMN_ID, COLUMN_TIMES, COLUMN_STATE };

static enum err
refuse(struct call *c, enum fault_code code, enum err e, int64_t id,
    const char *what)
{
	return op_fault(c, code, KEY_UPLOAD_IDS, op_refusef(c, e,
	    "upload_ids: the file %lld %s", (long long)id, what));
}

static enum err
check_one(struct call *c, const struct stmt *st)
{
	int64_t	id = stmt_number(st, COLUMN_ID);

	if (stmt_number(st, COLUMN_TIMES) > 1)
		return refuse(c, FAULT_REPEATED, ERR_BAD_REQUEST, id,
		    "is given twice.");
	switch (stmt_number(st, COLUMN_STATE)) {
	case STATE_STAGED:
		return OK;
	case STATE_ATTACHED:
		return refuse(c, FAULT_ATTACHED, ERR_CONFLICT, id,
		    "is attached to a ticket or reply already.");
	case STATE_EXPIRED:
		return refuse(c, FAULT_EXPIRED, ERR_CONFLICT, id,
		    "was uploaded more than 24 hours ago. Upload it again.");
	default:
		return refuse(c, FAULT_NOT_STAGED, ERR_BAD_REQUEST, id,
		    "is not one that you have uploaded for this.");
	}
}

enum err
staged_check(struct call *c)
{
	struct stmt	st;
	enum err	e = OK;

	if (!args_has(&c->request.args, KEY_UPLOAD_IDS))
		return OK;
	st = op_stmt(c, SQL_STAGED_STATES);
	while (e == OK && stmt_next(&st))
		e = check_one(c, &st);
	return op_end(c, &st, e);
}

enum err
staged_attach(struct call *c, int64_t post_id)
{
	struct stmt	st;

	if (!args_has(&c->request.args, KEY_UPLOAD_IDS))
		return OK;
	st = op_stmt(c, SQL_STAGED_TO_POST);
	stmt_bind_number(&st, KEY_POST_ID, post_id);
	return op_run_out(c, &st, NULL);
}

enum err
staged_reserve(struct call *c)
{
	enum err	e = staged_check(c);

	return e != OK ? e : op_change(c, SQL_STAGED_RENEW, NULL);
}

enum err
staged_claimed(struct call *c)
{
	enum err	e = op_change(c, SQL_STAGED_COPY, NULL);

	return e != OK ? e : op_change(c, SQL_STAGED_TO_TICKET, NULL);
}

/* store_over() is a day ago, by a clock that can be trusted. */
enum err
staged_expire(struct call *c)
{
	struct stmt	st = op_stmt(c, SQL_STAGED_EXPIRE);

	stmt_bind_number(&st, KEY_OVER, store_over());
	return files_delete(c, &st);
}
