/* Pages of lists. */
#include "services/ticket/list/page.h"

#include "services/ticket/list/slice.h"
#include "services/ticket/marks.h"
#include "services/ticket/ticket.h"

static slice_put	put_item;

static enum err
put_item(struct call *c, const struct stmt *st)
{
	if (c->fragment.len > 1)
		buf_put_byte(&c->fragment, ',');
	return op_put_row(c, st);
}

/* One statement for rows without gaps: one search in the store, not many. */
static enum err
put_contiguous(struct call *c, const struct slice *s)
{
	struct stmt	st;
	enum err	e = OK;

	if (s->count == 0)
		return OK;
	st = op_stmt(c, SQL_TICKETS_OF_LIST);
	stmt_bind_number(&st, KEY_ID, s->ids[0]);
	stmt_bind_number(&st, KEY_LIMIT, (int64_t)s->count);
	while (e == OK && stmt_next(&st))
		e = put_item(c, &st);
	return op_end(c, &st, e);
}

static enum err
put_slice(struct call *c, struct slice *s)
{
	enum err	e;

	buf_put_byte(&c->fragment, '[');
	e = s->contiguous && !marks_are_wanted(c) ? put_contiguous(c, s) :
	    slice_put_rows(c, s, c->op->sql, SIZE_MAX, put_item);
	buf_put_byte(&c->fragment, ']');
	return e;
}

/* Page 1 of an empty list is an empty page, as with op_page(). */
enum err
ticket_list(struct call *c)
{
	struct args	*args = &c->request.args;
	bool		 walks = args_has(args, KEY_CURSOR);
	int64_t		 page = walks ? 1 : args_number(args, KEY_PAGE, 0);
	int64_t		 per_page = args_number(args, KEY_PER_PAGE, 0), offset;
	struct slice	 slice;
	enum err	 e;

	if (page < 1 || per_page < 1)
		return ERR_NOT_FOUND;
	if (__builtin_mul_overflow(page - 1, per_page, &offset))
		offset = INT64_MAX;
	e = slice_pick(c, offset, per_page, &slice);
	if (e == OK && page > 1 && slice.count == 0)
		e = ERR_NOT_FOUND;
	c->answer.total = slice.total;
	c->answer.tag = op_tag(c->session, slice.total, slice.more);
	if (e == OK)
		e = put_slice(c, &slice);
	if (e == OK && walks)
		e = slice_put_cursor(c, &slice);
	slice_done(&slice);
	return e;
}
