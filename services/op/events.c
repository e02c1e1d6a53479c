/* Events: written into the outbox, and applied once by their consumer. */
#include "services/op/stages.h"

#include <string.h>

#include "base/log.h"

/* Put an event into the outbox; *ret_seq: its number there. */
static enum err
put_event(struct call *c, enum op_code code, const struct args *payload,
    int64_t *ret_seq)
{
	enum service_id	consumer = op_info(code)->service;
	struct stmt	st = op_stmt(c, SQL_OUTBOX_PUT);
	struct buf	bytes = { 0 };
	char		subject[SUBJECT_SIZE];
	bool		about = subject_of(code, payload, subject);
	enum err	e;

	frame_put_args(&bytes, payload);
	stmt_bind_number(&st, KEY_CONSUMER, consumer);
	stmt_bind_number(&st, KEY_EVENT, code);
	stmt_bind_text(&st, KEY_PAYLOAD, buf_text(&bytes));
	if (about)
		stmt_bind_text(&st, KEY_SUBJECT, text_of(subject));
	else
		stmt_bind_null(&st, KEY_SUBJECT);
	e = op_run_out(c, &st, NULL);
	buf_done(&bytes);
	*ret_seq = db_last_id(c->session->db);
	return e == OK && about ?
	    op_follow(c, *ret_seq, consumer, text_of(subject)) : e;
}

/* A consumer would refuse an event without its keys for ever. */
enum err
op_emit(struct call *c, enum op_code code, const struct args *own)
{
	const struct op_info	*event = op_info(code);
	struct args		 payload = c->request.args;
	int64_t			 seq;
	enum err		 e;

	if (own != NULL)
		args_merge(&payload, own);
	args_keep(&payload, keyset_difference(keyset_union(event->needs,
	    event->may), K(SOURCE, STREAM, SEQ, AFTER, ORIGINAL)));
	if (!keyset_is_within(event->needs, keyset_union(args_keys(&payload),
	    K(SOURCE, STREAM, SEQ))))
		log_fatal("operation %s: event %s lacks a key",
		    op_info(c->op->op)->name, event->name);
	e = put_event(c, code, &payload, &seq);
	if (event->kind == OP_TALLY)
		c->tallied = true;
	else {
		c->emitted = seq;
		c->consumer = event->service;
	}
	return e;
}

/* --- of a new store ------------------------------------------------------ */

static void
seed_event(struct db *db, enum op_code event, const struct args *args)
{
	struct stmt	st = stmt_begin(db, SQL_OUTBOX_PUT, NULL);
	struct buf	payload = { 0 };
	char		subject[SUBJECT_SIZE];

	frame_put_args(&payload, args);
	stmt_bind_number(&st, KEY_CONSUMER, op_info(event)->service);
	stmt_bind_number(&st, KEY_EVENT, event);
	stmt_bind_number(&st, KEY_ACTOR, 0);
	stmt_bind_text(&st, KEY_PAYLOAD, buf_text(&payload));
	if (subject_of(event, args, subject))
		stmt_bind_text(&st, KEY_SUBJECT, text_of(subject));
	stmt_next(&st);
	if (!stmt_end(&st))
		log_fatal("new store: %s", db_error(db));
	buf_done(&payload);
}

void
op_seed_events(struct db *db, enum op_code event, int sql)
{
	struct stmt	st = stmt_begin(db, sql, NULL);
	struct args	args;

	while (stmt_next(&st)) {
		args_clear(&args);
		stmt_args(&st, &args);
		seed_event(db, event, &args);
	}
	if (!stmt_end(&st))
		log_fatal("new store: %s", db_error(db));
}

/* --- from other services ------------------------------------------------- */

/*
 * Whether an event was applied before; if not, note that it is now. One that
 * overtook its forerunner is refused, and sent again with it.
 */
static enum err
note_event(struct call *c, bool *ret_known)
{
	enum err	e;
	bool		in_order = true;
	int		changed = 0;

	if (args_number(&c->request.args, KEY_AFTER, 0) != 0) {
		e = op_finds(c, SQL_INBOX_HAS, &in_order);
		if (e != OK)
			return e;
	}
	if (!in_order)
		return ERR_OUT_OF_ORDER;
	e = op_change(c, SQL_INBOX_PUT, &changed);
	*ret_known = changed == 0;
	return e;
}

/*
 * Whether one that was set aside and comes again was left out indeed: another
 * copy of it may have been applied before that was told.
 */
static enum err
is_due(struct call *c, bool *ret)
{
	int		taken = 1;
	enum err	e = OK;

	if (args_has(&c->request.args, KEY_ORIGINAL) &&
	    c->op->op != OP_EVENT_LEFT_OUT)
		e = op_change(c, SQL_LEFT_OUT_TAKE, &taken);
	*ret = taken != 0;
	return e;
}

enum err
event_run(struct call *c, op_run *run)
{
	bool		known = false, due = false;
	enum err	e = note_event(c, &known);

	if (e == OK && !known)
		e = is_due(c, &due);
	return e != OK || !due ? e : run(c);
}
