/*
 * What users have seen. A row says up to which reply. When a user sees all of a
 * ticket, that is the newest reply of the whole desk, not of the ticket. So the
 * rows of a user are in the order of time, and if they become too many, a mark
 * replaces the older half of them.
 */
#include "services/ticket/seen/seen.h"

#include "services/ticket/ticket.h"

static struct stmt
stmt_of_user(struct call *c, int sql, int64_t user)
{
	struct stmt	st = op_stmt(c, sql);

	stmt_bind_number(&st, KEY_USER_ID, user);
	return st;
}

/* The reply that ends the older half of a user's rows; -1: they are few. */
static enum err
find_cut(struct call *c, int64_t user, int64_t *ret)
{
	struct stmt	st = stmt_of_user(c, SQL_SEEN_IS_FULL, user);
	bool		full = stmt_next(&st);
	enum err	e = op_end(c, &st, OK);

	*ret = -1;
	if (e != OK || !full)
		return e;
	st = stmt_of_user(c, SQL_SEEN_CUT, user);
	if (stmt_next(&st))
		*ret = stmt_number(&st, 0);
	return op_end(c, &st, OK);
}

static enum err
cut_rows(struct call *c, int sql, int64_t user, int64_t post)
{
	struct stmt	st = stmt_of_user(c, sql, user);

	stmt_bind_number(&st, KEY_POST_ID, post);
	return op_run_out(c, &st, NULL);
}

static enum err
bound_rows(struct call *c, int64_t user)
{
	int64_t		cut;
	enum err	e = find_cut(c, user, &cut);

	if (e != OK || cut == -1)
		return e;
	e = cut_rows(c, SQL_SEEN_MARK, user, cut);
	return e != OK ? e : cut_rows(c, SQL_SEEN_FORGET, user, cut);
}

/* A user who has seen all of a ticket gets no row, and need not be bounded. */
static enum err
put_row(struct call *c, int sql, int64_t user)
{
	int		changed = 0;
	enum err	e = op_change(c, sql, &changed);

	return e != OK || changed == 0 ? e : bound_rows(c, user);
}

enum err
ticket_seen(struct call *c)
{
	return put_row(c, SQL_SEEN_PUT, c->request.actor);
}

enum err
seen_by_writer(struct call *c)
{
	return put_row(c, SQL_SEEN_BY_WRITER, c->request.actor);
}

enum err
seen_by_replier(struct call *c)
{
	return put_row(c, SQL_SEEN_BY_REPLIER, args_number(&c->request.args,
	    KEY_AUTHOR_ID, 0));
}
