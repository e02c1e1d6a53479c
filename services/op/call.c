/* What a call does with statements, and how it is refused. */
#include "services/op/op.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

sqlite3_stmt *
op_statement(struct call *c, int sql)
{
	const struct bindings	*b = &c->lane->tables->bindings[sql];
	sqlite3_stmt		*st = c->lane->statements[sql];
	const union value	*v;

	for (size_t i = 0; i < b->count; i++) {
		int	parameter = b->rows[i].parameter;

		v = args_value(&c->request.args, b->rows[i].key);
		if (v == NULL)
			sqlite3_bind_null(st, parameter);
		else if (key_info(b->rows[i].key)->type == KEY_INT)
			sqlite3_bind_int64(st, parameter, v->number);
		else if (key_info(b->rows[i].key)->type == KEY_TEXT)
			sqlite3_bind_text(st, parameter, v->text.base,
			    (int)v->text.len, SQLITE_STATIC);
		else
			sqlite3_bind_blob(st, parameter, v->text.base,
			    (int)v->text.len, SQLITE_STATIC);
	}
	return st;
}

/*
 * An event that does not fit the schema never will (relay.c); for anything
 * else the store may be well again later.
 */
static enum err
failure_of(const struct call *c)
{
	int	code = sqlite3_errcode(c->lane->db) & 0xff;

	return op_is_event(op_info(c->op->op)->kind) &&
	    (code == SQLITE_CONSTRAINT || code == SQLITE_MISMATCH ||
	    code == SQLITE_TOOBIG) ? ERR_INTERNAL : ERR_STORE;
}

/* Say what failed, once: a failed step is reported by the reset as well. */
static enum err
store_error(struct call *c)
{
	enum err	e = failure_of(c);

	if (c->lane->over)
		return ERR_EXPIRED;
	if (c->store_failed)
		return e;
	c->store_failed = true;
	log_error("store: %s: %s", op_info(c->op->op)->name,
	    sqlite3_errmsg(c->lane->db));
	if (op_info(c->op->op)->kind == OP_READ)
		return op_refuse(c, ERR_STORE, "The store cannot be read at "
		    "the moment. Try again shortly.");
	return e;
}

int
op_step(struct call *c, sqlite3_stmt *st, enum err *ret_error)
{
	int	result = sqlite3_step(st);

	*ret_error = OK;
	if (result != SQLITE_ROW && result != SQLITE_DONE)
		*ret_error = store_error(c);
	return result;
}

enum err
op_done(struct call *c, sqlite3_stmt *st)
{
	int	result = sqlite3_reset(st);

	sqlite3_clear_bindings(st);
	return result == SQLITE_OK ? OK : store_error(c);
}

enum err
op_change(struct call *c, int sql, int *ret_changed)
{
	sqlite3_stmt	*st = op_statement(c, sql);
	enum err	 e;
	int		 result;

	do
		result = op_step(c, st, &e);
	while (result == SQLITE_ROW);
	if (ret_changed != NULL)
		*ret_changed = sqlite3_changes(c->lane->db);
	if (e != OK) {
		op_done(c, st);
		return e;
	}
	return op_done(c, st);
}

enum err
op_finds(struct call *c, int sql, bool *ret_found)
{
	sqlite3_stmt	*st = op_statement(c, sql);
	enum err	 e;
	int		 result = op_step(c, st, &e);

	*ret_found = result == SQLITE_ROW;
	if (e != OK) {
		op_done(c, st);
		return e;
	}
	return op_done(c, st);
}

enum err
op_refuse(struct call *c, enum err e, const char *message)
{
	args_put_text(&c->answer.extra, KEY_MESSAGE,
	    (struct text){ message, strlen(message) });
	return e;
}

/* To gateways that know nothing of it, it is a question that came too late. */
enum err
op_not_loaded(struct call *c)
{
	args_put_number(&c->answer.extra, KEY_LOADING, 1);
	return ERR_EXPIRED;
}

enum err
op_put_aside(struct call *c)
{
	c->put_aside = true;
	return ERR_EXPIRED;
}

bool
op_is_over(const struct call *c)
{
	struct lane	*lane = c->lane;

	if (lane->until_us != 0 && clock_us() > lane->until_us)
		lane->over = true;
	return lane->over;
}

enum err
op_refusef(struct call *c, enum err e, const char *format, ...)
{
	char	text[512];
	va_list	ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	c->message.len = 0;
	buf_put(&c->message, text, strlen(text) + 1);
	args_put_text(&c->answer.extra, KEY_MESSAGE,
	    (struct text){ c->message.base, c->message.len - 1 });
	return e;
}

bool
op_is_event(enum op_kind kind)
{
	return kind == OP_EVENT || kind == OP_TALLY;
}

void
op_log_begin(const struct request *r)
{
	log_begin(r->request_id.base, r->request_id.len, r->trace.base,
	    r->trace.len);
	log_below(r->id);
}
