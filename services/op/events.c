/* Events on their way out, and what makes each count once where it comes in. */
#include "services/op/stages.h"

#include <string.h>

#include "base/log.h"

/* An event that lacks what it needs would be refused for ever. */
enum err
op_emit(struct call *c, enum op_code code)
{
	const struct op_info	*event = op_info(code);
	struct args		*args = &c->request.args, payload = *args,
				 own = *args;
	struct buf		 bytes = { 0 };
	char			 subject[SUBJECT_SIZE];
	enum err		 e;

	args_keep(&payload, keyset_difference(keyset_union(event->needs,
	    event->may), K(SOURCE, STREAM, SEQ, AFTER, ORIGINAL)));
	if (!keyset_is_within(event->needs, keyset_union(args_keys(&payload),
	    K(SOURCE, STREAM, SEQ))))
		log_fatal("operation %s: event %s lacks a key",
		    op_info(c->op->op)->name, event->name);
	frame_put_args(&bytes, &payload);
	args_put_number(args, KEY_CONSUMER, event->service);
	args_put_number(args, KEY_EVENT, code);
	args_put_text(args, KEY_PAYLOAD, (struct text){ bytes.base, bytes.len });
	args_remove(args, KEY_BODY);
	if (subject_of(code, &payload, subject))
		args_put_text(args, KEY_BODY, (struct text){ subject,
		    strlen(subject) });
	e = op_change(c, SQL_OUTBOX_PUT, NULL);
	buf_done(&bytes);
	if (event->kind == OP_TALLY)
		c->tallied = true;
	else {
		c->emitted = sqlite3_last_insert_rowid(c->lane->db);
		c->consumer = event->service;
	}
	if (e == OK && args_has(args, KEY_BODY))
		e = op_follow(c, c->emitted);
	*args = own;
	return e;
}

/* --- of a new store ------------------------------------------------------ */

static void
row_args(sqlite3_stmt *st, struct args *ret)
{
	enum key	key;

	args_clear(ret);
	for (int i = 0; i < sqlite3_column_count(st); i++) {
		key = key_find(sqlite3_column_name(st, i), KEYSET_ALL);
		CHECK(key != KEY_END);
		if (key_info(key)->type == KEY_INT)
			args_put_number(ret, key, sqlite3_column_int64(st, i));
		else
			args_put_text(ret, key, (struct text){
			    (const char *)sqlite3_column_text(st, i),
			    (size_t)sqlite3_column_bytes(st, i) });
	}
}

void
op_seed_events(sqlite3 *db, enum op_code event, const char *query)
{
	sqlite3_stmt	*rows, *put;
	struct args	 args;
	struct buf	 payload = { 0 };
	char		 subject[SUBJECT_SIZE];

	if (sqlite3_prepare_v2(db, query, -1, &rows, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(db, store_sql(NULL, SQL_OUTBOX_PUT)->text, -1,
	    &put, NULL) != SQLITE_OK)
		log_fatal("new store: %s", sqlite3_errmsg(db));
	while (sqlite3_step(rows) == SQLITE_ROW) {
		row_args(rows, &args);
		payload.len = 0;
		frame_put_args(&payload, &args);
		sqlite3_bind_int(put, 1, (int)op_info(event)->service);
		sqlite3_bind_int(put, 2, (int)event);
		sqlite3_bind_int(put, 3, 0);
		sqlite3_bind_blob(put, 4, payload.base, (int)payload.len,
		    SQLITE_STATIC);
		if (subject_of(event, &args, subject))
			sqlite3_bind_text(put, 5, subject, -1, SQLITE_STATIC);
		if (sqlite3_step(put) != SQLITE_DONE)
			log_fatal("new store: %s", sqlite3_errmsg(db));
		sqlite3_reset(put);
	}
	sqlite3_finalize(rows);
	sqlite3_finalize(put);
	buf_done(&payload);
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
