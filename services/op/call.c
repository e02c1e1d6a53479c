/* Runs of statements for a call, and refusals. */
#include "services/op/op.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

struct stmt
op_stmt(struct call *c, int sql)
{
	return stmt_begin(c->session->db, sql, &c->request.args);
}

/*
 * An event that does not fit the schema never will (relay.c); for anything
 * else the store may be well again later.
 */
static enum err
failure_of(const struct call *c, const struct op_info *info)
{
	return op_is_event(info->kind) && db_refused_values(c->session->db) ?
	    ERR_INTERNAL : ERR_STORE;
}

/* A call logs one failure of the store, the first. */
static enum err
fail_of_store(struct call *c)
{
	static const struct op_info	own = {
		.name = "the service's own reads", .kind = OP_READ
	};
	const struct op_info		*info = c->op == NULL ? &own :
					    op_info(c->op->op);
	enum err			 e = failure_of(c, info);

	if (c->session->over)
		return ERR_EXPIRED;
	if (c->store_failed)
		return e;
	c->store_failed = true;
	log_error("store: %s: %s", info->name, db_error(c->session->db));
	if (info->kind == OP_READ)
		return op_refuse(c, ERR_STORE, "The store cannot be read at "
		    "the moment. Try again shortly.");
	return e;
}

enum err
op_end(struct call *c, struct stmt *st, enum err e)
{
	return stmt_end(st) ? e : fail_of_store(c);
}

enum err
op_run_out(struct call *c, struct stmt *st, int *ret_changed)
{
	while (stmt_next(st))
		continue;
	if (ret_changed != NULL)
		*ret_changed = stmt_changed(st);
	return op_end(c, st, OK);
}

enum err
op_change(struct call *c, int sql, int *ret_changed)
{
	struct stmt	st = op_stmt(c, sql);

	return op_run_out(c, &st, ret_changed);
}

enum err
op_finds(struct call *c, int sql, bool *ret_found)
{
	struct stmt	st = op_stmt(c, sql);

	*ret_found = stmt_next(&st);
	return op_end(c, &st, OK);
}

enum err
op_version(struct call *c, int64_t *ret)
{
	*ret = db_version(c->session->db);
	return *ret != 0 ? OK : fail_of_store(c);
}

void
op_act_as(struct call *c, int64_t user, int64_t date)
{
	struct args	*args = &c->request.args;

	args_put_number(args, KEY_WALL, args_number(args, KEY_NOW, date));
	args_put_number(args, KEY_ACTOR, user);
	args_put_number(args, KEY_NOW, date);
}

enum err
op_refuse(struct call *c, enum err e, const char *message)
{
	args_put_text(&c->answer.extra, KEY_MESSAGE,
	    (struct text){ message, strlen(message) });
	return e;
}

enum err
op_fault(struct call *c, enum fault_code code, enum key field, enum err e)
{
	if (code != FAULT_NONE)
		args_put_number(&c->answer.extra, KEY_CODE, code);
	if (field != 0)
		args_put_text(&c->answer.extra, KEY_FIELD,
		    text_of(key_info(field)->name));
	return e;
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
	struct session	*session = c->session;

	if (session->until_us != 0 && clock_us() > session->until_us)
		session->over = true;
	return session->over;
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
