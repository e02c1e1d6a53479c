/*
 * Running operations. The condition of a write and the write itself are
 * separate statements; nothing slips between them, because all writes of a
 * store run one after the other on the writer lane of one process.
 */
#include "services/op/stages.h"

#include "base/line.h"
#include "base/log.h"
#include "services/op/row_cache.h"
#include "services/op/etag_cache.h"
#include "services/store/now.h"

/* --- a row ------------------------------------------------------------------ */

static enum err
run_guards(struct call *c)
{
	const struct guard	*g = c->op->guards;
	enum err		 e;
	bool			 found;

	for (int i = 0; i < OP_GUARDS && g->sql != 0; i++, g++) {
		e = op_finds(c, g->sql, &found);
		if (e != OK)
			return e;
		if (found != g->must)
			return op_fault(c, g->code, g->field,
			    op_refuse(c, g->error, g->message));
	}
	return OK;
}

static enum err
run_also(struct call *c)
{
	enum err	e = OK;

	for (int i = 0; i < OP_ALSO && c->op->also[i] != 0 && e == OK; i++)
		e = op_change(c, c->op->also[i], NULL);
	return e;
}

static enum err
run_emits(struct call *c)
{
	enum err	e = OK;

	for (int i = 0; i < OP_EMITS && c->op->emits[i] != 0 && e == OK; i++)
		e = op_emit(c, c->op->emits[i], NULL);
	return e;
}

static enum err
run_row(struct call *c)
{
	enum err	e = run_guards(c);

	if (e == OK)
		e = etag_check(c);
	if (e == OK)
		e = c->op->run(c);
	if (e == OK)
		e = run_also(c);
	if (e == OK)
		e = run_emits(c);
	return e;
}

/* --- what a call comes with ------------------------------------------------- */

/* A gateway removes the blanks at the ends of lines. */
static bool
is_same(enum key key, struct text stored, struct text given)
{
	return text_same(stored, given) || (key_info(key)->form == FORM_LINE &&
	    text_same(line_trim(stored), given));
}

enum err
op_keeps(struct call *c, enum key key, bool *ret)
{
	struct args	kept = { 0 };
	struct stmt	st;

	*ret = false;
	if (c->op->kept == SQL_NONE)
		return OK;
	st = op_stmt(c, c->op->kept);
	if (stmt_next(&st)) {
		stmt_args(&st, &kept);
		*ret = args_has(&kept, key) && is_same(key,
		    args_text(&kept, key), args_text(&c->request.args, key));
	}
	return op_end(c, &st, OK);
}

static enum err
refuse_value(struct call *c, enum key key)
{
	const struct key_info	*info = key_info(key);
	union value		 trimmed;
	char			 message[ARGS_MISFIT_SIZE];
	enum fault_code		 code;
	struct text		 t;

	if (info->type != KEY_TEXT ||
	    text_characters(args_text(&c->request.args, key)) == -1)
		return op_refuse(c, ERR_BAD_REQUEST,
		    "An argument is out of bounds.");
	t = args_text(&c->request.args, key);
	trimmed.text = line_trim(t);
	/* what is wrong besides the blanks is told first */
	if (info->form == FORM_LINE && !args_in_bounds(key, &trimmed))
		t = trimmed.text;
	code = args_say_misfit(key, info->name, t, message, sizeof(message));
	return op_fault(c, code, key,
	    op_refusef(c, ERR_BAD_REQUEST, "%s", message));
}

/* Bounds are for values that are stored: a search may be for any text. */
static enum err
check_value(struct call *c, const struct op_info *info, enum key key)
{
	const union value	*v = args_value(&c->request.args, key);
	bool			 kept = false;
	enum err		 e = OK;

	if (args_in_bounds(key, v) || (!op_stores(info, key) &&
	    text_characters(v->text) != -1))
		return OK;
	if (key_info(key)->type == KEY_TEXT)
		e = op_keeps(c, key, &kept);
	return e != OK || kept ? e : refuse_value(c, key);
}

static enum err
check_values(struct call *c, const struct op_info *info)
{
	keyset		keys = args_keys(&c->request.args);
	enum err	e = OK;

	for (enum key k = keyset_next(keys, 0); k != KEY_END && e == OK;
	    k = keyset_next(keys, k + 1))
		e = check_value(c, info, k);
	return e;
}

static enum err
check_args(struct call *c, const struct op_info *info)
{
	struct args	*args = &c->request.args;
	bool		 stored = info->kind == OP_WRITE;
	enum err	 e;

	if (args->overfull)
		return op_refuse(c, ERR_BAD_REQUEST, "Too many arguments.");
	args_keep(args, keyset_union(info->needs, info->may));
	if (!keyset_is_within(info->needs, args_keys(args)))
		return op_refuse(c, ERR_BAD_REQUEST, "An argument is missing.");
	e = stored ? check_values(c, info) : OK;
	if (e != OK)
		return e;
	args_put_number(args, KEY_ACTOR, c->request.actor);
	args_put_number(args, KEY_RIGHTS, c->request.rights);
	args_put_number(args, KEY_NOW, store_now());
	if (stored || args_has(args, KEY_IDEMPOTENCY_KEY))
		args_put_number(args, KEY_OVER, store_over());
	return OK;
}

/*
 * A user may be deleted while their write is on its way with a token that was
 * valid when it was sent. A write that came before the event of that deletion
 * is undone, or stays, as the event's operation decides.
 */
static enum err
check_not_gone(struct call *c)
{
	int		sql = c->session->tables->service->gone_actor;
	bool		gone = false;
	enum err	e = OK;

	if (sql != SQL_NONE)
		e = op_finds(c, sql, &gone);
	return e == OK && gone ? ERR_UNAUTHORIZED : e;
}

/*
 * The store that owns users looks the actor up again: the rights that came
 * with the request may have ended while it waited.
 */
static enum err
check_actor(struct call *c, const struct op_info *info)
{
	const struct service	*service = c->session->tables->service;
	enum err		 e = check_not_gone(c);

	if (e != OK || info->who == WHO_PROCESS || service->actor == NULL)
		return e;
	e = service->actor(c);
	if (e != OK)
		return e;
	args_put_number(&c->request.args, KEY_RIGHTS, c->request.rights);
	if ((c->request.rights & RIGHT_READ_ONLY) != 0 &&
	    !who_info(info->who)->by_reader)
		return op_fault(c, FAULT_READ_ONLY_TOKEN, 0,
		    op_refuse(c, ERR_FORBIDDEN, WHO_READS_ONLY));
	if (!who_may(info->who, c->request.rights))
		return op_refuse(c, ERR_FORBIDDEN,
		    who_info(info->who)->refusal);
	return OK;
}

static enum err
run_write(struct call *c, const struct op_info *info)
{
	enum err	e = check_actor(c, info);

	if (e != OK)
		return e;
	if (args_has(&c->request.args, KEY_IDEMPOTENCY_KEY) &&
	    args_has(&c->request.args, KEY_DIGEST))
		return once_run(c, run_row);
	return run_row(c);
}

static enum err
run_call(struct call *c, const struct op_info *info)
{
	enum err	e = check_args(c, info);

	if (e != OK)
		return e;
	if (op_is_event(info->kind))
		return event_run(c, run_row);
	if (info->kind == OP_WRITE)
		return run_write(c, info);
	if (info->kind == OP_READ &&
	    args_has(&c->request.args, KEY_IF_NONE_MATCH))
		return etag_cache_run(c, run_row);
	return run_row(c);
}

/* --- a call ------------------------------------------------------------------ */

static const struct op *
find_row(const struct op_tables *t, enum op_code code,
    const struct args *args)
{
	const struct op	*op = code < OP_END ? t->first[code] : NULL;

	for (; op != NULL && op->op == code; op++)
		if (keyset_is_within(op->when, args_keys(args)))
			return op;
	return NULL;
}

bool
op_kind_of(const struct op_tables *t, uint64_t op, enum op_kind *ret)
{
	if (op >= OP_END || t->first[op] == NULL)
		return false;
	*ret = op_info(op)->kind;
	return true;
}

bool
op_has_turns(const struct op_tables *t, uint64_t code)
{
	const struct op	*op = t->first[code];

	return op->lists || op->run == op_page || op->run == op_bulk ||
	    op->run == row_cache_bulk;
}

/* With an answer from a cache run() was not called. */
static void
unmake(struct call *c)
{
	if (c->made == NULL)
		return;
	CHECK(c->op != NULL);	/* its row made it */
	c->op->unmake(c->made);
	c->made = NULL;
}

void
op_call(struct session *session, struct call *c)
{
	const struct op_info	*info = op_info(c->request.op);
	enum err		 e;

	c->session = session;
	c->answer.id = c->request.id;
	c->op = find_row(session->tables, (enum op_code)c->request.op,
	    &c->request.args);
	if (c->op == NULL)
		e = ERR_UNKNOWN_OP;
	else
		e = run_call(c, info);
	unmake(c);
	c->answer.error = e;
	if (e == OK)
		rows_end(c);
	if (e != OK) {
		c->fragment.len = 0;
		args_keep(&c->answer.extra, K(MESSAGE, RETRY_AFTER,
		    CODE, FIELD, POST_IDS, COUNT));
	}
	c->answer.fragment = (struct text){ c->fragment.base, c->fragment.len };
}
