/* Rows as JSON, and the operations that are nothing but rows. */
#include "services/op/stages.h"

#include <string.h>

#include "base/json.h"

/*
 * A fragment must fit into a message (proto/README.md), and each process on its
 * way holds it in memory: lists have a lower bound.
 */
#define FRAGMENT_MOST_MB	32
#define LIST_MOST_MB		8

#define LOOK_ROWS	16	/* the clock is read each so many rows */

static size_t
row_of(const struct call *c)
{
	return (size_t)(c->op - c->session->tables->service->ops);
}

/* The shape of the call's row, or what `fields` leaves of it. */
static const struct shape_plan *
find_shape(struct call *c, const struct stmt *st, enum err *ret)
{
	struct chosen	*chosen = &c->session->chosen[row_of(c)];
	struct text	 fields = args_text(&c->request.args, KEY_FIELDS);
	struct text	 unknown;

	*ret = OK;
	if (!args_has(&c->request.args, KEY_FIELDS))
		return c->session->tables->plans[row_of(c)].shape;
	if (chosen->plan != NULL && chosen->fields.len == fields.len &&
	    memcmp(chosen->fields.base, fields.base, fields.len) == 0)
		return chosen->plan;
	shape_plan_destroy(&chosen->plan);
	chosen->plan = shape_choose(c->op->shape, st, fields, &unknown);
	chosen->fields.len = 0;
	buf_put(&chosen->fields, fields.base, fields.len);
	if (chosen->plan == NULL)
		*ret = op_fault(c, FAULT_INVALID, KEY_FIELDS,
		    op_refusef(c, ERR_BAD_REQUEST, "fields: a %s has no "
		    "field \"%.*s\".", c->op->shape->name,
		    unknown.len > 60 ? 60 : (int)unknown.len, unknown.base));
	return chosen->plan;
}

static void
put_refs(struct call *c, const struct row_plan *plan, const struct stmt *st)
{
	const struct ref	*refs = c->op->refs;
	struct buf		*b;
	int			 first;

	/* lists by ids, which only gateways ask for, always have them */
	if (op_info(c->op->op)->who != WHO_PROCESS &&
	    !args_has(&c->request.args, KEY_INCLUDE))
		return;
	for (int i = 0; i < OP_REFS && refs[i].column != NULL; i++) {
		if (!stmt_is_number(st, plan->refs[i]))
			continue;
		/* columns for one key go into one list */
		for (first = 0; refs[first].key != refs[i].key; first++)
			continue;
		b = &c->refs[first];
		buf_put_byte(b, b->len == 0 ? '[' : ',');
		json_put_number(b, stmt_number(st, plan->refs[i]));
	}
}

void
rows_end(struct call *c)
{
	for (int i = 0; i < OP_REFS; i++) {
		if (c->refs[i].len == 0)
			continue;
		buf_put_byte(&c->refs[i], ']');
		args_put_text(&c->answer.extra, c->op->refs[i].key,
		    (struct text){ c->refs[i].base, c->refs[i].len });
	}
}

/* A fragment that is too large is not finished; the answer tells what to ask
 * for instead. */
static enum err
check_size(struct call *c)
{
	const char	*name = c->op->shape->name;
	bool		 is_one = !c->op->lists && c->op->run != op_page &&
			    !c->session->tables->plans[row_of(c)].bulk;
	size_t		 most_mb = is_one ? FRAGMENT_MOST_MB : LIST_MOST_MB;

	if (c->fragment.len <= most_mb << 20)
		return OK;
	if (is_one)
		return op_fault(c, FAULT_TOO_LARGE, KEY_FIELDS,
		    op_refusef(c, ERR_BAD_REQUEST, "This %s is larger than "
		    "%zu MB. Name the fields that you want in fields, without "
		    "its texts.", name, most_mb));
	if (c->session->tables->plans[row_of(c)].bulk)
		return op_fault(c, FAULT_TOO_LARGE, KEY_INCLUDE,
		    op_refusef(c, ERR_BAD_REQUEST, "include: what is of "
		    "kind %s and belongs to these tickets is larger than "
		    "%zu MB. Ask for fewer tickets (per_page), or for that of "
		    "one ticket page by page.", name, most_mb));
	return op_fault(c, FAULT_TOO_LARGE, KEY_PER_PAGE,
	    op_refusef(c, ERR_BAD_REQUEST, "per_page: this page is larger "
	    "than %zu MB. Ask for fewer items in a page.", most_mb));
}

enum err
op_put_row(struct call *c, const struct stmt *st)
{
	const struct row_plan	*plan = &c->session->tables->plans[row_of(c)];
	const struct shape_plan	*shape;
	enum err		 e;
	int64_t			 tag;

	shape = find_shape(c, st, &e);
	if (e != OK)
		return e;
	shape_put(shape, st, &c->fragment);
	if (plan->id != -1) {
		tag = op_tag(c->session, stmt_number(st, plan->id),
		    plan->version == -1 ? 0 :
		    stmt_number(st, plan->version));
		c->answer.tag = c->answer.tag == 0 ? tag :
		    op_mix_tags(c->answer.tag, tag);
	}
	put_refs(c, plan, st);
	return check_size(c);
}

/* --- generic operations --------------------------------------------------- */

/*
 * The id of the row goes into the answer and into the call's args, where
 * statements of `also` and events find it.
 */
static void
take_id(struct call *c, const struct stmt *st)
{
	int	column = stmt_find(st, "id");

	if (column == -1)
		return;
	args_put_number(&c->request.args, KEY_ID, stmt_number(st, column));
	args_put_number(&c->answer.extra, KEY_ID, stmt_number(st, column));
}

enum err
op_put_one(struct call *c, struct stmt *st)
{
	enum err	e = ERR_NOT_FOUND;

	if (stmt_next(st)) {
		e = op_put_row(c, st);
		if (e == OK && op_info(c->op->op)->kind != OP_READ)
			take_id(c, st);
	}
	return op_end(c, st, e);
}

enum err
op_one(struct call *c)
{
	struct stmt	st = op_stmt(c, c->op->sql);

	return op_put_one(c, &st);
}

enum err
op_one_of(struct call *c, int64_t id)
{
	args_put_number(&c->request.args, KEY_ID, id);
	return op_one(c);
}

static enum err
count_items(struct call *c, int64_t *ret)
{
	struct stmt	st = op_stmt(c, c->op->count);

	if (stmt_next(&st))
		*ret = stmt_number(&st, 0);
	return op_end(c, &st, OK);
}

enum err
op_put_rows(struct call *c, struct stmt *st)
{
	enum err	e = OK;

	buf_put_byte(&c->fragment, '[');
	while (e == OK && stmt_next(st)) {
		if (c->fragment.len > 1)
			buf_put_byte(&c->fragment, ',');
		e = op_put_row(c, st);
		if (e == OK && ++c->rows % LOOK_ROWS == 0 && c->op->large &&
		    op_is_over(c))
			e = op_put_aside(c);
	}
	buf_put_byte(&c->fragment, ']');
	return op_end(c, st, e);
}

/*
 * Page 1 of nothing is an empty page; any other page without items is not
 * there, nor is one of no length.
 */
enum err
op_page(struct call *c)
{
	const struct args	*args = &c->request.args;
	int64_t			 page = args_number(args, KEY_PAGE, 0);
	int64_t			 per_page = args_number(args, KEY_PER_PAGE, 0);
	int64_t			 total = 0;
	struct stmt		 st;
	enum err		 e;

	if (page < 1 || per_page < 1)
		return ERR_NOT_FOUND;
	e = count_items(c, &total);
	if (e != OK)
		return e;
	if (page > 1 && (total == 0 || page - 1 > (total - 1) / per_page))
		return ERR_NOT_FOUND;
	c->answer.total = total;
	c->answer.tag = op_mix_tags(c->session->stream, total);
	st = op_stmt(c, c->op->sql);
	stmt_bind_number(&st, KEY_LIMIT, per_page);
	stmt_bind_number(&st, KEY_OFFSET, (page - 1) * per_page);
	return op_put_rows(c, &st);
}

enum err
op_bulk(struct call *c)
{
	struct stmt	st = op_stmt(c, c->op->sql);
	enum err	e;

	c->rows = 0;
	e = op_put_rows(c, &st);
	if (e == OK && c->rows > BULK_MOST)
		return op_fault(c, FAULT_TOO_MANY, KEY_INCLUDE,
		    op_refusef(c, ERR_BAD_REQUEST, "include: more than %d "
		    "rows of kind %s belong to these tickets; ask for fewer "
		    "tickets.", BULK_MOST, c->op->shape->name));
	return e;
}

enum err
op_exec(struct call *c)
{
	return op_change(c, c->op->sql, NULL);
}

enum err
op_guards(struct call *c)
{
	(void)c;
	return OK;
}
